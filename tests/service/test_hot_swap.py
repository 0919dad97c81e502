import asyncio
import errno
import hashlib
import itertools
import json
import os
import random
import shutil
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi.testclient import TestClient
from typer.testing import CliRunner

import app.served_model
from app.cli import app as command
from app.main import create_app
from app.settings import Settings
from app.tagger.bundle import Bundle, write_bundle
from app.tagger.versions import current_version, set_current, used_versions
from tests.service.conftest import LOCAL
from tests.service.two_versions import TwoVersions, expected_answer, found_answer, two_versions, with_micro_f1

ARTICLE = "أعلنت وزارة الداخلية تفكيك خلية إرهابية.\nتفوز البلدية بجائزة أجمل حديقة عامة في المدينة."
LONG_ARTICLE = "\n".join([ARTICLE] * 120)
"""Over 20,000 code points but not 256 passages: tagged in a thread, while the loop swaps."""
REACH_S = 5.0


@pytest.fixture
def pair(tmp_path: Path, tiny_bundle: Bundle) -> TwoVersions:
    return two_versions(tmp_path / "tiny", tiny_bundle)


@pytest.fixture
def client(pair: TwoVersions) -> Iterator[TestClient]:
    with TestClient(create_app(Settings(models=pair.models)), base_url=LOCAL) as client:
        yield client


def served(client: TestClient) -> str | None:
    model = client.get("/v1/").json()["model"]
    return model["version"] if model else None


