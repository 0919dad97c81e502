"""A model's folder, `models/<name>/<version>/`: written once, verified whenever it is opened.

`manifest.json` holds what is small and the SHA-256 of every other file; a version is the first 12 hex digits of the
manifest's own SHA-256, so a changed byte anywhere shows. Arrays are `.npy` files read without pickle, vocabularies are
UTF-8 text with one entry a line.
"""

import hashlib
import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from app.tagger.arrays import MappedArray, mapped_array
from app.tagger.bundle_checks import RETRAIN, sha256_of, verify_files, verify_shapes, verify_sorts
from app.tagger.durable import sync_file, write_synced
from app.tagger.errors import BundleError
from app.tagger.features import AdditiveModel, NgramRange
from app.tagger.folders import draft_folder, publish
from app.tagger.lexicon import Lexicon, Phrase
from app.tagger.normalise import Folding
from app.tagger.types import Topic
from app.tagger.vocabulary import Vocabulary

FORMAT = 1
MANIFEST = "manifest.json"
_TEXTS = {"words": "words.txt", "ngrams": "ngrams.txt"}
_ARRAYS = {name: f"{name}.npy" for name in ("word_rows", "ngram_idf", "ngram_weights", "phrase_shares")}
_PHRASES = "phrases.txt"
_CARD = "card.md"
_FILES = frozenset({*_TEXTS.values(), *_ARRAYS.values(), _PHRASES, _CARD})


@dataclass(frozen=True, slots=True)
class Golden:
    """A passage whose calibrated scores, one per topic, an opened bundle must give again."""

    text: str
    scores: tuple[float, ...]


@dataclass(frozen=True)
class Bundle:
    """All that serves one version of a model, and what it says about itself."""

    topics: tuple[Topic, ...]
    thresholds: Sequence[float]
    model: AdditiveModel
    folding: Folding
    golden: tuple[Golden, ...]
    card: str
    training: Mapping[str, Any] = field(default_factory=dict)
    """Options, data (rows, sha256), library versions and metrics: for people, not for scoring."""


def write_bundle(bundle: Bundle, models: Path) -> str:
    """Write `bundle` under `models` and return its version; a version that is there already stays as it is.

    The folder appears whole or not at all: it is written under a temporary name, synced and renamed. Damaged files of a
    version that is there already are replaced. Raises `BundleError` if the disk refuses.
    """
    try:
        with draft_folder(models) as draft:
            _write_files(bundle, draft)
            manifest = _manifest_bytes(bundle, {name: sha256_of(draft / name) for name in sorted(_FILES)})
            write_synced(draft / MANIFEST, manifest)
            version = _version_of(manifest)
            publish(draft, version, last=MANIFEST)
    except OSError as fault:
        reason = fault.strerror or fault
        raise BundleError(f"{models} can't be written: {reason}: check its disk and rights, then try again.") from None
    return version


def read_manifest(folder: Path) -> dict[str, Any]:
    """The manifest of the bundle in `folder`, after checking its hash against the folder's name."""
    try:
        content = (folder / MANIFEST).read_bytes()
    except OSError:
        raise BundleError(f"{folder / MANIFEST} can't be read: {RETRAIN}.") from None
    if _version_of(content) != folder.name:
        raise BundleError(f"{folder / MANIFEST} was changed or its folder renamed: {RETRAIN}.")
    try:
        manifest = json.loads(content)
    except (ValueError, RecursionError):
        manifest = None
    if not isinstance(manifest, dict) or not isinstance(manifest.get("training"), dict):
        raise BundleError(f"{folder / MANIFEST} is no manifest: {RETRAIN}.")
    if manifest.get("format") != FORMAT:
        raise BundleError(
            f"{folder / MANIFEST} has format {manifest.get('format')!r} and this Rasid reads {FORMAT}: "
            "install the Rasid that wrote it or fit the model anew."
        )
    return dict(manifest)


def open_bundle(folder: Path) -> Bundle:
    """Read and verify the bundle in `folder`: format, hashes, shapes and finiteness, in this order.

    The golden passages are checked by `Tagger.open`, which can score. Arrays are mapped read-only. Raises `BundleError`
    whatever is wrong, also with a bundle that was made to look right.
    """
    manifest = read_manifest(folder)
    try:
        return _read_bundle(folder, manifest)
    except (LookupError, TypeError, ValueError, AttributeError, ArithmeticError, OSError) as fault:
        kind = type(fault).__name__
        raise BundleError(f"{folder} holds something else than a bundle should ({kind}): {RETRAIN}.") from None


