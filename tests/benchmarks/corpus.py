"""The rows that contenders are fitted and judged on, and the texts that their speed is measured on."""

import lzma
import math
import random
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from app.tagger.normalise import raw_words_list
from app.tagger.types import Topic
from tests.benchmarks.plan import Plan
from training import LabelledData, load_labelled, load_topics
from training.rows import LabelledRow
from training.split import folds_by_article

PASSAGE_WORDS = 80
INVENTED_SHARE = 0.15
"""Words replaced by invented ones in recombined passages. Measured in two archives of Arabic news, cut into passages of
80 words: the shipped model doesn't know 22 to 24 words in 100. In the first 2,000 passages, 9.5 words a passage are the
first of their kind; after 10,000 passages 3.2 to 4.5. Recombined passages come to some 26, 8 and 3.5."""
INVENTED_IN_ROWS = 0.05
_INVENTED_TYPES = 1_500_000
_SENTENCE_END = re.compile(r"(?<=[.!؟])\s+")


@dataclass(frozen=True)
class Split:
    """Rows to fit on, rows to judge on, and what they are."""

    name: str
    topics: Sequence[Topic]
    training: LabelledData
    test: LabelledData


def split_of(plan: Plan) -> Split:
    """All of data/passages.csv and the CSV that the plan names, or four fifths of its articles and the rest."""
    topics = load_topics("data/topics.csv")
    data = load_labelled("data/passages.csv", topics)
    data = replace(data, rows=data.rows[: plan.sizes.training_rows])
    if plan.csv:
        return Split(
            f"fitted on data/passages.csv, judged on {plan.csv.name}", topics, data, load_labelled(plan.csv, topics)
        )
    fitted_on, held = folds_by_article(data.articles, folds=5, seed=1)[0]
    training, test = (replace(data, rows=tuple(data.rows[place] for place in part)) for part in (fitted_on, held))
    return Split("data/passages.csv, every fifth article held out", topics, training, test)


@dataclass(frozen=True)
class Source:
    """Sentences to make passages of, what they are, and the share of words to replace by invented ones."""

    name: str
    sentences: Sequence[str]
    invented: float = 0.0

    def passages(self, count: int, words: int = PASSAGE_WORDS, seed: int = 0) -> list[str]:
        """Passages of exactly so many written words, from sentences drawn anew for each."""
        random_ = random.Random(seed)
        found = []
        for _ in range(count):
            written: list[str] = []
            while len(written) < words:
                written += random_.choice(self.sentences).split()
            found.append(" ".join(written[:words]))
        return with_invented_words(found, self.invented, seed, self.sentences) if self.invented else found


def source_of(plan: Plan, split: Split) -> Source:
    """The archive that the plan names, or the sentences of the held-out rows with invented words between."""
    if plan.archive:
        return Source(plan.archive.name, _paragraphs(plan.archive))
    sentences = [sentence for text in split.test.texts for sentence in _SENTENCE_END.split(text)]
    return Source(
        f"sentences of held-out passages, {INVENTED_SHARE:.0%} of their words replaced by invented ones",
        sentences,
        INVENTED_SHARE,
    )


def _paragraphs(archive: Path) -> list[str]:
    with lzma.open(archive, "rt", encoding="utf-8") as file:
        return [line.strip() for line in file if line.strip()]


def with_invented_words(texts: Sequence[str], share: float, seed: int, parts: Sequence[str] | None = None) -> list[str]:
    """The texts with a share of their words replaced by a front of one word of `parts`, else of the texts, and an end.

    Few invented words come often and most of them once, as in language: a word's rank is drawn log-uniformly (Zipf).
    The same parts give the same word for a rank.
    """
    random_ = random.Random(seed)
    words = sorted({word for text in parts or texts for word in raw_words_list(text) if len(word) > 3})

    def invented() -> str:
        rank = int(math.exp(random_.random() * math.log(_INVENTED_TYPES)))
        front, end = random.Random(rank).choices(words, k=2)
        return front[: len(front) // 2 + 1] + end[len(end) // 2 :]

    return [" ".join(invented() if random_.random() < share else word for word in text.split()) for text in texts]


def rows_like(data: LabelledData, count: int, seed: int) -> LabelledData:
    """So many rows: the data's own, then pairs of their rows as one, with the labels of both and invented words."""
    random_ = random.Random(seed)
    rows = list(data.rows[:count])
    pairs = [random_.sample(data.rows, 2) for _ in range(count - len(rows))]
    texts = [" ".join(_half(row.text, random_) for row in pair) for pair in pairs]
    made = with_invented_words(texts, INVENTED_IN_ROWS, seed)
    for place, (pair, text) in enumerate(zip(pairs, made, strict=True)):
        name = f"made-{place}"
        rows.append(LabelledRow(len(rows) + 2, name, name, text, pair[0].labels | pair[1].labels))
    return replace(data, rows=tuple(rows))


def _half(text: str, random_: random.Random) -> str:
    words = text.split()
    start = random_.randint(0, len(words) // 2)
    return " ".join(words[start : start + (len(words) + 1) // 2])
