"""What the tests of training jobs share: rows that fit in a second, rows that take minutes, and waiting."""

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx

from tests.conftest import ROOT

PATH = "/v1/training-jobs"
CSV = {"Content-Type": "text/csv"}
OWN = "?topics_from_labels=true"
CANARY = "زمردة"
PATIENCE_S = 60.0
WHO = ("أحمد", "سعيد", "خليل", "منصور", "جابر")
WHEN = ("أمس", "اليوم", "صباحا", "مساء", "ظهرا")


def quick_rows(rows: int = 40, canary: str = CANARY) -> bytes:
    """A CSV of two labels that is fitted at once."""
    lines = ["text,labels"]
    for number in range(rows):
        who, when = WHO[number // 2 % len(WHO)], WHEN[number // 2 // len(WHO) % len(WHEN)]
        if number % 2:
            lines.append(f"{canary} سجل {who} هدفا {when} في المباراة,sport")
        else:
            lines.append(f"{canary} طبخ {who} عدسا {when} مع البصل,food")
    return "\n".join(lines).encode()


def slow_rows() -> bytes:
    """A CSV whose fit takes a minute or more."""
    return (ROOT / "data/passages.csv").read_bytes()


def ended(client: httpx.Client, job: str) -> dict[str, Any]:
    """The job once it has ended."""
    found: dict[str, Any] = {}

    def has_ended() -> bool:
        found.update(client.get(f"{PATH}/{job}").json())
        return found["state"] != "running"

    wait_for(has_ended)
    return found


def under_way(client: httpx.Client, job: str) -> None:
    """Wait until a job's child is at work."""
    wait_for(lambda: "progress" in client.get(f"{PATH}/{job}").json())


def wait_for(condition: Callable[[], bool], patience_s: float = PATIENCE_S) -> None:
    deadline = time.monotonic() + patience_s
    while not condition():
        assert time.monotonic() < deadline, "it takes too long"
        time.sleep(0.05)


def children_of(job: str) -> list[int]:
    """The processes that work on a job, told by their command lines."""
    found = []
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit() and int(folder.name) != os.getpid():
            try:
                command = (folder / "cmdline").read_bytes()
            except OSError:
                continue
            if job.encode() in command:
                found.append(int(folder.name))
    return found


def holds(folder: Path, text: str) -> list[Path]:
    """The files under a folder whose bytes hold a text."""
    return [path for path in folder.rglob("*") if path.is_file() and text.encode() in path.read_bytes()]
