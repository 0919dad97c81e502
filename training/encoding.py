"""Bytes of a file that a person made -> its text and the name of the encoding, never a silent guess."""

import codecs
import re
from dataclasses import dataclass
from pathlib import Path

from charset_normalizer import from_bytes

from app.tagger.errors import LabelledDataError

_UTF8_MARK = b"\xef\xbb\xbf"
_MARKS = {
    b"\xff\xfe\x00\x00": "utf-32",
    b"\x00\x00\xfe\xff": "utf-32",
    b"\xff\xfe": "utf-16",
    b"\xfe\xff": "utf-16",
}
_OTHER_KINDS = {
    b"PK\x03\x04": "a ZIP file (Excel's .xlsx is one)",
    b"\xd0\xcf\x11\xe0": "an old Excel file (.xls)",
    b"%PDF": "a PDF file",
    b"\x1f\x8b": "a gzip file",
    b"PAR1": "a Parquet file",
    b"SQLite format 3": "an SQLite file",
}
_ARABIC_CODE_PAGES = ("windows-1256", "iso-8859-6", "mac-arabic")
ARABIC_LETTER = re.compile("[\u0621-\u064a\u0671-\u06d3]")
_ARABIC_WORD = re.compile("[\u0621-\u0652]+")
_COMMON_WORDS = (
    "\u0641\u064a \u0645\u0646 \u0639\u0644\u0649 \u0625\u0644\u0649 \u0627\u0644\u0649 \u0623\u0646 "
    "\u0627\u0646 \u0639\u0646 \u0645\u0639 \u0645\u0627 \u0644\u0627 \u0647\u0630\u0627 \u0647\u0630\u0647 "
    "\u0627\u0644\u062a\u064a \u0627\u0644\u0630\u064a \u0643\u0627\u0646 \u0628\u0639\u062f "
    "\u0642\u0628\u0644 \u0628\u064a\u0646 \u0642\u0627\u0644 \u064a\u0627 \u0644\u0645 \u0623\u0648 "
    "\u0627\u0648 \u0643\u0644 \u0627\u0646\u0627 \u0623\u0646\u0627 \u0644\u0643"
)
"""Words that any longer Arabic text has: fi, min, ala, ila, an, maa, ma, la, hadha, allati, kana, baad, qabl …"""
_FEWEST_COMMON = 0.02
"""Least share of them among the words of a text that is Arabic."""
_SCRAMBLED = (re.compile("[\u00d8-\u00db]"), re.compile("[\u0637\u0638]"))
"""What the first byte of each Arabic letter of UTF-8 becomes in windows-1252 and in windows-1256."""
_FEWEST_SCRAMBLED = 5
_FEWEST_MEANT = 4
"""Fewer letters than these may make sound UTF-8 by chance."""
_SAMPLE = 200_000
_BROKEN_SHARE = 0.02


@dataclass(frozen=True, slots=True)
class Decoded:
    """A file's text. `guessed` says that the encoding was neither marked in the file nor named by the user.

    Bytes that are wrong in an otherwise sound UTF-8 file are lone surrogates in `text` (`surrogateescape`).
    """

    text: str
    encoding: str
    guessed: bool = False


def read_bytes(path: Path) -> bytes:
    """A file's content; `LabelledDataError` if it can't be read."""
    try:
        return path.read_bytes()
    except OSError as fault:
        raise LabelledDataError(f"{path} can't be read ({fault.strerror}): give the path of a CSV file.") from None


def decoded(path: Path, content: bytes, encoding: str | None = None) -> Decoded:
    """Decode a file's content by the named encoding, its byte order mark, as UTF-8, or as what it plausibly is.

    windows-1256 and its like decode any bytes, so such a guess counts only if the text has the commonest Arabic words.
    Raises `LabelledDataError` if it's another kind of file, or no encoding fits.
    """
    for magic, kind in _OTHER_KINDS.items():
        if content.startswith(magic):
            raise LabelledDataError(f"{path} is {kind}, not a CSV: open it and save its table as CSV (UTF-8).")
    marked = next((name for mark, name in _MARKS.items() if content.startswith(mark)), None)
    named = encoding or marked
    found = _strictly(path, content, named) if named else _unmarked(path, content.removeprefix(_UTF8_MARK))
    if "\0" in found.text:
        raise LabelledDataError(f"{path} holds NUL characters as {found.encoding}: it is no text; export it as CSV.")
    return found


