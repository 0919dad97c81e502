"""Ends the service with SIGTERM while clients ask, and counts what they lost."""

import signal
import threading
import time
from collections import Counter
from dataclasses import dataclass, field

import httpx

from tests.service.running import STOP_S, RunningService
from tests.service.two_versions import TwoVersions
from tests.soak.finding import Finding, counted
from tests.soak.load import ARTICLE, LONG_ARTICLE
from tests.soak.server import Setup, served

CLIENTS = 8


@dataclass
class _Ends:
    statuses: Counter[int] = field(default_factory=Counter)
    dropped: list[str] = field(default_factory=list)
    codes: Counter[int] = field(default_factory=Counter)
    longest_s: float = 0.0

    def once(self, pair: TwoVersions, workers: int) -> None:
        """One life of a service, from its start to its end under load."""
        over = threading.Event()
        with served(Setup(pair.models, ("--workers", str(workers)))) as service:
            clients = [threading.Thread(target=self._ask, args=(service, number, over)) for number in range(CLIENTS)]
            for client in clients:
                client.start()
            time.sleep(0.4)
            began = time.monotonic()
            service.process.send_signal(signal.SIGTERM)
            self.codes[service.process.wait(STOP_S + 5)] += 1
            self.longest_s = max(self.longest_s, time.monotonic() - began)
            over.set()
            for client in clients:
                client.join(30)

    def _ask(self, service: RunningService, number: int, over: threading.Event) -> None:
        """Ask until connections are refused, half of the clients over a new connection each time."""
        client = httpx.Client(base_url=service.url, timeout=30)
        body = {"text": LONG_ARTICLE if number == 0 else ARTICLE}
        while not over.is_set():
            try:
                self.statuses[client.post("/v1/classify", json=body).status_code] += 1
            except httpx.ConnectError as refused:
                if "refused" not in str(refused):
                    self.dropped.append(repr(refused))
                break
            except httpx.TransportError as fault:
                self.dropped.append(repr(fault))
            if number % 2:
                client.close()
                client = httpx.Client(base_url=service.url, timeout=30)
        client.close()


def term_finding(pair: TwoVersions, terms: int) -> Finding:
    """`terms` ends, of one process and of two workers in turn."""
    ends = _Ends()
    for number in range(terms):
        ends.once(pair, 1 + number % 2)
    return Finding(
        f"SIGTERM under load: 0 dropped, exit 0 within {STOP_S:.0f} s",
        f"{terms} ends, {sum(ends.statuses.values()):,} answers to {CLIENTS} clients",
        f"{len(ends.dropped)} dropped; exit codes {dict(ends.codes)}; {ends.longest_s:.1f} s at most",
        counted(
            {
                f"dropped ({ends.dropped[:2]})": len(ends.dropped),
                "other answers": sum(count for status, count in ends.statuses.items() if status != 200),
                "other exit codes": sum(count for code, count in ends.codes.items() if code),
                "too late": ends.longest_s > STOP_S,
            }
        ),
    )
