"""The annotation guide as data: what each topic is, what counts, what doesn't, examples, rules and borders."""

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

_FOLDER = Path(__file__).parent / "guide"


@dataclass(frozen=True, slots=True)
class GuideEntry:
    """What the guide says of a topic; `no` and `example` may be empty."""

    definition: str
    yes: str
    no: str
    example: str


@dataclass(frozen=True, slots=True)
class Border:
    """A case on the border of topics, the topics it gets, and a note."""

    case: str
    topics: tuple[str, ...]
    note: str = ""


@dataclass(frozen=True, slots=True)
class Guide:
    """The guide in one language; `groups` are names of topic groups, `decisions` pairs of a name and a sentence."""

    groups: dict[str, str]
    rules: tuple[str, ...]
    topics: dict[str, GuideEntry]
    borders: tuple[Border, ...]
    decisions: tuple[tuple[str, str], ...]


@cache
def guide(code: str) -> Guide:
    """The guide in a language."""
    content: dict[str, Any] = json.loads((_FOLDER / f"guide.{code}.json").read_text("utf-8"))
    examples: dict[str, str] = json.loads((_FOLDER / "examples.json").read_text("utf-8"))
    return Guide(
        groups=content["groups"],
        rules=tuple(content["rules"]),
        topics={id: GuideEntry(**entry, example=examples[id]) for id, entry in content["topics"].items()},
        borders=tuple(Border(each["case"], tuple(each["topics"]), each.get("note", "")) for each in content["borders"]),
        decisions=tuple((name, says) for name, says in content["decisions"]),
    )
