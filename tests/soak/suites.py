"""Runs tests of the suite at another size and counts them."""

import os
import re
import subprocess
import sys

from tests.conftest import ROOT
from tests.soak.finding import Finding


def suite_finding(asked: str, path: str, **environment: str) -> Finding:
    """The outcome of the tests at `path`."""
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", path]
    done = subprocess.run(command, cwd=ROOT, env=os.environ | environment, capture_output=True, text=True, check=False)
    took = done.stdout.strip().splitlines()[-1].rpartition(" in ")[2]
    passed = re.search(r"(\d+) passed", done.stdout)
    failed = tuple(line for line in done.stdout.splitlines() if line.startswith(("FAILED", "ERROR")))
    settings = ", ".join(f"{name}={value}" for name, value in environment.items())
    return Finding(
        asked,
        f"{path}{' with ' + settings if settings else ''}",
        f"{passed.group(1) if passed else 0} tests passed in {took}",
        failed or (() if done.returncode == 0 and passed else (f"exit code {done.returncode}",)),
    )