def within(seconds: float, true: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + seconds
    while not (found := true()) and time.monotonic() < deadline:
        time.sleep(0.02)
    return found


def metric(client: TestClient, sample: str) -> float:
    line = next(line for line in client.get("/metrics").text.splitlines() if line.startswith(sample + " "))
    return float(line.rsplit(" ", 1)[1])


def damage(version: Path) -> None:
    os.truncate(version / "words.txt", 9)


def test_promote_and_rollback_serve_before_they_answer(client: TestClient, pair: TwoVersions) -> None:
    taggers = pair.taggers()
    for path, version in ((f"{pair.second}/promote", pair.second), ("rollback", pair.first)):
        answer = client.post(f"/v1/models/{path}")
        assert answer.status_code == 200
        body = answer.json()
        assert body == {
            "request_id": answer.headers["X-Request-ID"],
            "in_use": version,
            "model": {"name": "tiny", "version": version},
        }
        tagged = client.post("/v1/classify", json={"text": ARTICLE, "all_scores": True}).json()
        assert tagged["model"]["version"] == version
        assert found_answer(tagged) == expected_answer(taggers[version], ARTICLE)
        assert {model["version"] for model in client.get("/v1/models").json()["models"] if model["serves"]} == {version}
        assert f'rasid_model_info{{engine="{taggers[version].engine}",version="{version}"}} 1.0' in (
            client.get("/metrics").text
        )
    assert metric(client, 'rasid_model_loads_total{outcome="ok"}') == 3


def test_a_worse_version_needs_force(pair: TwoVersions, tiny_bundle: Bundle) -> None:
    good, worse = (write_bundle(with_micro_f1(tiny_bundle, f1), pair.models) for f1 in (0.9, 0.5))
    set_current(pair.models, good)
    with TestClient(create_app(Settings(models=pair.models)), base_url=LOCAL) as client:
        for body in (None, {}, {"force": None}):
            refused = client.post(f"/v1/models/{worse}/promote", json=body)
            assert (refused.status_code, refused.json()["type"]) == (409, "urn:rasid:problem:worse-version")
            assert "0.500" in refused.json()["detail"]
        assert served(client) == current_version(pair.models) == good
        for body in ({"force": ""}, {"force": " "}, {"force": 1}, {"force": "x" * 501}, {"other": "x"}, []):
            assert client.post(f"/v1/models/{worse}/promote", json=body).status_code == 422
        assert client.post(f"/v1/models/{worse}/promote", json={"force": "fewer false alarms"}).status_code == 200
        assert served(client) == worse
    assert json.loads((pair.models / "history.jsonl").read_text().splitlines()[-1])["reason"] == "fewer false alarms"


def test_what_cannot_be_put_in_use_is_refused_and_nothing_changes(client: TestClient, pair: TwoVersions) -> None:
    for name in ("000000000000", "current", "..", "%2e%2e%2ftiny", "تنظيم"):
        assert client.post(f"/v1/models/{name}/promote").status_code == 404
    damage(pair.models / pair.second)
    refused = client.post(f"/v1/models/{pair.second}/promote", json={"force": "I insist"})
    assert (refused.status_code, refused.json()["type"]) == (409, "urn:rasid:problem:version-refused")
    assert "words.txt was changed" in refused.json()["detail"]
    assert str(pair.models) not in refused.text
    refused = client.post("/v1/models/rollback")
    assert refused.status_code == 409
    assert str(pair.models) not in refused.text
    assert "no earlier version" in refused.json()["detail"]
    assert used_versions(pair.models) == (pair.first,)
    assert served(client) == pair.first
    assert client.get("/readyz").json() == {"status": "ready"}


@pytest.mark.parametrize("kind", [errno.ENOSPC, errno.EROFS, errno.EIO])
def test_a_disk_that_refuses_changes_nothing(
    client: TestClient, pair: TwoVersions, monkeypatch: pytest.MonkeyPatch, kind: int
) -> None:
    def refuse(*_: Any) -> None:
        raise OSError(kind, os.strerror(kind))

    with monkeypatch.context() as patch:
        patch.setattr("app.tagger.versions.replace_file", refuse)
        refused = client.post(f"/v1/models/{pair.second}/promote")
    assert (refused.status_code, refused.json()["type"]) == (503, "urn:rasid:problem:models-unchangeable")
    assert os.strerror(kind) in refused.json()["detail"]
    assert served(client) == current_version(pair.models) == pair.first
    assert client.post(f"/v1/models/{pair.second}/promote").status_code == 200


def test_the_command_line_reaches_a_running_service(client: TestClient, pair: TwoVersions) -> None:
    for arguments, version in ((["promote", pair.second], pair.second), (["rollback"], pair.first)):
        done = CliRunner().invoke(command, ["models", *arguments, "--models", str(pair.models)])
        assert done.exit_code == 0, done.output
        assert within(REACH_S, lambda version=version: served(client) == version)  # type: ignore[misc]


def test_a_version_that_does_not_open_changes_nothing_but_what_is_told(
    client: TestClient, pair: TwoVersions, tiny_bundle: Bundle, caplog: pytest.LogCaptureFixture
) -> None:
    third = write_bundle(replace(tiny_bundle, card="third"), pair.models)
    damage(pair.models / pair.second)
    set_current(pair.models, pair.second)
    assert within(REACH_S, lambda: metric(client, "rasid_model_load_failed") == 1)
    assert served(client) == pair.first
    assert client.post("/v1/classify", json={"text": ARTICLE}).json()["model"]["version"] == pair.first
    ready = client.get("/readyz")
    assert ready.status_code == 200
    assert f"{pair.second}/words.txt was changed" in ready.json()["reason"]
    time.sleep(2.5)
    assert metric(client, 'rasid_model_loads_total{outcome="failed"}') <= 3
    assert [record.message for record in caplog.records].count("model not opened") == 1
    set_current(pair.models, third)
    assert within(REACH_S, lambda: served(client) == third)
    assert client.get("/readyz").json() == {"status": "ready"}
    assert metric(client, "rasid_model_load_failed") == 0


def test_a_version_mended_in_its_place_is_tried_again(
    client: TestClient, pair: TwoVersions, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(app.served_model, "LOOK_S", 0.05)
    words = (pair.models / pair.second / "words.txt").read_bytes()
    damage(pair.models / pair.second)
    set_current(pair.models, pair.second)
    assert within(REACH_S, lambda: metric(client, "rasid_model_load_failed") == 1)
    (pair.models / pair.second / "words.txt").write_bytes(words)
    assert within(REACH_S, lambda: served(client) == pair.second)


@pytest.mark.parametrize(
    "manifest", ["[]", "{", "{}", '{"format": 1}', '{"format": 1, "files": []}', "null", "\ud800", "[" * 9999]
)
def test_a_manifest_of_another_shape_stops_neither_service_nor_watch(
    client: TestClient, pair: TwoVersions, manifest: str
) -> None:
    content = manifest.encode("utf-8", "surrogatepass")
    hostile = pair.models / hashlib.sha256(content).hexdigest()[:12]
    hostile.mkdir()
    (hostile / "manifest.json").write_bytes(content)
    set_current(pair.models, hostile.name)
    assert within(REACH_S, lambda: client.get("/readyz").json() != {"status": "ready"})
    assert served(client) == pair.first
    assert client.get("/v1/models").status_code in (200, 503)
    assert client.post(f"/v1/models/{hostile.name}/promote").status_code in (409, 503)
    set_current(pair.models, pair.second)
    assert within(REACH_S, lambda: served(client) == pair.second)


def test_a_model_that_was_missing_is_opened_when_it_appears(tmp_path: Path, tiny_bundle: Bundle) -> None:
    models = tmp_path / "later"
    with TestClient(create_app(Settings(models=models)), base_url=LOCAL) as client:
        assert client.get("/readyz").status_code == 503
        assert client.post("/v1/models/rollback").status_code == 409
        version = write_bundle(tiny_bundle, models)
        assert client.get("/readyz").status_code == 503
        assert client.post("/v1/classify", json={"text": ARTICLE}).status_code == 503
        set_current(models, version)
        assert within(REACH_S, lambda: client.get("/readyz").status_code == 200)
        assert client.post("/v1/classify", json={"text": ARTICLE}).json()["model"]["version"] == version


def test_golden_passages_that_score_otherwise_keep_a_new_service_unready(
    pair: TwoVersions, tiny_bundle: Bundle
) -> None:
    golden = replace(tiny_bundle.golden[0], scores=tuple(1 - score for score in tiny_bundle.golden[0].scores))
    wrong = write_bundle(replace(tiny_bundle, golden=(golden,)), pair.models)
    set_current(pair.models, wrong)
    with TestClient(create_app(Settings(models=pair.models)), base_url=LOCAL) as client:
        ready = client.get("/readyz")
        assert ready.status_code == 503
        assert "golden passages score otherwise" in ready.json()["reason"]
        assert client.post(f"/v1/models/{pair.first}/promote").status_code == 200
        assert client.get("/readyz").status_code == 200


def test_folders_that_vanish_do_not_hurt_the_version_that_serves(client: TestClient, pair: TwoVersions) -> None:
    expected = expected_answer(pair.taggers()[pair.first], f"{ARTICLE}\nكلماتلمتردقط زخرفتمهلكة عجائبيون")
    shutil.rmtree(pair.models)
    assert within(REACH_S, lambda: "reason" in client.get("/readyz").json())
    assert client.get("/readyz").status_code == 200
    body = {"text": f"{ARTICLE}\nكلماتلمتردقط زخرفتمهلكة عجائبيون", "all_scores": True}
    tagged = client.post("/v1/classify", json=body).json()
    assert found_answer(tagged) == expected
    assert client.get("/v1/models").status_code == 503
    assert client.get(f"/v1/models/{pair.first}").status_code == 503
    assert client.post(f"/v1/models/{pair.first}/promote").status_code == 503


def test_a_clock_that_jumps_is_not_asked(
    client: TestClient, pair: TwoVersions, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, jumps = time.time, random.Random(7)
    monkeypatch.setattr(time, "time", lambda: real() + jumps.choice((-1e6, 0.0, 1e6)))
    for version in (pair.second, pair.first, pair.second):
        set_current(pair.models, version)
        os.utime(pair.models / "current", (jumps.random() * 1e9, jumps.random() * 1e9))
        assert within(REACH_S, lambda version=version: served(client) == version)  # type: ignore[misc]


async def swap_under_load(pair: TwoVersions, swaps: int) -> list[httpx.Response]:
    """What 8 clients were answered while versions were swapped, by HTTP and by file."""
    service = create_app(Settings(models=pair.models, rate_limit=""))
    answers: list[httpx.Response] = []
    over = asyncio.Event()

    async def ask(client: httpx.AsyncClient, text: str) -> None:
        while not over.is_set():
            answers.append(await client.post("/v1/classify", json={"text": text, "all_scores": True}))
            await asyncio.sleep(0)

    transport = httpx.ASGITransport(service)
    async with (
        service.router.lifespan_context(service),
        httpx.AsyncClient(transport=transport, base_url=LOCAL, timeout=60) as client,
        asyncio.TaskGroup() as group,
    ):
        for text in (ARTICLE, ARTICLE, ARTICLE, LONG_ARTICLE):
            group.create_task(ask(client, text))
            group.create_task(ask(client, text))
        for number, version in zip(range(swaps), itertools.cycle((pair.second, pair.first)), strict=False):
            if number % 3 == 2:
                set_current(pair.models, version)
                await service.state.service.model.look()
            else:
                done = await client.post(f"/v1/models/{version}/promote")
                assert (done.status_code, done.json()["model"]["version"]) == (200, version)
            assert (await client.get("/readyz")).status_code == 200
        over.set()
    return answers


def test_under_load_no_answer_fails_or_mixes_versions(pair: TwoVersions) -> None:
    expected = {
        (version, text): expected_answer(tagger, text)
        for version, tagger in pair.taggers().items()
        for text in (ARTICLE, LONG_ARTICLE)
    }
    answers = asyncio.run(swap_under_load(pair, 12))
    assert {answer.status_code for answer in answers} == {200}
    seen = set()
    for answer in answers:
        body = answer.json()
        text = json.loads(answer.request.content)["text"]
        seen.add((body["model"]["version"], text))
        assert found_answer(body) == expected[body["model"]["version"], text]
    assert seen == set(expected)
