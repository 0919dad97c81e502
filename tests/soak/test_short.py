"""The long runs in short: each finds nothing wrong at a size that takes seconds."""

from collections.abc import Callable
from pathlib import Path

import pytest

from app.tagger.bundle import Bundle
from tests.soak.__main__ import PARTS, Ground, table_of
from tests.soak.endurance import Duration, endurance_finding
from tests.soak.finding import Finding
from tests.soak.kills import kill_finding
from tests.soak.plan import plan_from_environment
from tests.soak.pressure import overload_finding, slow_finding
from tests.soak.raw_load import raw_finding
from tests.soak.raw_requests import RawRequests, endpoints
from tests.soak.schema_cases import Extent, schema_finding
from tests.soak.swaps import contest_finding, swap_finding

SHORT: dict[str, Callable[[Ground], Finding]] = {
    "schema": lambda on: schema_finding(on.pair, on.state, Extent(8, whole=False)),
    "raw": lambda on: raw_finding(on.pair, 600),
    "swaps": lambda on: swap_finding(on.pair, 8),
    "contest": lambda on: contest_finding(on.pair, on.others, 2.0),
    "kills": lambda on: kill_finding(on.pair, on.others, on.state, 3),
    "slow": lambda on: slow_finding(on.pair, 60, 500),
    "overload": lambda on: overload_finding(on.pair, on.state, 2.0),
    "endurance": lambda on: endurance_finding(on.pair, Duration(4.0, 1.0, growth_mib=120.0)),
}
"""Ends under load are in `tests/service/test_shutdown.py`; keys, hostile bundles and faults are tests of their own."""


@pytest.mark.parametrize("name", SHORT)
def test_nothing_wrong_is_found(small: Bundle, tmp_path: Path, name: str) -> None:
    finding = SHORT[name](Ground(tmp_path, small, plan_from_environment()))
    assert finding.faults == ()
    assert any(digit in finding.done for digit in "123456789")


def test_every_part_has_its_short_form_or_a_test_of_its_own() -> None:
    assert set(PARTS) - set(SHORT) == {"terms", "keys", "hostile", "faults"}


def test_a_raw_request_can_be_made_again_by_its_number() -> None:
    known = endpoints()
    first, second = RawRequests(known), RawRequests(known)
    assert [first[number] for number in range(300)] == [second[number] for number in range(300)]
    assert {("POST", "/v1/classify"), ("GET", "/readyz"), ("PUT", "/v1/reviews/{id}")} <= {
        (endpoint.method, endpoint.path) for endpoint in known
    }


def test_the_plan_comes_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in (("SOAK_SHARE", "0.01"), ("SOAK_MINUTES", "3"), ("SOAK_ONLY", "raw,kills")):
        monkeypatch.setenv(name, value)
    plan = plan_from_environment()
    assert (plan.of(2000), plan.of(1), plan.minutes, set(plan.only)) == (20, 1, 3.0, {"raw", "kills"})
    assert plan.only <= set(PARTS)


def test_what_is_wrong_stands_in_thetable_of() -> None:
    table = table_of([Finding("asked", "done", "found"), Finding("asked", "done", "found", ("bad: 1",))])
    assert table.splitlines()[2:] == ["| asked | done | found |", "| asked | done | **wrong** found; bad: 1 |"]
