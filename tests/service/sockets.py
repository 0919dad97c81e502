"""Connections made by hand."""

import contextlib
import socket
import time
from collections.abc import Iterator

import pytest

SOON_S = 4.0
"""What has to happen soon happens in this time, even on a busy machine."""


@contextlib.contextmanager
def connected(port: int) -> Iterator[socket.socket]:
    with socket.create_connection(("127.0.0.1", port), timeout=SOON_S) as connection:
        yield connection


def rest(connection: socket.socket) -> bytes:
    """All that comes until the other side closes; the test fails by time if it doesn't."""
    received = b""
    with contextlib.suppress(ConnectionResetError):
        while part := connection.recv(65_536):
            received += part
    return received


def dripped(connection: socket.socket, data: bytes, every_s: float = 0.1) -> float:
    """Send byte by byte until the other side has had enough; gives the seconds that took."""
    began = time.monotonic()
    connection.setblocking(False)
    for byte in data:
        try:
            connection.send(bytes([byte]))
            if connection.recv(1, socket.MSG_PEEK) == b"":
                break
        except BlockingIOError:
            pass
        except (BrokenPipeError, ConnectionResetError):
            break
        time.sleep(every_s)
    else:
        pytest.fail("the connection stayed open")
    return time.monotonic() - began
