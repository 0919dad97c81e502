"""The command `rasid-train`, where training is installed; where it isn't, a sentence that says so."""

import sys
from importlib import import_module


def main() -> None:
    """Entry point of the command: exit code 1 if a library that training needs isn't installed."""
    try:
        command = import_module("training.cli")
    except ModuleNotFoundError as fault:
        library = (fault.name or "a library").partition(".")[0]
        sys.exit(f"error: {library} isn't installed: run `pip install '.[train]'` in Rasid's clone.")
    command.main()
