"""Prometheus metrics: numbers about requests and answers, never text.

With several workers each writes its numbers to files in a folder that all share, and the worker that is asked adds them
up: prometheus_client's multiprocess mode, which `PROMETHEUS_MULTIPROC_DIR` turns on when that library is imported.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.metrics_core import GaugeMetricFamily, Metric
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector
from prometheus_client.samples import Sample

from app.drift import FEWEST_PASSAGES, TopicWindow, drift, trained_shares
from app.tagger import TaggedArticle, Tagger

_SECONDS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


@dataclass(frozen=True, slots=True)
class _Counted:
    """A route and status's children, kept, as to look them up costs more than to count."""

    requests: Counter
    seconds: Histogram


class Metrics(Collector):
    """The service's metrics in a registry of their own, so that each app counts for itself.

    `shared` is the folder of the workers' numbers; None for a process that serves alone. Gauges add up over the workers
    that live, unless they say otherwise.
    """

    def __init__(self, shared: Path | None = None) -> None:
        self.shared = shared
        self.registry = CollectorRegistry()
        self.requests = self._counter("rasid_requests", "Requests by route and status", "route", "status")
        self.seconds = Histogram(
            "rasid_request_seconds", "Time to answer", ["route"], registry=self.registry, buckets=_SECONDS
        )
        self.passages = self._counter("rasid_passages", "Passages tagged")
        self.without_topic = self._counter("rasid_passages_without_topic", "Passages with no topic")
        self.topics = self._counter("rasid_topics", "Topics given", "topic")
        self.words = self._counter("rasid_words", "Words tagged")
        self.unknown_words = self._counter("rasid_unknown_words", "Words tagged that weren't in training")
        self.model = self._gauge("rasid_model_info", "Workers that serve a version", "version", "engine")
        self.model_loads = self._counter("rasid_model_loads", "Attempts to open a version, by outcome", "outcome")
        self.model_load_failed = self._gauge("rasid_model_load_failed", "Workers that can't open the version in use")
        self.log_lines_dropped = self._counter("rasid_log_lines_dropped", "Log lines given up")
        self.jobs = Gauge(
            "rasid_jobs",
            "Training jobs by state, as the worker that looked last found them (use set, not inc)",
            ["state"],
            registry=self.registry,
            multiprocess_mode="livemostrecent",
        )
        self._topic = cache(self.topics.labels)
        self._window = TopicWindow(
            self._gauge("rasid_window_passages", "Passages that the topics' shares are of"),
            self._gauge("rasid_window_topics", "How many of these have a topic", "topic"),
        )
        self._counted: dict[tuple[str, int], _Counted] = {}
        self._trained: dict[str, float] = {}
        self._shown: Gauge | None = None

    def count_request(self, route: str, status: int, seconds: float) -> None:
        """Count a request and its time; status 0 is a caller who left before the answer."""
        counted = self._counted.get((route, status))
        if counted is None:
            counted = _Counted(self.requests.labels(route, str(status or "none")), self.seconds.labels(route))
            self._counted[route, status] = counted
        counted.requests.inc()
        counted.seconds.observe(seconds)

    def count_article(self, article: TaggedArticle) -> None:
        """Count the passages, words and topics of one answer; in the event loop only."""
        self.passages.inc(len(article.passages))
        self.words.inc(sum(passage.words for passage in article.passages))
        self.unknown_words.inc(sum(passage.unknown for passage in article.passages))
        for passage in article.passages:
            topics = tuple([found.topic.id for found in passage.topics])
            if not topics:
                self.without_topic.inc()
            for topic in topics:
                self._topic(topic).inc()
            self._window.add(topics)

    def show_model(self, tagger: Tagger) -> None:
        """Say which model and engine serve from now on, and hold the topics given against that model's training."""
        if self._shown:
            self._shown.set(0)
        self._shown = self.model.labels(tagger.version, tagger.engine)
        self._shown.set(1)
        self._trained = trained_shares(tagger.bundle.training)
        self._window.clear()

    def text(self) -> bytes:
        """All metrics in Prometheus's text form; with several workers those of all."""
        return generate_latest(self)

    def collect(self) -> Iterable[Metric]:
        """The metrics of all workers, with the topics' shares and the drift computed from them."""
        source: Collector = self.registry
        if self.shared:
            source = MultiProcessCollector(None, str(self.shared))  # type: ignore[no-untyped-call]
        found = {family.name: family for family in source.collect()}
        if info := found.get("rasid_model_info"):
            info.samples = [sample for sample in info.samples if sample.value]
        return [*found.values(), *self._drift(found)]

    def _drift(self, found: Mapping[str, Metric]) -> Iterable[Metric]:
        shares = GaugeMetricFamily("rasid_topic_share", "Share of passages with a topic", labels=["topic", "in"])
        for topic, share in self._trained.items():
            shares.add_metric([topic, "training"], share)
        passages = sum(sample.value for sample in _samples(found, "rasid_window_passages"))
        counts = {sample.labels["topic"]: sample.value for sample in _samples(found, "rasid_window_topics")}
        given = {topic: counts.get(topic, 0.0) / passages for topic in self._trained} if passages else {}
        for topic, share in given.items():
            shares.add_metric([topic, "served"], share)
        yield shares
        if passages >= FEWEST_PASSAGES and self._trained:
            yield GaugeMetricFamily(
                "rasid_drift",
                "Largest Jensen-Shannon distance of a topic's share from training, 0 to 1",
                value=drift(given, self._trained),
            )

    def _counter(self, name: str, says: str, *labels: str) -> Counter:
        return Counter(name, says, labels, registry=self.registry)

    def _gauge(self, name: str, says: str, *labels: str) -> Gauge:
        return Gauge(name, says, labels, registry=self.registry, multiprocess_mode="livesum")


def _samples(found: Mapping[str, Metric], name: str) -> list[Sample]:
    """The samples of a metric; none if no worker has any yet."""
    return found[name].samples if name in found else []
