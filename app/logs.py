"""Logs as lines of JSON: events, names and numbers, never text; a log that nobody reads holds nothing up."""

import logging
import os
import select
import threading
import traceback
from collections import deque
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from pydantic_core import to_json

MOST_WAITING = 10_000
"""Lines that wait to be written; further ones are dropped and counted."""
GATHER_S = 0.05
"""Time that lines are gathered before they are written, so that a busy loop isn't interrupted for each."""
STOP_S = 1.0
"""Longest time to write what waits when the process ends."""
_FRAMES = 5
_TRUSTED = ("rasid", "uvicorn")
"""Loggers whose messages can hold no text that a caller sent; of others only the place is told."""

logger = logging.getLogger("rasid")

Fact = str | int | float | None


def told_frames(error: BaseException) -> str:
    """Where an error arose: its last frames, outermost first, as `file:line`; never its message, which may quote."""
    frames = traceback.extract_tb(error.__traceback__)[-_FRAMES:]
    return " ".join(f"{Path(frame.filename).name}:{frame.lineno}" for frame in frames)


def log_event(event: str, level: int = logging.INFO, **facts: Fact) -> None:
    """Log that something happened; `facts` are names and numbers, never text that a caller sent."""
    if logger.isEnabledFor(level):
        # Made by hand: the logger itself would look for the line of code that calls it, which costs more than the rest.
        logger.handle(logger.makeRecord(logger.name, level, "", 0, event, (), None, extra={"facts": facts}))


class JsonLine(logging.Formatter):
    """Formats a record as one line of JSON: time (UTC), level, event and facts.

    Of an exception its type and its last frames are told, never its message.
    """

    def format(self, record: logging.LogRecord) -> str:
        """The line, without its end."""
        return self.line_of(record).decode()

    def line_of(self, record: logging.LogRecord) -> bytes:
        """The line in UTF-8, without its end."""
        time = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        line: dict[str, object] = {"time": time, "level": record.levelname.lower()}
        if record.name.split(".")[0] in _TRUSTED:
            line["event"] = record.getMessage().strip()
        else:
            line |= {"event": "message of a library", "library": record.name}
            line["at"] = f"{record.module}:{record.lineno}"
        line |= record.__dict__.get("facts", {})
        if record.exc_info and record.exc_info[1]:
            line |= {"error": type(record.exc_info[1]).__name__, "frames": told_frames(record.exc_info[1])}
        return to_json(line)


class LineWriter(logging.Handler):
    """Hands lines to a thread that writes them, so that a slow, full or closed log delays no request.

    `on_drop` is called for each line that was given up because too many wait or because it couldn't be written.
    """

    def __init__(self, descriptor: int, on_drop: Callable[[], object]) -> None:
        super().__init__()
        self._form = JsonLine()
        self._descriptor = descriptor
        self._on_drop = on_drop
        self._lines: deque[bytes] = deque()
        self._some = threading.Event()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._write_on, name="log", daemon=True)
        self._thread.start()

    def emit(self, record: logging.LogRecord) -> None:
        """Queue a line or drop it."""
        if len(self._lines) >= MOST_WAITING:
            self._on_drop()
            return
        self._lines.append(self._form.line_of(record) + b"\n")
        if not self._some.is_set():
            self._some.set()

    def stop(self) -> None:
        """Write what waits, for a second at most."""
        self._stopping.set()
        self._some.set()
        self._thread.join(STOP_S)

    def _write_on(self) -> None:
        while self._lines or not self._stopping.is_set():
            self._some.wait()
            self._stopping.wait(GATHER_S)
            self._some.clear()
            while self._lines:
                self._write_or_drop(self._next_block())

    def _next_block(self) -> list[bytes]:
        """Lines to write at once: as many as a pipe takes whole, so that those of several workers don't mix."""
        block = [self._lines.popleft()]
        size = len(block[0])
        while self._lines and (size := size + len(self._lines[0])) <= select.PIPE_BUF:
            block.append(self._lines.popleft())
        return block

    def _write_or_drop(self, block: list[bytes]) -> None:
        try:
            self._write(b"".join(block))
        except OSError:
            for _ in block:
                self._on_drop()

    def _write(self, text: bytes) -> None:
        while text:
            try:
                text = text[os.write(self._descriptor, text) :]
            except BlockingIOError:
                select.select([], [self._descriptor], [])


def start_logs(descriptor: int, on_drop: Callable[[], object]) -> LineWriter:
    """Send everything that this process logs to `descriptor` as JSON lines, warnings included."""
    writer = LineWriter(descriptor, on_drop)
    root = logging.getLogger()
    root.handlers = [writer]
    root.setLevel(logging.INFO)
    logging.captureWarnings(True)
    logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False
    return writer
