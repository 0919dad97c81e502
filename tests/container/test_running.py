"""The image at work, hardened: from a first key to a retrain, through stops, restarts and lack of memory."""

import csv
import time
from io import StringIO

import pytest

from tests.conftest import ROOT
from tests.container.hardened import Hardened, Plan, wait_for

pytestmark = pytest.mark.container

TEXT = {"text": "انفجرت سيارة مفخخة في سوق شعبي وأعلن تنظيم داعش مسؤوليته عن الهجوم."}
REVIEW = {"text": "شددت الشرطة إجراءات التفتيش عند مداخل المدينة.", "topics": []}
JOB_S = 400.0
SHIPPED = (ROOT / "models/default/current").read_text().split()[0]


def own_rows() -> str:
    """Forty passages with their labels, as an analyst would send them."""
    with (ROOT / "data/passages.csv").open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["labels"]][:40]
    content = StringIO()
    writer = csv.writer(content)
    writer.writerow(("text", "labels"))
    writer.writerows((f"{row['text']} {number}", row["labels"]) for number, row in enumerate(rows))
    return content.getvalue()


def keyed(hardened: Hardened, plan: Plan) -> str:
    """An admin key, made in a container before the service is started."""
    return hardened.once(plan, "rasid", "keys", "new", "--role", "admin", "--name", "prover")


def ended_job(hardened: Hardened, key: str, query: str) -> dict[str, object]:
    begun = hardened.ask(f"POST /v1/training-jobs{query}", key, own_rows())
    assert begun.status == 202, begun.text
    path = f"GET /v1/training-jobs/{begun.json['id']}"
    wait_for(lambda: hardened.ask(path, key).json["state"] != "running", JOB_S)
    job: dict[str, object] = hardened.ask(path, key).json
    return job


def in_use(hardened: Hardened, key: str) -> str:
    return str(hardened.ask("POST /v1/classify", key, TEXT).json["model"]["version"])


def test_no_key_no_service(hardened: Hardened, serving: str) -> None:
    plan = Plan(serving)
    refused = hardened.engine.podman("run", "--rm", *hardened.options(plan), check=False)
    assert refused.returncode != 0
    (sentence,) = [line for line in refused.stderr.splitlines() if line.startswith("error: ")]
    assert "rasid keys new" in sentence


def test_the_hardened_service_tags(hardened: Hardened, serving: str) -> None:
    plan = Plan(serving)
    key = keyed(hardened, plan)
    before = time.monotonic()
    hardened.start(plan)
    print(f"\nhealthy {time.monotonic() - before:.1f} s after `podman run`")
    found = hardened.ask("POST /v1/classify", key, TEXT)
    assert [topic["id"] for topic in found.json["article"]["topics"]] == ["attacks"]
    about = hardened.ask("GET /v1/", key).json
    assert about["engine"] == "kernel"
    assert about["model"]["version"] == SHIPPED
    assert hardened.ask("POST /v1/classify", "", TEXT).status == 401
    assert hardened.stop() == 0


def test_the_hardening_holds(hardened: Hardened, serving: str) -> None:
    plan = Plan(serving)
    keyed(hardened, plan)
    hardened.start(plan)
    status = dict(line.split(":\t") for line in hardened.inside("cat", "/proc/1/status").splitlines() if ":\t" in line)
    assert status["Uid"].split() == ["10001"] * 4
    assert {status[name] for name in ("CapPrm", "CapEff", "CapBnd")} == {"0" * 16}
    assert status["NoNewPrivs"] == "1"
    assert hardened.inside("sh", "-c", "ls /sys/class/net").split() == ["lo"]
    for folder in ("/", "/rasid", "/venv", "/etc"):
        assert "Read-only" in hardened.inside("sh", "-c", f"touch {folder}/x 2>&1 || true")
    hardened.inside("touch", "/tmp/x", "/rasid/state/x", "/rasid/models/x")
    print(f"\nresident: {int(status['VmRSS'].split()[0]) / 1000:.0f} MB")


