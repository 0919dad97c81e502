"""What analysts keep: articles, the queue of passages, reviews and their history, in SQLite or PostgreSQL.

Importing this package or its routes loads no database library: that happens on the first call that needs the store,
so the service starts and tags without it.
"""
