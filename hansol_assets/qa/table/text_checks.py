"""What may be wrong with one text: lost characters, another language, personal numbers."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import date

import pyarrow as pa
import pyarrow.compute as pc

from hansol_assets.qa.sentences import LONG_RUN, latin_runs
from hansol_assets.qa.table.repairs import MASKED, change_where

# "占쏙옙" is what U+FFFD in UTF-8 becomes when it is read as cp949.
_LOST = ("\ufffd", "占쏙옙", "쏙옙占")
# ftfy looks at every character; only text with one of these can be mis-decoded.
_SUSPECT = re.compile(r"[\u0080-\u00ff\u0100-\u024f\u02c6\u02dc\u2018-\u2044\u20ac\u2122]{2}")
# Ones and twos stand in honest text too: "½″", "±2℃", a name.
_RUN_OF_LATIN = re.compile(r"[À-ÿ]{4}")

HANGUL, LATIN, HAN, CYRILLIC = "hangul", "latin", "han", "cyrillic"
_LETTERS = {
    HANGUL: re.compile("[가-힣]"),
    LATIN: re.compile("[A-Za-z]"),
    HAN: re.compile("[\u3040-\u30ff\u3400-\u9fff]"),
    CYRILLIC: re.compile("[\u0400-\u04ff]"),
}
_LANGUAGE_SHARE = 0.1
"""Share of the texts from which on a language is one of the table's."""
# Runs that no term of a trade needs.
_RUNS = {
    HANGUL: re.compile(r"(?:[가-힣]+[\s,.]*){4,}"),
    HAN: re.compile("(?:[\u3040-\u30ff\u3400-\u9fff]\\s*){8,}"),
    CYRILLIC: re.compile("(?:[\u0400-\u04ff]+\\s*){4,}"),
}
_ADDRESS = re.compile(r"https?://\S+|www\.\S+|\S+@\S+|\S*[/\\]\S*[/\\]\S*|\S+\.[a-z]{2,4}/\S*")
_WORD = re.compile(r"[A-Za-z][A-Za-z'’-]*")

RESIDENT, PHONE, CARD = "resident number", "phone number", "card number"
LIKELY_PERSONAL = r"\d[\d .)-]{7,}\d"
"""What each of them matches, for RE2."""
_JOINT = r"[ .-]?"
_NUMBERS = re.compile(
    r"(?<!\d)(?:(?P<card>\d(?:[ -]?\d){13,15})"
    r"|(?P<resident>\d{6} ?-? ?[1-8]\d{6})"
    rf"|(?P<phone>(?:\+?82\)?{_JOINT}\(?0?|\(?0)(?:1[016-9]|2|[3-6]\d|70|50\d)\)?"
    rf"{_JOINT}\d{{3,4}}{_JOINT}\d{{4}}))(?!\d)"
)
_POINT_BEFORE = re.compile(r"[\s\d(~+-]?\.")
_POINT_BEHIND = re.compile(r"\.\d")
_WEIGHTS = (2, 3, 4, 5, 6, 7, 8, 9, 2, 3, 4, 5)
_OF_THIS_CENTURY = frozenset("3478")
"""Seventh digits of people born since 2000."""
_RANDOM_SINCE = date(2020, 10, 1)
"""From then on a resident number's last digits are drawn, and its check digit says nothing."""


def damage_in(text: str) -> str:
    """What is wrong with a text's characters, in a few words; "" where nothing is.

    Mis-decoded text ("ë²½ì§€" for "벽지", "º®Áö") is seen by ftfy's measure of unlikely sequences,
    and by runs of accented Latin letters, which Korean text in EUC-KR becomes. It is not mended:
    what was meant is a guess.
    """
    if text.isascii():
        return ""
    if any(sign in text for sign in _LOST):
        return "holds characters that were lost (U+FFFD)"
    if not _SUSPECT.search(text):
        return ""
    from ftfy.badness import is_bad

    return "looks decoded wrongly" if is_bad(text) or _RUN_OF_LATIN.search(text) else ""


