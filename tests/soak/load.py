"""Clients that keep asking a service to tag, and check every answer against the version that it names."""

import asyncio
import json
import time
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from tests.service.two_versions import TwoVersions, expected_answer, found_answer
from tests.soak.wire import Wire, request

ARTICLE = "أعلنت وزارة الداخلية تفكيك خلية إرهابية.\nتفوز البلدية بجائزة أجمل حديقة عامة في المدينة."
LONG_ARTICLE = "\n".join([ARTICLE] * 120)
"""Over 20,000 code points but not 256 passages: tagged in a thread."""
TEXTS = (ARTICLE, "طقس اليوم غائم في الشمال.", "دعا التنظيم إلى الهجرة والانضمام إلى صفوفه عبر الإنترنت.", LONG_ARTICLE)


def classify(text: str, **options: Any) -> bytes:
    """A request to tag `text`."""
    return request("POST", "/v1/classify", json.dumps({"text": text, **options}, ensure_ascii=False).encode())


@dataclass
class Load:
    """What clients saw: answers by status, answers that no version gives, connections that broke."""

    statuses: Counter[int] = field(default_factory=Counter)
    versions: Counter[str] = field(default_factory=Counter)
    mixed: int = 0
    broken: list[str] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)

    @property
    def failed(self) -> int:
        """Answers other than 200, and none at all."""
        return sum(count for status, count in self.statuses.items() if status != 200) + len(self.broken)


class Checker:
    """Knows what each version answers to each text."""

    def __init__(self, pair: TwoVersions) -> None:
        self.requests = [classify(text, all_scores=True) for text in TEXTS]
        self._expected = {
            (version, place): expected_answer(tagger, text)
            for version, tagger in pair.taggers().items()
            for place, text in enumerate(TEXTS)
        }

    async def keep_asking(self, url: str, load: Load, over: asyncio.Event, first: int = 0) -> None:
        """Ask one text after the other over one connection until it is over; every fourth client the long one too."""
        texts = len(TEXTS) if first % 4 == 0 else len(TEXTS) - 1
        async with Wire(url) as wire:
            place = first
            while not over.is_set():
                place = (place + 1) % texts
                began = time.monotonic()
                try:
                    answer = await wire.ask(self.requests[place])
                except (OSError, EOFError) as fault:
                    load.broken.append(repr(fault))
                    wire.close()
                    continue
                load.seconds.append(time.monotonic() - began)
                load.statuses[answer.status] += 1
                if answer.status == 200:
                    body = json.loads(answer.body)
                    version = body["model"]["version"]
                    load.versions[version] += 1
                    load.mixed += found_answer(body) != self._expected.get((version, place))


def percentile(seconds: list[float], share: float) -> float:
    """The time that `share` of the requests didn't exceed."""
    return sorted(seconds)[min(len(seconds) - 1, int(share * len(seconds)))]


async def asked_one_by_one(url: str, count: int) -> Load:
    """Ask a short text `count` times over one connection."""
    load = Load()
    async with Wire(url) as wire:
        for _ in range(count):
            began = time.monotonic()
            try:
                load.statuses[(await wire.ask(classify(ARTICLE))).status] += 1
            except (OSError, EOFError) as fault:
                load.broken.append(repr(fault))
                wire.close()
            load.seconds.append(time.monotonic() - began)
    return load


async def settled(url: str, within_s: float, key: str = "") -> float | None:
    """How long it took until an answer was 200 again and quick, or None if it took longer than `within_s`."""
    began = time.monotonic()
    quick = 0
    asked = classify(ARTICLE).replace(b"Host:", f"X-API-Key: {key}\r\nHost:".encode(), 1) if key else classify(ARTICLE)
    async with Wire(url) as wire:
        while time.monotonic() - began < within_s:
            sent = time.monotonic()
            with suppress(OSError, EOFError):
                status = (await wire.ask(asked)).status
                quick = quick + 1 if status == 200 and time.monotonic() - sent < 0.1 else 0
                if quick == 10:
                    return time.monotonic() - began
            await asyncio.sleep(0.01)
    return None
