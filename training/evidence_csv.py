"""CSV files of single passages and the words that decided: a model's errors, and where two models differ.

They hold the user's own text, so they are made on request only.
"""

import csv
import io
from collections import Counter
from collections.abc import Iterable, Sequence

import numpy as np

from app.tagger import Tagger, TagOptions
from training.compare import Flip
from training.judged import Judged
from training.rows import LabelledData

_WORDS = 5
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
"""How a cell begins that a spreadsheet may run; the last four are the full-width = + - @ (OWASP: CSV injection)."""


def errors_csv(tagger: Tagger, data: LabelledData, rows: Judged) -> bytes:
    """Every row with a topic missed or wrongly given, as CSV in UTF-8 with BOM (for spreadsheets).

    `rows` are `judged(tagger, data)`. The words are those with the largest shares in each topic's raw score, for (+)
    or against (-) it.
    """
    found = []
    for place in np.flatnonzero((rows.targets != rows.decided).any(axis=1)):
        row = data.rows[place]
        missed = _ids(rows, rows.targets[place] & ~rows.decided[place])
        wrong = _ids(rows, rows.decided[place] & ~rows.targets[place])
        found.append(
            [
                row.id,
                str(row.line),
                "|".join(missed),
                "|".join(wrong),
                _scores(rows, int(place), [*missed, *wrong]),
                _words(tagger, row.text, [*missed, *wrong]),
                "|".join(sorted(row.labels)),
                row.text,
            ]
        )
    return _csv(["id", "line", "missed", "wrongly_given", "scores", "words", "labels", "text"], found)


def flips_csv(first: Tagger, second: Tagger, data: LabelledData, flips: Iterable[Flip]) -> bytes:
    """Every decision that two models take otherwise, as CSV in UTF-8 with BOM: who is right, and each one's words."""
    text_of = {(row.line, row.id): row.text for row in data.rows}
    found = []
    for flip in flips:
        text = text_of[flip.line, flip.id]
        numbers = [f"{flip.score_a:.3f}", f"{flip.score_b:.3f}"]
        words = [_words(tagger, text, [flip.topic]) for tagger in (first, second)]
        right = "b" if flip.mended else "a"
        given = "b" if flip.given_by_b else "a"
        found.append([flip.id, str(flip.line), flip.topic, given, right, *numbers, *words, text])
    header = ["id", "line", "topic", "given_by", "right", "score_a", "score_b", "words_a", "words_b", "text"]
    return _csv(header, found)


def safe_cell(cell: str) -> str:
    """The cell with a leading apostrophe if a spreadsheet might take it for a formula.

    >>> safe_cell("=1+1"), safe_cell("1+1")
    ("'=1+1", '1+1')
    """
    return f"'{cell}" if cell.lstrip(" \u00a0").startswith(_FORMULA) else cell


def _csv(header: Sequence[str], rows: Iterable[Sequence[str]]) -> bytes:
    content = io.StringIO(newline="")
    writer = csv.writer(content)
    writer.writerow(header)
    writer.writerows([safe_cell(cell) for cell in row] for row in rows)
    return content.getvalue().encode("utf-8-sig")


def _ids(rows: Judged, chosen: Iterable[bool]) -> list[str]:
    return [topic for topic, there in zip(rows.topics, chosen, strict=True) if there]


def _scores(rows: Judged, place: int, topics: Iterable[str]) -> str:
    if rows.scores is None:
        return ""
    return "; ".join(f"{topic} {rows.scores[place, rows.topics.index(topic)]:.3f}" for topic in topics)


def _words(tagger: Tagger, text: str, topics: Sequence[str]) -> str:
    """For each topic the written words with the largest shares; a threshold of 0 gets the evidence of a missed one."""
    options = TagOptions(segment="none", explain=True, thresholds=dict.fromkeys(topics, 0.0))
    passage = tagger.tag(text, options).passages[0]
    told = {}
    for found in passage.topics:
        if found.topic.id in topics and found.explanation is not None:
            shares: Counter[str] = Counter()
            for word in found.explanation.evidence:
                shares[text[word.start : word.end]] += word.share  # type: ignore[assignment]
            strongest = sorted(shares.items(), key=lambda entry: (-abs(entry[1]), entry[0]))[:_WORDS]
            told[found.topic.id] = f"{found.topic.id}: " + ", ".join(
                f"{word} {share:+.2f}" for word, share in strongest
            )
    return "; ".join(told[topic] for topic in topics if topic in told)
