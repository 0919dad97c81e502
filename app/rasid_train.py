"""The command `rasid-train`, where training is installed; where it isn't, a sentence that says so."""

import sys
from importlib import import_module


def main() -> None:
    """Entry point of the command; what it needs is looked for by the package `training` itself."""
    try:
        command = import_module("training.cli")
    except ModuleNotFoundError as fault:
        sys.exit(f"error: {fault}")
    command.main()
