"""What a fit gave, as JSON for programs: rows and findings, measures, and the comparison with the version in use."""

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from app.tagger import Tagger
from app.tagger.errors import RasidError
from app.tagger.promotion import MOST_LOSS
from training.compare import Comparison
from training.output import write_output
from training.rows import Finding, LabelledData

FORMAT = 1
MOST_FINDINGS = 100
_BY_CROSS_VALIDATION = (
    "Each version's own cross-validation, on its own training rows: this is what promotion compares. "
)
_SAME_ROWS = "Both were fitted on the same rows."
_OTHER_ROWS = "The rows differ, so a part of the change may be that one set of rows is harder than the other."


class FitResult:
    """Gathers what a fit has to tell while it goes; the keys stay as they are within one `format`.

    Findings come without the cells' values, which may hold text.
    """

    def __init__(self) -> None:
        self._files: list[dict[str, Any]] = []
        self._findings: list[dict[str, Any]] = []
        self._fitted: dict[str, Any] = {"version": None, "cross_validation": None, "comparison": None}
        self._held_out: dict[str, Any] | None = None

    def add_file(self, csv: Path, data: LabelledData) -> None:
        """Tell how a file was read, of use or not."""
        self._files.append(
            {
                "name": csv.name,
                "encoding": data.encoding,
                "rows": data.rows_in,
                "accepted": len(data.rows),
                "joined": data.joined,
                "refused": len(data.refusals),
            }
        )
        self._findings += _findings(csv, "refused", data.refusals)
        self._findings += _findings(csv, "warning", data.notices)

    def add_fit(self, version: str, training: Mapping[str, Any], current: Tagger | None) -> None:
        """Tell a version's measures, and compare them with those of the version that was in use before, if any."""
        self._fitted = {
            "version": version,
            "cross_validation": training["cross_validation"],
            "comparison": by_cross_validation(training, current) if current else None,
        }

    def add_held_out(self, found: Comparison) -> None:
        """Tell how both versions did on rows that the new one wasn't fitted on."""
        change = found.changes.micro_f1
        self._held_out = {
            "rows": found.a.rows,
            "articles": found.articles,
            "verdict": found.verdict,
            "fallen": list(found.fallen),
            "micro_f1": _change(found.a.micro_f1, found.b.micro_f1) | {"low": _n(change.low), "high": _n(change.high)},
            "topics": {topic.topic.id: _change(topic.f1_a, topic.f1_b) for topic in found.topics},
            "explanation": "Rows of the last CSV that weren't used to fit the new version. "
            "The version in use may have been fitted on them.",
        }

    def as_json(self) -> dict[str, Any]:
        """All of it as plain JSON values."""
        return {
            "format": FORMAT,
            **self._fitted,
            "held_out": self._held_out,
            "files": self._files,
            "findings": {
                "count": len(self._findings),
                "by_code": dict(Counter(found["code"] for found in self._findings)),
                "first": self._findings[:MOST_FINDINGS],
            },
        }


@contextmanager
def result_written(path: Path | None) -> Iterator[FitResult]:
    """A result to fill; at the end, or at an error that Rasid raises on purpose, it's written to `path` if given."""
    result = FitResult()
    try:
        yield result
    except RasidError:
        _write(result, path)
        raise
    _write(result, path)


def by_cross_validation(training: Mapping[str, Any], current: Tagger) -> dict[str, Any]:
    """Compare the cross-validated measures in two manifests, as promotion does."""
    before = current.bundle.training
    was, now = before.get("cross_validation", {}), training["cross_validation"]
    topics_was, topics_now = was.get("topics", {}), now["topics"]
    missing = sorted(set(topics_was) - set(topics_now))
    change = _change(was.get("micro_f1"), now["micro_f1"])
    same_rows = before.get("data", {}).get("sha256") == training["data"]["sha256"]
    return {
        "with": current.version,
        "by": "cross-validation",
        "same_rows": same_rows,
        "explanation": _BY_CROSS_VALIDATION + (_SAME_ROWS if same_rows else _OTHER_ROWS),
        # As promotion judges; without a figure of the version in use there is nothing to be worse than.
        "promotable": not missing and (change["change"] is None or change["change"] >= -MOST_LOSS),
        "micro_f1": change,
        "macro_f1": _change(was.get("macro_f1"), now.get("macro_f1")),
        "topics": {
            topic: _change(topics_was[topic]["f1"], found["f1"])
            for topic, found in topics_now.items()
            if topic in topics_was
        },
        "only_current": missing,
        "only_new": sorted(set(topics_now) - set(topics_was)),
    }


def _write(result: FitResult, path: Path | None) -> None:
    if path is not None:
        write_output(path, json.dumps(result.as_json(), ensure_ascii=False, indent=1, allow_nan=False).encode())


def _findings(csv: Path, kind: str, findings: Sequence[Finding]) -> list[dict[str, Any]]:
    return [
        {
            "file": csv.name,
            "kind": kind,
            "code": found.code,
            "line": found.line,
            "column": found.column,
            "reason": found.reason,
            "cure": found.cure,
        }
        for found in findings
    ]


def _change(current: float | None, new: float | None) -> dict[str, float | None]:
    change = None if current is None or new is None else _n(new - current)
    return {"current": _n(current), "new": _n(new), "change": change}


def _n(value: float | None) -> float | None:
    return None if value is None or value != value else round(value, 4)
