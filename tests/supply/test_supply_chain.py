"""Every dependency is pinned by hash, listed for each image, and looked up honestly."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.supply.audit import CLEAN, UNKNOWN, VULNERABLE, Audit, audit, pinned, read

LOCKS = sorted(path.name for path in ROOT.glob("requirements*.lock"))
HASHES = r"(?:    --hash=sha256:[0-9a-f]{64}(?: \\)?\n)+"
ENTRY = re.compile(r"^(?P<name>[a-z0-9-]+)==(?P<version>\S+)(?: ; [^\\]+)? \\\n" + HASHES, re.MULTILINE)
SAFE = {"name": "anyio", "version": "4.0", "vulns": []}
BAD = {"name": "jinja2", "version": "2.0", "vulns": [{"id": "CVE-1", "fix_versions": ["3.1"]}]}
SKIPPED = {"name": "numpy", "skip_reason": "not found"}


def versions(lock: str) -> dict[str, str]:
    return {found["name"]: found["version"] for found in ENTRY.finditer((ROOT / lock).read_text("utf-8"))}


@pytest.mark.parametrize("lock", LOCKS)
def test_every_pin_has_its_hashes_and_no_host_is_named(lock: str) -> None:
    content = (ROOT / lock).read_text("utf-8")
    assert ENTRY.sub("", content) == ""
    assert len(versions(lock)) == len(pinned(ROOT / lock)) > 10
    assert "://" not in content


@pytest.mark.parametrize("lock", LOCKS)
def test_all_locks_agree(lock: str) -> None:
    whole = versions("requirements-test.lock")
    assert versions(lock).items() <= whole.items()


def test_the_image_that_serves_has_no_training_libraries() -> None:
    assert not {"scikit-learn", "scipy", "matplotlib", "pyarrow"} & set(versions("requirements-serve.lock"))
    assert {"scikit-learn", "psycopg"} <= set(versions("requirements-train.lock"))
    assert versions("requirements-serve.lock").items() <= versions("requirements-train.lock").items()
    assert versions("requirements-train.lock").items() <= versions("requirements.lock").items()


@pytest.mark.parametrize("image", ["serve", "train"])
def test_the_bill_of_materials_lists_what_the_image_has(image: str, tmp_path: Path) -> None:
    program = Path(sys.executable).parent / "cyclonedx-py"
    lock, written = f"requirements-{image}.lock", tmp_path / "sbom.json"
    options = ["--pyproject", "pyproject.toml", "--output-reproducible", "--of", "JSON", "-o", str(written)]
    subprocess.run([program, "requirements", lock, *options], check=True, cwd=ROOT, capture_output=True)
    listed = json.loads(written.read_text("utf-8"))
    assert listed["metadata"]["component"]["name"] == "rasid"
    assert {entry["name"]: entry["version"] for entry in listed["components"]} == versions(lock)


def test_an_audit_says_what_it_knows() -> None:
    assert read([SAFE]).code == CLEAN
    assert read([SAFE, BAD]) == Audit(2, ("jinja2 2.0: CVE-1, mended in 3.1",), ())
    assert read([BAD, SKIPPED]).code == VULNERABLE
    assert read([SAFE, SKIPPED]).code == UNKNOWN
    assert "numpy" in str(read([SAFE, SKIPPED]))
    assert "couldn't" not in str(read([SAFE]))


def test_an_audit_without_the_network_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTPS_PROXY", "https_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    found = audit(ROOT / "requirements-serve.lock")
    assert found.code == UNKNOWN
    assert f"0 packages looked up, 0 known vulnerabilities.\n{len(found.skipped)} packages couldn't" in str(found)
    assert len(found.skipped) == len(versions("requirements-serve.lock"))
