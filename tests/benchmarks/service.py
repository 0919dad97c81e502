"""The whole service beside a bare FastAPI app: time to the first answer, and private memory of a worker."""

import statistics
import sys

from tests.benchmarks.corpus import Source
from tests.benchmarks.plan import Sizes
from tests.benchmarks.rounds import ratio
from tests.benchmarks.server import BARE, RASID, as_body, post, running
from tests.benchmarks.table import Section, Target, number

WORKERS = 4
_REQUESTS = 400
"""Sent on connections of their own before memory is read, so that every worker has answered some."""


def first_answer(source: Source, sizes: Sizes) -> Section:
    """Start both services in turn, several times, and wait for the first answer."""
    body = as_body(source.passages(1)[0])
    wall: dict[str, list[float]] = {BARE: [], RASID: []}
    cpu: dict[str, list[float]] = {BARE: [], RASID: []}
    for start in range(2 * sizes.rounds + 1):
        for name in (BARE, RASID) if start % 2 else (RASID, BARE):
            with running(name, body) as server:
                # The first round writes the compiled files of Python's modules.
                if start:
                    wall[name].append(server.wall_s)
                    cpu[name].append(server.cpu_s)
        print(f"  start {start + 1}", file=sys.stderr, flush=True)
    over_wall, over_cpu = ratio(wall[RASID], wall[BARE]), ratio(cpu[RASID], cpu[BARE])
    rows = tuple(
        (name, number(statistics.median(wall[name]) * 1000), number(statistics.median(cpu[name]) * 1000))
        for name in (BARE, RASID)
    )
    return Section(
        "First answer",
        "From starting the process to the first answer with status 200 to a passage, model opened and verified; median "
        f"of {2 * sizes.rounds} starts in turn.",
        ("", "wall, ms", "CPU, ms"),
        (*rows, ("ratio", number(over_wall.median), number(over_cpu.median))),
        (
            Target("first answer over a bare FastAPI app, wall", 1.3, over_wall.median, most=True),
            Target("first answer over a bare FastAPI app, CPU", 1.3, over_cpu.median, most=True),
        ),
    )


def private_memory(source: Source) -> Section:
    """Unique set size of each worker once all have answered."""
    bodies = [as_body(text) for text in source.passages(_REQUESTS, seed=6)]
    mean, workers = {}, {}
    for name in (BARE, RASID):
        with running(name, bodies[0], WORKERS) as server:
            for body in bodies:
                post(server.port, body)
            private = [worker.memory_full_info().uss / 1e6 for worker in server.workers()]
        mean[name], workers[name] = statistics.mean(private), len(private)
    beyond = mean[RASID] - mean[BARE]
    whole = workers == {BARE: WORKERS, RASID: WORKERS}
    return Section(
        "Private memory of a worker",
        f"Memory that no other process shares (USS), mean of the workers after {_REQUESTS} requests.",
        ("", "workers", "MB a worker"),
        (
            *((name, str(workers[name]), number(mean[name])) for name in (BARE, RASID)),
            ("beyond the bare app", "", number(beyond)),
        ),
        (
            Target(
                f"private memory of one of {WORKERS} workers beyond the bare app, MB",
                10,
                beyond if whole else None,
                most=True,
            ),
        ),
    )
