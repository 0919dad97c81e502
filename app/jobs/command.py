"""The command that trains, as a child process: what it reads and writes, and what limits it has."""

import csv
import io
import math
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import app
from app.jobs.folder import RESULT, STEPS, TOPICS, UPLOAD
from app.jobs.job import JobOptions
from app.tagger.types import Topic

SHIPPED_ROWS = Path("data/passages.csv")
"""The rows that the service was given, seen from where it was started."""
OWN_WEIGHT = 10.0
"""How much an uploaded row counts beside a shipped one, unless the caller says otherwise."""
_ONE_THREAD = {f"{library}_NUM_THREADS": "1" for library in ("OMP", "OPENBLAS", "MKL")}
_LONGER_CPU_S = 10
"""The processor time allowed over the time limit: it only ends a job whose worker has no say any more."""


@dataclass(frozen=True, slots=True)
class JobLimits:
    """The longest time of a job and the address space that it may fill."""

    timeout_s: float
    memory_bytes: int


def write_topics(folder: Path, topics: Sequence[Topic]) -> None:
    """Write topics into a job's folder as its command reads them; raises `OSError`."""
    content = io.StringIO()
    rows = csv.writer(content)
    rows.writerow(("id", "name_ar", "name_en", "group", "definition"))
    rows.writerows((topic.id, topic.name_ar, topic.name_en, topic.group, topic.definition) for topic in topics)
    with (folder / TOPICS).open("wb") as file:
        file.write(content.getvalue().encode())


def training_command(folder: Path, models: Path, options: JobOptions) -> list[str]:
    """The arguments of the fit that a job is: it writes a version under `models` and never puts it in use."""
    files = [str(folder / UPLOAD)]
    weights = [str(options.weight or 1.0)]
    if options.with_shipped:
        files.insert(0, str(SHIPPED_ROWS))
        weights = ["1.0", str(options.weight or OWN_WEIGHT)]
    topics = ["--topics-from-labels"] if options.topics_from_labels else ["--topics", str(folder / TOPICS)]
    return [
        *(sys.executable, "-m", "training", "fit", *files),
        *(part for weight in weights for part in ("--weight", weight)),
        *topics,
        *("--out", str(models.resolve()), "--no-promote", "--jobs", "1", "--progress", "json"),
        *("--result", str(folder / RESULT), "--hold-out", str(options.hold_out)),
    ]


def start_child(program: Sequence[str], folder: Path, limits: JobLimits, lock: int) -> subprocess.Popen[bytes]:
    """Start a job's command in a session of its own; it inherits the descriptor `lock`. Raises `OSError`.

    It dies with the thread that calls this.
    """
    wrapper = [
        *(sys.executable, "-m", "app.jobs.limited"),
        *(str(os.getpid()), str(limits.memory_bytes), str(math.ceil(limits.timeout_s) + _LONGER_CPU_S)),
    ]
    with (folder / STEPS).open("wb") as steps:
        return subprocess.Popen(  # noqa: S603 - the service's own command, without a shell
            [*wrapper, *program],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=steps,
            env=_environment(),
            pass_fds=(lock,),
            start_new_session=True,
        )


def _environment() -> dict[str, str]:
    """The worker's own without Rasid's settings, which may hold secrets, and with one thread for linear algebra."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("RASID_")}
    packages = str(Path(app.__file__).parent.parent)
    found = os.pathsep.join(filter(None, (packages, kept.get("PYTHONPATH"))))
    return {**kept, **_ONE_THREAD, "PYTHONPATH": found}
