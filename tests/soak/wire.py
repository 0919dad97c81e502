"""A small HTTP/1.1 client that sends bytes as they are and tells exactly what came back."""

import asyncio
import re
from dataclasses import dataclass
from types import TracebackType
from typing import Self

import httpx

JSON = "application/json"
_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
_CHUNKED = re.compile(rb"\r\ntransfer-encoding: *chunked", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Answer:
    """A complete answer; the body of one sent in chunks is as it came."""

    status: int
    head: bytes
    body: bytes


def request(method: str, path: str, body: bytes = b"", headers: dict[str, str] | None = None) -> bytes:
    """A request as bytes; JSON unless the headers say otherwise."""
    lines = {"Host": "127.0.0.1", **(headers or {})}
    if body or method in ("POST", "PUT"):
        lines.setdefault("Content-Type", JSON)
        lines["Content-Length"] = str(len(body))
    head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
    return f"{method} {path} HTTP/1.1\r\n{head}\r\n".encode() + body


class Wire:
    """One connection, opened again when the other side closes it between two requests."""

    def __init__(self, url: str) -> None:
        parsed = httpx.URL(url)
        self._host, self._port = parsed.host, parsed.port or 80
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    async def ask(self, sent: bytes) -> Answer:
        """Send a request and give its answer. Raises `OSError` or `EOFError` if there is none."""
        if self._streams is None or self._streams[0].at_eof():
            self.close()
            self._streams = await asyncio.open_connection(self._host, self._port)
        reader, writer = self._streams
        writer.write(sent)
        answer = await answer_from(reader)
        if b"\r\nconnection: close" in answer.head.lower():
            self.close()
        return answer

    def close(self) -> None:
        """Close the connection, if it is open."""
        if self._streams is not None:
            self._streams[1].close()
            self._streams = None


async def answer_from(reader: asyncio.StreamReader) -> Answer:
    """Read one answer. Raises `EOFError` if the other side closes before its end."""
    head = await reader.readuntil(b"\r\n\r\n")
    status = int(head[9:12])
    if length := _LENGTH.search(head):
        return Answer(status, head, await reader.readexactly(int(length.group(1))))
    if _CHUNKED.search(head):
        body = b""
        while not body.endswith(b"0\r\n\r\n"):
            size = await reader.readline()
            body += size + await reader.readexactly(int(size, 16) + 2)
        return Answer(status, head, body)
    return Answer(status, head, b"" if status in (204, 304) or status < 200 else await reader.read())
