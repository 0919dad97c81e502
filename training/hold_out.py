"""Sets a part of labelled rows aside, by article, so that a fit can be judged on rows it hasn't seen."""

import hashlib
import random
from dataclasses import dataclass, replace

from app.tagger.errors import LabelledDataError
from training.duplicates import grouped, near_duplicates
from training.rows import LabelledData


@dataclass(frozen=True)
class Parted:
    """The rows of one file in two parts that share no article and no passage that is nearly the same."""

    rest: LabelledData
    held: LabelledData


def parted(data: LabelledData, share: float, seed: int) -> Parted:
    """Hold out about `share` (0..1) of the articles, drawn by `seed`; `LabelledDataError` if a part would be empty."""
    groups = grouped(data.articles, near_duplicates(data.texts))
    names = sorted(set(groups))
    random.Random(seed).shuffle(names)  # noqa: S311 - a split needs no secret
    held = set(names[: max(1, round(share * len(names)))])
    if len(held) == len(names):
        raise LabelledDataError(f"{len(names)} articles are too few to hold out a part: add rows or hold out none.")
    parts = (
        replace(
            data,
            rows=tuple(row for row, group in zip(data.rows, groups, strict=True) if (group in held) == wanted),
            sha256=hashlib.sha256(f"{data.sha256} {share} {seed} {wanted}".encode()).hexdigest(),
        )
        for wanted in (False, True)
    )
    return Parted(*parts)
