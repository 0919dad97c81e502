import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.tagger.lexicon import Lexicon, Phrase, without_article

LEXICON = Lexicon([Phrase(("هجوم", "انتحاري"), 0), Phrase(("تفجير",), 0), Phrase(("خلافه", "افتراضيه"), 2)])


@pytest.mark.parametrize(
    ("text", "places"),
    [
        ("هجوم انتحاري", {0: [0, 1]}),
        ("وبالهجوم انتحاري", {0: [0, 1]}),
        ("للهجوم انتحاري", {0: [0, 1]}),
        ("فالتفجير", {0: [0]}),
        ("هجوم الانتحاري", {}),
        ("هجوم", {}),
        ("مهجوم انتحاري", {}),
        ("تفجير ثم هجوم انتحاري في خلافه افتراضيه", {0: [0, 2, 3], 2: [5, 6]}),
        ("", {}),
    ],
)
def test_phrases_are_found_past_proclitics_of_their_first_word(text: str, places: dict[int, list[int]]) -> None:
    assert LEXICON.places(text.split()) == places


def test_groups_are_counted_by_their_highest_number() -> None:
    assert (LEXICON.groups, Lexicon([]).groups) == (3, 0)
    assert Lexicon([]).places(["هجوم"]) == {}
    assert without_article("الهجوم") == "هجوم"


@given(st.lists(st.sampled_from(["هجوم", "والهجوم", "انتحاري", "تفجير", "ال", "و", "في"]), max_size=12))
def test_places_are_those_of_the_phrases_words(forms: list[str]) -> None:
    found = LEXICON.places(forms).get(0, [])
    expected = {place for place, form in enumerate(forms) if form == "تفجير"}
    for place, pair in enumerate(itertools.pairwise(forms)):
        if pair in {("هجوم", "انتحاري"), ("والهجوم", "انتحاري")}:
            expected |= {place, place + 1}
    assert found == sorted(expected)
