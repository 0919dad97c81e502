"""Exact evidence: the share of each written word in a topic's raw score."""

from app.tagger.scorer import Scorer
from app.tagger.types import Explanation, Passage


def explanations_of(passage: Passage, topics: list[int], scorer: Scorer) -> list[Explanation]:
    """For each topic (by its number in the model) its intercept and the shares of all words that have one.

    A type that is written n times gives each place one n-th of its share, and a group of phrases gives its share in
    equal parts to the words of its phrases. Places count from the article's start.
    `intercept` plus the shares is the raw score that `scorer` gives.
    """
    if not topics:
        return []
    found = scorer.shares(passage.text, topics)
    starts = [passage.start + start for start in found.starts] if passage.start else found.starts
    ends = [passage.start + end for end in found.ends] if passage.start else found.ends
    intercepts = [float(scorer.model.intercepts[topic]) for topic in topics]
    return [
        Explanation(intercept + sum(shares), intercept, starts, ends, shares)
        for intercept, shares in zip(intercepts, found.shares, strict=True)
    ]
