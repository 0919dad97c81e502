"""buildah and podman from Debian, in a folder of their own: no daemon, nothing of the machine's other images."""

import os
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.conftest import ROOT
from tests.container.stand_in import BASE, base_archive

PACKAGES = ("buildah", "podman", "runc", "debootstrap", "ca-certificates")
CERTIFICATES = Path("/etc/ssl/certs/ca-certificates.crt")
BUILD_S = 1200.0


class NoEngineError(Exception):
    """Containers can't be built or run on this machine."""


def install_tools() -> None:
    """Install what is missing. Raises `NoEngineError` where that can't be."""
    if os.geteuid():
        raise NoEngineError("Building and running images takes root here: run `make container-test` as root.")
    missing = [name for name in ("buildah", "podman", "runc", "debootstrap") if not shutil.which(name)]
    if not missing:
        return
    if not shutil.which("apt-get"):
        raise NoEngineError(
            f"{', '.join(missing)} isn't installed and there is no apt-get: install it, then try again."
        )
    quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    told("apt-get", "update", env=quiet)
    told("apt-get", "install", "--yes", "--no-install-recommends", *PACKAGES, env=quiet)


@dataclass(frozen=True, slots=True)
class Engine:
    """buildah and podman on images kept under `folder`."""

    folder: Path

    def podman(
        self, *arguments: str, send: str | None = None, check: bool = True
    ) -> "subprocess.CompletedProcess[str]":
        """Run podman, by cgroupfs and runc as there is no systemd; health checks are asked for, not timed."""
        command = ["podman", *self._storage(), "--runtime", "runc", "--cgroup-manager", "cgroupfs"]
        return told(*command, "--events-backend", "file", *arguments, send=send, check=check)

    def take_base(self) -> None:
        """Make the stand-in for the official Python image an image of its name."""
        archive = base_archive()
        container = self._buildah("from", "scratch").stdout.strip()
        self._buildah("add", container, str(archive), "/")
        self._buildah("config", "--cmd", "python3", "--env", f"PATH={os.defpath}:/usr/sbin:/sbin", container)
        self._buildah("commit", "--format", "docker", "--rm", container, f"docker.io/library/{BASE}")

    def build(self, target: str) -> str:
        """Build a target of the Dockerfile as it is, and give the image's name.

        pip's certificates come by volumes, which leave nothing in the image.
        """
        pip_settings = self.folder / "pip.conf"
        pip_settings.write_text(f"[global]\ncert = {CERTIFICATES}\n")
        name = f"localhost/rasid:{target}"
        self._buildah(
            *("bud", "--format", "docker", "--layers", "--pull-never", "--isolation", "chroot", "--network", "host"),
            *("--volume", f"{pip_settings}:/etc/pip.conf:ro", "--volume", f"{CERTIFICATES}:{CERTIFICATES}:ro"),
            *("--target", target, "--tag", name, str(ROOT)),
        )
        return name

    def clear(self) -> None:
        """Remove all containers, volumes and images."""
        for arguments in (("rm", "--all", "--force"), ("volume", "prune", "--force"), ("rmi", "--all", "--force")):
            self.podman(*arguments, check=False)
        shutil.rmtree(self.folder, ignore_errors=True)

    def _buildah(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        return told("nice", "buildah", *self._storage(), *arguments)

    def _storage(self) -> Sequence[str]:
        root, run = str(self.folder / "storage"), str(self.folder / "run")
        return "--root", root, "--runroot", run, "--storage-driver", "overlay"


def told(
    *command: str, send: str | None = None, check: bool = True, env: dict[str, str] | None = None
) -> "subprocess.CompletedProcess[str]":
    """Run a command; a failure shows the end of what it said."""
    done = subprocess.run(command, input=send, capture_output=True, text=True, timeout=BUILD_S, env=env)
    assert not check or done.returncode == 0, f"{' '.join(command)}\n{done.stdout[-2000:]}\n{done.stderr[-4000:]}"
    return done
