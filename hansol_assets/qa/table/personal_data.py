"""Numbers by which a person is known: found, named by their kind, and masked.

What belongs here: resident registration, phone and card numbers. What does not: what becomes of
them (`hansol_assets.qa.table.settings`). A number itself is never part of a message.
"""

import re
from collections import Counter
from collections.abc import Iterator
from datetime import date

import pyarrow as pa
import pyarrow.compute as pc

from hansol_assets.qa.table.repairs import MASKED

RESIDENT, PHONE, CARD = "resident number", "phone number", "card number"

LIKELY = r"\d[\d .)-]{7,}\d"
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


def kinds_in(text: str) -> list[str]:
    """The kinds of personal numbers in a text, each once."""
    return list(dict.fromkeys(kind for kind, _ in _found(text)))


def masked(text: str) -> str:
    """A text in which the digits of personal numbers are asterisks."""
    for _, (start, end) in _found(text):
        text = text[:start] + re.sub(r"\d", "*", text[start:end]) + text[end:]
    return text


def mask_all(cells: pa.Array, repairs: Counter[str]) -> pa.Array:
    """Masks cells as `masked` does.

    Args:
        cells: Strings, none of them null.
        repairs: Counts of changed cells by kind of repair; added to.
    """
    likely = pc.match_substring_regex(cells, LIKELY)
    found = cells.filter(likely).to_pylist()
    if not found:
        return cells
    without = list(map(masked, found))
    repairs[MASKED] += sum(old != new for old, new in zip(found, without, strict=True))
    return pc.replace_with_mask(cells, likely, pa.array(without, cells.type))


def _found(text: str) -> Iterator[tuple[str, tuple[int, int]]]:
    place = 0
    while match := _NUMBERS.search(text, place):
        digits = re.sub(r"\D", "", match[0])
        is_number = not _is_of_decimal(text, match)
        kind = is_number and _kind(match.lastgroup or "", digits, "-" in match[0])
        if kind:
            yield kind, match.span()
        # A longer number may hide a shorter one that begins within it.
        place = match.end() if kind else match.start() + 1


def _is_of_decimal(text: str, match: re.Match[str]) -> bool:
    """Whether digits without anything between them are those of a decimal number."""
    start, end = match.span()
    is_behind_point = _POINT_BEFORE.fullmatch(text[max(0, start - 2) : start])
    return match[0].isdigit() and bool(is_behind_point or _POINT_BEHIND.match(text, end))


def _kind(group: str, digits: str, is_divided: bool) -> str | None:
    if group == "card" and _has_luhn_digit(digits):
        return CARD
    if group == "resident" and _is_resident(digits, is_divided):
        return RESIDENT
    return PHONE if group == "phone" else None


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
