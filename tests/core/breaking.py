"""How tests break things: disks that fail at the nth call, what a crash leaves, children to kill."""

import os
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

CALLS = {
    "fsync": ("fsync",),
    "rename": ("rename", "replace"),
    "mkdir": ("mkdir",),
    "open": ("open",),
    "unlink": ("unlink", "rmdir"),
}


class Fault:
    """Lets calls of one kind pass and fails the `nth`, or from there on all, as a disk does that is full or gone."""

    def __init__(self, nth: int, lasting: bool) -> None:
        self.nth = nth
        self.lasting = lasting
        self.calls = 0

    def due(self) -> bool:
        self.calls += 1
        return self.calls == self.nth or (self.lasting and self.calls > self.nth)

    def wrapped(self, call: Callable[..., Any]) -> Callable[..., Any]:
        def failing(*arguments: Any, **named: Any) -> Any:
            if self.due():
                raise OSError(5, "Input/output error")
            return call(*arguments, **named)

        return failing

    def opening(self, call: Callable[..., Any]) -> Callable[..., Any]:
        def opened(path: Any, mode: str = "r", *arguments: Any, **named: Any) -> Any:
            file = call(path, mode, *arguments, **named)
            return HalfWritten(file, self) if set(mode) & set("wa") else file

        return opened


class HalfWritten:
    """A file whose write, when the fault is due, writes half and fails."""

    def __init__(self, file: Any, fault: Fault) -> None:
        self.file = file
        self.fault = fault

    def write(self, content: Any) -> Any:
        if self.fault.due():
            self.file.write(memoryview(content)[: len(content) // 2])
            raise OSError(28, "No space left on device")
        return self.file.write(content)

    def __enter__(self) -> "HalfWritten":
        return self

    def __exit__(self, *_: object) -> None:
        self.file.close()

    def __getattr__(self, name: str) -> Any:
        return getattr(self.file, name)


@contextmanager
def failing(kind: str, fault: Fault) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        if kind == "write":
            patch.setattr(Path, "open", fault.opening(Path.open))
            patch.setattr(os, "fdopen", fault.opening(os.fdopen))
        for name in CALLS.get(kind, ()):
            patch.setattr(os, name, fault.wrapped(getattr(os, name)))
        yield


def leave_like_a_crash(models: Path) -> None:
    for name in (".writing-abc", ".removed-0123456789ab"):
        (models / name).mkdir()
        (models / name / "words.txt").write_bytes(b"half")
    (models / ".replacing-current-abc").write_bytes(b"half")


def hidden_in(models: Path) -> set[str]:
    return {path.name for path in models.iterdir() if path.name.startswith(".")} - {".lock"}


def forked(task: Any) -> int:
    """The process number of a child that runs `task` and exits with what it returns; 255 if it raises."""
    with warnings.catch_warnings():
        # Later Pythons warn if other tests have left threads; the child uses none of them.
        warnings.simplefilter("ignore", DeprecationWarning)
        child = os.fork()
    if child:
        return child
    code = 255
    try:
        code = task()
    finally:
        os._exit(code)
