"""The static files: their address changes with their content, so that browsers may keep them for good."""

import hashlib
from functools import cache
from pathlib import Path

from starlette.responses import Response

_FOLDER = Path(__file__).parent / "static"
_TYPES = {
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".json": "application/json",
    ".svg": "image/svg+xml",
}
_FOR_GOOD = "public, max-age=31536000, immutable"


@cache
def static_digest() -> str:
    """12 hexadecimal digits that change when any file does: modules name each other without a digest."""
    digest = hashlib.sha256()
    for path in sorted(_FOLDER.iterdir()):
        digest.update(f"{path.name}\0{path.stat().st_size}\0".encode() + path.read_bytes())
    return digest.hexdigest()[:12]


def static_file(digest: str, name: str) -> Response | None:
    """A file as a response; None if there is none. Under another digest it isn't to be kept."""
    content = _content(name)
    if content is None:
        return None
    kept = _FOR_GOOD if digest == static_digest() else "no-cache"
    return Response(content, media_type=_TYPES[Path(name).suffix], headers={"Cache-Control": kept})


@cache
def _contents() -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in _FOLDER.iterdir() if path.suffix in _TYPES}


def _content(name: str) -> bytes | None:
    return _contents().get(name)
