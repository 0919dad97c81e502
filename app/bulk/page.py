"""An archive's report as one HTML page that needs nothing but itself: no script, no other file, no host."""

from dataclasses import dataclass

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from app.bulk.counts import OTHER_SOURCES, ArchiveCounts, Ints, TypicalPassage
from app.bulk.dates import Period, period_name
from app.bulk.drawing import course_svg
from app.bulk.trends import PeriodCounts, pairs_of, periods_of, trends_of
from app.tagger import Topic

MOST_PAIRS = 15
MOST_SOURCES_SHOWN = 12
TOPICS_OF_A_SOURCE = 3
UNFIT_SHARE = 0.1
"""From so many passages of mostly unknown words on, the page warns that the model doesn't fit."""


@dataclass(frozen=True, slots=True)
class TopicPart:
    """What the page shows of a topic."""

    topic: Topic
    passages: int
    share: float
    course: Markup | None
    typical: tuple[TypicalPassage, ...]


@dataclass(frozen=True, slots=True)
class TopicShare:
    """A topic's share among the passages of a source."""

    topic: Topic
    share: float


@dataclass(frozen=True, slots=True)
class SourcePart:
    """What the page shows of a source: its most frequent topics."""

    name: str
    passages: int
    topics: tuple[TopicShare, ...]


def archive_page(counts: ArchiveCounts, period: Period, title: str) -> str:
    """The page, Arabic first and English beside it, for a phone, a screen and paper."""
    environment = Environment(
        loader=PackageLoader("app.bulk"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(percent=_percent, points=_points, number=lambda value: f"{value:,}")
    periods = periods_of(counts, period)
    return environment.get_template("archive.html").render(
        title=title,
        counts=counts,
        period=period,
        first=period_name(periods[0].start, period) if periods else None,
        last=period_name(periods[-1].start, period) if periods else None,
        periods=len(periods),
        topics=_topic_parts(counts, periods, period),
        trends=[trend for trend in trends_of(counts) if trend.direction],
        pairs=pairs_of(counts)[:MOST_PAIRS],
        sources=_source_parts(counts),
        sources_in_all=len(counts.sources),
        others=OTHER_SOURCES in counts.sources,
        unfit=counts.notes["unknown_words"] > UNFIT_SHARE * counts.passages,
    )


def _topic_parts(counts: ArchiveCounts, periods: list[PeriodCounts], period: Period) -> list[TopicPart]:
    names = [period_name(found.start, period) for found in periods]
    parts = []
    for k, topic in enumerate(counts.topics):
        passages = int(counts.by_topic[k])
        shares = [int(found.by_topic[k]) / found.passages if found.passages else None for found in periods]
        course = course_svg(shares, names, f"{topic.name_ar} – {topic.name_en}") if periods else None
        parts.append(TopicPart(topic, passages, passages / max(1, counts.passages), course, counts.typical[k]))
    return sorted(parts, key=lambda part: (-part.passages, part.topic.id))


def _source_parts(counts: ArchiveCounts) -> list[SourcePart]:
    largest = sorted(counts.sources.items(), key=lambda item: (-item[1][-1], item[0]))[:MOST_SOURCES_SHOWN]
    return [SourcePart(name, int(row[-1]), _largest(counts, row)) for name, row in largest]


def _largest(counts: ArchiveCounts, row: Ints) -> tuple[TopicShare, ...]:
    order = sorted(range(len(counts.topics)), key=lambda k: (-row[k], counts.topics[k].id))[:TOPICS_OF_A_SOURCE]
    return tuple(TopicShare(counts.topics[k], int(row[k]) / int(row[-1])) for k in order if row[k])


def _percent(share: float) -> str:
    return f"{100 * share:.1f}%"


def _points(difference: float) -> str:
    return f"{100 * difference:+.1f}"
