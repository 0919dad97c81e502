"""Keeps connections to a service busy with nothing: one byte a second, or half a request and then silence.

`python -m tests.soak.slow_clients URL COUNT` does so until it is killed; a connection that the service closes is opened
again. A process of its own, so that its work isn't measured with the service's.
"""

import asyncio
import sys
from contextlib import suppress

import httpx

from tests.soak.wire import request

HALF = request("POST", "/v1/classify", b'{"text": "' + b"x" * 3000 + b'"}')[:200]


async def _keep_busy(url: httpx.URL, one_byte_a_second: bool) -> None:
    while True:
        with suppress(OSError):
            reader, writer = await asyncio.open_connection(url.host, url.port)
            if one_byte_a_second:
                for byte in request("POST", "/v1/classify", b'{"text": "x"}'):
                    writer.write(bytes([byte]))
                    await asyncio.sleep(1.0)
                    if reader.at_eof():
                        break
            else:
                writer.write(HALF)
                await reader.read()
            writer.close()
        await asyncio.sleep(0.1)


async def keep_busy(url: str, count: int) -> None:
    """Hold `count` connections, half of each kind."""
    async with asyncio.TaskGroup() as group:
        for number in range(count):
            group.create_task(_keep_busy(httpx.URL(url), number % 2 == 0))


if __name__ == "__main__":
    asyncio.run(keep_busy(sys.argv[1], int(sys.argv[2])))
