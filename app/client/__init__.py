"""A thin client of a running Rasid: `Rasid` for plain code, `AsyncRasid` for code with `await`.

>>> from app.client import Rasid
>>> with Rasid("http://127.0.0.1:8000", key="rasid_classify_...") as rasid:  # doctest: +SKIP
...     for passage in rasid.classify("...").passages:
...         print(passage.start, passage.end, [topic.id for topic in passage.topics])
"""

from importlib.util import find_spec

if find_spec("httpx") is None:
    raise ModuleNotFoundError("The client needs httpx: run `pip install '.[client]'` in Rasid's clone.", name="httpx")

from app.client.async_rasid import AsyncRasid
from app.client.calls import Choices, TrainingOptions
from app.client.errors import RasidHTTPError, RasidUnreachableError
from app.client.rasid import Rasid
from app.client.results import (
    ArticleTopic,
    Batch,
    Changed,
    Classified,
    Document,
    FoundPassage,
    FoundTopic,
    Job,
    ModelVersion,
    Share,
    Topic,
    Version,
)
from app.client.retries import Patience

__all__ = [
    "ArticleTopic",
    "AsyncRasid",
    "Batch",
    "Changed",
    "Choices",
    "Classified",
    "Document",
    "FoundPassage",
    "FoundTopic",
    "Job",
    "ModelVersion",
    "Patience",
    "Rasid",
    "RasidHTTPError",
    "RasidUnreachableError",
    "Share",
    "Topic",
    "TrainingOptions",
    "Version",
]
