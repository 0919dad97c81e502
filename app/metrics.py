"""Prometheus metrics: numbers about requests and answers, never text."""

import time

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.tagger import TaggedArticle, Tagger


class Metrics:
    """The service's metrics in a registry of their own, so that each app counts for itself."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.requests = Counter(
            "rasid_requests", "Requests by route and status", ["route", "status"], registry=self.registry
        )
        self.seconds = Histogram("rasid_request_seconds", "Time to answer", ["route"], registry=self.registry)
        self.passages = Counter("rasid_passages", "Passages tagged", registry=self.registry)
        self.without_topic = Counter("rasid_passages_without_topic", "Passages with no topic", registry=self.registry)
        self.topics = Counter("rasid_topics", "Topics given", ["topic"], registry=self.registry)
        self.model = Gauge("rasid_model_info", "The model that serves", ["version", "engine"], registry=self.registry)

    def count_article(self, article: TaggedArticle) -> None:
        """Count the passages and topics of one answer."""
        self.passages.inc(len(article.passages))
        for passage in article.passages:
            if not passage.topics:
                self.without_topic.inc()
            for found in passage.topics:
                self.topics.labels(found.topic.id).inc()

    def show_model(self, tagger: Tagger) -> None:
        """Say which model and engine serve."""
        self.model.clear()
        self.model.labels(tagger.version, tagger.engine).set(1)


class RequestMetrics:
    """ASGI middleware: counts and times each request under its route's path, unknown paths under one name."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self.app = app
        self.metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on and count its answer."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        started = time.perf_counter()
        status = "none"

        async def noting_status(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = str(message["status"])
            await send(message)

        try:
            await self.app(scope, receive, noting_status)
        finally:
            route = getattr(scope.get("route"), "path", "unmatched")
            self.metrics.requests.labels(route, status).inc()
            self.metrics.seconds.labels(route).observe(time.perf_counter() - started)
