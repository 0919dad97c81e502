import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from app.tagger.bundle import Bundle, write_bundle
from app.tagger.durable import append_line
from app.tagger.promotion import promote


def test_all_is_on_the_disk_before_it_gets_its_name(
    tmp_path: Path, tiny_bundle: Bundle, monkeypatch: pytest.MonkeyPatch
) -> None:
    models = tmp_path / "above" / "tiny"
    synced: list[int] = []
    synced_before: dict[str, set[int]] = {}
    sync, rename, replace_name = os.fsync, os.rename, os.replace

    def seen(call: Callable[[Any, Any], None]) -> Callable[[Any, Any], None]:
        def renamed(source: Any, target: Any) -> None:
            synced_before[Path(target).name] = set(synced)
            synced.clear()
            call(source, target)

        return renamed

    monkeypatch.setattr(os, "fsync", lambda file: (synced.append(os.fstat(file).st_ino), sync(file)))
    monkeypatch.setattr(os, "rename", seen(rename))
    monkeypatch.setattr(os, "replace", seen(replace_name))
    version = write_bundle(tiny_bundle, models)
    folder = models / version
    places = (folder, *folder.iterdir(), models.parent, tmp_path)
    assert {path.stat().st_ino for path in places} == synced_before[version]
    assert synced == [models.stat().st_ino]
    promote(models, version)
    assert (models / "current").stat().st_ino in synced_before["current"]
    assert models.stat().st_ino in synced
    assert (models / "history.jsonl").stat().st_ino in synced


def test_append_line_makes_the_file(tmp_path: Path) -> None:
    append_line(tmp_path / "lines", b"one")
    append_line(tmp_path / "lines", b"two")
    assert (tmp_path / "lines").read_bytes() == b"one\ntwo\n"
