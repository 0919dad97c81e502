"""Reads what a training child says on its way: a JSON line a step, notes, and at the end perhaps an error."""

from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from app.jobs.job import JobProgress

_TAIL_BYTES = 8192
_ERROR = "error: "
_NO_MEMORY = ("MemoryError", "Unable to allocate", "Cannot allocate memory", "failed to map segment", "bad_alloc")
"""How Python, NumPy, the system's loader and C++ say that memory ran out."""


@dataclass(frozen=True, slots=True)
class LastWords:
    """What a child said at its end: the sentence of an error raised on purpose, or that its memory ran out."""

    error: str | None
    out_of_memory: bool


def last_progress(path: Path) -> JobProgress | None:
    """The latest step told; None if there is none yet."""
    for line in reversed(_tail(path)):
        if line.startswith("{"):
            try:
                return JobProgress.model_validate_json(line)
            except ValidationError:
                # A line that is still being written, or the rest of one cut by the tail.
                continue
    return None


def last_words(path: Path) -> LastWords:
    """What the child said at its end."""
    lines = _tail(path)
    errors = [line.removeprefix(_ERROR) for line in lines if line.startswith(_ERROR)]
    return LastWords(errors[-1] if errors else None, any(sign in line for line in lines for sign in _NO_MEMORY))


def _tail(path: Path) -> list[str]:
    try:
        with path.open("rb") as file:
            size = file.seek(0, 2)
            file.seek(max(0, size - _TAIL_BYTES))
            return file.read().decode(errors="replace").splitlines()
    except OSError:
        return []
