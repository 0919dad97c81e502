"""Runs a mixed load for long, with a swap now and then, and watches memory and descriptors."""

import asyncio
import json
import random
import statistics
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from tests.service.running import RunningService, within
from tests.service.two_versions import TwoVersions
from tests.soak.finding import Finding, counted
from tests.soak.load import ARTICLE, LONG_ARTICLE
from tests.soak.server import Setup, served
from tests.soak.wire import Wire, request

CLIENTS = 6
PAUSE_S = 0.01
SAMPLE_S = 0.5
SPARE_DESCRIPTORS = 12
"""Those of the store's connections and of a training job, which aren't there at the start."""


@dataclass(frozen=True, slots=True)
class Duration:
    """How long the load lasts and the time between two swaps, in seconds; how much RSS may grow once settled, MiB."""

    load_s: float
    swap_s: float
    growth_mib: float = 30.0

    @property
    def settle_s(self) -> float:
        """The time that caches have to fill: ten minutes, or half of a shorter load."""
        return min(600.0, self.load_s / 2)


@dataclass
class _Watch:
    pid: int
    rss_mib: list[float] = field(default_factory=list)
    descriptors: list[int] = field(default_factory=list)

    def look(self) -> None:
        """Take a sample."""
        status = Path(f"/proc/{self.pid}/status").read_text()
        self.rss_mib.append(int(status.partition("VmRSS:")[2].split()[0]) / 1024)
        self.descriptors.append(len(list(Path(f"/proc/{self.pid}/fd").iterdir())))

    def settled_mib(self, after_s: float) -> float:
        """RSS at that time: the mean over the following twentieth."""
        first, window = round(after_s / SAMPLE_S), max(1, len(self.rss_mib) // 20)
        return statistics.mean(self.rss_mib[first : first + window])

    @property
    def last_mib(self) -> float:
        """RSS at the end: the mean over the last twentieth."""
        return statistics.mean(self.rss_mib[-max(1, len(self.rss_mib) // 20) :])


def endurance_finding(pair: TwoVersions, duration: Duration) -> Finding:
    """Tag, review, ask and err for a while."""
    statuses: Counter[str] = Counter()
    with served(Setup(pair.models)) as service:
        watch = _Watch(service.process.pid)
        watch.look()
        swaps = asyncio.run(_endured(service, pair, duration, statuses, watch))
        end = watch.descriptors[0] + SPARE_DESCRIPTORS
        within(20, lambda: len(list(Path(f"/proc/{watch.pid}/fd").iterdir())) <= end)
        watch.descriptors.append(len(list(Path(f"/proc/{watch.pid}/fd").iterdir())))
    settled, last = watch.settled_mib(duration.settle_s), watch.last_mib
    wrong = {name: count for name, count in statuses.items() if not name.startswith("ok")}
    return Finding(
        f"{duration.load_s / 60:.1f} min of mixed load, a swap each {duration.swap_s:.0f} s: "
        f"RSS growth after the first {duration.settle_s / 60:.1f} min under {duration.growth_mib:.0f} MiB, "
        "no descriptor leak",
        f"{sum(statuses.values()):,} requests, {swaps} swaps",
        f"RSS {watch.rss_mib[0]:.0f} MiB at the start, {settled:.1f} then, {last:.1f} at the end (growth "
        f"{last - settled:.1f}); descriptors {watch.descriptors[0]} before, {watch.descriptors[-1]} after",
        counted(
            {
                f"other answers ({dict(list(wrong.items())[:3])})": sum(wrong.values()),
                "too much growth": last - settled > duration.growth_mib,
                "descriptors left open": watch.descriptors[-1] > end,
            }
        ),
    )


async def _endured(
    service: RunningService, pair: TwoVersions, duration: Duration, statuses: Counter[str], watch: _Watch
) -> int:
    over = time.monotonic() + duration.load_s
    swaps = 0

    async def swap() -> None:
        nonlocal swaps
        while time.monotonic() + duration.swap_s < over:
            await asyncio.sleep(duration.swap_s)
            path = "rollback" if swaps % 2 else f"{pair.second}/promote"
            async with Wire(service.url) as wire:
                _note("swap", (await wire.ask(request("POST", f"/v1/models/{path}"))).status, {200}, statuses)
            swaps += 1

    async with asyncio.TaskGroup() as group:
        group.create_task(swap())
        for number in range(CLIENTS):
            group.create_task(_keep_asking(service.url, random.Random(number), over, statuses))
        while time.monotonic() < over:
            watch.look()
            await asyncio.sleep(SAMPLE_S)
    return swaps


async def _keep_asking(url: str, chance: random.Random, over: float, statuses: Counter[str]) -> None:
    async with Wire(url) as wire:
        while time.monotonic() < over:
            asked = _any_request(chance)
            try:
                _note(asked.name, (await wire.ask(asked.data)).status, asked.expected, statuses)
            except (OSError, EOFError) as fault:
                statuses[f"{asked.name} {fault!r}"] += 1
                wire.close()
            if chance.random() < 0.05:
                wire.close()
            await asyncio.sleep(PAUSE_S)


def _note(name: str, status: int, expected: set[int], statuses: Counter[str]) -> None:
    statuses[f"ok {name}" if status in expected else f"{name} {status}"] += 1


@dataclass(frozen=True, slots=True)
class _Asked:
    name: str
    data: bytes
    expected: set[int] = field(default_factory=lambda: {200})


def _any_request(chance: random.Random) -> _Asked:
    """Mostly texts to tag, with words that were never seen; now and then everything else."""
    words = " ".join(f"كلمة{chance.randrange(10**9)}" for _ in range(6))
    kind = chance.random()
    if kind < 0.70:
        text = LONG_ARTICLE if kind < 0.02 else f"{ARTICLE}\n{words}"
        body = {"text": text, "explain": kind < 0.1, "all_scores": kind < 0.3}
        return _Asked("classify", request("POST", "/v1/classify", json.dumps(body).encode()))
    if kind < 0.80:
        documents = [{"id": str(number), "text": f"{words} {number}"} for number in range(8)]
        return _Asked("batch", request("POST", "/v1/classify/batch", json.dumps({"documents": documents}).encode()))
    if kind < 0.82:
        return _Asked("article", request("POST", "/v1/articles", json.dumps({"text": words}).encode()), {201})
    if kind < 0.84:
        body = {"text": f"{words} {ARTICLE[:40]}", "topics": ["attacks"]}
        return _Asked("review", request("POST", "/v1/reviews", json.dumps(body).encode()), {201})
    if kind < 0.88:
        return _Asked("broken", request("POST", "/v1/classify", b'{"text": "' + words.encode()), {400})
    if kind < 0.90:
        return _Asked("unknown", request("GET", f"/v1/models/{chance.randrange(10**9)}"), {404})
    path = chance.choice(
        ("/v1/", "/v1/topics", "/v1/models", "/metrics", "/readyz", "/v1/reviews", "/v1/reviews/progress",
         "/v1/training-jobs", "/openapi.json")
    )  # fmt: skip
    return _Asked(path, request("GET", path))
