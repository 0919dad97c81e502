"""Kills with SIGKILL while a job retrains, a version is written, or one is promoted; then looks at what is left."""

import os
import random
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from app.tagger import BundleError, Tagger
from app.tagger.bundle import Bundle, write_bundle
from app.tagger.versions import used_versions, versions_in
from tests.core.breaking import forked
from tests.service.jobs_by_hand import CSV, OWN, PATH, children_of, quick_rows
from tests.service.running import RunningService, within
from tests.service.two_versions import TwoVersions
from tests.soak.finding import Finding, counted
from tests.soak.server import Setup, served

READY_S = 5.0


@dataclass
class _Kills:
    pair: TwoVersions
    bundles: tuple[Bundle, ...]
    state: Path
    chance: random.Random
    done: Counter[str] = field(default_factory=Counter)
    wrong: Counter[str] = field(default_factory=Counter)
    ready_s: list[float] = field(default_factory=list)

    def round(self, kind: str, act: Callable[[RunningService], None]) -> None:
        """Start the service, let it be killed, and look at what is left."""
        began = time.monotonic()
        with served(Setup(self.pair.models, state=self.state)) as service:
            self.ready_s.append(time.monotonic() - began)
            self.wrong["jobs that run on after a kill"] += _running_jobs(service)
            act(service)
            service.process.kill()
            service.process.wait()
        self.done[kind] += 1
        self.look()

    def look(self) -> None:
        """The version in use and every other one must open."""
        try:
            assert Tagger.open(self.pair.models).version == used_versions(self.pair.models)[0]
            for version in versions_in(self.pair.models):
                Tagger.open(self.pair.models / version)
        except BundleError as fault:
            self.wrong[f"corrupt: {fault}"] += 1

    def while_promoting(self, service: RunningService) -> None:
        """Kill the service among promotions and rollbacks."""

        def change() -> None:
            with httpx.Client(base_url=service.url, timeout=30) as client:
                for path in (f"{self.pair.second}/promote", "rollback") * 1000:
                    try:
                        client.post(f"/v1/models/{path}", json={"force": "x"} if "promote" in path else None)
                    except httpx.TransportError:
                        return

        thread = threading.Thread(target=change)
        thread.start()
        time.sleep(self.chance.uniform(0.02, 0.6))
        service.process.kill()
        thread.join()

    def while_writing(self, service: RunningService) -> None:
        """Kill a process that writes versions where the service serves."""
        child = forked(self._write_on)
        time.sleep(self.chance.uniform(0.0, 0.3))
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        self.wrong["not ready beside a killed writer"] += not service.is_ready()

    def _write_on(self) -> int:
        while True:
            for bundle in self.bundles:
                write_bundle(bundle, self.pair.models)

    def while_retraining(self, service: RunningService) -> None:
        """Kill the service, or the job's own process, at any time of a job."""
        answer = httpx.post(service.url + PATH + OWN, content=quick_rows(), headers=CSV, timeout=30)
        if answer.status_code != 202:
            self.wrong[f"job refused {answer.status_code}"] += 1
            return
        name = answer.json()["id"]
        time.sleep(self.chance.uniform(0.0, 3.0))
        if self.chance.random() < 0.5:
            for child in children_of(name):
                os.kill(child, signal.SIGKILL)
            ended = within(20, lambda: service.get(f"{PATH}/{name}").json()["state"] != "running")
            self.wrong["jobs without an end after a kill"] += not ended
            return
        service.process.kill()
        self.wrong["jobs that outlive their service"] += not within(20, lambda: children_of(name) == [])


def _running_jobs(service: RunningService) -> int:
    return sum(job["state"] == "running" for job in service.get(PATH).json()["jobs"])


def kill_finding(pair: TwoVersions, bundles: tuple[Bundle, ...], state: Path, kills: int) -> Finding:
    """`kills` kills, shared out over retrain, write and promote."""
    run = _Kills(pair, bundles, state, random.Random(5))
    acts = {"retrain": run.while_retraining, "write": run.while_writing, "promote": run.while_promoting}
    for number in range(kills):
        kind = list(acts)[number % len(acts)]
        run.round(kind, acts[kind])
    late = sum(seconds > READY_S for seconds in run.ready_s)
    return Finding(
        "kill -9 during retrain, write and promote: 0 corrupt models, ready in 5 s",
        f"{kills} kills ({', '.join(f'{count} in {kind}' for kind, count in run.done.items())})",
        f"all {len(versions_in(pair.models))} versions open; ready after {max(run.ready_s):.1f} s at most",
        counted({**+run.wrong, f"starts over {READY_S:.0f} s": late}),
    )
