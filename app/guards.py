"""All that stands before the endpoints, in order."""

from fastapi import FastAPI

from app.concurrency import ConcurrencyLimit
from app.headers import SecurityHeaders
from app.limits import RequestLimits
from app.security import Authentication, refuse_open_service
from app.settings import Settings


def check_guards(settings: Settings) -> None:
    """Raise `InputError` or `KeysError` if the service can't start with these settings and keys."""
    if settings.rate_limit.strip():
        from app.rate_limit import parsed_limits

        parsed_limits(settings.rate_limit)
    refuse_open_service(settings)


def install_guards(app: FastAPI, settings: Settings) -> None:
    """Let `app` answer those who may ask, as often and as much as they may.

    Nothing is read of a body before it is known who sends it, and no place is taken while one comes in. Raises
    `InputError` for a rate limit that isn't one.
    """
    app.add_middleware(ConcurrencyLimit, settings=settings)
    app.add_middleware(RequestLimits, settings=settings)
    if settings.rate_limit.strip():
        # Only here, as the library takes a fifth of the time that a service takes to start.
        from app.rate_limit import RateLimit, parsed_limits

        app.add_middleware(RateLimit, limits=parsed_limits(settings.rate_limit))
    app.add_middleware(Authentication, settings=settings)
    app.add_middleware(SecurityHeaders)
