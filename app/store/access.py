"""How routes reach the store: who calls, with which key, in a thread, errors as problems. Loads no database library."""

from collections.abc import Callable, Iterator
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Annotated, TypeVar

import anyio
import anyio.to_thread
from fastapi import Depends, Header, Request
from starlette.datastructures import State

from app.problems import Problem
from app.service import Service
from app.store import errors
from app.store.errors import StoreError

if TYPE_CHECKING:
    from app.store.database import Store
    from app.store.idempotency import RequestKey

RETRY_AFTER_S = 2
_THREADS = 8
"""Threads that may wait for the store at once; tagging has its own, so that a slow store doesn't hold it up."""
_ANSWERS = {
    errors.StoreUnavailableError: (503, "store-unavailable"),
    errors.UnknownItemError: (404, "no-such-item"),
    errors.StaleEditError: (409, "stale-edit"),
    errors.AlreadyReviewedError: (409, "already-reviewed"),
    errors.NothingToUndoError: (409, "nothing-to-undo"),
    errors.NotYourReviewError: (403, "not-your-review"),
    errors.KeyReusedError: (422, "idempotency-key-reused"),
    errors.BadReviewError: (422, "invalid-request"),
}
_OPENING = Lock()
Result = TypeVar("Result")


def store_of(service: Service) -> "Store":
    """The service's store, made on the first call; connects to nothing yet."""
    from app.store.database import Store

    with _OPENING:
        found: Store | None = getattr(service, "_review_store", None)
        if found is None:
            found = Store(service.settings)
            service._review_store = found  # type: ignore[attr-defined]
        return found


@dataclass(frozen=True)
class Desk:
    """A request to the store: its caller's name, its idempotency key and the revision that it names."""

    request: Request
    service: Service
    reviewer: str
    key: str
    if_match: str

    async def run(self, work: Callable[["Store"], Result]) -> Result:
        """What `work` returns, run in a thread of the store's own; its errors are raised as problems."""
        with told():
            return await _in_thread(self.request.app.state, lambda: work(store_of(self.service)))

    def revision(self, in_body: int | None) -> int:
        """The revision that the caller saw: that of `If-Match`, else that of the body; 428 if neither is given."""
        named = self.if_match.strip().removeprefix("W/").strip('"')
        if named and not named.isdigit():
            raise Problem(422, "invalid-request", 'If-Match is the review\'s revision in quotes: "3".')
        if named:
            return int(named[:9])
        if in_body is None:
            raise Problem(428, "revision-required", "Say which revision you saw, in If-Match or in the body.")
        return in_body

    def caller_key(self, content: str) -> "RequestKey":
        """The idempotency key of this request, whose body is `content`."""
        from app.store.idempotency import RequestKey

        action = f"{self.request.method} {self.request.url.path} {self.if_match}"
        return RequestKey.of(self.reviewer, self.key, action, content.encode())

    def check_topics(self, topics: list[str]) -> None:
        """Refuse topics that the model doesn't have."""
        known = {topic.id for topic in self.service.ready_tagger().topics}
        unknown = len(set(topics) - known)
        if unknown:
            raise Problem(422, "unknown-topics", f"{unknown} topics aren't the model's: use ids of GET /v1/topics.")


async def desk_of(
    request: Request,
    idempotency_key: Annotated[
        str, Header(max_length=200, description="any text; the same key and body give the same answer again")
    ] = "",
    if_match: Annotated[str, Header(max_length=40, description="the revision that you saw, in quotes")] = "",
) -> Desk:
    """The desk of a request."""
    return Desk(request, request.app.state.service, caller_name(request), idempotency_key, if_match)


AtDesk = Annotated[Desk, Depends(desk_of)]


def caller_name(request: Request) -> str:
    """The name of the key that calls; `local` where the service runs without keys."""
    caller = request.scope.get("state", {}).get("caller")
    return str(caller.name) if caller is not None else "local"


@contextmanager
def told() -> Iterator[None]:
    """Raise the store's errors as problems."""
    try:
        yield
    except StoreError as fault:
        status, kind = _ANSWERS[type(fault)]
        headers = {"Retry-After": str(RETRY_AFTER_S)} if status == 503 else None
        raise Problem(status, kind, str(fault), headers=headers) from None


def training_export(state: State) -> Callable[[Path], None]:
    """What writes an app's reviews to a new file as a labelled CSV (see `learning`); `state` is the app's.

    To be called in a thread; raises a 503 `Problem` while the store is away, and `OSError`.
    """

    _close_at_the_end(state)

    def export(path: Path) -> None:
        from app.store.learning import write_training_csv

        with told():
            write_training_csv(store_of(state.service), path)

    return export


async def _in_thread(state: State, work: Callable[[], Result]) -> Result:
    """Run `work` in one of the store's threads; their limiter is made on first use, when the event loop runs."""
    if not hasattr(state, "store_threads"):
        state.store_threads = anyio.CapacityLimiter(_THREADS)
        _close_at_the_end(state)
    return await anyio.to_thread.run_sync(work, limiter=state.store_threads)


def _close_at_the_end(state: State) -> None:
    """Let the store's connections be closed when the app ends, if it runs at all."""
    until_the_end: AsyncExitStack | None = getattr(state, "until_the_end", None)
    if until_the_end is None:
        return

    def close() -> None:
        found: Store | None = getattr(state.service, "_review_store", None)
        if found is not None:
            found.close()

    until_the_end.callback(close)