def languages_of(texts: Iterable[str]) -> frozenset[str]:
    """The scripts in which the texts of a table are: each that is most of every tenth text."""
    counts = Counter(main for text in texts if (main := _main_script(text)))
    fewest = _LANGUAGE_SHARE * counts.total()
    return frozenset(script for script, count in counts.items() if count >= fewest) or frozenset(
        {HANGUL}
    )


def drift_in(text: str, languages: frozenset[str]) -> str | None:
    """The first run of a text that is in no language of its table; None where there is none."""
    english = None if LATIN in languages else english_in(text)
    if english:
        return english
    for script, run in _RUNS.items():
        if script not in languages and _LETTERS[script].search(text):
            match = run.search(_ADDRESS.sub(" ", text))
            if match:
                return match[0]
    return None


def english_in(text: str) -> str | None:
    """The first run of English prose in a text; addresses, paths and names of products are none."""
    # Few texts have as many words, and the addresses take long to find.
    runs = latin_runs(_ADDRESS.sub(" ", text)) if len(_WORD.findall(text)) >= LONG_RUN else []
    return next(filter(_is_prose, runs), None)


def _main_script(text: str) -> str | None:
    counts = {script: len(letters.findall(text)) for script, letters in _LETTERS.items()}
    # A syllable says as much as two or three letters.
    counts[LATIN] //= 2
    main = max(counts, key=lambda script: counts[script])
    return main if counts[main] else None


def _is_prose(run: str) -> bool:
    words = _WORD.findall(run)
    return 2 * sum(word.islower() for word in words) >= len(words)


def kinds_in(text: str) -> list[str]:
    """The kinds of personal numbers in a text, each once; the numbers are part of no message."""
    return list(dict.fromkeys(kind for kind, _ in _personal_numbers(text)))


def masked(text: str) -> str:
    """A text in which the digits of personal numbers are asterisks."""
    for _, (start, end) in _personal_numbers(text):
        text = text[:start] + re.sub(r"\d", "*", text[start:end]) + text[end:]
    return text


def mask_all(cells: pa.Array, repairs: Counter[str]) -> pa.Array:
    """Masks cells, none of them null, as `masked` does, and counts those that it changes."""

    def mask(cell: str) -> str:
        without = masked(cell)
        repairs[MASKED] += without != cell
        return without

    return change_where(cells, pc.match_substring_regex(cells, LIKELY_PERSONAL), mask)


def _personal_numbers(text: str) -> Iterator[tuple[str, tuple[int, int]]]:
    start = 0
    while match := _NUMBERS.search(text, start):
        kind = None if _is_of_decimal(text, match) else _kind(match)
        if kind:
            yield kind, match.span()
        # A longer number may hide a shorter one that begins within it.
        start = match.end() if kind else match.start() + 1


def _is_of_decimal(text: str, match: re.Match[str]) -> bool:
    """Whether digits without anything between them are those of a decimal number."""
    start, end = match.span()
    is_behind_point = _POINT_BEFORE.fullmatch(text[max(0, start - 2) : start])
    return match[0].isdigit() and bool(is_behind_point or _POINT_BEHIND.match(text, end))


def _kind(match: re.Match[str]) -> str | None:
    digits = re.sub(r"\D", "", match[0])
    if match["card"]:
        return CARD if _has_luhn_digit(digits) else None
    if match["resident"]:
        return RESIDENT if _is_resident(digits, "-" in match[0]) else None
    return PHONE


def _has_luhn_digit(digits: str) -> bool:
    """Whether the last digit checks the others, as ISO/IEC 7812 says."""
    doubled = [sum(divmod(2 * int(digit), 10)) for digit in digits[-2::-2]]
    total = sum(doubled) + sum(map(int, digits[::-2]))
    return len(set(digits)) > 1 and total % 10 == 0


def _is_resident(digits: str, is_divided: bool) -> bool:
    """Whether 13 digits are a date of birth and a person's number, with its check digit."""
    year = (2000 if digits[6] in _OF_THIS_CENTURY else 1900) + int(digits[:2])
    try:
        born = date(year, int(digits[2:4]), int(digits[4:6]))
    except ValueError:
        return False
    total = sum(weight * int(digit) for weight, digit in zip(_WEIGHTS, digits[:12], strict=True))
    return is_divided or born >= _RANDOM_SINCE or (11 - total % 11) % 10 == int(digits[12])