def _read_bundle(folder: Path, manifest: dict[str, Any]) -> Bundle:
    verify_files(folder, manifest["files"], _FILES)
    topics = tuple(Topic(**{**entry, "keywords": ()}) for entry in manifest["topics"])
    arrays = {name: _array(folder / file) for name, file in _ARRAYS.items()}
    texts = {name: _lines(folder / file) for name, file in _TEXTS.items()}
    model = AdditiveModel(
        words=texts["words"],
        ngrams=texts["ngrams"],
        lengths=NgramRange(**manifest["ngrams"]),
        lexicon=_lexicon(folder / _PHRASES),
        intercepts=_numbers(manifest["intercepts"]),
        slopes=_numbers(manifest["slopes"]),
        offsets=_numbers(manifest["offsets"]),
        **arrays,
    )
    thresholds, folding = _numbers(manifest["thresholds"]), Folding(**manifest["folding"])
    verify_sorts(folder, topics, model.lengths, folding)
    verify_shapes(folder, model, thresholds, len(topics))
    golden = tuple(Golden(entry["text"], _numbers(entry["scores"])) for entry in manifest["golden"])
    if any(len(entry.scores) != len(topics) or not isinstance(entry.text, str) for entry in golden):
        raise BundleError(f"{folder / MANIFEST} has golden passages of other topics: {RETRAIN}.")
    card = (folder / _CARD).read_text("utf-8")
    return Bundle(topics, thresholds, model, folding, golden, card, manifest["training"])


def _write_files(bundle: Bundle, folder: Path) -> None:
    import numpy as np

    model = bundle.model
    for name, file in _TEXTS.items():
        write_synced(folder / file, Vocabulary.of(getattr(model, name)).lines.encode())
    for name, file in _ARRAYS.items():
        with (folder / file).open("wb") as handle:
            np.save(handle, np.ascontiguousarray(np.asarray(getattr(model, name))), allow_pickle=False)
            sync_file(handle)
    phrases = (f"{phrase.group} {' '.join(phrase.words)}\n" for phrase in model.lexicon.phrases)
    write_synced(folder / _PHRASES, "".join(phrases).encode())
    write_synced(folder / _CARD, bundle.card.encode())


def _manifest_bytes(bundle: Bundle, files: dict[str, str]) -> bytes:
    model = bundle.model
    manifest = {
        "format": FORMAT,
        "topics": [
            {key: value for key, value in asdict(topic).items() if key != "keywords"} for topic in bundle.topics
        ],
        "thresholds": _rounded(bundle.thresholds),
        "intercepts": _rounded(model.intercepts),
        "slopes": _rounded(model.slopes),
        "offsets": _rounded(model.offsets),
        "ngrams": asdict(model.lengths),
        "folding": asdict(bundle.folding),
        "golden": [{"text": golden.text, "scores": _rounded(golden.scores)} for golden in bundle.golden],
        "training": bundle.training,
        "files": files,
    }
    return (json.dumps(manifest, ensure_ascii=False, indent=1, sort_keys=True) + "\n").encode()


def _rounded(values: Any) -> list[float]:
    """Values to 7 decimals: more than any decision needs, and steady across machines."""
    return [round(float(value), 7) for value in values]


def _numbers(values: Any) -> tuple[float, ...]:
    """A manifest's list of numbers."""
    return tuple(float(value) for value in values)


def _array(path: Path) -> MappedArray:
    try:
        return mapped_array(path)
    except (ValueError, OSError) as fault:
        raise BundleError(f"{path} is no array of floats ({fault}): {RETRAIN}.") from None


def _lexicon(path: Path) -> Lexicon:
    """Phrases from lines of a group's number and the phrase's words."""
    lines = [line.split(" ") for line in path.read_text("utf-8").split("\n")[:-1]]
    try:
        return Lexicon([Phrase(tuple(words), int(group)) for group, *words in lines])
    except (ValueError, IndexError):
        raise BundleError(f"{path} is no list of phrases: {RETRAIN}.") from None


def _lines(path: Path) -> Vocabulary:
    return Vocabulary(path.read_text("utf-8"))


def _version_of(manifest: bytes) -> str:
    return hashlib.sha256(manifest).hexdigest()[:12]


def golden_faults(golden: tuple[Golden, ...], scores: Sequence[Sequence[float]]) -> Iterator[int]:
    """The numbers of the golden passages whose scores are off by more than 1e-4."""
    for number, (expected, found) in enumerate(zip(golden, scores, strict=True)):
        if not all(math.isclose(a, b, abs_tol=1e-4) for a, b in zip(expected.scores, found, strict=True)):
            yield number
