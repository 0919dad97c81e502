"""Idempotency keys: a request that is sent again gets the answer it got, and changes nothing twice."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TypeVar

from pydantic import BaseModel
from sqlalchemy import delete
from sqlalchemy.orm import Session

from app.store.clock import now
from app.store.database import Store
from app.store.errors import KeyReusedError
from app.store.models import KeptAnswer

_KEPT_DAYS = 7
Answer = TypeVar("Answer", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class RequestKey:
    """A caller's `Idempotency-Key` and the digest of the request; an empty key keeps nothing."""

    caller: str
    key: str
    request_sha256: str

    @classmethod
    def of(cls, caller: str, key: str, action: str, content: bytes) -> "RequestKey":
        """The key of a request that asks for `action` (method and path) with this content."""
        return cls(caller, key, hashlib.sha256(action.encode() + b"\0" + content).hexdigest())


def once(store: Store, key: RequestKey, kind: type[Answer], work: Callable[[Session], Answer]) -> Answer:
    """The answer of `work`, run in one transaction; of the first run where the key came before.

    Answers hold no saved text, so none outlives its article here. Raises `KeyReusedError` if the key came with another
    request.
    """
    if not key.key:
        return store.write(work)

    def run(session: Session) -> Answer:
        kept = session.get(KeptAnswer, (key.caller, key.key))
        if kept is not None:
            if kept.request_sha256 != key.request_sha256:
                raise KeyReusedError("This Idempotency-Key came with another request: make a new key for each.")
            return kind.model_validate(kept.answer)
        answer = work(session)
        oldest = (datetime.now(UTC) - timedelta(days=_KEPT_DAYS)).isoformat(timespec="microseconds")
        session.execute(delete(KeptAnswer).where(KeptAnswer.time < oldest))
        session.add(
            KeptAnswer(
                caller=key.caller,
                key=key.key,
                request_sha256=key.request_sha256,
                answer=answer.model_dump(mode="json"),
                time=now(),
            )
        )
        return answer

    return store.write(run)