def _strictly(path: Path, content: bytes, encoding: str) -> Decoded:
    try:
        # Codecs such as hex decode to something else than text: encoding refuses them.
        "".encode(encoding)
        if not codecs.lookup(encoding).name.startswith("utf-8") and _is_utf8(content):
            raise LabelledDataError(f"{path} is UTF-8, not {encoding}: leave out --encoding.")
        return Decoded(content.decode(encoding).removeprefix("\ufeff"), encoding.removesuffix("-sig"))
    except UnicodeDecodeError as fault:
        raise LabelledDataError(
            f"{path} is no {encoding.removesuffix('-sig')} (byte {fault.start}): save it as UTF-8 or name its "
            "encoding, for instance --encoding windows-1256."
        ) from None
    except (LookupError, ValueError):
        raise LabelledDataError(f"{encoding!r} is no known encoding: try windows-1256 or utf-8.") from None


def _is_utf8(content: bytes) -> bool:
    """Whether it can be nothing else: letters beyond ASCII hardly ever make sound UTF-8 by chance."""
    return not content.isascii() and b"\0" not in content and _decodes(content, "utf-8")


def _unmarked(path: Path, content: bytes) -> Decoded:
    if wide := _utf16_order(content):
        return Decoded(_strictly(path, content, wide).text, wide, guessed=True)
    try:
        return Decoded(content.decode(), "utf-8")
    except UnicodeDecodeError as fault:
        place = fault.start
    escaped = content.decode(errors="surrogateescape")
    broken = sum("\udc80" <= character <= "\udcff" for character in escaped)
    if broken <= _BROKEN_SHARE * sum(character > "\x7f" for character in escaped):
        return Decoded(escaped, "utf-8")
    if guess := _code_page(content):
        return Decoded(content.decode(guess), guess, guessed=True)
    raise LabelledDataError(
        f"{path} is no UTF-8 (byte {place}) and no other encoding is plausible: save it as UTF-8 or name its encoding, "
        "for instance --encoding windows-1256."
    )


def _utf16_order(content: bytes) -> str | None:
    """UTF-16 without a mark shows in the ASCII characters of its commas and line ends: half of each is a zero byte."""
    zeros = [content[start:_SAMPLE:2].count(0) for start in (0, 1)]
    if max(zeros) < 2 or max(zeros) < 20 * min(zeros):
        return None
    return "utf-16-be" if zeros[0] > zeros[1] else "utf-16-le"


def _code_page(content: bytes) -> str | None:
    """The detector's guess or an Arabic code page, whichever makes the most plausible text, if any does."""
    sample = content[:_SAMPLE]
    detected = from_bytes(sample).best()
    names = dict.fromkeys((*_ARABIC_CODE_PAGES, *([detected.encoding] if detected else [])))
    plausible = {name: share for name in names if (share := _plausibility(sample, name)) >= _FEWEST_COMMON}
    best = max(plausible, key=lambda name: plausible[name], default=None)
    return best if best and _decodes(content, best) else None


def _plausibility(sample: bytes, encoding: str) -> float:
    """The share of the commonest Arabic words among a text's Arabic words; 0 if it isn't Arabic text at all."""
    if not _decodes(sample, encoding):
        return 0.0
    text = sample.decode(encoding)
    beyond_ascii = sum(character > "\x7f" for character in text)
    words = _ARABIC_WORD.findall(text)
    if not words or len(ARABIC_LETTER.findall(text)) < beyond_ascii / 2:
        return 0.0
    common = frozenset(_COMMON_WORDS.split())
    return sum(word in common for word in words) / len(words)


def _decodes(content: bytes, encoding: str) -> bool:
    try:
        content.decode(encoding)
    except UnicodeDecodeError:
        return False
    return True


def unscrambled(text: str) -> str | None:
    """The Arabic that was meant by UTF-8 text read as windows-1252, windows-1256 or Latin-1; None if it's no such text.

    >>> unscrambled("\u00d8\u00b3\u00d9\u201e\u00d8\u00a7\u00d9\\x85") == "\u0633\u0644\u0627\u0645"
    True
    """
    for encoding in ("windows-1252", "windows-1256"):
        content = _bytes_read_as(text, encoding)
        if content is None:
            continue
        try:
            meant = content.decode()
        except UnicodeDecodeError:
            continue
        if len(meant) < len(text) and len(ARABIC_LETTER.findall(meant)) >= _FEWEST_MEANT:
            return meant
    return None


def is_scrambled(text: str) -> bool:
    """Whether a text is UTF-8 read as windows-1252 or windows-1256, even if bytes were lost since."""
    found = max(len(letters.findall(text)) for letters in _SCRAMBLED)
    return found >= _FEWEST_SCRAMBLED and found * 3 > len(text)


def _bytes_read_as(text: str, encoding: str) -> bytes | None:
    """The bytes that gave `text` in a code page; bytes the page leaves undefined came through as control characters."""
    found = bytearray()
    for character in text:
        try:
            found += character.encode(encoding)
        except UnicodeEncodeError:
            if ord(character) > 0xFF:
                return None
            found.append(ord(character))
    return bytes(found)