def test_the_lightened_libraries_load(hardened: Hardened, training: str) -> None:
    plan = Plan(training)
    driver = "import psycopg; print(psycopg.pq.__impl__, psycopg.pq.version() > 0)"
    assert hardened.once(plan, "python", "-c", driver) == "binary True"
    libraries = (
        "scipy.sparse.linalg, scipy.optimize, sklearn.linear_model, matplotlib.figure, matplotlib.backends.backend_agg"
    )
    hardened.once(
        plan, "python", "-W", "error", "-c", f"import {libraries}, PIL.Image, fontTools.ttLib, kiwisolver, yaml"
    )
    hardened.once(plan, "python", "-W", "error", "-c", "import uvloop, httptools, sqlalchemy.engine")


def test_retrain_promote_and_restart(hardened: Hardened, training: str) -> None:
    plan = Plan(training)
    key = keyed(hardened, plan)
    hardened.start(plan)
    assert hardened.ask("POST /v1/reviews", key, REVIEW).status == 201
    before = time.monotonic()
    job = ended_job(hardened, key, "?with_shipped=true")
    print(f"\nretrained on all shipped rows in {time.monotonic() - before:.0f} s within {plan.memory}")
    assert job["state"] == "succeeded", job
    version = str(job["result"]["version"])  # type: ignore[index]
    assert in_use(hardened, key) == SHIPPED
    assert hardened.ask(f"POST /v1/models/{version}/promote", key).status == 200
    assert in_use(hardened, key) == version != SHIPPED
    assert hardened.stop() == 0
    hardened.start(plan)
    assert in_use(hardened, key) == version
    assert REVIEW["text"] in hardened.ask("GET /v1/reviews/export", key).text
    assert hardened.ask("POST /v1/models/rollback", key).status == 200
    assert in_use(hardened, key) == SHIPPED
    assert hardened.stop() == 0


def test_a_service_killed_for_memory_comes_back(hardened: Hardened, serving: str) -> None:
    plan = Plan(serving, memory="160m", tmp="400m", restart="on-failure")
    key = keyed(hardened, plan)
    hardened.start(plan)
    assert hardened.ask("POST /v1/reviews", key, REVIEW).status == 201
    # Files in /tmp count as the container's memory; the largest process, which is the service, is ended for it.
    fill = "import os; file = open('/tmp/filler', 'wb'); [file.write(os.urandom(1_000_000)) for _ in range(300)]"
    hardened.inside("python", "-c", fill, check=False)
    wait_for(
        lambda: int(hardened.engine.podman("inspect", hardened.name, "--format", "{{.RestartCount}}").stdout) > 0, 30
    )
    hardened.wait_until_healthy()
    assert in_use(hardened, key) == SHIPPED
    assert REVIEW["text"] in hardened.ask("GET /v1/reviews/export", key).text
    assert hardened.stop() == 0


def test_a_job_killed_for_memory_leaves_the_service_up(hardened: Hardened, training: str) -> None:
    plan = Plan(training, memory="200m")
    key = keyed(hardened, plan)
    hardened.start(plan)
    job = ended_job(hardened, key, "?with_shipped=true")
    assert (job["state"], job["reason"]) == ("failed", "out_of_memory"), job
    assert in_use(hardened, key) == SHIPPED
    assert [model["version"] for model in hardened.ask("GET /v1/models", key).json["models"]] == [SHIPPED]
    assert hardened.stop() == 0


def test_the_shipped_version_of_a_newer_image_can_be_taken_into_an_older_volume(
    hardened: Hardened, serving: str
) -> None:
    plan = Plan(serving)
    keyed(hardened, plan)
    older = f"rm -r models/default/{SHIPPED} models/default/current && mkdir models/default/0123456789ab"
    hardened.once(plan, "sh", "-c", older)
    volume = ("--volume", f"{hardened.name}-models:/volume")
    limits = ("--ulimit", "nofile=1024:1024", "--ulimit", "nproc=512:512", "--health-interval", "disable")
    copy = ("sh", "-c", "cp --recursive --no-clobber models/default/* /volume/default/")
    hardened.engine.podman("run", "--rm", "--network", "none", *limits, *volume, serving, *copy)
    assert SHIPPED in hardened.once(plan, "rasid", "models", "list")
    hardened.start(plan)
    assert hardened.stop() == 0
