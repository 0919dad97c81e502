"""Text as Rasid normalises it, for peers that take words between spaces; the time of this is never theirs."""

from app.tagger.normalise import Normaliser

_NORMALISER = Normaliser()


def normalised(text: str) -> str:
    """The normal forms of a text's words with spaces between."""
    return " ".join(word.form for word in _NORMALISER.words(text))
