"""Words or n-grams by number: text of one entry a line, made into a dictionary only where one is needed."""

from collections.abc import Iterator, Mapping
from functools import cached_property


class Vocabulary(Mapping[str, int]):
    """Entries by number, from 0, as `lines` has them.

    >>> Vocabulary("في\\nمن\\n")["من"]
    1
    """

    def __init__(self, lines: str) -> None:
        self.lines = lines

    @classmethod
    def of(cls, entries: Mapping[str, int]) -> "Vocabulary":
        """The same entries, in the order of their numbers."""
        if isinstance(entries, cls):
            return entries
        return cls("".join(f"{entry}\n" for entry in sorted(entries, key=entries.__getitem__)))

    @cached_property
    def numbers(self) -> dict[str, int]:
        """All entries with their numbers."""
        return {entry: number for number, entry in enumerate(self.lines.split("\n")[:-1])}

    def __getitem__(self, entry: str) -> int:
        return self.numbers[entry]

    def __iter__(self) -> Iterator[str]:
        return iter(self.numbers)

    def __len__(self) -> int:
        return self.lines.count("\n")
