"""What the pages say: in both languages, nothing missing and nothing left over; and the colours they say it in."""

import json
import re
import string
from itertools import chain
from typing import get_args

import pytest

from app.store.schemas import Action
from app.web.guide import guide
from app.web.topic_styles import GROUPS
from tests.conftest import ROOT
from training.progress_lines import SHARES

WEB = ROOT / "app/web"
WORDS = {code: json.loads((WEB / f"static/words.{code}.json").read_text("utf-8")) for code in ("ar", "en")}
SOURCES = "\n".join(
    path.read_text("utf-8")
    for path in sorted(chain(WEB.glob("static/*.js"), WEB.glob("templates/*.html"), WEB.glob("*.py")))
)
MADE = {
    "action_": get_args(Action),
    "certainty_": ("sure", "likely", "unsure"),
    "compare_": ("one", "other"),
    "decision_": ("added", "dropped"),
    "fault_": ("no_model", "no_text", "broken_text", "too_many_passages", "no_versions"),
    "group_": (*GROUPS, "other"),
    "job_": ("failed", "cancelled", "interrupted"),
    "nav_": ("read", "review", "models", "topics"),
    "note_": ("no_topic", "too_short", "not_arabic", "unknown_words"),
    "stage_": (*SHARES, "other"),
}
"""Keys that the pages put together from a beginning and a value."""
NAMED = set(re.findall(r"""\bsay\(\s*["']([a-z_]+[a-z]1?)["'][,)]""", SOURCES))
TAKEN = {"login_refused", "strength_weak", "strength_middling", "strength_strong"}


def test_both_languages_have_the_same_words_with_the_same_gaps() -> None:
    gaps = {code: {key: _gaps(sentence) for key, sentence in words.items()} for code, words in WORDS.items()}
    assert gaps["ar"] == gaps["en"]


def _gaps(sentence: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(sentence) if name}


def test_every_key_that_is_asked_for_is_there() -> None:
    made = {beginning + value for beginning, values in MADE.items() for value in values}
    assert made | NAMED | TAKEN <= set(WORDS["ar"])
    assert len(NAMED) > 80


def test_no_words_are_left_over() -> None:
    made = {beginning + value for beginning, values in MADE.items() for value in values}
    assert {key for key in WORDS["ar"] if not key.startswith("problem_")} == made | (NAMED - {"problem_other"}) | TAKEN


def test_every_problem_that_has_words_is_one_that_the_service_raises() -> None:
    raised = "".join(path.read_text("utf-8") for path in ROOT.glob("app/**/*.py"))
    kinds = {key.removeprefix("problem_") for key in WORDS["ar"] if key.startswith("problem_")}
    assert {kind for kind in kinds if f'"{kind}"' not in raised} == {"network", "no-file"}


@pytest.mark.parametrize("code", ["ar", "en"])
def test_the_guide_knows_every_topic(code: str) -> None:
    ids = re.findall(r"^(\w+),", (ROOT / "data/topics.csv").read_text("utf-8"), re.MULTILINE)[1:]
    found = guide(code)
    assert list(found.topics) == ids
    assert {id for border in found.borders for id in border.topics} <= set(ids)
    assert (len(found.rules), len(found.borders), len(found.decisions)) == (6, 9, 15)
    assert set(found.groups) == {*GROUPS, "other"}


STYLES = {
    name: (tone, tint)
    for name, tone, tint in re.findall(
        r"\.topic-([a-z]+-\d) \{ --tone: (#\w{6}); --tint: (#\w{6}); \}", (WEB / "static/rasid.css").read_text("utf-8")
    )
}


def test_there_are_sixteen_colours() -> None:
    assert sorted(STYLES) == sorted(f"{group}-{shade}" for group in GROUPS for shade in range(4))
    assert len({tone for tone, _ in STYLES.values()}) == 16


@pytest.mark.parametrize("style", sorted(STYLES))
def test_topics_can_be_read_on_their_colour_and_on_white(style: str) -> None:
    tone, tint = STYLES[style]
    assert min(contrast(tone, tint), contrast(tone, "#ffffff")) >= 7


def contrast(one: str, other: str) -> float:
    """The contrast ratio of WCAG 2.2."""
    lights = sorted((luminance(one), luminance(other)))
    return (lights[1] + 0.05) / (lights[0] + 0.05)


def luminance(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def test_scripts_and_templates_keep_to_the_policy() -> None:
    scripts = "".join(path.read_text("utf-8") for path in WEB.glob("static/*.js"))
    assert not re.search(r"innerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function|https?://", scripts)
    templates = "".join(path.read_text("utf-8") for path in WEB.glob("templates/*.html"))
    assert not re.search(r"\|\s*safe\b|Markup|\sstyle=|\son\w+=|<script(?![^>]*\bsrc=)|https?://", templates)
