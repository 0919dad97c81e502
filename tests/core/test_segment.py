import itertools

import pytest
from hypothesis import given

from app.tagger.segment import MAX_WORDS, passages_of, whole_passage
from tests import arabic


@given(arabic.mixed_text)
def test_passages_are_slices_that_lose_nothing_but_white_space(article: str) -> None:
    passages = passages_of(article)
    assert all(article[passage.start : passage.end] == passage.text for passage in passages)
    assert all(passage.text == passage.text.strip() != "" for passage in passages)
    assert "".join("".join(passage.text.split()) for passage in passages) == "".join(article.split())
    assert all(before.end <= after.start for before, after in itertools.pairwise(passages))


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r", "\n\n", "\n \n", "\u2028", "\u2029", "\x0b", "\x0c", "\x85"])
def test_line_ends_part_passages(end: str) -> None:
    assert [passage.text for passage in passages_of(f"فقرة أولى{end}فقرة ثانية")] == ["فقرة أولى", "فقرة ثانية"]


@pytest.mark.parametrize("article", ["", " ", "\n\n", "\t \r\n"])
def test_nothing_written_is_no_passage(article: str) -> None:
    assert passages_of(article) == []
    assert whole_passage(article) == []


def test_a_long_paragraph_is_cut_at_the_last_sentence_end_that_fits() -> None:
    sentence = " ".join(["كلمة"] * 49) + " نهاية."
    passages = passages_of(" ".join([sentence] * 5))
    assert [len(passage.text.split()) for passage in passages] == [100, 100, 50]


@pytest.mark.parametrize("ending", ["نهاية؟", "نهاية!", "نهاية…", "نهاية.»", "نهاية۔", "(نهاية.)"])
def test_sentence_ends(ending: str) -> None:
    article = " ".join(["كلمة"] * 99 + [ending] + ["بعدها"] * 60)
    assert passages_of(article)[0].text.endswith(ending)


@pytest.mark.parametrize("inside", ["د.", "3.5", "أ.ف.ب", "كلمة،", "كلمة:"])
def test_no_sentence_ends(inside: str) -> None:
    article = " ".join(["كلمة"] * 99 + [inside] + ["بعدها"] * 60)
    assert [len(passage.text.split()) for passage in passages_of(article)] == [MAX_WORDS, 40]


def test_whole_passage_keeps_line_ends_inside() -> None:
    article = "  سطر\nسطر \n"
    (passage,) = whole_passage(article)
    assert (passage.start, passage.text) == (2, "سطر\nسطر")
