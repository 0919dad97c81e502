"""Which files are to be tagged, and which of them make one shard."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, Literal

import fsspec

from app.bulk.stores import missing_library, store_faults, store_reason
from app.tagger import InputError

InputFormat = Literal["csv", "jsonl", "parquet", "text"]
COMPRESSIONS = {".gz": "gzip", ".zst": "zstd"}
_FORMATS: dict[str, InputFormat] = {
    ".csv": "csv",
    ".tsv": "csv",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".json": "jsonl",
    ".parquet": "parquet",
    ".pq": "parquet",
    ".txt": "text",
}
SHARD_BYTES = 16 * 2**20
"""Small text files are put together until a shard holds this much."""


@dataclass(frozen=True, slots=True)
class InputFile:
    """A file to be tagged. `stamp` changes with its content: time of change, or the store's ETag.

    `name` is short and the same wherever the archive lies: the argument's own name and the path below it.
    """

    path: str
    name: str
    format: InputFormat
    size: int
    stamp: str

    @property
    def compression(self) -> str | None:
        """How Arrow calls the compression of the file, if it has one."""
        return COMPRESSIONS.get(PurePosixPath(self.path).suffix.lower())


@dataclass(frozen=True, slots=True)
class Shard:
    """The files that give one output file."""

    files: tuple[InputFile, ...]

    @property
    def size(self) -> int:
        """Bytes of all its files as they lie on the disk."""
        return sum(file.size for file in self.files)


def found_inputs(
    arguments: Sequence[str], format: InputFormat | None = None, out: Path | None = None
) -> list[InputFile]:
    """The files that paths, globs, folders and fsspec URLs name, sorted by path, each once; none below `out`.

    Of folders and globs, files that begin with a dot or an underscore or that end otherwise than a known format are
    left out. Raises `InputError` if an argument names nothing that can be read.
    """
    found: dict[str, InputFile] = {}
    outside = f"{out.absolute()}/" if out else None
    for argument in arguments:
        files = [file for file in _files_of(argument, format) if not (outside and file.path.startswith(outside))]
        if not files:
            raise InputError(f"{argument} has no file that can be tagged: give .csv, .jsonl, .parquet or .txt files.")
        found |= {file.path: file for file in files}
    twice = [name for name, count in Counter(file.name for file in found.values()).items() if count > 1]
    if twice:
        raise InputError(f"two files are both {twice[0]}: give the folder above them or tag them one after the other.")
    return sorted(found.values(), key=lambda file: file.path)


def shards_of(files: Sequence[InputFile]) -> Iterator[Shard]:
    """A shard for each file, but one for neighbouring small text files together; the same for the same files."""
    small: list[InputFile] = []
    for file in files:
        if file.format != "text" or file.size >= SHARD_BYTES:
            yield Shard((file,))
            continue
        if small and sum(other.size for other in small) + file.size > SHARD_BYTES:
            yield Shard(tuple(small))
            small = []
        small.append(file)
    if small:
        yield Shard(tuple(small))


def _files_of(argument: str, format: InputFormat | None) -> Iterator[InputFile]:
    try:
        fs, path = fsspec.core.url_to_fs(argument)
        several = True
        if fs.isdir(path):
            root, found = path, fs.find(path, detail=True)
        elif fsspec.core.has_magic(path) and not fs.exists(path):
            root, found = _fixed_part(path), fs.glob(path, detail=True)
        else:
            several, root, found = False, path.rpartition("/")[0], {path: fs.info(path)}
    except ImportError as fault:
        raise InputError(f"{argument} can't be reached: {missing_library(fault)}.") from None
    except store_faults(ValueError) as fault:
        reason = store_reason(fault)
        raise InputError(f"{argument} can't be read: {reason}: give files, folders, globs or URLs.") from None
    for place, facts in found.items():
        if facts["type"] != "file" or (several and _hidden(place, root)):
            continue
        kind = format or _format_of(place)
        if kind:
            name = place.removeprefix(root).lstrip("/")
            name = f"{PurePosixPath(root).name}/{name}" if several else name
            name = name.encode(errors="backslashreplace").decode()
            yield InputFile(_full(fs, place), name, kind, int(facts["size"] or 0), _stamp(facts))
        elif not several:
            raise InputError(f"{argument} ends like no known format: say what it is with --input-format.")


def _fixed_part(glob: str) -> str:
    """The folder above the first part of a glob that has a wildcard."""
    parts = glob.split("/")
    return "/".join(parts[: next(place for place, part in enumerate(parts) if fsspec.core.has_magic(part))])


def _hidden(place: str, root: str) -> bool:
    return any(part.startswith((".", "_")) for part in PurePosixPath(place.removeprefix(root)).parts)


def _format_of(path: str) -> InputFormat | None:
    suffixes = [suffix.lower() for suffix in PurePosixPath(path).suffixes]
    if suffixes and suffixes[-1] in COMPRESSIONS:
        suffixes.pop()
    return _FORMATS.get(suffixes[-1]) if suffixes else None


def _full(fs: Any, place: str) -> str:
    return place if "file" in fs.protocol else str(fs.unstrip_protocol(place))


def _stamp(facts: Mapping[str, Any]) -> str:
    known = (facts.get(key) for key in ("ETag", "etag", "md5Hash", "mtime", "LastModified", "last_modified", "created"))
    return next((str(value) for value in known if value), "")
