"""With which settings and keys the service doesn't start."""

import os
import socket
import subprocess
import sys
from typing import Any

import pytest

from app.callers import Role
from app.key_store import add_key
from app.settings import Settings
from tests.conftest import ROOT


def start(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run `rasid serve`, which is expected to refuse."""
    command = [sys.executable, "-m", "app", "serve", "--port", "0", *arguments]
    return subprocess.run(
        command, cwd=ROOT, env={**os.environ, **environment}, capture_output=True, text=True, timeout=60, check=False
    )


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "example.org"])
def test_no_address_but_loopback_is_served_without_an_admin_key(host: str, settings: Settings) -> None:
    add_key(settings, "reader", Role.REVIEW)
    found = start("--host", host)
    assert (found.returncode, found.stdout) == (1, "")
    assert found.stderr.startswith("error: Other machines can reach ")
    assert found.stderr.count("\n") == 1
    assert "`rasid keys new --role admin --name NAME`" in found.stderr


@pytest.mark.parametrize(
    ("environment", "says"),
    [
        ({"RASID_RATE_LIMIT": "often"}, "RASID_RATE_LIMIT isn't a rate"),
        ({"RASID_RATE_LIMIT": "0/minute"}, "RASID_RATE_LIMIT isn't a rate"),
        ({"RASID_KEYS": "x"}, "RASID_KEYS, key 1"),
        ({"RASID_KEYS": f"x:admin:{'0' * 64}"}, "no secret"),
        ({"RASID_MAX_CONCURRENCY": "0"}, "RASID_MAX_CONCURRENCY can't be used"),
    ],
)
def test_the_service_refuses_to_start_with_damaged_settings(environment: dict[str, Any], says: str) -> None:
    found = start(**environment)
    assert (found.returncode, found.stderr.count("\n")) == (1, 1)
    assert says in found.stderr


@pytest.mark.parametrize("workers", ["1", "2"])
def test_a_port_that_is_taken_is_told_in_a_sentence(workers: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        found = start("--workers", workers, "--port", str(port))
    assert (found.returncode, found.stdout) == (1, "")
    assert found.stderr == (
        f"error: 127.0.0.1, port {port}, can't be listened on: Address already in use; give another with --port or "
        "RASID_PORT, or end what listens there.\n"
    )
