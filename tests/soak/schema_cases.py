"""Sends what schemathesis makes of the OpenAPI description, with all its checks, to a service over sockets."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import schemathesis
from schemathesis.config import SchemathesisConfig
from schemathesis.engine import Status, events, from_schema
from schemathesis.engine.recorder import CheckNode, Interaction, ScenarioRecorder

from tests.service.running import RunningService
from tests.service.two_versions import TwoVersions
from tests.soak.finding import Finding
from tests.soak.server import Setup, admin_key, served

REFUSED_FOR_ITS_CONTENT = ["2xx", "3xx", "401", "403", "404", "409", "422", "428", "429"]
"""Answers to what fits the schema: that a topic exists or a CSV has a column is more than a schema says, so 422 too."""
BEFORE_ROUTING = frozenset({400, 415})
CASES_AN_EXAMPLE = 26
"""What one more example for each endpoint adds, about."""


@dataclass(frozen=True, slots=True)
class Extent:
    """How many examples an endpoint gets; the whole has all boundary values too, some 1,300, and chains of requests."""

    examples: int
    whole: bool = True
    seed: int = 7


def schema_finding(pair: TwoVersions, state: Path, extent: Extent) -> Finding:
    """Run all phases against a service of its own, as an administrator."""
    key = admin_key(state)
    with served(Setup(pair.models, state=state)) as service:
        cases, faults = _run(service, key, extent)
        faults += [] if service.is_ready() else ["the service isn't ready afterwards"]
    total = sum(cases.values())
    phases = ", ".join(f"{count:,} {phase}" for phase, count in sorted(cases.items()))
    return Finding(
        "schemathesis against the OpenAPI, all checks: no 5xx, answers as described",
        f"{total:,} cases ({phases})",
        f"{len(faults)} failures" if faults else "no failure of any check",
        tuple(faults),
    )


def _run(service: RunningService, key: str, extent: Extent) -> tuple[Counter[str], list[str]]:
    schema = schemathesis.openapi.from_url(f"{service.url}/openapi.json", config=_config(key, extent))
    cases: Counter[str] = Counter()
    faults: dict[str, str] = {}
    for event in from_schema(schema).execute():
        if isinstance(event, events.ScenarioFinished):
            cases[event.phase.name.lower().partition("_")[0]] += len(event.recorder.cases)
            for check, interaction in _failed(event.recorder):
                faults.setdefault(f"{check.name} {interaction.request.method} {event.label}", _told(check, interaction))
        elif isinstance(event, events.NonFatalError | events.FatalError):
            faults["engine"] = repr(getattr(event, "value", None) or getattr(event, "exception", event))
    return cases, [f"{name}: {told}" for name, told in faults.items()]


def _failed(recorder: ScenarioRecorder) -> Iterator[tuple[CheckNode, Interaction]]:
    for case, checks in recorder.checks.items():
        interaction = recorder.interactions[case]
        for check in checks:
            if check.status is not Status.SUCCESS and not _is_meant(check, interaction):
                yield check, interaction


def _is_meant(check: CheckNode, interaction: Interaction) -> bool:
    """Whether the service is meant to differ from what the check takes for granted.

    Bodies are refused before a path is looked up, so a wrong method with a body gets that refusal instead of 405.
    DELETE cancels a training job, which stays in the list as cancelled.
    """
    if check.name == "use_after_free":
        return "/v1/training-jobs/" in interaction.request.uri
    status = interaction.response.status_code if interaction.response else None
    return check.name == "unsupported_method" and bool(interaction.request.body) and status in BEFORE_ROUTING


def _told(check: CheckNode, interaction: Interaction) -> str:
    message = check.failure_info.failure.message if check.failure_info else ""
    body = (interaction.request.body or b"")[:300]
    answer = f"{interaction.response.status_code} {interaction.response.text[:200]}" if interaction.response else "none"
    return f"{message} | {interaction.request.uri} {body!r} -> {answer}"


def _config(key: str, extent: Extent) -> SchemathesisConfig:
    phases: dict[str, Any] = {name: {"enabled": extent.whole} for name in ("coverage", "examples", "stateful")}
    return SchemathesisConfig.from_dict(
        {
            "headers": {"Authorization": f"Bearer {key}"},
            "generation": {"max-examples": extent.examples, "database": "none", "with-security-parameters": False},
            "phases": phases,
            "checks": {"positive_data_acceptance": {"expected-statuses": REFUSED_FOR_ITS_CONTENT}},
            "seed": extent.seed,
            "continue-on-failure": True,
            "max-stream-events": 2,
            "request-timeout": 30,
        }
    )
