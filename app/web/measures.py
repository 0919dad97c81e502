"""What the page of models shows of versions: their measures, and two of them side by side."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from app.tagger.versions import VersionFacts
from app.web.topic_styles import ShownTopic


@dataclass(frozen=True, slots=True)
class ShownVersion:
    """A version and its cross-validated measures, None where it has none; `fault` says why it can't be read."""

    version: str
    serves: bool
    written: datetime | None
    rows: int | None
    micro_f1: float | None
    macro_f1: float | None
    by_topic: Mapping[str, float]
    fault: str | None


@dataclass(frozen=True, slots=True)
class TopicRow:
    """A topic's F1 in one version and in another."""

    name: str
    style: str
    one: float | None
    other: float | None

    @property
    def change(self) -> float | None:
        """How much the other is better."""
        return None if self.one is None or self.other is None else round(self.other - self.one, 4)


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two versions, topic by topic."""

    one: ShownVersion
    other: ShownVersion
    rows: Sequence[TopicRow]


def shown_versions(versions: Sequence[VersionFacts], serving: str | None) -> list[ShownVersion]:
    """The versions, the latest first."""
    return [_shown(facts, serving) for facts in reversed(versions)]


def comparison(
    versions: Sequence[ShownVersion], one: str, other: str, topics: Mapping[str, ShownTopic], code: str
) -> Comparison | None:
    """Two versions side by side: those named, else the one in use and the latest other one; None if there aren't two.

    Topics that the model in use doesn't have go by their ids.
    """
    readable = [version for version in versions if version.fault is None]
    first = _named(readable, one) or next((version for version in readable if version.serves), None)
    second = _named(readable, other) or next((version for version in readable if version is not first), None)
    if first is None or second is None or first is second:
        return None
    names = [*topics, *sorted({*first.by_topic, *second.by_topic} - set(topics))]
    rows = [_row(id, topics.get(id), first, second, code) for id in names]
    return Comparison(first, second, rows)


def own_rows(version: ShownVersion, topics: Mapping[str, ShownTopic], code: str) -> list[TopicRow]:
    """A version's F1 by topic."""
    names = [id for id in topics if id in version.by_topic] + sorted(set(version.by_topic) - set(topics))
    return [_row(id, topics.get(id), version, version, code) for id in names]


def _row(id: str, topic: ShownTopic | None, one: ShownVersion, other: ShownVersion, code: str) -> TopicRow:
    name, style = (topic.name(code), topic.style) if topic else (id, "topic-other-0")
    return TopicRow(name, style, one.by_topic.get(id), other.by_topic.get(id))


def _named(versions: Sequence[ShownVersion], name: str) -> ShownVersion | None:
    return next((version for version in versions if version.version == name), None)


def _shown(facts: VersionFacts, serving: str | None) -> ShownVersion:
    measured: Mapping[str, Any] = facts.training.get("cross_validation") or {}
    by_topic = {id: float(each["f1"]) for id, each in (measured.get("topics") or {}).items() if "f1" in each}
    return ShownVersion(
        version=facts.version,
        serves=facts.version == serving,
        written=facts.written,
        rows=measured.get("rows"),
        micro_f1=measured.get("micro_f1"),
        macro_f1=measured.get("macro_f1"),
        by_topic=by_topic,
        fault=facts.fault,
    )
