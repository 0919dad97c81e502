"""What a client can meet: an answer that is an error, or no answer."""

from dataclasses import dataclass

import httpx

from app.tagger.errors import RasidError


class RasidUnreachableError(RasidError):
    """No answer came, however often it was asked."""


@dataclass
class RasidHTTPError(RasidError):
    """An answer that is an error, as the service's problem details (RFC 9457) tell it.

    `kind` is the last part of the problem's type, as `worse-version`; it is empty where something between answered
    instead of the service. `faults` are the service's sentences on parts of the request.
    """

    status: int
    kind: str
    detail: str
    request_id: str | None
    faults: tuple[str, ...] = ()

    def __str__(self) -> str:
        """One line for people, with the id to look for in the service's log."""
        said = " ".join((self.detail, *self.faults))
        return f"{self.status}: {said} (request {self.request_id})" if self.request_id else f"{self.status}: {said}"


def error_of(answer: httpx.Response) -> RasidHTTPError:
    """The error that an answer of status 300 or more is."""
    request_id = answer.headers.get("X-Request-ID")
    try:
        problem = answer.json()
        kind = str(problem["type"]).rpartition(":")[2]
        faults = tuple(f"{fault['pointer']} {fault['detail']}".lstrip() for fault in problem.get("errors", ()))
        return RasidHTTPError(answer.status_code, kind, str(problem["detail"]), request_id, faults)
    except (ValueError, LookupError, TypeError, AttributeError):
        phrase = answer.reason_phrase or "no problem details"
        return RasidHTTPError(answer.status_code, "", f"{phrase}: this isn't Rasid's own answer.", request_id)
