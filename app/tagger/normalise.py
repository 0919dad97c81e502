"""Turns spelling variants of a word into one form, and finds the words of a text with their places.

The only file that knows pyarabic: it takes that library's letters and marks, not its functions, since
`normalize_hamza` turns an initial alef-hamza into a bare hamza and `strip_tashkeel` leaves Quranic marks.
"""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields

from pyarabic import araby

from app.tagger.types import Word

_QURANIC_MARKS = "\u0610-\u061a\u06d6-\u06ed\u08d3-\u08ff"
_LATIN_MARKS = "\u0300-\u036f"
_ZERO_WIDTH = "\u00ad\u180e\u200b-\u200d\u2060\ufe00-\ufe0f\ufeff"
_BIDI_CONTROLS = "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"
_HARAKAT = "\u064b-\u065f\u0670"
_SPACING_MARKS = "\ufbb2-\ufbc2"
_BISMILLAH = "\ufdfd"
_DROPPED = f"{_QURANIC_MARKS}{_LATIN_MARKS}{_ZERO_WIDTH}{_BIDI_CONTROLS}{_HARAKAT}{_SPACING_MARKS}"

_WORD = re.compile(rf"[\w{_DROPPED}{_BISMILLAH}]+")
"""A run of letters, digits and anything that is dropped later; underscores are taken out before."""

_ARABIC = re.compile("[\u0600-\u06ff\ufb50-\ufefc]+")
_FOREIGN = re.compile(r"[^\W\d_\u0600-\u06ff\ufb50-\ufefc]")
"""Any letter that isn't Arabic, and some signs that are none: enough to tell that there is no such letter."""

_COMPOSED = {
    araby.ALEF + araby.MADDA_ABOVE: araby.ALEF_MADDA,
    araby.ALEF + araby.HAMZA_ABOVE: araby.ALEF_HAMZA_ABOVE,
    araby.ALEF + araby.HAMZA_BELOW: araby.ALEF_HAMZA_BELOW,
    araby.WAW + araby.HAMZA_ABOVE: araby.WAW_HAMZA,
    araby.YEH + araby.HAMZA_ABOVE: araby.YEH_HAMZA,
    araby.ALEF_MAKSURA + araby.HAMZA_ABOVE: araby.YEH_HAMZA,
}
_COMPOSING_MARKS = araby.MADDA_ABOVE + araby.HAMZA_ABOVE + araby.HAMZA_BELOW
_COMPOSABLE = re.compile("|".join(_COMPOSED))

_KEHEH, _FARSI_YEH, _YEH_BARREE = "\u06a9", "\u06cc", "\u06d2"
_HEH_GOAL, _HEH_DOACHASHMEE, _AE = "\u06c1", "\u06be", "\u06d5"
_PERSIAN_LETTERS = {
    _KEHEH: araby.KAF,
    _FARSI_YEH: araby.YEH,
    _YEH_BARREE: araby.YEH,
    _HEH_GOAL: araby.HEH,
    _HEH_DOACHASHMEE: araby.HEH,
    _AE: araby.HEH,
}
_DIGIT_SHAPE = "0"


@dataclass(frozen=True, slots=True)
class Folding:
    """Which letters count as one. Chosen by validation and written into the bundle."""

    alef: bool = True
    """Alef with hamza, madda or wasla is a bare alef."""
    hamza_seat: bool = True
    """Waw and yeh with hamza are bare waw and yeh."""
    teh_marbuta: bool = True
    """Teh marbuta is heh."""
    alef_maksura: bool = True
    """Alef maksura is yeh."""

    def table(self) -> dict[str, str]:
        """Letter to letter, for the switches that are on."""
        table: dict[str, str] = {}
        if self.alef:
            hamzated = (araby.ALEF_MADDA, araby.ALEF_HAMZA_ABOVE, araby.ALEF_HAMZA_BELOW)
            table |= dict.fromkeys((*hamzated, araby.ALEF_WASLA), araby.ALEF)
        if self.hamza_seat:
            table |= {araby.WAW_HAMZA: araby.WAW, araby.YEH_HAMZA: araby.YEH}
        if self.teh_marbuta:
            table[araby.TEH_MARBUTA] = araby.HEH
        if self.alef_maksura:
            table[araby.ALEF_MAKSURA] = araby.YEH
        return table

    @classmethod
    def names(cls) -> tuple[str, ...]:
        """The switches, for manifests and command lines."""
        return tuple(item.name for item in fields(cls))


