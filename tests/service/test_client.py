"""The client: against the real service, and against a server that misbehaves by script."""

import asyncio
import dataclasses
import inspect
import json
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import pytest

from app.callers import Role
from app.client import (
    AsyncRasid,
    Choices,
    Job,
    Patience,
    Rasid,
    RasidHTTPError,
    RasidUnreachableError,
    TrainingOptions,
)
from app.key_store import add_key
from app.settings import Settings
from app.tagger.bundle import Bundle
from tests.service.jobs_by_hand import quick_rows
from tests.service.running import running_service
from tests.service.scripted import DROP, Scripted, answer, scripted
from tests.service.two_versions import TwoVersions, two_versions

TEXT = "انفجرت سيارة مفخخة في سوق شعبي.\n\nافتتح الوزير معرض الكتاب."
QUICK = Patience(timeout_s=5, retries=2, first_wait_s=0.01, longest_wait_s=3)
BUSY = json.dumps(
    {
        "type": "urn:rasid:problem:too-many-requests",
        "title": "Too Many Requests",
        "status": 429,
        "detail": "Wait a bit.",
    }
).encode()
TOPICS = b'{"topics": [], "model": {"name": "m", "version": "v"}}'
JOB = b'{"id": "ab", "state": "running", "source": "upload", "caller": "me", "progress": {"percent": 7}}'
CHANGED = b'{"request_id": "r", "in_use": "v", "model": {"name": "m", "version": "v"}}'


@pytest.fixture(scope="module")
def pair(tiny_bundle: Bundle, tmp_path_factory: pytest.TempPathFactory) -> TwoVersions:
    return two_versions(tmp_path_factory.mktemp("models") / "tiny", tiny_bundle)


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    return Settings(state=tmp_path_factory.mktemp("state"))


@pytest.fixture(scope="module")
def admin(kept: Settings) -> str:
    return add_key(kept, "admin", Role.ADMIN)


@pytest.fixture(scope="module")
def url(pair: TwoVersions, kept: Settings, admin: str) -> Iterator[str]:
    """The address of a service of its own process, which has keys."""
    assert admin
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RASID_STATE", str(kept.state))
        with running_service(pair.models) as service:
            yield service.url


def test_everything_against_the_real_service(url: str, admin: str, pair: TwoVersions, tmp_path: Path) -> None:
    csv = tmp_path / "own.csv"
    csv.write_bytes(quick_rows())
    with Rasid(url, admin) as rasid:
        found = rasid.classify(TEXT, Choices(explain=True, all_scores=True, thresholds={"attacks": 0.01}))
        assert [TEXT[passage.start : passage.end] for passage in found.passages] == TEXT.split("\n\n")
        attacks = next(topic for topic in found.passages[0].topics if topic.id == "attacks")
        assert attacks.threshold == 0.01
        assert attacks.raw is not None
        assert attacks.intercept is not None
        assert attacks.intercept + sum(word.share for word in attacks.evidence) == pytest.approx(attacks.raw, abs=1e-6)
        assert found.passages[0].scores["attacks"] == attacks.score
        assert next(topic for topic in found.topics if topic.id == "attacks").passages[0] == 0
        assert found.model.version == pair.first

        batch = rasid.classify_batch({"a": TEXT, "b": "ا\n" * 300})
        assert [document.id for document in batch.documents] == ["a", "b"]
        assert batch.documents[0].passages == rasid.classify(TEXT).passages
        assert batch.documents[1].error
        assert not batch.documents[1].passages

        assert "attacks" in {topic.id for topic in rasid.topics()}
        assert {version.version for version in rasid.models() if version.serves} == {pair.first}
        assert rasid.promote(pair.second, force="to see it").model.version == pair.second
        assert rasid.rollback().in_use == pair.first

        begun = rasid.start_training(csv, TrainingOptions(topics_from_labels=True))
        assert begun.state == "running"
        ended = rasid.wait(begun.id, 60)
        assert ended.state == "succeeded", ended
        assert ended.version in {version.version for version in rasid.models()}


