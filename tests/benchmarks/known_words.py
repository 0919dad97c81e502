"""Passages of words that a model knows, to tell what unknown ones cost."""

import random
from collections.abc import Callable, Sequence

from app.tagger.bundle import Bundle
from app.tagger.normalise import Normaliser, raw_words_list


def with_known_words(texts: Sequence[str], bundle: Bundle) -> list[str]:
    """The texts with every written word that the model doesn't know replaced by one of theirs that it knows."""
    is_known = _is_known(bundle)
    known = sorted({word for text in texts for word in raw_words_list(text) if is_known(word)})
    random_ = random.Random(0)
    return [
        " ".join(word if is_known(word) else random_.choice(known) for word in raw_words_list(text)) for text in texts
    ]


def unknown_share(texts: Sequence[str], bundle: Bundle) -> float:
    """The share of the written words that the model doesn't know, 0..1."""
    is_known = _is_known(bundle)
    words = [word for text in texts for word in raw_words_list(text)]
    return sum(not is_known(word) for word in words) / len(words)


def _is_known(bundle: Bundle) -> Callable[[str], bool]:
    normaliser, known = Normaliser(bundle.folding), bundle.model.words
    return lambda word: all(form in known for form in normaliser.word(word).split())
