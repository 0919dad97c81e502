"""The client for plain code."""

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

import httpx

from app.client import calls
from app.client.calls import Call, Choices, Result, TrainingOptions
from app.client.errors import RasidUnreachableError, error_of
from app.client.results import Batch, Changed, Classified, Job, Topic, Version
from app.client.retries import Patience

LOCAL = "http://127.0.0.1:8000"
POLL_S = 1.0


class Rasid:
    """A Rasid at `url`, called with an API key where it has keys. Keeps its connections; close it or use `with`.

    Every call raises `RasidHTTPError` for an answer that is an error and `RasidUnreachableError` if none comes; both
    only after the tries of `patience`. Safe to share between threads.
    """

    def __init__(self, url: str = LOCAL, key: str | None = None, patience: Patience | None = None) -> None:
        self._patience = patience or Patience()
        self._client = httpx.Client(**client_options(url, key, self._patience))

    def classify(self, text: str, choices: Choices | None = None) -> Classified:
        """Tag an article."""
        return self._answer(calls.classify(text, choices or Choices()))

    def classify_batch(self, documents: Mapping[str, str], choices: Choices | None = None) -> Batch:
        """Tag several articles, given as texts by ids of one's own."""
        return self._answer(calls.classify_batch(documents, choices or Choices()))

    def topics(self) -> tuple[Topic, ...]:
        """The topics of the model that serves, with their thresholds."""
        return self._answer(calls.topics())

    def models(self) -> tuple[Version, ...]:
        """All versions, oldest first."""
        return self._answer(calls.models())

    def promote(self, version: str, force: str | None = None) -> Changed:
        """Put a version in use; `force` is the reason to take a worse one."""
        return self._answer(calls.promote(version, force))

    def rollback(self) -> Changed:
        """Put the version before the one in use in use again."""
        return self._answer(calls.rollback())

    def start_training(self, csv: Path, options: TrainingOptions | None = None) -> Job:
        """Retrain on a labelled CSV in any encoding; the new version isn't in use before it is promoted."""
        return self._answer(calls.start_training(csv.read_bytes(), options or TrainingOptions()))

    def job(self, name: str) -> Job:
        """A training job as it is now."""
        return self._answer(calls.job(name))

    def wait(self, name: str, patience_s: float = 3600.0) -> Job:
        """The training job once it has ended, well or not. Raises `TimeoutError` if it runs on after `patience_s`."""
        deadline = time.monotonic() + patience_s
        while (found := self.job(name)).state == "running":
            if time.monotonic() > deadline:
                raise still_running(name, patience_s)
            time.sleep(POLL_S)
        return found

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _answer(self, call: Call[Result]) -> Result:
        waits = self._patience.waits()
        while True:
            met: httpx.Response | httpx.TransportError
            try:
                met = self._client.request(call.method, call.path, **call.sent)
            except httpx.TransportError as fault:
                met = fault
            if isinstance(met, httpx.Response) and met.is_success:
                return call.read(met.json())
            wait_s = next((self._patience.wait_s(most, met, call.repeatable) for most in waits), None)
            if wait_s is None:
                raise failure(met, self._client.base_url) from None
            time.sleep(wait_s)


def client_options(url: str, key: str | None, patience: Patience) -> dict[str, Any]:
    """What both clients are made with."""
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    return {"base_url": url, "headers": headers, "timeout": patience.timeout_s}


def failure(met: httpx.Response | httpx.TransportError, url: httpx.URL) -> Exception:
    """The error for what was met last."""
    if isinstance(met, httpx.Response):
        return error_of(met)
    return RasidUnreachableError(
        f"{url} gave no answer ({type(met).__name__}): check the address, and that Rasid runs there."
    )


def still_running(name: str, patience_s: float) -> TimeoutError:
    """The error for a job that takes too long."""
    return TimeoutError(f"Training job {name} still runs after {patience_s:g} s: ask for it again later.")
