"""The service as a user starts it: a process, a port, an article from a news site."""

import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from app.tagger.normalise import Normaliser
from tests.conftest import ROOT

ARTICLE = (Path(__file__).parent / "article.txt").read_text("utf-8")
EXPECTED = [
    {"counterterrorism"},
    {"attacks"},
    {"online_recruitment"},
    None,
    {"military_decline"},
    {"virtual_caliphate"},
    {"online_countermeasures"},
    None,
    {"financing"},
    {"foreign_fighters"},
    None,
]
"""A topic that each paragraph states; None where it must have none."""


@pytest.fixture(scope="module")
def service() -> Iterator[httpx.Client]:
    """A running service with the shipped model, on a free port of loopback."""
    command = [sys.executable, "-m", "app", "serve", "--port", "0"]
    with subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        log = ""
        while not (address := re.search(r"running on (http://127\.0\.0\.1:\d+)", log)):
            line = process.stderr.readline()
            assert line, f"the service did not start: {log}"
            log += line
        with httpx.Client(base_url=address.group(1), timeout=30) as client:
            yield client
        process.send_signal(signal.SIGTERM)
        log += process.stderr.read()
        assert process.wait(timeout=25) == 0
    assert "داعش" not in log
    assert "Traceback" not in log


def test_an_article_of_a_news_site(service: httpx.Client) -> None:
    passages = service.post("/v1/classify", json={"text": ARTICLE}).json()["passages"]
    slices = [ARTICLE[passage["start"] : passage["end"]] for passage in passages]
    assert slices == [line for line in ARTICLE.split("\n") if line]
    right = 0
    for passage, expected in zip(passages, EXPECTED, strict=True):
        found = {topic["id"] for topic in passage["topics"]}
        if expected is None:
            assert found == set()
        else:
            right += bool(found & expected)
    assert right >= 6


def test_evidence_of_the_article_is_made_of_its_words(service: httpx.Client) -> None:
    words = {(word.start, word.end) for word in Normaliser().words(ARTICLE)}
    passages = service.post("/v1/classify", json={"text": ARTICLE, "explain": True}).json()["passages"]
    for topic in (topic for passage in passages for topic in passage["topics"]):
        assert {(word["start"], word["end"]) for word in topic["evidence"]} <= words
        assert topic["intercept"] + sum(word["share"] for word in topic["evidence"]) == pytest.approx(topic["raw"])


def test_the_service_is_ready_and_stays_so_under_bad_input(service: httpx.Client) -> None:
    for body in (b"", b"\xff", b"[" * 10_000, b'{"text": NaN}'):
        assert (
            service.post("/v1/classify", content=body, headers={"Content-Type": "application/json"}).status_code < 500
        )
    assert service.get("/readyz").status_code == 200


def test_connections_that_break_off_do_no_harm(service: httpx.Client) -> None:
    headers = b"Content-Type: application/json\r\nContent-Length: 99\r\n"
    for _ in range(20):
        with socket.create_connection((service.base_url.host, service.base_url.port or 80)) as connection:
            connection.sendall(b"POST /v1/classify HTTP/1.1\r\nHost: x\r\n" + headers + b"\r\n{")
    time.sleep(0.1)
    assert service.get("/livez").status_code == 200
