"""Requests a second over HTTP beside an endpoint that does nothing, with the same bodies on the same stack."""

import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from tests.benchmarks.corpus import PASSAGE_WORDS, Source
from tests.benchmarks.guarded_app import PATH
from tests.benchmarks.plan import Sizes
from tests.benchmarks.rounds import ratio, rotated
from tests.benchmarks.server import BARE, GUARDED, RASID, Server, as_body, running
from tests.benchmarks.table import Section, Target, number

_CONNECTIONS = 16
_SCRIPT = Path(__file__).parent / "wrk.lua"
_NO_OP, _RAW = "no-op, body validated", "no-op, body only received"
_PATHS = {RASID: "/v1/classify", GUARDED: PATH, _NO_OP: "/v1/classify", _RAW: "/raw"}


@dataclass(frozen=True)
class Load:
    """Requests a second, and the server's CPU seconds for one."""

    rate: float
    cpu_s: float


def http_rate(source: Source, sizes: Sizes) -> Section:
    """The table of rates, and the target that it decides."""
    title = "Requests over HTTP"
    target = "HTTP requests a second over a no-op endpoint"
    if not shutil.which("wrk"):
        told = "Left out: wrk isn't on this machine (`apt-get install wrk`)."
        return Section(title, told, ("", "requests/s"), (), (Target(target, 0.75, None),))
    bodies = [as_body(text) for text in source.passages(500, seed=7)]
    loads: dict[str, list[Load]] = {name: [] for name in _PATHS}
    with (
        tempfile.TemporaryDirectory() as folder,
        running(BARE, bodies[0]) as bare,
        running(RASID, bodies[0]) as rasid,
        running(GUARDED, bodies[0]) as guarded,
    ):
        file = Path(folder) / "bodies.jsonl"
        file.write_bytes(b"\n".join(bodies) + b"\n")
        servers = {RASID: rasid, GUARDED: guarded, _NO_OP: bare, _RAW: bare}
        for round_ in range(sizes.rounds + 1):
            for name in rotated(list(_PATHS), round_):
                load = _load(servers[name], _PATHS[name], file, sizes.http_seconds)
                if round_:
                    loads[name].append(load)
            print(f"  round {round_} of {sizes.rounds}", file=sys.stderr, flush=True)
    rates = {name: [load.rate for load in found] for name, found in loads.items()}
    cpu = {name: [load.cpu_s for load in found] for name, found in loads.items()}
    rows = tuple(
        (
            name,
            number(statistics.median(rates[name])),
            number(ratio(rates[name], rates[GUARDED]).median),
            number(ratio(rates[name], rates[_NO_OP]).median),
            number(statistics.median(cpu[name]) * 1e6),
            number(ratio(cpu[GUARDED], cpu[name]).median),
            number(ratio(cpu[_NO_OP], cpu[name]).median),
        )
        for name in loads
    )
    return Section(
        title,
        f"wrk on loopback, one thread, {_CONNECTIONS} connections, {sizes.http_seconds} s a round, one worker, the "
        f"same {len(bodies)} bodies of {PASSAGE_WORDS} words for all; median of {sizes.rounds} interleaved rounds. The "
        "no-op endpoints are FastAPI's on uvicorn and answer a constant: one behind the same guards, metrics and logs, "
        "and two in an app that has nothing else.",
        (
            "",
            "requests/s",
            "over no-op behind guards",
            "over bare no-op, validated",
            "CPU µs of the server a request",
            "by CPU over no-op behind guards",
            "by CPU over bare no-op, validated",
        ),
        rows,
        (
            Target(f"{target} behind the same guards", 0.75, ratio(rates[RASID], rates[GUARDED]).median),
            Target(f"{target} behind the same guards, by CPU", 0.75, ratio(cpu[GUARDED], cpu[RASID]).median),
            Target(f"{target} in a bare app", 0.75, ratio(rates[RASID], rates[_NO_OP]).median),
        ),
    )


def _load(server: Server, path: str, bodies: Path, seconds: int) -> Load:
    """Load one endpoint. Raises `RuntimeError` if any answer isn't a success."""
    then = _cpu_s(server)
    command = ["wrk", "--threads", "1", "--connections", str(_CONNECTIONS), "--duration", f"{seconds}s"]
    told = subprocess.run(
        [*command, "--script", str(_SCRIPT), f"http://127.0.0.1:{server.port}{path}"],
        env=os.environ | {"BENCH_BODIES": str(bodies)},
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    if faults := re.search(r"Non-2xx.*|Socket errors.*", told):
        raise RuntimeError(f"{path} under load: {faults.group()}: the rate would say nothing.")
    requests = re.search(r"(\d+) requests in", told)
    rate = re.search(r"Requests/sec:\s+([\d.]+)", told)
    assert requests, told
    assert rate, told
    return Load(float(rate.group(1)), (_cpu_s(server) - then) / int(requests.group(1)))


def _cpu_s(server: Server) -> float:
    times = server.process.cpu_times()
    return float(times.user + times.system)
