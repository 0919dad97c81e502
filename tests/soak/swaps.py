"""Swaps versions under load, and lets many change the folder of versions at once."""

import asyncio
import json
import random
import threading
import time
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field

import httpx

from app.tagger import BundleError
from app.tagger.bundle import Bundle, write_bundle
from app.tagger.promotion import promote, rollback
from app.tagger.prune import prune
from app.tagger.versions import versions_in
from tests.service.running import RunningService
from tests.service.two_versions import TwoVersions
from tests.soak.finding import Finding, counted
from tests.soak.load import Checker, Load, percentile
from tests.soak.server import Setup, served
from tests.soak.wire import Wire, request

CLIENTS = 16
THREADS = 32


def swap_finding(pair: TwoVersions, swaps: int) -> Finding:
    """Promote and roll back in turn while 16 clients ask over sockets."""
    load, refused = Load(), Counter[int]()
    with served(Setup(pair.models)) as service:
        asyncio.run(_swapped(service, pair, swaps, load, refused))
    seen = ", ".join(f"{version}: {count:,}" for version, count in sorted(load.versions.items()))
    return Finding(
        f"swaps and rollbacks under {CLIENTS} clients: 0 failed, 0 mixed-version answers",
        f"{swaps:,} swaps, {sum(load.statuses.values()):,} answers, each recomputed by the version it names",
        f"{load.failed} failed, {load.mixed} mixed; answers by version {seen}; "
        f"p99 {1000 * percentile(load.seconds, 0.99):.0f} ms",
        counted(
            {
                f"failed ({dict(load.statuses)}, {load.broken[:2]})": load.failed,
                "answers of no version": load.mixed,
                f"swaps refused ({dict(refused)})": sum(refused.values()),
                "a version that nobody saw": len(load.versions) < 2,
            }
        ),
    )


async def _swapped(service: RunningService, pair: TwoVersions, swaps: int, load: Load, refused: Counter[int]) -> None:
    checker, over = Checker(pair), asyncio.Event()
    async with asyncio.TaskGroup() as group, Wire(service.url) as wire:
        for number in range(CLIENTS):
            group.create_task(checker.keep_asking(service.url, load, over, number))
        for number in range(swaps):
            path = "rollback" if number % 2 else f"{pair.second}/promote"
            answer = await wire.ask(request("POST", f"/v1/models/{path}"))
            expected = pair.first if number % 2 else pair.second
            if answer.status != 200 or json.loads(answer.body)["model"]["version"] != expected:
                refused[answer.status] += 1
        over.set()


@dataclass
class _Contest:
    """What happened while many changed the versions at once."""

    pair: TwoVersions
    bundles: tuple[Bundle, ...]
    url: str
    over: threading.Event = field(default_factory=threading.Event)
    done: Counter[str] = field(default_factory=Counter)
    wrong: Counter[str] = field(default_factory=Counter)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def count(self, what: str, is_wrong: bool = False) -> None:
        with self.lock:
            (self.wrong if is_wrong else self.done)[what] += 1

    def change(self, seed: int) -> None:
        """Promote, roll back, delete and write, over HTTP and beside the service, until it is over."""
        chance = random.Random(seed)
        with httpx.Client(base_url=self.url, timeout=60) as client:
            while not self.over.is_set():
                act = chance.choice(("promote", "rollback", "prune", "write", "HTTP promote", "HTTP rollback"))
                with suppress(BundleError):
                    self._act(act, chance, client)
                    self.count(act)

    def _act(self, act: str, chance: random.Random, client: httpx.Client) -> None:
        models = self.pair.models
        version = chance.choice([*versions_in(models), "0" * 12])
        if act == "promote":
            promote(models, version, "by chance")
        elif act == "rollback":
            rollback(models)
        elif act == "prune":
            prune(models, keep=chance.randrange(3))
        elif act == "write":
            write_bundle(chance.choice(self.bundles), models)
        else:
            path = f"{version}/promote" if act == "HTTP promote" else "rollback"
            status = client.post(f"/v1/models/{path}", json={"force": "by chance"} if "promote" in path else None)
            if status.status_code not in (200, 404, 409):
                self.count(f"{act} {status.status_code}", is_wrong=True)

    def watch(self) -> None:
        """Ask for readiness and tags, without a break."""
        with httpx.Client(base_url=self.url, timeout=60) as client:
            while not self.over.is_set():
                for name, answer in (
                    ("ready", client.get("/readyz")),
                    ("tagged", client.post("/v1/classify", json={"text": "تفوز البلدية بجائزة."})),
                ):
                    self.count(name)
                    if answer.status_code != 200:
                        self.count(f"{name} {answer.status_code}", is_wrong=True)


def contest_finding(pair: TwoVersions, bundles: tuple[Bundle, ...], seconds: float) -> Finding:
    """32 threads change the versions at once, for a while."""
    with served(Setup(pair.models)) as service:
        contest = _Contest(pair, bundles, service.url)
        threads = [threading.Thread(target=contest.change, args=(number,)) for number in range(THREADS)]
        threads.append(threading.Thread(target=contest.watch))
        for thread in threads:
            thread.start()
        time.sleep(seconds)
        contest.over.set()
        for thread in threads:
            thread.join(120)
        contest.wrong["threads that hang"] += sum(thread.is_alive() for thread in threads)
    done = ", ".join(f"{count:,} {what}" for what, count in sorted(contest.done.items()))
    return Finding(
        f"{THREADS} threads promoting, rolling back, deleting and writing at once: always ready",
        f"{seconds:.0f} s: {done}",
        "ready and tagging at every look" if not +contest.wrong else "",
        counted({**+contest.wrong, "never ready": not contest.done["ready"]}),
    )