def test_the_client_with_await_does_the_same(url: str, admin: str, pair: TwoVersions, tmp_path: Path) -> None:
    csv = tmp_path / "own.csv"
    csv.write_bytes(quick_rows())

    async def session() -> Job:
        async with AsyncRasid(url, admin) as rasid:
            one, two = await asyncio.gather(rasid.classify(TEXT), rasid.classify(TEXT, Choices(segment="none")))
            assert (len(one.passages), len(two.passages)) == (2, 1)
            batch = await rasid.classify_batch({"a": TEXT})
            assert batch.documents[0].topics == one.topics
            assert len(await rasid.topics()) == 4
            assert pair.second in {version.version for version in await rasid.models()}
            assert (await rasid.promote(pair.second, "to see it")).in_use == pair.second
            assert (await rasid.rollback()).in_use == pair.first
            begun = await rasid.start_training(csv, TrainingOptions(topics_from_labels=True))
            return await rasid.wait(begun.id, 60)

    assert asyncio.run(session()).state == "succeeded"


def test_errors_say_what_the_service_says(url: str, admin: str) -> None:
    with Rasid(url, "rasid_classify_wrong", QUICK) as rasid, pytest.raises(RasidHTTPError) as unknown:
        rasid.topics()
    assert (unknown.value.status, unknown.value.kind) == (401, "unknown-key")
    assert unknown.value.request_id
    assert unknown.value.request_id in str(unknown.value)
    with Rasid(url, admin, QUICK) as rasid:
        with pytest.raises(RasidHTTPError) as missing:
            rasid.promote("../topics")
        assert missing.value.status in (404, 422)
        with pytest.raises(RasidHTTPError) as invalid:
            rasid.classify(TEXT, Choices(thresholds={"attacks": 7}))
    assert invalid.value.kind == "invalid-request"
    assert any(fault.startswith("/thresholds") for fault in invalid.value.faults)
    assert TEXT[:10] not in str(invalid.value)


def in_both(work: Callable[[Any], Any], server: Scripted) -> Any:
    """What a call gives, of the plain client and of the other, with the script played for each."""
    script = list(server.answers)
    with Rasid(server.url, "k", QUICK) as rasid:
        plain = outcome(lambda: work(rasid))
    requests, server.requests, server.answers = server.requests, [], script

    async def session() -> Any:
        async with AsyncRasid(server.url, "k", QUICK) as rasid:
            return await work(rasid)

    assert outcome(lambda: asyncio.run(session())) == plain
    assert len(server.requests) == len(requests)
    return plain


def outcome(call: Callable[[], Any]) -> Any:
    try:
        return call()
    except (RasidHTTPError, RasidUnreachableError) as fault:
        return type(fault), str(fault)


@pytest.mark.parametrize("first", [answer(429, BUSY), answer(503, b"busy"), DROP])
def test_a_busy_or_broken_service_is_asked_again(first: bytes) -> None:
    with scripted([first, first, answer(200, TOPICS)]) as server:
        assert in_both(lambda rasid: rasid.topics(), server) == ()
        assert len(server.requests) == 3
        assert all(b"authorization: bearer k" in request.lower() for request in server.requests)


def test_it_is_not_asked_for_ever() -> None:
    with scripted([answer(429, BUSY)] * 9) as server:
        assert in_both(lambda rasid: rasid.topics(), server) == (RasidHTTPError, "429: Wait a bit.")
        assert len(server.requests) == 1 + QUICK.retries


@pytest.mark.parametrize("status", [400, 401, 404, 409, 413, 422, 500, 507, 302])
def test_other_errors_are_final(status: int) -> None:
    with scripted([answer(status, b"<html>")] * 2) as server:
        kind, said = in_both(lambda rasid: rasid.classify("نص"), server)
        assert kind is RasidHTTPError
        assert said.startswith(f"{status}: ")
        assert len(server.requests) == 1


def test_what_may_have_been_done_is_not_done_twice(tmp_path: Path) -> None:
    csv = tmp_path / "own.csv"
    csv.write_bytes(quick_rows())
    for call in (lambda rasid: rasid.rollback(), lambda rasid: rasid.start_training(csv)):
        with scripted([DROP, answer(200, CHANGED)]) as server:
            assert in_both(call, server)[0] is RasidUnreachableError
            assert len(server.requests) == 1


