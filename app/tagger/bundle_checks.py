"""What a bundle has to be before it may serve: whole, of the right shapes and sorts, and finite."""

import hashlib
import math
from collections.abc import Mapping, Sequence
from dataclasses import astuple
from pathlib import Path

from app.tagger.arrays import Array, all_finite
from app.tagger.errors import BundleError
from app.tagger.features import LONGEST_WORD, AdditiveModel, NgramRange
from app.tagger.normalise import Folding
from app.tagger.types import Topic

RETRAIN = "fetch the folder again or make it anew with `rasid-train fit`"
"""What to do about a bundle that is refused."""


def verify_files(folder: Path, files: Mapping[str, str], expected_names: frozenset[str]) -> None:
    """Raise `BundleError` unless the files are those expected, each with its SHA-256."""
    if set(files) != expected_names:
        raise BundleError(f"{folder} lists other files than a bundle has: {RETRAIN}.")
    for name, expected in files.items():
        try:
            found = sha256_of(folder / name)
        except OSError:
            raise BundleError(f"{folder / name} is missing or can't be read: {RETRAIN}.") from None
        if found != expected:
            raise BundleError(f"{folder / name} was changed since it was written: {RETRAIN}.")


def verify_shapes(folder: Path, model: AdditiveModel, thresholds: Sequence[float], topics: int) -> None:
    """Raise `BundleError` unless all arrays fit the number of topics and hold finite numbers."""
    wanted = {
        "word_rows": (len(model.words), topics + 1),
        "ngram_idf": (len(model.ngrams),),
        "ngram_weights": (len(model.ngrams), topics),
        "phrase_shares": (model.lexicon.groups, topics),
    }
    for name, shape in wanted.items():
        array: Array = getattr(model, name)
        if array.shape != shape:
            raise BundleError(f"{folder}: {name} has shape {array.shape}, not {shape}: {RETRAIN}.")
        if not all_finite(array):
            raise BundleError(f"{folder}: {name} holds numbers that aren't finite: {RETRAIN}.")
    numbers = {"thresholds": thresholds} | {name: getattr(model, name) for name in ("intercepts", "slopes", "offsets")}
    for name, values in numbers.items():
        if len(values) != topics:
            raise BundleError(f"{folder}: {name} has shape {(len(values),)}, not {(topics,)}: {RETRAIN}.")
        if not all(map(math.isfinite, values)):
            raise BundleError(f"{folder}: {name} holds numbers that aren't finite: {RETRAIN}.")


def verify_sorts(folder: Path, topics: Sequence[Topic], lengths: NgramRange, folding: Folding) -> None:
    """Raise `BundleError` unless topics have texts and ids of their own, and the options are of their sorts."""
    texts = [value for topic in topics for value in (topic.id, topic.name_ar, topic.name_en, topic.definition)]
    if not topics or not all(isinstance(value, str) for value in texts) or not all(topic.id for topic in topics):
        raise BundleError(f"{folder} has topics without names: {RETRAIN}.")
    if len({topic.id for topic in topics}) < len(topics):
        raise BundleError(f"{folder} has a topic twice: {RETRAIN}.")
    ends = astuple(lengths)
    if not all(type(end) is int for end in ends) or not 1 <= lengths.shortest <= lengths.longest <= LONGEST_WORD:
        raise BundleError(f"{folder} has n-grams of lengths that can't be: {RETRAIN}.")
    if not all(isinstance(switch, bool) for switch in astuple(folding)):
        raise BundleError(f"{folder} has switches for folding that are neither on nor off: {RETRAIN}.")


def sha256_of(path: Path) -> str:
    """The SHA-256 of a file in hex digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
