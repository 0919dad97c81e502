"""Sends raw requests, many at a time, and notes whether each was answered or closed in time, and how."""

import asyncio
import itertools
import json
import re
import signal
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from tests.service.running import RunningService, within
from tests.service.two_versions import TwoVersions
from tests.soak.finding import Finding, counted
from tests.soak.raw_parts import CANARIES
from tests.soak.raw_requests import RawRequest, RawRequests, endpoints
from tests.soak.server import Setup, served

AT_ONCE = 256
RECEIVE_S = 1.0
"""The time that the service waits for a request, here."""
DEADLINE_S = 10.0
QUIET_S = 0.05
"""Time after which a connection with an answer says nothing more."""
_STATUS = re.compile(rb"HTTP/1\.1 (\d{3}) ")
_READY = {"text": "تفوز البلدية بجائزة."}


@dataclass
class Seen:
    """What came back, by the number of the request where it isn't as it should be."""

    statuses: Counter[int] = field(default_factory=Counter)
    closed: int = 0
    hung: list[int] = field(default_factory=list)
    failed: list[int] = field(default_factory=list)
    repeating: list[int] = field(default_factory=list)

    def note(self, number: int, received: bytes) -> None:
        """Note all that one connection got before it was quiet or closed."""
        statuses = [int(status) for status in _STATUS.findall(received)]
        self.statuses.update(statuses)
        self.closed += not statuses
        # 503 with Retry-After is what uploads get that come while others do.
        if any(status >= 500 and not (status == 503 and b"retry-after" in received.lower()) for status in statuses):
            self.failed.append(number)
        if all(status >= 400 for status in statuses) and any(canary.encode() in received for canary in CANARIES):
            self.repeating.append(number)


def raw_finding(pair: TwoVersions, count: int, seed: int = 0) -> Finding:
    """Send `count` raw requests to a service without keys, where every endpoint is reached."""
    environment = {"RASID_RECEIVE_TIMEOUT_S": str(RECEIVE_S), "RASID_MAX_CONCURRENCY": "1000"}
    with served(Setup(pair.models, environment=environment)) as service:
        # The first request for a rare endpoint loads them all.
        service.get("/openapi.json")
        seen = asyncio.run(_sent(service.url, RawRequests(endpoints(), seed), count))
        is_alive = within(30, lambda: service.post("/v1/classify", _READY).status_code == 200) and service.is_ready()
        descriptors = _descriptors(service)
        service.stop(signal.SIGINT)
    lines = "".join(service.lines)
    tracebacks = [line for line in service.lines if not _is_json(line)]
    unexpected = [line for line in service.lines if '"level":"error"' in line.replace(" ", "")]
    return Finding(
        "raw and mutated requests over sockets: no 5xx, no hung socket, no text in logs, alive afterwards",
        f"{count:,} connections, {sum(seen.statuses.values()):,} answers",
        f"{_shares(seen)}; {len(service.lines):,} log lines",
        counted(
            {
                f"5xx (requests {seen.failed[:5]})": len(seen.failed),
                f"hung (requests {seen.hung[:5]})": len(seen.hung),
                f"errors that repeat what was sent (requests {seen.repeating[:5]})": len(seen.repeating),
                "canaries in the log": sum(lines.count(canary) for canary in CANARIES),
                f"log lines that aren't JSON ({tracebacks[:1]})": len(tracebacks),
                f"errors in the log ({unexpected[:2]})": len(unexpected),
                "not alive afterwards": not is_alive,
                f"{descriptors} descriptors left open": descriptors > 100,
            }
        ),
    )


async def _sent(url: str, requests: RawRequests, count: int) -> Seen:
    seen = Seen()
    numbers = iter(range(count))
    address = httpx.URL(url)

    async def work() -> None:
        for number in numbers:
            try:
                async with asyncio.timeout(DEADLINE_S):
                    received = await _exchanged(address, requests[number])
            except TimeoutError:
                seen.hung.append(number)
            else:
                seen.note(number, received)

    async with asyncio.TaskGroup() as group:
        for _ in itertools.repeat(None, AT_ONCE):
            group.create_task(work())
    return seen


async def _exchanged(address: httpx.URL, sent: RawRequest) -> bytes:
    """All that comes until the other side closes, or is quiet after as many answers as there are requests."""
    reader, writer = await asyncio.open_connection(address.host, address.port)
    received = b""
    with suppress(ConnectionError):
        writer.write(sent.data)
        await writer.drain()
        while part := await _read(reader, _is_enough(received, sent)):
            received += part
    writer.close()
    return received


async def _read(reader: asyncio.StreamReader, enough: bool) -> bytes:
    try:
        async with asyncio.timeout(QUIET_S if enough else None):
            return await reader.read(65_536)
    except TimeoutError:
        if enough:
            return b""
        raise


def _is_enough(received: bytes, sent: RawRequest) -> bool:
    return bool(received) and (sent.requests == 1 or received.count(b"HTTP/1.1 ") >= sent.requests)


def _shares(seen: Seen) -> str:
    statuses = ", ".join(f"{status}: {count:,}" for status, count in sorted(seen.statuses.items()))
    return f"{statuses}; closed without an answer: {seen.closed:,}"


def _descriptors(service: RunningService) -> int:
    folder = Path(f"/proc/{service.process.pid}/fd")
    within(15, lambda: len(list(folder.iterdir())) < 100)
    return len(list(folder.iterdir()))


def _is_json(line: str) -> bool:
    try:
        json.loads(line)
    except ValueError:
        return False
    return True
