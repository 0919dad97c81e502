"""Results as Markdown: one table a section, and one of all targets."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Target:
    """A promise and what was measured; `found` None if it couldn't be measured here."""

    what: str
    wanted: float
    found: float | None
    most: bool = False
    """Whether `wanted` is the most allowed instead of the least."""

    @property
    def met(self) -> bool | None:
        """Whether the promise is kept; None if it wasn't measured."""
        if self.found is None:
            return None
        return self.found <= self.wanted if self.most else self.found >= self.wanted


@dataclass(frozen=True)
class Section:
    """What was measured, one table; `told` are sentences before it."""

    title: str
    told: str
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    targets: tuple[Target, ...] = ()


def number(value: float) -> str:
    """A value to three digits, which is as much as a benchmark can tell: 1,230 or 61 or 0.0123."""
    rounded = float(f"{value:.3g}")
    return f"{rounded:,.0f}" if abs(rounded) >= 100 else f"{rounded:g}"


def markdown_table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table of Markdown, the first column to the left and the others to the right."""
    for row in rows:
        if len(row) != len(header):
            raise ValueError(f"a row of {len(row)} cells doesn't fit a header of {len(header)}")
    lines = [header, ["---", *["---:"] * (len(header) - 1)], *rows]
    return "\n".join(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in line)} |" for line in lines)


def markdown_section(section: Section) -> str:
    """A section with its heading."""
    parts = [f"## {section.title}", section.told, markdown_table(section.header, section.rows)]
    return "\n\n".join(part for part in parts if part)


def targets_table(targets: Sequence[Target]) -> str:
    """Every target beside what was measured."""
    verdicts = {True: "met", False: "**missed**", None: "not measured"}
    rows = [
        (
            target.what,
            f"{'at most' if target.most else 'at least'} {number(target.wanted)}",
            "-" if target.found is None else number(target.found),
            verdicts[target.met],
        )
        for target in targets
    ]
    return markdown_table(("", "target", "measured", ""), rows)
