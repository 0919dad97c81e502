"""Opens an input file wherever it lies and however it is compressed, as bytes or as bounded lines of text."""

import codecs
import io
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import IO, TextIO

import fsspec
import pyarrow as pa

from app.bulk.inputs import InputFile
from app.bulk.stores import store_faults, store_reason
from app.tagger import InputError

LONGEST_LINE = 4 * 2**20
"""Characters of a line, and of a CSV's row, at most: more is a broken file, and would fill the memory."""
_BUFFER_BYTES = 2**18
_WIDE_MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


class LineTooLongError(Exception):
    """A line or row has more than `LONGEST_LINE` characters."""


class OpenInput:
    """An open file: `raw` as it lies on the disk, `stream` without its compression."""

    def __init__(self, raw: IO[bytes], stream: io.BufferedReader, closing: ExitStack) -> None:
        self.raw = raw
        self.stream = stream
        self._closing = closing

    def position(self) -> int:
        """How many bytes of the file on the disk are read."""
        return int(self.raw.tell())

    def text(self, encoding: str) -> TextIO:
        """The file as text with its line ends, UTF-16 if its mark says so; wrong bytes are lone surrogates."""
        wide = self.stream.peek(2)[:2] in _WIDE_MARKS
        name = "utf-16" if wide else "utf-8-sig" if codecs.lookup(encoding).name == "utf-8" else encoding
        text = io.TextIOWrapper(self.stream, name, errors="surrogateescape", newline="")
        return self._closing.enter_context(text)


@contextmanager
def opened(file: InputFile) -> Iterator[OpenInput]:
    """Open a file; whatever fails while it's open because of the file itself is an `InputError` that names it."""
    try:
        with ExitStack() as closing:
            raw = closing.enter_context(fsspec.open(file.path, "rb"))
            plain = pa.CompressedInputStream(raw, file.compression) if file.compression else raw
            stream = closing.enter_context(io.BufferedReader(plain, _BUFFER_BYTES))
            yield OpenInput(raw, stream, closing)
    except store_faults(EOFError, pa.ArrowException) as fault:
        cure = "run the same command again, or export it anew" if "://" in file.path else "fetch or export it anew"
        raise InputError(f"{file.name} can't be read: {store_reason(fault)}: {cure}.") from None
    except UnicodeDecodeError as fault:
        # Encodings of several bytes a letter can't be read past a fault.
        raise InputError(f"{file.name} is no {fault.encoding}: name its encoding with --encoding.") from None


class Lines(Iterator[str]):
    """The lines of a text with their ends, bounded in length, some of which can be given back."""

    def __init__(self, text: TextIO) -> None:
        self.number = 0
        """How many lines were given."""
        self.taken: list[str] = []
        """The lines given since `begin`."""
        self._again: list[str] = []
        self._length = 0
        self._text = text

    def begin(self) -> int:
        """Start a row: forget the lines of the one before, and return the number of its first line."""
        self.taken = []
        self._length = 0
        return self.number + 1

    def give_back(self) -> None:
        """Give all lines of this row but its first one again."""
        self._again += reversed(self.taken[1:])
        self.number -= len(self.taken) - 1
        self.taken = []

    def __next__(self) -> str:
        """The next line. Raises `LineTooLongError` after a line, or a row, that is too long."""
        line = self._again.pop() if self._again else self._text.readline(LONGEST_LINE)
        if not line:
            raise StopIteration
        self.number += 1
        self.taken.append(line)
        self._length += len(line)
        if self._length >= LONGEST_LINE:
            self._skip_to_end_of(line)
            raise LineTooLongError
        return line

    def _skip_to_end_of(self, line: str) -> None:
        while line and not line.endswith(("\n", "\r")):
            line = self._text.readline(LONGEST_LINE)
