from dataclasses import replace
from pathlib import Path

import pytest

from app.tagger import BundleError, Tagger
from app.tagger.bundle import Bundle, write_bundle
from app.tagger.folders import draft_folder
from app.tagger.promotion import promote, rollback
from app.tagger.prune import prunable, prune
from app.tagger.versions import versions_in
from tests.core.breaking import hidden_in, leave_like_a_crash


def test_prune_spares_the_newest_the_one_in_use_and_the_one_before(models: Path, versions: list[str]) -> None:
    first, second, third, fourth = versions
    promote(models, second)
    promote(models, first)
    assert prunable(models, keep=9) == []
    assert prunable(models, keep=1) == [third]
    assert versions_in(models) == versions
    assert prune(models, keep=1) == [third]
    assert versions_in(models) == [first, second, fourth]
    assert prune(models, keep=0) == [fourth]
    assert rollback(models) == second
    Tagger.open(models)


def test_prune_without_a_pointer_removes_nothing(models: Path, versions: list[str]) -> None:
    with pytest.raises(BundleError, match="current"):
        prune(models, keep=0)
    assert versions_in(models) == versions


def test_prune_and_the_next_write_remove_leftovers(models: Path, versions: list[str], tiny_bundle: Bundle) -> None:
    promote(models, versions[0])
    leave_like_a_crash(models)
    assert len(hidden_in(models)) == 3
    assert prune(models, keep=5) == []
    assert hidden_in(models) == set()
    leave_like_a_crash(models)
    write_bundle(tiny_bundle, models)
    assert hidden_in(models) == set()


def test_a_draft_is_no_leftover_while_it_is_written(models: Path, versions: list[str], tiny_bundle: Bundle) -> None:
    promote(models, versions[0])
    with draft_folder(models) as draft:
        (draft / "words.txt").write_bytes(b"half")
        prune(models, keep=5)
        write_bundle(tiny_bundle, models)
        assert (draft / "words.txt").read_bytes() == b"half"
    assert hidden_in(models) == set()


@pytest.mark.parametrize("name", ["manifest.json", "words.txt", "word_rows.npy"])
@pytest.mark.parametrize("harm", ["changed", "missing"])
def test_writing_a_damaged_version_again_mends_it(
    models: Path, versions: list[str], tiny_bundle: Bundle, name: str, harm: str
) -> None:
    promote(models, versions[0])
    untouched = {path.name: path.stat().st_ino for path in (models / versions[0]).iterdir() if path.name != name}
    path = models / versions[0] / name
    content = path.read_bytes()
    path.unlink()
    if harm == "changed":
        path.write_bytes(bytes([content[0] ^ 1]) + content[1:])
    assert write_bundle(replace(tiny_bundle, card="card 0"), models) == versions[0]
    assert Tagger.open(models).version == versions[0]
    assert untouched.items() <= {path.name: path.stat().st_ino for path in (models / versions[0]).iterdir()}.items()
    assert hidden_in(models) == set()


def test_writing_a_whole_version_again_touches_nothing(models: Path, versions: list[str], tiny_bundle: Bundle) -> None:
    def seen() -> dict[Path, tuple[int, int]]:
        folder = models / versions[0]
        return {path: (path.stat().st_ino, path.stat().st_mtime_ns) for path in (folder, *folder.iterdir())}

    before = seen()
    write_bundle(replace(tiny_bundle, card="card 0"), models)
    assert seen() == before
