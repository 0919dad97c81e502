"""compose.yaml and kubernetes.yaml: of the right schema, hardened, and true to the service and its image."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from app.main import create_app
from app.serving import ARRIVING_S, FINISHING_S, LEAVING_S
from app.settings import PREFIX, Settings
from tests.conftest import ROOT

COMPOSE = ROOT / "compose.yaml"
KUBERNETES = ROOT / "kubernetes.yaml"
SETTINGS = {PREFIX + name.upper() for name in Settings.model_fields}
VALIDATORS = {
    COMPOSE: ("check-jsonschema", "--builtin-schema", "vendor.compose-spec"),
    KUBERNETES: ("kubernetes-validate", "--strict", "--quiet"),
}
MISTAKES = [
    (COMPOSE, "cap_drop: [ALL]", "cap_drops: [ALL]"),
    (COMPOSE, "condition: service_healthy", "condition: healthy"),
    (KUBERNETES, "readOnlyRootFilesystem: true", "readOnlyRoot: true"),
    (KUBERNETES, "minAvailable: 1", "minAvailable: {}"),
]


def validated(kind: Path, path: Path) -> "subprocess.CompletedProcess[str]":
    program, *options = VALIDATORS[kind]
    command = [str(Path(sys.executable).parent / program), *options, str(path)]
    return subprocess.run(command, capture_output=True, text=True)


@pytest.fixture(scope="module")
def compose() -> Any:
    return yaml.safe_load(COMPOSE.read_text("utf-8"))


@pytest.fixture(scope="module")
def manifests() -> dict[str, Any]:
    return {entry["kind"]: entry for entry in yaml.safe_load_all(KUBERNETES.read_text("utf-8"))}


@pytest.fixture(scope="module")
def pod(manifests: dict[str, Any]) -> Any:
    return manifests["Deployment"]["spec"]["template"]["spec"]


@pytest.mark.parametrize("path", [COMPOSE, KUBERNETES], ids=["compose", "kubernetes"])
def test_the_file_fits_its_schema(path: Path) -> None:
    done = validated(path, path)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(("path", "right", "wrong"), MISTAKES)
def test_a_mistake_would_be_found(path: Path, right: str, wrong: str, tmp_path: Path) -> None:
    assert right in path.read_text("utf-8")
    spoilt = tmp_path / path.name
    spoilt.write_text(path.read_text("utf-8").replace(right, wrong), "utf-8")
    assert validated(path, spoilt).returncode != 0


def test_compose_names_settings_and_gives_secrets_by_file(compose: Any) -> None:
    environment = compose["services"]["rasid"]["environment"]
    assert {name.removesuffix("_FILE") for name in environment} <= SETTINGS
    for service in compose["services"].values():
        mounted = {f"/run/secrets/{name}" for name in service["secrets"]}
        assert {value for name, value in service["environment"].items() if name.endswith("_FILE")} == mounted
        assert not [name for name in service["environment"] if name.endswith(("PASSWORD", "SECRET", "URL", "KEYS"))]
    assert set(compose["secrets"]) == {name for service in compose["services"].values() for name in service["secrets"]}


def test_compose_is_hardened_and_keeps_what_must_be_kept(compose: Any) -> None:
    rasid = compose["services"]["rasid"]
    assert rasid["read_only"] is True
    assert rasid["cap_drop"] == ["ALL"]
    assert rasid["security_opt"] == ["no-new-privileges:true"]
    assert all(port.startswith("127.0.0.1:") for port in rasid["ports"])
    kept = {volume.split(":")[0] for service in compose["services"].values() for volume in service["volumes"]}
    assert kept == set(compose["volumes"])
    assert {volume.split(":")[1] for volume in rasid["volumes"]} == {"/rasid/models", "/rasid/state"}
    assert int(rasid["stop_grace_period"].removesuffix("s")) > LEAVING_S + ARRIVING_S + FINISHING_S
    assert "healthcheck" in compose["services"]["postgres"]


def test_the_commands_in_compose_make_the_secrets_it_mounts(compose: Any) -> None:
    comments = [line[1:].strip() for line in COMPOSE.read_text("utf-8").splitlines() if line.startswith("#")]
    written = {line.split("> ")[1].split()[0] for line in comments if " > secrets/" in line}
    assert written == {secret["file"] for secret in compose["secrets"].values()}
    assert "/secrets/" in (ROOT / ".gitignore").read_text("utf-8").splitlines()


def test_kubernetes_asks_for_no_rights(pod: Any) -> None:
    assert pod["automountServiceAccountToken"] is False
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["securityContext"]["runAsUser"] == 10001
    for container in (*pod["initContainers"], *pod["containers"]):
        context = container["securityContext"]
        assert context["readOnlyRootFilesystem"] is True
        assert context["allowPrivilegeEscalation"] is False
        assert context["capabilities"] == {"drop": ["ALL"]}
        assert "memory" in container["resources"]["limits"]


def test_kubernetes_probes_what_the_service_has(pod: Any) -> None:
    paths = set(create_app(Settings()).openapi()["paths"])
    (rasid,) = pod["containers"]
    for probe in ("startupProbe", "readinessProbe", "livenessProbe"):
        assert rasid[probe]["httpGet"]["path"] in paths
    assert rasid["livenessProbe"]["httpGet"]["path"] == "/livez"
    assert {variable["name"] for variable in rasid["env"]} <= SETTINGS
    assert pod["terminationGracePeriodSeconds"] > LEAVING_S + ARRIVING_S + FINISHING_S
    # Pods must be seen as not ready before they take no more connections.
    assert rasid["readinessProbe"]["periodSeconds"] * rasid["readinessProbe"]["failureThreshold"] <= LEAVING_S


def test_kubernetes_parts_select_the_same_pods(manifests: dict[str, Any]) -> None:
    labels = manifests["Deployment"]["spec"]["template"]["metadata"]["labels"]
    assert manifests["Deployment"]["spec"]["selector"]["matchLabels"] == labels
    assert manifests["PodDisruptionBudget"]["spec"]["selector"]["matchLabels"] == labels
    assert manifests["Service"]["spec"]["selector"] == labels
    assert manifests["Deployment"]["spec"]["replicas"] > manifests["PodDisruptionBudget"]["spec"]["minAvailable"]


def test_the_init_container_copies_the_models_whole(pod: Any, tmp_path: Path) -> None:
    script = pod["initContainers"][0]["args"][0].replace("/volume", str(tmp_path / "volume"))
    (tmp_path / "volume").mkdir()

    def run() -> None:
        subprocess.run(["sh", "-ec", script], check=True, cwd=ROOT, env={"HOSTNAME": "pod-1", "PATH": "/bin:/usr/bin"})

    run()
    copied = tmp_path / "volume/default"
    assert (copied / "current").read_bytes() == (ROOT / "models/default/current").read_bytes()
    assert [path.name for path in (tmp_path / "volume").iterdir()] == ["default"]
    (copied / "current").write_text("0123456789ab\n")
    run()
    assert (copied / "current").read_text() == "0123456789ab\n"
