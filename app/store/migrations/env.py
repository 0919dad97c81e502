"""Runs migrations on the connection that `migrate.upgrade` hands over, inside its transaction."""

from alembic import context

from app.store.models import Base


def run() -> None:
    """Migrate the given connection; the caller commits."""
    context.configure(connection=context.config.attributes["connection"], target_metadata=Base.metadata)
    with context.begin_transaction():
        context.run_migrations()


# Alembic loads this file under this name; imported as a module of the package it does nothing.
if __name__ == "env_py":
    run()
