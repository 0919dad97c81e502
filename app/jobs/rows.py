"""Where a job's rows come from: a request's body, or the reviews."""

from collections.abc import AsyncIterator
from pathlib import Path

from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect

from app.jobs.jobs import ExportReviews
from app.problems import Problem

_BLOCK_BYTES = 262_144


async def write_upload(chunks: AsyncIterator[bytes], path: Path) -> None:
    """Write a body to a new file as it arrives, in threads, so that a slow disk holds up nobody else.

    Raises a `Problem` if it's empty or breaks off, and `OSError`.
    """
    size = 0
    file = await run_in_threadpool(path.open, "wb")
    try:
        block = bytearray()
        async for chunk in chunks:
            block += chunk
            size += len(chunk)
            if len(block) >= _BLOCK_BYTES:
                await run_in_threadpool(file.write, bytes(block))
                block.clear()
        await run_in_threadpool(file.write, bytes(block))
        await run_in_threadpool(file.flush)
    except ClientDisconnect:
        raise Problem(400, "upload-cut-off", "The upload broke off: send it again.") from None
    finally:
        file.close()
    if not size:
        raise Problem(422, "empty-upload", "The upload is empty: send a labelled CSV.")


async def write_reviews(export: ExportReviews | None, path: Path) -> None:
    """Write the reviews to a new file. Raises a `Problem` if there are none, and `OSError`."""
    if export is None:
        raise Problem(501, "no-reviews", "This service keeps no reviews: upload a CSV.")
    await run_in_threadpool(export, path)
    with path.open("rb") as file:
        file.readline()
        if not file.readline():
            raise Problem(409, "no-reviews", "There are no reviews yet: review some passages or upload a CSV.")