def _characters(ranges: str) -> list[str]:
    """Every character of a regular expression's character set, written out."""
    found: list[str] = []
    for first, last in re.findall(r"(.)(?:-(.))?", ranges, re.DOTALL):
        found += [chr(code) for code in range(ord(first), ord(last or first) + 1)]
    return found


def _presentation_forms() -> dict[str, str]:
    """Each presentation form's letters, its isolated marks without their carrier space."""
    table: dict[str, str] = {}
    for code in (*range(0xFB50, 0xFE00), *range(0xFE70, 0xFEFF)):
        form = chr(code)
        letters = unicodedata.normalize("NFKC", form)
        if letters != form:
            table[form] = letters.lstrip(" ")
    return table


def _first_pass() -> dict[int, str | None]:
    """Everything that goes or changes before hamzas are composed."""
    table: dict[str, str] = {}
    for character in (*_characters(_DROPPED), araby.TATWEEL):
        if character not in _COMPOSING_MARKS:
            table[character] = ""
    table |= _PERSIAN_LETTERS
    table |= dict.fromkeys(araby.NUMBERS_WEST + araby.NUMBERS_EAST + araby.NUMBERS_PERS, _DIGIT_SHAPE)
    for form, letters in _presentation_forms().items():
        table[form] = "".join(table.get(letter, letter) for letter in letters)
    return {ord(character): replacement or None for character, replacement in table.items()}


_FIRST_PASS = _first_pass()
IN_WORDS = "".join(_characters(_DROPPED)) + _BISMILLAH
"""Characters besides letters and digits that belong to a word."""
_USUAL = _characters(
    "\x00-\u024f\u0300-\u036f\u0600-\u06ff\u0750-\u077f\u08a0-\u08ff\u2000-\u206f\ufb50-\ufe0f\ufe70-\ufeff"
)
"""Arabic and Latin characters, controls and marks."""


class Normaliser:
    """Normalises words by one choice of folding.

    >>> Normaliser().word("الإرْهــابُ")
    'الارهاب'
    >>> [word.form for word in Normaliser().words("مدينة #الموصل_القديمة 2014")]
    ['مدينه', 'الموصل', 'القديمه', '0000']
    """

    def __init__(self, folding: Folding | None = None) -> None:
        self.folding = folding or Folding()
        dropped: dict[int, str | None] = dict.fromkeys(map(ord, _COMPOSING_MARKS))
        self._second_pass = dropped | {ord(letter): to for letter, to in self.folding.table().items()}

    def word(self, raw: str) -> str:
        """The normal form of one raw word: empty if nothing but marks was written.

        Lower case, no tashkeel, Quranic marks, tatweel, zero-width or bidi characters, presentation forms and
        Persian letters as Arabic letters, every digit `0` (a number's length says something about a topic, its
        value would only teach years). A ligature that stands for a phrase gives words with spaces between.
        Linear in the length of `raw`; normalising twice gives the same as once.
        """
        form = raw.lower().translate(_FIRST_PASS)
        form = _COMPOSABLE.sub(lambda pair: _COMPOSED[pair.group()], form)
        return form.translate(self._second_pass)

    def each(self, raw: Sequence[str]) -> list[str]:
        """The normal forms of many raw words, as `word` gives them, for less than one by one."""
        return self.word("\n".join(raw)).split("\n") if raw else []

    def single_forms(self) -> dict[str, str]:
        """Usual characters whose form is one character or none, whatever their fellows are; so words form by letters.

        Left out are the marks that compose a hamza with the letter before them, and ligatures.
        """
        forms = {character: self.word(character) for character in _USUAL if character not in _COMPOSING_MARKS}
        return {character: form for character, form in forms.items() if len(form) < 2 and form != " "}

    def words(self, text: str) -> Iterator[Word]:
        """The words of `text` in order, each with its place; ligatures give several words in one place."""
        for match in raw_words(text):
            for form in self.word(match.group()).split():
                yield Word(match.start(), match.end(), form)


def raw_words(text: str) -> Iterator[re.Match[str]]:
    """The written words of `text`, not normalised; an underscore parts words as a space does."""
    return _WORD.finditer(text.replace("_", " "))


def raw_words_list(text: str) -> list[str]:
    """The written words of `text` without their places: the fast way when only scores are wanted."""
    return _WORD.findall(text.replace("_", " "))


def arabic_share(text: str) -> float:
    """The share of Arabic letters among all letters of `text`, 0..1; 0 where there is no letter."""
    if not _FOREIGN.search(text):
        return 1.0 if any(map(str.isalpha, text)) else 0.0
    letters = "".join(filter(str.isalpha, text))
    return 1 - len(_ARABIC.sub("", letters)) / len(letters) if letters else 0.0
