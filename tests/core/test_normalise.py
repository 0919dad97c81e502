import time

import pytest
from hypothesis import given
from pyarabic import araby

from app.tagger.normalise import Folding, Normaliser, arabic_share, raw_words_list
from tests import arabic

NORMALISER = Normaliser()
UNFOLDED = Normaliser(Folding(alef=False, hamza_seat=False, teh_marbuta=False, alef_maksura=False))


@pytest.mark.parametrize(
    ("written", "form"),
    [
        ("الإرهاب", "الارهاب"),
        ("ٱلْإِرْهَابُ", "الارهاب"),
        ("الإرهــــاب", "الارهاب"),
        ("آلية", "اليه"),
        ("مسؤولية", "مسووليه"),
        ("مئة", "ميه"),
        ("الموصلى", "الموصلي"),
        ("شيء", "شيء"),
        ("داع\u200cش", "داعش"),
        ("\u200fداعش\u200e", "داعش"),
        ("\u2067داعش\u2069", "داعش"),
        ("ﺩﺍﻋﺶ", "داعش"),
        ("ﻻجئ", "لاجي"),
        ("ﷲ", "الله"),
        ("ﷺ", "صلي الله عليه وسلم"),
        ("ا\u0654رض", "ارض"),
        ("الرَّحْمٰنِ", "الرحمن"),
        ("الصلوٰة", "الصلوه"),
        ("کردستان", "كردستان"),
        ("یزیدی", "يزيدي"),
        ("٢٠١٤", "0000"),
        ("۱۴۳۶", "0000"),
        ("2014", "0000"),
        ("ISIS", "isis"),
        ("Café", "café"),
        ("ــــ", ""),
        ("ًٌٍ", ""),
        ("", ""),
    ],
)
def test_word_forms(written: str, form: str) -> None:
    assert NORMALISER.word(written) == form


@pytest.mark.parametrize(
    ("written", "form"), [("الإرهابى", "الإرهابى"), ("ا\u0654سرة", "أسرة"), ("و\u0654", "ؤ"), ("ى\u0654", "ئ")]
)
def test_without_folding_letters_stay_and_hamzas_compose(written: str, form: str) -> None:
    assert UNFOLDED.word(written) == form


def test_folding_names_are_its_switches() -> None:
    assert Folding.names() == ("alef", "hamza_seat", "teh_marbuta", "alef_maksura")


def test_pyarabic_functions_that_are_avoided_do_what_the_module_says() -> None:
    assert araby.normalize_hamza("إرهاب") == "ءرهاب"
    assert araby.strip_tashkeel("ۖ") == "ۖ"


def test_words_keep_their_places() -> None:
    text = "قال: «الدَّوْلَةُ» #تنظيم_الدولة\nISIS/داعش 15%"
    assert [(text[word.start : word.end], word.form) for word in NORMALISER.words(text)] == [
        ("قال", "قال"),
        ("الدَّوْلَةُ", "الدوله"),
        ("تنظيم", "تنظيم"),
        ("الدولة", "الدوله"),
        ("ISIS", "isis"),
        ("داعش", "داعش"),
        ("15", "00"),
    ]


def test_a_phrase_ligature_is_several_words_in_one_place() -> None:
    assert [(word.start, word.end, word.form) for word in NORMALISER.words("قال ﷺ")][1:] == [
        (4, 5, form) for form in ("صلي", "الله", "عليه", "وسلم")
    ]


@given(arabic.mixed_text)
def test_normalising_twice_is_normalising_once(text: str) -> None:
    once = NORMALISER.word(text)
    assert NORMALISER.word(once) == once


@given(arabic.mixed_text)
def test_places_are_in_order_and_inside(text: str) -> None:
    end, place = 0, (0, 0)
    for word in NORMALISER.words(text):
        assert word.start >= end or (word.start, word.end) == place
        assert 0 <= word.start < word.end <= len(text)
        assert word.form
        assert " " not in word.form
        end, place = word.end, (word.start, word.end)


@given(arabic.words)
def test_ways_of_writing_a_word_give_one_form(word: str) -> None:
    form = NORMALISER.word(word)
    for write in (
        arabic.with_marks,
        arabic.with_tatweel,
        arabic.with_invisible,
        arabic.in_presentation_forms,
        arabic.decomposed,
    ):
        assert NORMALISER.word(write(word)) == form


@given(arabic.mixed_text)
def test_many_words_normalise_as_one_by_one(text: str) -> None:
    written = raw_words_list(text)
    assert NORMALISER.each(written) == [NORMALISER.word(word) for word in written]


def test_long_runs_of_marks_are_fast() -> None:
    marks = "َِ" * 80_000
    fastest = float("inf")
    for _ in range(3):
        started = time.perf_counter()
        assert [word.form for word in NORMALISER.words("د" + marks)] == ["د"]
        fastest = min(fastest, time.perf_counter() - started)
    assert fastest < 0.05


@pytest.mark.parametrize(("text", "share"), [("داعش", 1.0), ("ISIS", 0.0), ("", 0.0), ("123 !", 0.0), ("اب cd", 0.5)])
def test_arabic_share(text: str, share: float) -> None:
    assert arabic_share(text) == share


@given(arabic.mixed_text)
def test_arabic_share_counts_letters(text: str) -> None:
    letters = list(filter(str.isalpha, text))
    inside = [letter for letter in letters if "\u0600" <= letter <= "\u06ff" or "\ufb50" <= letter <= "\ufefc"]
    assert arabic_share(text) == pytest.approx(len(inside) / len(letters) if letters else 0.0)
