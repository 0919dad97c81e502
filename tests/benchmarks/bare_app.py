"""The least that FastAPI and uvicorn can do with the same requests: `python -m tests.benchmarks.bare_app PORT WORKERS`.

`/v1/classify` reads and validates the body as FastAPI does and answers a constant; `/raw` only receives it.
"""

import sys

from fastapi import FastAPI, Request
from pydantic import BaseModel

app = FastAPI()


class Body(BaseModel):
    """What Rasid's own endpoint must be given."""

    text: str


@app.post("/v1/classify")
async def classify(body: Body) -> dict[str, str]:
    """Nothing."""
    return {"status": "done"}


@app.post("/raw")
async def raw(request: Request) -> dict[str, str]:
    """Less than nothing."""
    await request.body()
    return {"status": "done"}


if __name__ == "__main__":
    import uvicorn

    port, workers = map(int, sys.argv[1:])
    where = "tests.benchmarks.bare_app:app" if workers > 1 else app
    uvicorn.run(where, host="127.0.0.1", port=port, workers=workers)
