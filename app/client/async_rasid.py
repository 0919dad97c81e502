"""The client for code with `await`: each call is as `Rasid` has it."""

import asyncio
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Self

import httpx

from app.client import calls
from app.client.calls import Call, Choices, Result, TrainingOptions
from app.client.rasid import LOCAL, POLL_S, client_options, failure, still_running
from app.client.results import Batch, Changed, Classified, Job, Topic, Version
from app.client.retries import Patience


class AsyncRasid:
    """A Rasid at `url`, called with an API key where it has keys. Keeps its connections; close it or use `async with`.

    Every call raises `RasidHTTPError` for an answer that is an error and `RasidUnreachableError` if none comes; both
    only after the tries of `patience`.
    """

    def __init__(self, url: str = LOCAL, key: str | None = None, patience: Patience | None = None) -> None:
        self._patience = patience or Patience()
        self._client = httpx.AsyncClient(**client_options(url, key, self._patience))

    async def classify(self, text: str, choices: Choices | None = None) -> Classified:
        """Tag an article."""
        return await self._answer(calls.classify(text, choices or Choices()))

    async def classify_batch(self, documents: Mapping[str, str], choices: Choices | None = None) -> Batch:
        """Tag several articles, given as texts by ids of one's own."""
        return await self._answer(calls.classify_batch(documents, choices or Choices()))

    async def topics(self) -> tuple[Topic, ...]:
        """The topics of the model that serves, with their thresholds."""
        return await self._answer(calls.topics())

    async def models(self) -> tuple[Version, ...]:
        """All versions, oldest first."""
        return await self._answer(calls.models())

    async def promote(self, version: str, force: str | None = None) -> Changed:
        """Put a version in use; `force` is the reason to take a worse one."""
        return await self._answer(calls.promote(version, force))

    async def rollback(self) -> Changed:
        """Put the version before the one in use in use again."""
        return await self._answer(calls.rollback())

    async def start_training(self, csv: Path, options: TrainingOptions | None = None) -> Job:
        """Retrain on a labelled CSV in any encoding; the new version isn't in use before it is promoted."""
        content = await asyncio.to_thread(csv.read_bytes)
        return await self._answer(calls.start_training(content, options or TrainingOptions()))

    async def job(self, name: str) -> Job:
        """A training job as it is now."""
        return await self._answer(calls.job(name))

    async def wait(self, name: str, patience_s: float = 3600.0) -> Job:
        """The training job once it has ended, well or not. Raises `TimeoutError` if it runs on after `patience_s`."""
        deadline = time.monotonic() + patience_s
        while (found := await self.job(name)).state == "running":
            if time.monotonic() > deadline:
                raise still_running(name, patience_s)
            await asyncio.sleep(POLL_S)
        return found

    async def close(self) -> None:
        """Close the connections."""
        await self._client.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def _answer(self, call: Call[Result]) -> Result:
        waits = self._patience.waits()
        while True:
            met: httpx.Response | httpx.TransportError
            try:
                met = await self._client.request(call.method, call.path, **call.sent)
            except httpx.TransportError as fault:
                met = fault
            if isinstance(met, httpx.Response) and met.is_success:
                return call.read(met.json())
            wait_s = next((self._patience.wait_s(most, met, call.repeatable) for most in waits), None)
            if wait_s is None:
                raise failure(met, self._client.base_url) from None
            await asyncio.sleep(wait_s)
