"""What bulk work needs beside the service's own libraries, asked for before it starts."""

from importlib.util import find_spec

from app.tagger import InputError

_NEEDED = ("pyarrow", "fsspec", "joblib")


def require_bulk() -> None:
    """Raise `InputError` if a library of the extra `bulk` is missing."""
    missing = [name for name in _NEEDED if find_spec(name) is None]
    if missing:
        raise InputError(f"{', '.join(missing)} isn't installed: run `pip install '.[bulk]'` in Rasid's clone.")
