"""Measures a normal caller's time beside slow clients, and what an overload is answered with."""

import asyncio
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from app.callers import Role
from app.key_store import add_key
from app.settings import Settings
from tests.conftest import ROOT
from tests.service.running import within
from tests.service.two_versions import TwoVersions
from tests.soak.finding import Finding, counted
from tests.soak.load import ARTICLE, LONG_ARTICLE, Load, asked_one_by_one, classify, percentile, settled
from tests.soak.server import Setup, served
from tests.soak.wire import Wire

ROUNDS = 5
NOISE_S = 0.005
"""What p99 may differ by on a busy machine, whoever else calls."""
SETTLE_S = 5.0
PLACES = 64
OVER = 10


def slow_finding(pair: TwoVersions, clients: int, asked: int) -> Finding:
    """Time a normal caller alone and beside slow clients, in turn so that both see the same machine."""
    alone, beside = Load(), Load()
    with served(Setup(pair.models)) as service:
        asyncio.run(asked_one_by_one(service.url, 200))
        for _ in range(ROUNDS):
            _add(alone, asyncio.run(asked_one_by_one(service.url, asked // ROUNDS)))
            with _slow_clients(service.url, clients, service.process.pid):
                _add(beside, asyncio.run(asked_one_by_one(service.url, asked // ROUNDS)))
    before, after = (percentile(load.seconds, 0.99) for load in (alone, beside))
    return Finding(
        f"{clients} slow clients (one byte a second, half-open): normal p99 at most 2 times",
        f"{len(alone.seconds):,} requests alone, {len(beside.seconds):,} beside them, in {ROUNDS} turns",
        f"p99 {1000 * before:.1f} ms alone, {1000 * after:.1f} ms beside: {after / before:.2f} times",
        counted({"failed": alone.failed + beside.failed, "over 2 times": after > 2 * before + NOISE_S}),
    )


def _add(to: Load, more: Load) -> None:
    to.seconds += more.seconds
    to.statuses += more.statuses
    to.broken += more.broken


@contextmanager
def _slow_clients(url: str, count: int, pid: int) -> Iterator[None]:
    descriptors = Path(f"/proc/{pid}/fd")
    command = [sys.executable, "-m", "tests.soak.slow_clients", url, str(count)]
    with subprocess.Popen(command, cwd=ROOT) as process:
        try:
            assert within(30, lambda: len(list(descriptors.iterdir())) > 0.9 * count), "the slow clients didn't come"
            yield
        finally:
            process.kill()


def overload_finding(pair: TwoVersions, state: Path, seconds: float) -> Finding:
    """Ten times as many callers at once as there are places, with a rate limit for one of two keys' callers."""
    keys = {name: add_key(Settings(state=state), name, Role.CLASSIFY) for name in ("many", "few")}
    environment = {"RASID_RATE_LIMIT": "600/second", "RASID_MAX_CONCURRENCY": str(PLACES)}
    statuses: Counter[int] = Counter()
    broken: list[str] = []
    with served(Setup(pair.models, environment=environment, state=state)) as service:
        asyncio.run(_overload(service.url, keys, seconds, statuses, broken))
        took = asyncio.run(settled(service.url, SETTLE_S, keys["few"]))
        is_ready = service.is_ready()
    told = ", ".join(f"{status}: {count:,}" for status, count in sorted(statuses.items()))
    return Finding(
        f"{OVER} times overload for {seconds:.0f} s: only 200/429/503, back to normal in {SETTLE_S:.0f} s",
        f"{OVER * PLACES} callers at once on {PLACES} places, {sum(statuses.values()):,} answers",
        f"{told}; " + (f"normal again after {took:.1f} s" if took is not None else "not normal in time"),
        counted(
            {
                "other answers": sum(count for status, count in statuses.items() if status not in (200, 429, 503)),
                f"broken connections ({broken[:2]})": len(broken),
                "not normal in time": took is None,
                "not ready": not is_ready,
            }
        ),
    )


async def _overload(url: str, keys: dict[str, str], seconds: float, statuses: Counter[int], broken: list[str]) -> None:
    over = time.monotonic() + seconds
    requests = {
        (name, text): classify(text).replace(b"Host:", f"X-API-Key: {key}\r\nHost:".encode(), 1)
        for name, key in keys.items()
        for text in (ARTICLE, LONG_ARTICLE)
    }

    async def keep_asking(number: int) -> None:
        sent = requests["few" if number % 50 == 0 else "many", LONG_ARTICLE if number % 3 == 0 else ARTICLE]
        async with Wire(url) as wire:
            while time.monotonic() < over:
                try:
                    statuses[(await wire.ask(sent)).status] += 1
                except (OSError, EOFError) as fault:
                    broken.append(repr(fault))
                    wire.close()

    async with asyncio.TaskGroup() as group:
        for number in range(OVER * PLACES):
            group.create_task(keep_asking(number))
