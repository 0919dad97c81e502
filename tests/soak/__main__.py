"""`python -m tests.soak`: breaks the service in every way that it has to bear, and prints one table of what was found.

SOAK_SHARE=0.1 does a tenth of everything, SOAK_MINUTES sets how long the mixed load lasts, SOAK_ONLY=swaps,kills does
some parts; see `PARTS` for their names. The exit code is 1 if anything is wrong.
"""

import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from app.tagger.bundle import Bundle
from tests.service.two_versions import TwoVersions, two_versions
from tests.soak import plan as full
from tests.soak.endurance import Duration, endurance_finding
from tests.soak.finding import Finding
from tests.soak.kills import kill_finding
from tests.soak.models import small_bundle
from tests.soak.plan import Plan, plan_from_environment
from tests.soak.pressure import overload_finding, slow_finding
from tests.soak.raw_load import raw_finding
from tests.soak.schema_cases import CASES_AN_EXAMPLE, Extent, schema_finding
from tests.soak.suites import suite_finding
from tests.soak.swaps import contest_finding, swap_finding
from tests.soak.terms import term_finding

KEYS = "every endpoint by {no, wrong, revoked, lower-role} key: 401/403 before the body is read"
HOSTILE = "bit flips and hostile bundles: all refused, no code run"
FAULTS = "disk full, read-only disk, corrupt or missing model, store down, clock jumps, full log pipe: as written"
MINUTE_S = 60.0


@dataclass(frozen=True)
class Ground:
    """What a part works on: a folder of its own and a model."""

    folder: Path
    bundle: Bundle
    plan: Plan

    @property
    def pair(self) -> TwoVersions:
        """Two versions in a folder."""
        return two_versions(self.folder / "models" / "tiny", self.bundle)

    @property
    def others(self) -> tuple[Bundle, ...]:
        """Further versions to write."""
        return tuple(replace(self.bundle, card=f"card {number}") for number in range(4))

    @property
    def state(self) -> Path:
        """An empty state folder."""
        return self.folder / "state"


PARTS: dict[str, Callable[[Ground], Finding]] = {
    "schema": lambda on: schema_finding(on.pair, on.state, Extent(on.plan.of(full.CASES / CASES_AN_EXAMPLE))),
    "raw": lambda on: raw_finding(on.pair, on.plan.of(full.RAW)),
    "swaps": lambda on: swap_finding(on.pair, on.plan.of(full.SWAPS)),
    "contest": lambda on: contest_finding(on.pair, on.others, on.plan.of(full.CONTEST_S)),
    "kills": lambda on: kill_finding(on.pair, on.others, on.state, on.plan.of(full.KILLS)),
    "terms": lambda on: term_finding(on.pair, on.plan.of(full.TERMS)),
    "slow": lambda on: slow_finding(on.pair, full.SLOW_CLIENTS, on.plan.of(10_000)),
    "overload": lambda on: overload_finding(on.pair, on.state, on.plan.of(full.OVERLOAD_S)),
    "keys": lambda on: suite_finding(KEYS, "tests/service/test_authorisation.py"),
    "endurance": lambda on: endurance_finding(on.pair, Duration(MINUTE_S * on.plan.minutes, MINUTE_S)),
    "hostile": lambda on: suite_finding(
        f"{on.plan.of(full.FLIPS):,} {HOSTILE}",
        "tests/core/test_hostile_bundles.py",
        RASID_FLIPS=str(on.plan.of(full.FLIPS)),
    ),
    "faults": lambda on: suite_finding(FAULTS, "tests/soak/test_faults.py"),
}


def main() -> int:
    """Do the parts one after the other, tell each on stderr at once, and print the table on stdout."""
    plan, bundle = plan_from_environment(), small_bundle()
    findings = []
    for name, part in PARTS.items():
        if plan.only and name not in plan.only:
            continue
        folder, began = Path(tempfile.mkdtemp(prefix=f"rasid-soak-{name}-")), time.monotonic()
        try:
            finding = part(Ground(folder, bundle, plan))
        finally:
            shutil.rmtree(folder, ignore_errors=True)
        findings.append(finding)
        print(f"{name}: {'good' if finding.is_good else 'WRONG'}, {time.monotonic() - began:.0f} s", file=sys.stderr)
        for fault in finding.faults:
            print(f"  {fault}", file=sys.stderr)
    print(table_of(findings))
    return 0 if all(finding.is_good for finding in findings) else 1


def table_of(findings: list[Finding]) -> str:
    rows = [
        f"| {finding.asked} | {finding.done} | {'' if finding.is_good else '**wrong** '}"
        f"{'; '.join(part for part in (finding.found, *finding.faults) if part)} |".replace("\n", " ")
        for finding in findings
    ]
    return "\n".join(("| asked | done | found |", "|---|---|---|", *rows))


if __name__ == "__main__":
    raise SystemExit(main())
