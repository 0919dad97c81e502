"""`make audit`: pip-audit on lock files; says plainly when nothing could be looked up, which pip-audit takes for good.

Exit 0: all packages were looked up and none has a known vulnerability. 1: some have. 2: some couldn't be looked up.
"""

import json
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

CLEAN, VULNERABLE, UNKNOWN = 0, 1, 2


@dataclass(frozen=True, slots=True)
class Audit:
    """What is known of a lock file's packages; `vulnerable` holds a line for each vulnerability."""

    looked_up: int
    vulnerable: tuple[str, ...]
    skipped: tuple[str, ...]

    @property
    def code(self) -> int:
        return VULNERABLE if self.vulnerable else UNKNOWN if self.skipped or not self.looked_up else CLEAN

    def __str__(self) -> str:
        known = len(self.vulnerable)
        lines = [*self.vulnerable, f"{self.looked_up} packages looked up, {known} known vulnerabilities."]
        if self.code == UNKNOWN or self.skipped:
            named = f" ({', '.join(self.skipped)})" if self.looked_up else ""
            lines.append(
                f"{len(self.skipped)} packages couldn't be looked up{named}, so nothing is known of them: "
                "run `make audit` where the index's list of vulnerabilities can be reached."
            )
        return "\n".join(lines)


def audit(lock: Path) -> Audit:
    """Ask pip-audit about the packages of a lock file; none counts as looked up where it got no answer."""
    program = str(Path(sys.executable).parent / "pip-audit")
    options = ("--require-hashes", "--disable-pip", "--progress-spinner", "off", "--format", "json")
    done = subprocess.run((program, "--requirement", str(lock), *options), capture_output=True, text=True)
    try:
        return read(json.loads(done.stdout)["dependencies"])
    except (ValueError, KeyError):
        return Audit(0, (), pinned(lock))


def read(dependencies: Sequence[dict[str, object]]) -> Audit:
    """The audit that pip-audit's report holds."""
    skipped = tuple(str(each["name"]) for each in dependencies if "skip_reason" in each)
    vulnerable = tuple(
        f"{each['name']} {each['version']}: {found['id']}, mended in {', '.join(found['fix_versions']) or 'no release'}"
        for each in dependencies
        for found in each.get("vulns", ())  # type: ignore[attr-defined]
    )
    return Audit(len(dependencies) - len(skipped), vulnerable, skipped)


def pinned(lock: Path) -> tuple[str, ...]:
    """The names in a lock file."""
    lines = lock.read_text("utf-8").splitlines()
    return tuple(line.partition("==")[0] for line in lines if "==" in line and not line.startswith((" ", "#")))


if __name__ == "__main__":
    audits = [audit(Path(name)) for name in sys.argv[1:]]
    print(*audits, sep="\n")
    sys.exit(max(found.code for found in audits) if VULNERABLE not in {found.code for found in audits} else VULNERABLE)
