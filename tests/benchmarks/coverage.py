"""How much of the press's own wording a labelled corpus holds.

Typical of an archive are words and word pairs in at least 15 of its paragraphs on extremist groups, and at least twice
as frequent there as in other paragraphs. Covered is what at least 3 passages of the corpus hold.
"""

import lzma
import random
import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from app.tagger.normalise import Normaliser

FEWEST_PARAGRAPHS, FEWEST_PASSAGES, TIMES_AS_FREQUENT = 15, 3, 2
_ON_GROUPS = re.compile("داعش|تنظيم الدولة|القاعدة|إرهاب|تكفير|النصرة|بوكو حرام|متطرف|انتحاري|الخلافة")
_NORMALISER = Normaliser()


@dataclass(frozen=True)
class Coverage:
    """Shares (0..1) of an archive's typical words and pairs that a corpus holds."""

    archive: str
    words: float
    pairs: float


def wording(text: str) -> set[tuple[str, ...]]:
    """The words and pairs of words of a text, normalised."""
    words = [word.form for word in _NORMALISER.words(text)]
    return {(word,) for word in words} | set(pairwise(words))


def coverage(texts: Iterable[str], archive: Path) -> Coverage:
    """How much of the typical wording of an archive, one paragraph a line in an .xz file, `texts` hold."""
    with lzma.open(archive, "rt", encoding="utf-8") as file:
        paragraphs = [line.strip() for line in file]
    on_groups = [line for line in paragraphs if 15 <= len(line.split()) <= 150 and _ON_GROUPS.search(line)]
    others = [line for line in paragraphs if not _ON_GROUPS.search(line)]
    others = random.Random(0).sample(others, min(3 * len(on_groups), len(others)))
    there, elsewhere, own = (_counted(lines) for lines in (on_groups, others, texts))
    least = TIMES_AS_FREQUENT * len(on_groups) / len(others)
    typical = [run for run, count in there.items() if count >= max(FEWEST_PARAGRAPHS, least * (elsewhere[run] + 1))]
    shares = [
        sum(own[run] >= FEWEST_PASSAGES for run in typical if len(run) == length)
        / max(1, sum(len(run) == length for run in typical))
        for length in (1, 2)
    ]
    return Coverage(archive.name, *shares)


def _counted(texts: Iterable[str]) -> Counter[tuple[str, ...]]:
    found: Counter[tuple[str, ...]] = Counter()
    for text in texts:
        found.update(wording(text))
    return found
