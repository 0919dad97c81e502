"""Settings that come from files, as container engines mount secrets."""

from pathlib import Path

import pytest

from app.settings import read_settings
from app.tagger import InputError


def test_a_setting_may_come_from_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "url").write_text("postgresql://rasid:پنهان@db/rasid\n", "utf-8")
    (tmp_path / "port").write_text("8123\n")
    monkeypatch.setenv("RASID_DATABASE_URL_FILE", str(tmp_path / "url"))
    monkeypatch.setenv("RASID_PORT_FILE", str(tmp_path / "port"))
    settings = read_settings()
    assert settings.database_url == "postgresql://rasid:پنهان@db/rasid"
    assert settings.port == 8123
    assert read_settings(port=9).port == 9


@pytest.mark.parametrize("content", [None, b"\xff\xfe"])
def test_a_file_that_cannot_be_read_is_told_in_one_sentence(
    content: bytes | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "secret"
    if content is not None:
        path.write_bytes(content)
    monkeypatch.setenv("RASID_SECRET_FILE", str(path))
    with pytest.raises(InputError, match="RASID_SECRET_FILE names can't be read"):
        read_settings()


def test_a_value_and_a_file_at_once_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "secret").write_text("x" * 32)
    monkeypatch.setenv("RASID_SECRET", "y" * 32)
    monkeypatch.setenv("RASID_SECRET_FILE", str(tmp_path / "secret"))
    with pytest.raises(InputError) as fault:
        read_settings()
    assert str(fault.value) == "RASID_SECRET and RASID_SECRET_FILE are both set: leave one out."
    assert "yyy" not in str(fault.value)
