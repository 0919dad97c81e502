import json
import os
import pickle
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from app.tagger import BundleError, Tagger
from app.tagger.arrays import MappedArray
from app.tagger.bundle import Bundle, Golden, open_bundle, write_bundle
from app.tagger.versions import current_version, set_current, version_facts, versions_in


@pytest.fixture
def models(tiny_models: Path, tmp_path: Path) -> Path:
    """A copy of the tiny model that may be harmed."""
    shutil.copytree(tiny_models, tmp_path / "tiny")
    return tmp_path / "tiny"


def bundle_in(models: Path) -> Path:
    return models / current_version(models)


def one_sentence(fault: pytest.ExceptionInfo[BundleError]) -> bool:
    return "\n" not in str(fault.value) and str(fault.value).endswith(".")


def test_what_is_written_is_what_is_opened(models: Path, tiny_bundle: Bundle) -> None:
    opened = open_bundle(bundle_in(models))
    assert opened.topics == tuple(replace(topic, keywords=()) for topic in tiny_bundle.topics)
    assert dict(opened.model.words) == dict(tiny_bundle.model.words)
    weights = np.asarray(opened.model.ngram_weights)
    assert (weights == tiny_bundle.model.ngram_weights).all()
    assert np.allclose(opened.thresholds, tiny_bundle.thresholds, atol=1e-7)
    assert isinstance(opened.model.ngram_weights, MappedArray)
    assert not weights.flags.owndata
    assert not weights.flags.writeable


def test_writing_again_gives_the_same_version_and_leaves_nothing_else(models: Path, tiny_bundle: Bundle) -> None:
    before = sorted(models.iterdir())
    assert write_bundle(tiny_bundle, models) == current_version(models)
    assert sorted(models.iterdir()) == before


@pytest.mark.parametrize(
    "name",
    [
        "manifest.json",
        "card.md",
        "words.txt",
        "ngrams.txt",
        "word_rows.npy",
        "ngram_idf.npy",
        "ngram_weights.npy",
        "phrases.txt",
        "phrase_shares.npy",
    ],
)
def test_a_changed_byte_anywhere_is_refused(models: Path, name: str) -> None:
    path = bundle_in(models) / name
    content = path.read_bytes()
    for place in sorted({*range(0, len(content), max(1, len(content) // 40)), len(content) - 1}):
        path.write_bytes(content[:place] + bytes([content[place] ^ 0x20]) + content[place + 1 :])
        with pytest.raises(BundleError) as fault:
            Tagger.open(models)
        assert one_sentence(fault)
        assert name in str(fault.value)
    path.write_bytes(content)
    Tagger.open(models)


@pytest.mark.parametrize("name", ["manifest.json", "words.txt", "ngram_weights.npy"])
def test_missing_and_cut_files_are_refused(models: Path, name: str) -> None:
    path = bundle_in(models) / name
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(BundleError, match="changed"):
        Tagger.open(models)
    path.unlink()
    with pytest.raises(BundleError, match="can't be read"):
        Tagger.open(models)


def test_a_renamed_folder_is_refused(models: Path) -> None:
    bundle_in(models).rename(models / "0123456789ab")
    with pytest.raises(BundleError, match="renamed"):
        Tagger.open(models / "0123456789ab")


class _Trap:
    """Unpickling this leaves a file."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, tuple[str, int]]:
        return os.mkdir, (str(self.path), 0o700)


def test_a_pickle_in_an_array_is_refused_and_not_run(models: Path, tmp_path: Path) -> None:
    sprung = tmp_path / "sprung"
    forged(models, "ngram_idf.npy", pickle.dumps(_Trap(sprung)))
    with pytest.raises(BundleError, match="no array"):
        Tagger.open(models)
    objects = tmp_path / "objects.npy"
    np.save(objects, np.array([_Trap(sprung)], dtype=object), allow_pickle=True)
    forged(models, "ngram_idf.npy", objects.read_bytes())
    with pytest.raises(BundleError, match="no array"):
        Tagger.open(models)
    assert not sprung.exists()


@pytest.mark.parametrize("spoil", ["shape", "nan", "integers"])
def test_arrays_that_do_not_fit_are_refused(models: Path, tmp_path: Path, spoil: str) -> None:
    array = np.load(bundle_in(models) / "ngram_idf.npy")
    changed = {
        "shape": array[:-1],
        "nan": np.where(np.arange(len(array)) == 3, np.nan, array),
        "integers": array.astype(int),
    }
    np.save(tmp_path / "changed.npy", changed[spoil])
    forged(models, "ngram_idf.npy", (tmp_path / "changed.npy").read_bytes())
    with pytest.raises(BundleError, match={"shape": "shape", "nan": "finite", "integers": "floats"}[spoil]):
        Tagger.open(models)


def forged(models: Path, name: str, content: bytes) -> None:
    """Replace a file and make manifest, folder name and `current` fit it, as an attacker would."""
    import hashlib

    folder = bundle_in(models)
    (folder / name).write_bytes(content)
    manifest = json.loads((folder / "manifest.json").read_text("utf-8"))
    manifest["files"][name] = hashlib.sha256(content).hexdigest()
    text = json.dumps(manifest).encode()
    (folder / "manifest.json").write_bytes(text)
    version = hashlib.sha256(text).hexdigest()[:12]
    folder.rename(models / version)
    set_current(models, version)


def test_another_format_is_refused(models: Path) -> None:
    folder = bundle_in(models)
    manifest = json.loads((folder / "manifest.json").read_text("utf-8"))
    (folder / "manifest.json").write_text(json.dumps({**manifest, "format": 99}), "utf-8")
    forged(models, "card.md", b"")
    manifest = json.loads((bundle_in(models) / "manifest.json").read_text("utf-8"))
    assert manifest["format"] == 99
    with pytest.raises(BundleError, match="format 99"):
        Tagger.open(models)


def test_golden_passages_that_score_otherwise_are_refused(tiny_bundle: Bundle, tmp_path: Path) -> None:
    wrong = Golden(tiny_bundle.golden[0].text, tuple(1 - score for score in tiny_bundle.golden[0].scores))
    version = write_bundle(replace(tiny_bundle, golden=(wrong,)), tmp_path)
    with pytest.raises(BundleError, match="golden"):
        Tagger.open(tmp_path / version)


@pytest.mark.parametrize("content", ["", "../../etc", "0123456789abcdef", "\xff"])
def test_a_pointer_that_names_no_version_is_refused(models: Path, content: str) -> None:
    (models / "current").write_text(content, "latin-1")
    with pytest.raises(BundleError, match="version"):
        Tagger.open(models)


def test_a_folder_without_pointer_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BundleError, match="rasid-train fit"):
        Tagger.open(tmp_path)
    with pytest.raises(BundleError, match="no folder"):
        versions_in(tmp_path / "nowhere")


def test_a_failed_write_leaves_nothing(tiny_bundle: Bundle, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(BundleError, match="No space"):
        write_bundle(tiny_bundle, tmp_path)
    with pytest.raises(OSError, match="No space"):
        set_current(tmp_path, "0123456789ab")
    assert [path.name for path in tmp_path.iterdir()] == [".lock"]


def test_facts_of_versions_name_the_damaged_one(models: Path) -> None:
    (facts,) = version_facts(models)
    assert facts.fault is None
    assert facts.training["data"]["rows"] == 300
    (bundle_in(models) / "manifest.json").write_bytes(b"{}")
    (facts,) = version_facts(models)
    assert facts.fault is not None
    assert facts.training == {}
