"""The version of the model that a process serves, kept at the one in use while it serves."""

import asyncio
import logging
import time
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, suppress
from pathlib import Path

from app.logs import log_event
from app.metrics import Metrics
from app.tagger import BundleError, Tagger
from app.tagger.versions import bundle_folder

LOOK_S = 1.0
"""Time between two looks at which version is in use."""
LONGEST_WAIT_S = 30.0
"""Longest time until a version that failed to open is tried again; the first wait is `LOOK_S`, each one is doubled."""
UNREADABLE = (OSError, ValueError, TypeError, LookupError, AttributeError, ArithmeticError, RuntimeError, MemoryError)
"""What can come of a version of another shape, whose hashes are right, beside `BundleError`."""


class ServedModel:
    """Holds an open `Tagger` and swaps it for the version in use as soon as that changes.

    A version is opened, verified and warmed in a thread of its own; the swap is one change of reference, so a request
    that took `tagger` goes on with it. A version that fails to open changes nothing but `fault`. What counts is what
    the file `current` says, never a clock.
    """

    def __init__(self, models: Path, metrics: Metrics) -> None:
        self.tagger: Tagger | None = None
        self.fault: str | None = "The model isn't open yet."
        self._models = models
        self._metrics = metrics
        self._alone = asyncio.Lock()
        self._failed_version: str | None = None
        self._wait_s = LOOK_S
        self._again_at = 0.0

    @asynccontextmanager
    async def kept_current(self) -> AsyncIterator[None]:
        """Open the model and keep it at the version in use until the end of the block."""
        self._thread = ThreadPoolExecutor(1, "model")
        await self.look()
        watching = asyncio.create_task(self._watch())
        try:
            yield
        finally:
            watching.cancel()
            with suppress(asyncio.CancelledError):
                await watching
            self._thread.shutdown(wait=False, cancel_futures=True)

    async def look(self, at_once: bool = False) -> None:
        """Take the version in use if it is another one; one that failed is tried again later unless `at_once`."""
        async with self._alone:
            loop = asyncio.get_running_loop()
            try:
                version = await loop.run_in_executor(self._thread, self._in_use)
                if self.tagger is None or self.tagger.version != version:
                    if version == self._failed_version and not at_once and time.monotonic() < self._again_at:
                        return
                    self._swap(await loop.run_in_executor(self._thread, self._opened, version))
            except BundleError as fault:
                self._keep(str(fault))
            else:
                self._well()

    async def _watch(self) -> None:
        while True:
            await asyncio.sleep(LOOK_S)
            await self.look()

    def _in_use(self) -> str:
        return bundle_folder(self._models).name

    def _opened(self, version: str) -> Tagger:
        """The tagger of a version, warm. Raises `BundleError`, whatever is wrong with it."""
        folder = self._models if self._models.name == version else self._models / version
        try:
            tagger = Tagger.open(folder)
            for golden in tagger.bundle.golden:
                tagger.tag(golden.text)
        except BundleError:
            self._postpone(version)
            raise
        except UNREADABLE as fault:
            self._postpone(version)
            kind = type(fault).__name__
            raise BundleError(f"{folder} can't be opened ({kind}): fetch it again or fit it anew.") from None
        return tagger

    def _postpone(self, version: str) -> None:
        self._wait_s = min(2 * self._wait_s, LONGEST_WAIT_S) if version == self._failed_version else LOOK_S
        self._failed_version = version
        self._again_at = time.monotonic() + self._wait_s
        self._metrics.model_loads.labels("failed").inc()

    def _swap(self, tagger: Tagger) -> None:
        replaced = self.tagger.version if self.tagger else None
        self.tagger = tagger
        self._metrics.model_loads.labels("ok").inc()
        self._metrics.show_model(tagger)
        log_event("model opened", version=tagger.version, engine=tagger.engine, replaced=replaced)

    def _well(self) -> None:
        self.fault = self._failed_version = None
        self._metrics.model_load_failed.set(0)

    def _keep(self, fault: str) -> None:
        self._metrics.model_load_failed.set(1)
        if fault != self.fault:
            serves = self.tagger.version if self.tagger else None
            log_event("model not opened", logging.ERROR, fault=fault, serves=serves)
        self.fault = fault
