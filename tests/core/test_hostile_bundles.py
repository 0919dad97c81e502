"""Bundles whose hashes are right and whose content isn't: all are refused in one sentence, and nothing of them runs."""

import hashlib
import io
import json
import os
import pickle
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from app.tagger import BundleError, Tagger
from app.tagger.bundle import Bundle, write_bundle
from app.tagger.engines import ENGINE_VARIABLE
from app.tagger.versions import version_facts

FLIPS = int(os.environ.get("RASID_FLIPS", "300"))


class Trap:
    """Unpickling this leaves a folder."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, tuple[str, int]]:
        return os.mkdir, (str(self.path), 0o700)


def npy(array: np.ndarray, **options: Any) -> bytes:
    file = io.BytesIO()
    np.save(file, array, **options)
    return file.getvalue()


def npy_header(header: str, content: bytes = b"\0" * 64) -> bytes:
    text = header.encode("latin-1").ljust(117) + b"\n"
    return b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text + content


def put(**entries: Any) -> Callable[[dict[str, Any]], Any]:
    return lambda manifest: {**manifest, **entries}


def without(name: str) -> Callable[[dict[str, Any]], Any]:
    return lambda manifest: {key: value for key, value in manifest.items() if key != name}


def first_topic(**entries: Any) -> Callable[[dict[str, Any]], Any]:
    return lambda manifest: {**manifest, "topics": [{**manifest["topics"][0], **entries}, *manifest["topics"][1:]]}


MANIFESTS: dict[str, Callable[[dict[str, Any]], Any]] = {
    "a list": lambda manifest: [manifest],
    "a number": lambda manifest: 1,
    "null": lambda manifest: None,
    "no topics": put(topics=[]),
    "topics as an object": put(topics={"attacks": 1}),
    "a topic of another sort": put(topics=[1, 2, 3, 4]),
    "a topic with more to it": first_topic(command="x"),
    "a topic without id": first_topic(id=""),
    "a topic whose id is a list": first_topic(id=["attacks"]),
    "a topic twice": lambda manifest: {**manifest, "topics": [manifest["topics"][0]] * len(manifest["topics"])},
    "one topic fewer": lambda manifest: {**manifest, "topics": manifest["topics"][1:]},
    "no thresholds": without("thresholds"),
    "thresholds in words": put(thresholds=["high"] * 4),
    "a threshold too many": lambda manifest: {**manifest, "thresholds": [*manifest["thresholds"], 0.5]},
    "a threshold that is no number": lambda manifest: {**manifest, "thresholds": [float("nan")] * 4},
    "an endless slope": put(slopes=[float("inf")] * 4),
    "a slope past all numbers": put(slopes=[10**400] * 4),
    "intercepts null": put(intercepts=None),
    "nested offsets": put(offsets=[[0.0]] * 4),
    "n-grams in words": put(ngrams={"shortest": "two", "longest": 5}),
    "n-grams upside down": put(ngrams={"shortest": 5, "longest": 2}),
    "n-grams without end": put(ngrams={"shortest": 1, "longest": 10**9}),
    "n-grams of nothing": put(ngrams={"shortest": 0, "longest": 5}),
    "n-grams with more to it": put(ngrams={"shortest": 2, "longest": 5, "run": "x"}),
    "a folding nobody knows": put(folding={"eval": True}),
    "a folding that is a word": put(folding={"alef": "yes"}),
    "golden null": put(golden=None),
    "a golden number": put(golden=[{"text": 5, "scores": [0.5] * 4}]),
    "golden scores of another model": put(golden=[{"text": "نص", "scores": [0.5] * 9}]),
    "golden without scores": put(golden=[{"text": "نص"}]),
    "training null": put(training=None),
    "files null": put(files=None),
    "a file outside": lambda manifest: {**manifest, "files": {**manifest["files"], "../../../etc/passwd": "0" * 64}},
    "a file fewer": lambda manifest: {**manifest, "files": dict(list(manifest["files"].items())[1:])},
    "another format": put(format="1"),
    "no format": without("format"),
}

FILES: dict[str, tuple[str, Callable[[bytes, Path], bytes]]] = {
    "a pickle": ("word_rows.npy", lambda old, sprung: pickle.dumps(Trap(sprung))),
    "a pickle as an array": (
        "ngram_idf.npy",
        lambda old, sprung: npy(np.array([Trap(sprung)], dtype=object), allow_pickle=True),
    ),
    "code in a header": ("ngram_idf.npy", lambda old, sprung: npy_header(f"__import__('os').mkdir({str(sprung)!r})")),
    "a header that is cut": ("ngram_idf.npy", lambda old, sprung: old[:20]),
    "an empty array file": ("ngram_idf.npy", lambda old, sprung: b""),
    "a shape past the file": (
        "ngram_idf.npy",
        lambda old, sprung: npy_header("{'descr': '<f4', 'fortran_order': False, 'shape': (1099511627776,), }"),
    ),
    "a negative shape": (
        "ngram_idf.npy",
        lambda old, sprung: npy_header("{'descr': '<f4', 'fortran_order': False, 'shape': (-16,), }"),
    ),
    "an array of structures": ("ngram_idf.npy", lambda old, sprung: npy(np.zeros(3, dtype=[("a", "f4")]))),
    "bytes the other way round": ("ngram_idf.npy", lambda old, sprung: npy(np.zeros(3, dtype=">f4"))),
    "columns first": ("word_rows.npy", lambda old, sprung: npy(np.asfortranarray(np.zeros((3, 5), dtype="f4")))),
    "a nested header": ("ngram_idf.npy", lambda old, sprung: npy_header("(" * 90)),
    "an array of other numbers": (
        "word_rows.npy",
        lambda old, sprung: npy(np.full_like(np.load(io.BytesIO(old)), np.inf)),
    ),
    "words that aren't UTF-8": ("words.txt", lambda old, sprung: b"\xff\xfe" + old[2:]),
    "a word too many": ("words.txt", lambda old, sprung: old + "زائدة\n".encode()),
    "no words": ("words.txt", lambda old, sprung: b""),
    "a phrase of no group": ("phrases.txt", lambda old, sprung: b"none \xd9\x87\n"),
    "a phrase of a far group": ("phrases.txt", lambda old, sprung: b"999999999999 \xd9\x87\n"),
    "a phrase of a group before the first": ("phrases.txt", lambda old, sprung: b"-1 \xd9\x87\n"),
    "a card that isn't UTF-8": ("card.md", lambda old, sprung: b"\xff"),
}


@pytest.fixture
def folder(tmp_path: Path, tiny_bundle: Bundle) -> Path:
    return tmp_path / write_bundle(tiny_bundle, tmp_path)


def renamed_for(folder: Path, manifest: Any) -> Path:
    """The bundle with this manifest, under the name that its hash asks for."""
    text = json.dumps(manifest).encode()
    (folder / "manifest.json").write_bytes(text)
    return folder.rename(folder.with_name(hashlib.sha256(text).hexdigest()[:12]))


def assert_refused(folder: Path) -> None:
    with pytest.raises(BundleError) as fault:
        Tagger.open(folder)
    assert "\n" not in str(fault.value)
    assert str(fault.value).endswith(".")
    assert [facts.version for facts in version_facts(folder.parent)] == [folder.name]


@pytest.mark.parametrize("engine", ["numpy", ""])
@pytest.mark.parametrize("kind", MANIFESTS)
def test_a_forged_manifest_is_refused(folder: Path, kind: str, engine: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(ENGINE_VARIABLE, engine)
    manifest = json.loads((folder / "manifest.json").read_text("utf-8"))
    assert_refused(renamed_for(folder, MANIFESTS[kind](manifest)))


@pytest.mark.parametrize("engine", ["numpy", ""])
@pytest.mark.parametrize("kind", FILES)
def test_a_forged_file_is_refused_and_nothing_of_it_runs(
    folder: Path, kind: str, engine: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv(ENGINE_VARIABLE, engine)
    name, forge = FILES[kind]
    sprung = tmp_path / "sprung"
    content = forge((folder / name).read_bytes(), sprung)
    (folder / name).write_bytes(content)
    manifest = json.loads((folder / "manifest.json").read_text("utf-8"))
    manifest["files"][name] = hashlib.sha256(content).hexdigest()
    assert_refused(renamed_for(folder, manifest))
    assert not sprung.exists()


@pytest.mark.parametrize("text", [b"", b"{", b"\xff\xfe", b"[" * 100_000, b'{"format": 1, "format": 1}', b"NaN"])
def test_a_manifest_that_is_no_json_is_refused(folder: Path, text: bytes) -> None:
    (folder / "manifest.json").write_bytes(text)
    assert_refused(folder.rename(folder.with_name(hashlib.sha256(text).hexdigest()[:12])))


def test_a_flipped_bit_anywhere_is_refused(folder: Path) -> None:
    """`RASID_FLIPS` sets how many are tried."""
    chance = random.Random(11)
    paths = sorted(folder.iterdir())
    for _ in range(FLIPS):
        path = chance.choice(paths)
        content = bytearray(path.read_bytes())
        place, bit = chance.randrange(len(content)), 1 << chance.randrange(8)
        content[place] ^= bit
        path.write_bytes(content)
        assert_refused(folder)
        content[place] ^= bit
        path.write_bytes(content)
    Tagger.open(folder)