def test_an_upload_that_was_refused_for_now_is_sent_whole_again(tmp_path: Path) -> None:
    csv = tmp_path / "own.csv"
    csv.write_bytes(quick_rows())
    with scripted([answer(503, b""), answer(202, JOB)]) as server:
        job = in_both(lambda rasid: rasid.start_training(csv, TrainingOptions(weight=2)), server)
        assert (job.id, job.percent, job.version) == ("ab", 7, None)
        for request in server.requests:
            assert request.startswith(b"POST /v1/training-jobs?with_shipped=false&weight=2")
            assert b"content-type: text/csv" in request.lower()
            assert request.endswith(quick_rows())


@pytest.mark.parametrize("form", ["seconds", "date"])
def test_the_service_says_how_long_to_wait(form: str) -> None:
    until = format_datetime(datetime.now(UTC) + timedelta(seconds=2), usegmt=True)
    header = f"Retry-After: {'1' if form == 'seconds' else until}"
    with (
        scripted([answer(429, BUSY, header), answer(200, TOPICS)]) as server,
        Rasid(server.url, patience=QUICK) as rasid,
    ):
        began = time.monotonic()
        assert rasid.topics() == ()
        assert 0.9 < time.monotonic() - began < 4


def test_a_wait_beyond_patience_is_not_begun() -> None:
    with scripted([answer(503, BUSY, "Retry-After: 3600")]) as server:
        began = time.monotonic()
        assert in_both(lambda rasid: rasid.topics(), server)[0] is RasidHTTPError
        assert time.monotonic() - began < 1


def test_waits_double_up_to_the_longest_and_are_spread() -> None:
    patience = Patience(retries=6, first_wait_s=1, longest_wait_s=10)
    assert list(patience.waits()) == [1, 2, 4, 8, 10, 10]
    from httpx import ConnectError

    drawn = [patience.wait_s(8, ConnectError(""), False) for _ in range(200)]
    assert all(wait is not None and 0 <= wait <= 8 for wait in drawn)
    assert len({round(wait or 0) for wait in drawn}) > 5


def test_nobody_there() -> None:
    with socket.create_server(("127.0.0.1", 0)) as held:
        url = f"http://127.0.0.1:{held.getsockname()[1]}"
    with Rasid(url, patience=QUICK) as rasid, pytest.raises(RasidUnreachableError, match="check the address"):
        rasid.rollback()
    with Rasid("ftp://127.0.0.1", patience=QUICK) as rasid, pytest.raises(RasidUnreachableError):
        rasid.topics()


def test_a_slow_answer_ends_the_wait() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        with Rasid(url, patience=Patience(timeout_s=0.2, retries=1, first_wait_s=0.01)) as rasid:
            began = time.monotonic()
            with pytest.raises(RasidUnreachableError, match="ReadTimeout"):
                rasid.topics()
            assert 0.3 < time.monotonic() - began < 3


def test_waiting_for_a_job_ends() -> None:
    with (
        scripted([answer(200, JOB)] * 4) as server,
        Rasid(server.url, patience=QUICK) as rasid,
        pytest.raises(TimeoutError, match="ab still runs"),
    ):
        rasid.wait("ab", 0.1)


def test_both_clients_have_the_same_calls_and_frozen_results() -> None:
    def calls(client: type) -> dict[str, list[str]]:
        methods = inspect.getmembers(client, inspect.isfunction)
        return {name: list(inspect.signature(method).parameters) for name, method in methods if name[0] != "_"}

    assert calls(Rasid) == calls(AsyncRasid)
    with pytest.raises(dataclasses.FrozenInstanceError):
        Job("a", "running", "upload", "me").state = "succeeded"  # type: ignore[misc]
    assert "secret" not in repr(Rasid(key="secret"))


def test_without_httpx_one_sentence() -> None:
    code = "import sys; sys.modules['httpx'] = None; sys.meta_path.insert(0, type('N', (), {'find_spec': \
staticmethod(lambda name, *_: None)})); import importlib.util as u; u.find_spec = lambda name: None; import app.client"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    says = "ModuleNotFoundError: The client needs httpx: run `pip install '.[client]'` in Rasid's clone."
    assert done.stderr.splitlines()[-1] == says
