"""How long the long form is: the whole of it, a share, or some of its parts."""

import os
from dataclasses import dataclass

SWAPS = 2_000
KILLS = 300
TERMS = 100
CASES = 20_000
RAW = 100_000
SLOW_CLIENTS = 500
CONTEST_S = 120.0
OVERLOAD_S = 120.0
FLIPS = 5_000
MINUTES = 120.0


@dataclass(frozen=True, slots=True)
class Plan:
    """`share` scales every count and time but that of the mixed load, which lasts `minutes`; no `only` means all."""

    share: float
    minutes: float
    only: frozenset[str]

    def of(self, count: float) -> int:
        """A count or time in this plan, at least 1."""
        return max(1, round(self.share * count))


def plan_from_environment() -> Plan:
    """SOAK_SHARE (1), SOAK_MINUTES (120), SOAK_ONLY (names parted by commas)."""
    return Plan(
        float(os.environ.get("SOAK_SHARE", "1")),
        float(os.environ.get("SOAK_MINUTES", str(MINUTES))),
        frozenset(name for name in os.environ.get("SOAK_ONLY", "").split(",") if name),
    )
