"""Files that commands write for people."""

from pathlib import Path

from app.tagger.durable import replace_file
from app.tagger.errors import InputError


def write_output(path: Path, content: bytes) -> None:
    """Write a file whole or not at all, in place of one that is there; `InputError` if it can't be written."""
    try:
        replace_file(path, content)
    except OSError as fault:
        raise InputError(f"{path} can't be written: {fault.strerror}; give a file in a folder that is there.") from None
