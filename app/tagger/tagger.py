"""From article to tagged passages: the one file that knows the order of the steps."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from app.tagger.bundle import Bundle, golden_faults, open_bundle
from app.tagger.engines import scorer_for
from app.tagger.errors import BundleError, InputError
from app.tagger.explain import explanations_of
from app.tagger.normalise import Normaliser
from app.tagger.scorer import PassageScores
from app.tagger.segment import passages_of, whole_passage
from app.tagger.types import ArticleTopic, Passage, TaggedArticle, TaggedPassage, Topic, TopicScore
from app.tagger.versions import bundle_folder

FEWEST_WORDS = 3
"""A passage with fewer words gets no topic: it says too little to be judged."""
_MOSTLY = 0.5
UNJUDGED = frozenset({"too_short", "not_arabic"})
"""A passage with one of these notes gets no topic."""

Segmentation = Literal["paragraph", "none"]


@dataclass(frozen=True, slots=True)
class TagOptions:
    """How to tag: as paragraphs or as one passage, with evidence or without, with other thresholds by topic id.

    An article of more than `max_passages` passages is refused.
    """

    segment: Segmentation = "paragraph"
    explain: bool = False
    thresholds: Mapping[str, float] = field(default_factory=dict)
    max_passages: int | None = None


class Tagger:
    """Tags articles by one version of a model. Safe to share between threads.

    >>> tagger = Tagger.open("models/default")
    >>> tagged = tagger.tag("انفجرت سيارة مفخخة في سوق شعبي وأعلن تنظيم داعش مسؤوليته عن الهجوم.")
    >>> [topic.topic.id for topic in tagged.passages[0].topics]
    ['attacks']
    """

    def __init__(self, bundle: Bundle, version: str) -> None:
        self.bundle = bundle
        self.version = version
        self.topics = bundle.topics
        self._scorer = scorer_for(bundle.model, Normaliser(bundle.folding))
        self._thresholds = {topic.id: float(t) for topic, t in zip(bundle.topics, bundle.thresholds, strict=True)}

    @classmethod
    def open(cls, path: str | Path) -> "Tagger":
        """Open and verify a bundle: a version's folder, or a model's folder whose `current` names one.

        Raises `BundleError` with one sentence if anything is missing, changed or scores otherwise than it did.
        """
        folder = bundle_folder(Path(path))
        tagger = cls(open_bundle(folder), folder.name)
        wrong = tagger.golden_faults()
        if wrong:
            raise BundleError(f"{folder}: {len(wrong)} golden passages score otherwise than they did: fit it anew.")
        return tagger

    @property
    def engine(self) -> str:
        """The name of the scoring engine."""
        return self._scorer.engine

    @property
    def thresholds(self) -> Mapping[str, float]:
        """The model's thresholds by topic id."""
        return self._thresholds

    def golden_faults(self) -> list[int]:
        """The numbers of the golden passages that score otherwise than they did; empty if all is well."""
        golden = self.bundle.golden
        return list(golden_faults(golden, [self.scores(entry.text) for entry in golden]))

    def scores(self, passage: str) -> Sequence[float]:
        """Calibrated scores (K,) of one passage, in the order of `topics`."""
        return self._scorer.score(passage).scores

    def score_many(self, passages: Sequence[str]) -> PassageScores:
        """Calibrated scores (N, K) of N passages, in the order of `topics`, and what `notes_of` wants to know."""
        return self._scorer.score_many(passages)

    def tag(self, article: str, options: TagOptions | None = None) -> TaggedArticle:
        """Slice `article` into passages and tag each; offsets count code points of `article`.

        Raises `InputError` if there are more than `options.max_passages` passages or `options.thresholds` name a topic
        that the model doesn't have.
        """
        options = options or TagOptions()
        thresholds = self._thresholds_with(options.thresholds)
        slices = passages_of(article) if options.segment == "paragraph" else whole_passage(article)
        if options.max_passages is not None and len(slices) > options.max_passages:
            raise InputError(f"{len(slices)} passages are more than {options.max_passages}: send the article in parts.")
        passages = [self._tagged(passage, thresholds, options.explain) for passage in slices]
        return TaggedArticle(passages, _article_topics(passages))

    def _thresholds_with(self, changed: Mapping[str, float]) -> list[float]:
        """The thresholds (K,) with some changed, in the order of `topics`."""
        unknown = sorted(set(changed) - set(self._thresholds))
        if unknown:
            raise InputError(f"thresholds name {len(unknown)} unknown topics: use ids of the model's list of topics.")
        return list({**self._thresholds, **changed}.values())

    def _tagged(self, passage: Passage, thresholds: list[float], explain: bool) -> TaggedPassage:
        found = self._scorer.score(passage.text)
        values = found.scores
        notes = notes_of(found.words, found.unknown, found.arabic)
        reached: list[int] = []
        if not UNJUDGED.intersection(notes):
            pairs = zip(values, thresholds, strict=True)
            reached = [k for k, (value, threshold) in enumerate(pairs) if value >= threshold]
            reached.sort(key=lambda k: (-values[k], self.topics[k].id))
        if not reached:
            notes.append("no_topic")
        why = explanations_of(passage, reached, self._scorer) if explain else [None] * len(reached)
        topics = tuple(
            TopicScore(self.topics[k], values[k], thresholds[k], explanation)
            for k, explanation in zip(reached, why, strict=True)
        )
        scores = dict(zip(self._thresholds, values, strict=True))
        return TaggedPassage(passage, topics, scores, tuple(notes), found.words, found.unknown)


def notes_of(words: int, unknown: int, arabic: float) -> list[str]:
    """What a reader should know of a passage, given its words, those unknown, and the share of Arabic letters."""
    notes = []
    if words < FEWEST_WORDS:
        notes.append("too_short")
    if arabic < _MOSTLY:
        notes.append("not_arabic")
    elif unknown > _MOSTLY * words:
        notes.append("unknown_words")
    return notes


def _article_topics(passages: list[TaggedPassage]) -> list[ArticleTopic]:
    best: dict[str, tuple[Topic, float, list[int]]] = {}
    for number, passage in enumerate(passages):
        for found in passage.topics:
            topic, score, places = best.get(found.topic.id, (found.topic, 0.0, []))
            best[topic.id] = (topic, max(score, found.score), [*places, number])
    topics = [ArticleTopic(topic, score, tuple(places)) for topic, score, places in best.values()]
    return sorted(topics, key=lambda found: (-found.score, found.topic.id))
