"""Exact evidence: the share of each written word in a topic's raw score."""

from itertools import accumulate

from app.tagger.normalise import raw_words
from app.tagger.score import WordTableScorer
from app.tagger.types import Evidence, Explanation, Passage


def explanations_of(passage: Passage, topics: list[int], scorer: WordTableScorer) -> list[Explanation]:
    """For each topic (by its number in the model) its intercept and the shares of all words that have one.

    A type that is written n times gives each place one n-th of its share, and a group of phrases gives its share in
    equal parts to the words of its phrases. Places count from the article's start.
    `intercept` plus the shares is the raw score that `scorer` gives.
    """
    matches = list(raw_words(passage.text))
    found = scorer.word_rows([match.group() for match in matches])
    firsts = [0, *accumulate(map(len, found.of_spelling))][:-1]
    order = {row: place for place, row in enumerate(found.counts)}
    share_of_type = (found.gains / list(found.counts.values()) / found.norm)[:, None] * found.rows[:, topics]
    intercepts = scorer.model.intercepts
    explanations = []
    for column, topic in enumerate(topics):
        shares = share_of_type[:, column].tolist()
        extra: dict[int, float] = {}
        for group, places in found.phrases.items():
            for place in places:
                extra[place] = extra.get(place, 0.0) + float(scorer.model.phrase_shares[group, topic]) / len(places)
        evidence = tuple(
            Evidence(passage.start + match.start(), passage.start + match.end(), share)
            for match, rows, first in zip(matches, found.of_spelling, firsts, strict=True)
            if (share := sum(shares[order[row]] + extra.get(first + i, 0.0) for i, row in enumerate(rows)))
        )
        intercept = float(intercepts[topic])
        explanations.append(Explanation(intercept + sum(word.share for word in evidence), intercept, evidence))
    return explanations
