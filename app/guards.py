"""All that stands before the endpoints, in order."""

from fastapi import FastAPI

from app.concurrency import ConcurrencyLimit
from app.guards_in_openapi import describe_guards
from app.headers import SecurityHeaders
from app.limits import RequestLimits
from app.rate_limit import RateLimit, parsed_limits
from app.security import Authentication, refuse_open_service
from app.settings import Settings


def check_guards(settings: Settings) -> None:
    """Raise `InputError` or `KeysError` if the service can't start with these settings and keys."""
    parsed_limits(settings.rate_limit)
    refuse_open_service(settings)


def install_guards(app: FastAPI, settings: Settings) -> None:
    """Let `app` answer those who may ask, as often and as much as they may.

    Nothing is read of a body before it is known who sends it, and no place is taken while one comes in. Raises
    `InputError` for a rate limit that isn't one.
    """
    limits = parsed_limits(settings.rate_limit)
    app.add_middleware(ConcurrencyLimit, settings=settings)
    app.add_middleware(RequestLimits, settings=settings)
    app.add_middleware(RateLimit, limits=limits)
    app.add_middleware(Authentication, settings=settings)
    app.add_middleware(SecurityHeaders)
    describe_guards(app)
