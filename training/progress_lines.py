"""Progress for programs: one JSON line a step, with the percent of the whole fit and the time left."""

import json
import time
from collections.abc import Callable

SHARES = {"read": 3, "count words": 7, "cross-validate": 70, "fit on all rows": 15, "compare": 3, "write": 2}
"""The percent of a fit's time that each stage takes, roughly, in their order. Others leave the percent as it is."""
_FIRST_ESTIMATE = 5
"""Percent from which on the time so far says something about the time left."""


class ProgressLines:
    """Writes a line for each step: `{"stage", "done", "total", "percent", "eta_s"}`.

    `percent` (0..100, of all stages) never falls; `eta_s` is in seconds, null as long as it can't be told.

    >>> show = ProgressLines(print, clock=iter([0.0, 10.0]).__next__)
    >>> show("cross-validate", 1, 2)
    {"stage": "cross-validate", "done": 1, "total": 2, "percent": 45, "eta_s": 12}
    """

    def __init__(self, write: Callable[[str], None], clock: Callable[[], float] = time.monotonic) -> None:
        self._write = write
        self._clock = clock
        self._start = clock()
        self._percent = 0.0

    def __call__(self, stage: str, done: int, total: int) -> None:
        """Tell that `done` of `total` steps of a stage are done."""
        if stage in SHARES:
            before = sum(share for name, share in SHARES.items() if _place(name) < _place(stage))
            self._percent = max(self._percent, before + SHARES[stage] * done / max(total, 1))
        left: int | None = None
        if self._percent >= _FIRST_ESTIMATE:
            left = round((self._clock() - self._start) * (100 - self._percent) / self._percent)
        step = {"stage": stage, "done": done, "total": total, "percent": int(self._percent), "eta_s": left}
        self._write(json.dumps(step))


def _place(stage: str) -> int:
    return list(SHARES).index(stage)
