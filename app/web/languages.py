"""The pages' two languages: which one a reader wants, and its words."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from starlette.requests import Request

from app.web.sessions import sent_cookie

COOKIE = "rasid-language"
_STATIC = Path(__file__).parent / "static"


@dataclass(frozen=True, slots=True)
class Language:
    """A language: its code, its direction, the name of the other one, and its words by key."""

    code: str
    direction: str
    other: str
    words: Mapping[str, str]

    def say(self, key: str, **values: object) -> str:
        """The sentence of a key, with values in place of `{name}`. Raises `KeyError` for an unknown key."""
        return self.words[key].format(**values)


@cache
def language(code: str) -> Language:
    """The language of a code: English for `en`, else Arabic."""
    code = "en" if code == "en" else "ar"
    words = json.loads((_STATIC / f"words.{code}.json").read_text("utf-8"))
    return Language(code, "rtl" if code == "ar" else "ltr", "ar" if code == "en" else "en", words)


def wanted_language(request: Request) -> Language:
    """What the address says, else what the cookie says, else Arabic."""
    return language(request.query_params.get("lang") or sent_cookie(request.scope, COOKIE) or "ar")
