"""Hypothesis strategies for Arabic text as it is really written, and ways to write a text otherwise."""

import unicodedata

from hypothesis import strategies as st

LETTERS = "ابتثجحخدذرزسشصضطظعغفقكلمنهويءأإآؤئةى"
HARAKAT = "ًٌٍَُِّْٰ"
PERSIAN = "کیپچژگہھے"
INVISIBLE = (
    "\u200b\u200c\u200d\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\ufeff\u2060\u061c\u00ad"
)
QURANIC = "ۖۗۘۙۚۛۜ۟۠ۡۢۥۦۧۨ"

words = st.text(LETTERS, min_size=1, max_size=12)
mixed_text = st.text(
    st.one_of(
        st.sampled_from(LETTERS + HARAKAT + PERSIAN + INVISIBLE + QURANIC + "ـ_ \n.،؛؟!«»“”()٠١٢٣۴۵6789#@abcXYZéÉ"),
        st.sampled_from(
            [chr(code) for code in (*range(0xFB50, 0xFDC8), *range(0xFDF0, 0xFDFE), *range(0xFE70, 0xFEFD))]
        ),
        st.characters(exclude_categories=["Cs"]),
    ),
    max_size=120,
)


def with_marks(text: str, marks: str = HARAKAT) -> str:
    """A mark after each letter."""
    return "".join(c + marks[i % len(marks)] if c in LETTERS else c for i, c in enumerate(text))


def with_tatweel(text: str) -> str:
    """A tatweel between two letters of a word."""
    return "".join(
        c + "ـ" if c in LETTERS and after in LETTERS else c for c, after in zip(text, text[1:] + " ", strict=True)
    )


def with_invisible(text: str) -> str:
    """A zero-width or bidi control inside every word."""
    return "".join(
        c + INVISIBLE[i % len(INVISIBLE)] if c in LETTERS and after in LETTERS else c
        for i, (c, after) in enumerate(zip(text, text[1:] + " ", strict=True))
    )


_FORMS = {
    letter: form
    for code in range(0xFE80, 0xFEF5)
    if len(letter := unicodedata.normalize("NFKC", form := chr(code))) == 1
}


def in_presentation_forms(text: str) -> str:
    """Every letter as a presentation form, lam-alef as its ligature."""
    return "".join(
        _FORMS.get(c, c) for c in text.replace("لا", "ﻻ").replace("لأ", "ﻷ").replace("لإ", "ﻹ").replace("لآ", "ﻵ")
    )


def decomposed(text: str) -> str:
    """Hamzas and maddas as marks of their own."""
    return unicodedata.normalize("NFD", text)
