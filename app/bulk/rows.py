"""What a reader gives: rows that can be tagged, and rows that can't."""

from dataclasses import dataclass

EMPTY = "empty text"
BROKEN = "bytes that are not of the encoding: name it with --encoding"
TOO_LONG = "a line or row of more than 4,194,304 characters: cut it"


@dataclass(frozen=True, slots=True)
class SourceRow:
    """A text to be tagged. `place` is the number of its line (Parquet: row) from 1; `id` is None where it has none.

    The text begins `offset` code points behind the beginning of the article that offsets count from.
    """

    place: int
    text: str
    id: str | None = None
    date: str | None = None
    source: str | None = None
    offset: int = 0


@dataclass(frozen=True, slots=True)
class BadRow:
    """A row that can't be used: where it is and why, never what it holds."""

    place: int
    reason: str


@dataclass(frozen=True, slots=True)
class Columns:
    """Which columns hold what. Those but `text` may be missing unless `named`; `encoding` is that of text files."""

    text: str = "text"
    id: str = "id"
    date: str = "date"
    source: str = "source"
    named: frozenset[str] = frozenset()
    encoding: str = "utf-8"

    def extras(self) -> dict[str, str]:
        """The columns beside the text, by what they hold."""
        return {"id": self.id, "date": self.date, "source": self.source}


def is_sound(text: str) -> bool:
    """Whether a text has no broken bytes or lone surrogates."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
