"""A container as it should be run: nothing writable but its volumes and /tmp, no rights, little memory, no network."""

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tests.container.engine import Engine

STOP_S = 30
_HARDENED = (
    *("--read-only", "--cap-drop", "ALL", "--security-opt", "no-new-privileges", "--network", "none"),
    *("--ulimit", "nofile=1024:1024", "--ulimit", "nproc=512:512", "--health-interval", "disable"),
)
_ASK = """
import http.client, json, sys
asked = json.load(sys.stdin)
service = http.client.HTTPConnection("127.0.0.1", 8000, timeout=60)
service.request(asked["method"], asked["path"], asked["body"].encode(), asked["headers"])
answer = service.getresponse()
print(json.dumps({"status": answer.status, "text": answer.read().decode()}))
"""


@dataclass(frozen=True, slots=True)
class Answer:
    """What the service said."""

    status: int
    text: str

    @property
    def json(self) -> Any:
        return json.loads(self.text)


@dataclass(frozen=True, slots=True)
class Plan:
    """What differs between containers: the image, the memory and whether it is started again after a failure."""

    image: str
    memory: str = "512m"
    tmp: str = "64m"
    restart: str = "no"


@dataclass(frozen=True, slots=True)
class Hardened:
    """Containers of one name on two volumes; there is one at a time."""

    engine: Engine
    name: str

    def options(self, plan: Plan) -> tuple[str, ...]:
        volumes = [f"{self.name}-{part}:/rasid/{part}" for part in ("models", "state")]
        memory = ("--memory", plan.memory, "--memory-swap", plan.memory, "--tmpfs", f"/tmp:size={plan.tmp}")
        return (*_HARDENED, *memory, *(part for volume in volumes for part in ("--volume", volume)), plan.image)

    def once(self, plan: Plan, *command: str) -> str:
        """What a command says on standard output in a container of its own."""
        return self.engine.podman("run", "--rm", *self.options(plan), *command).stdout.strip()

    def start(self, plan: Plan) -> None:
        """Start the service in a new container and wait until it is healthy."""
        restart = ("--restart", plan.restart)
        self.engine.podman("run", "--detach", "--name", self.name, *restart, *self.options(plan))
        self.wait_until_healthy()

    def wait_until_healthy(self) -> None:
        wait_for(self.is_healthy, 30)

    def is_healthy(self) -> bool:
        """What the image's own health check says."""
        return self.engine.podman("healthcheck", "run", self.name, check=False).returncode == 0

    def stop(self) -> int:
        """The exit code after SIGTERM; the container is removed."""
        self.engine.podman("stop", "--time", str(STOP_S), self.name)
        code = int(self.state("ExitCode"))
        self.remove()
        return code

    def remove(self) -> None:
        self.engine.podman("rm", "--force", "--ignore", self.name)

    def state(self, field: str) -> str:
        return self.engine.podman("inspect", self.name, "--format", f"{{{{.State.{field}}}}}").stdout.strip()

    def inside(self, *command: str, send: str | None = None, check: bool = True) -> str:
        return self.engine.podman("exec", "--interactive", self.name, *command, send=send, check=check).stdout

    def ask(self, call: str, key: str = "", body: object = None) -> Answer:
        """The answer to `METHOD /path`, asked inside the container; a body that is text is sent as CSV."""
        method, path = call.split(" ")
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        if body is not None:
            headers["Content-Type"] = "text/csv" if isinstance(body, str) else "application/json"
        text = body if isinstance(body, str) else "" if body is None else json.dumps(body)
        asked = json.dumps({"method": method, "path": path, "headers": headers, "body": text})
        answer = Answer(**json.loads(self.inside("python", "-c", _ASK, send=asked)))
        assert answer.status != 500, self.engine.podman("logs", self.name).stderr
        return answer


def wait_for(true: Callable[[], bool], patience_s: float) -> None:
    deadline = time.monotonic() + patience_s
    while not true():
        assert time.monotonic() < deadline, "it takes too long"
        time.sleep(0.2)
