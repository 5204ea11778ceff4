"""Columns that belong together: one name, or one name with numbers.

What belongs here: gathering "답변_1", "답변_2" … into one family. What does not: which family is
taken (`hansol_assets.qa.table.mapping`).
"""

import re
from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from hansol_assets.qa.table.names import Spelling, spelling

_PANDAS_JOINT = "."
_TRAILING_NUMBER = re.compile(r"\d+$")


class Family(NamedTuple):
    """Columns of one kind.

    Attributes:
        word: The word that they are known by; empty where the settings name them.
        names: The columns, in the order of their numbers.
    """

    word: str
    names: tuple[str, ...]


def families(names: Sequence[str], words: Sequence[str]) -> list[Family]:
    """Finds the families of some words, in the order of the words.

    A name without a number and names with numbers are families of their own, but for a name that
    stands for the first of them ("답변", "답변2"; "답변", "답변.1" as pandas writes). Of numbered
    names, those that are written as most of them are ("답변_1", "답변_2") are taken.
    """
    found = []
    for word in words:
        own = {name: spelling(name) for name in names if spelling(name).word == word}
        plain = [name for name, parts in own.items() if parts.number is None]
        numbered = {name: parts for name, parts in own.items() if parts.number is not None}
        if not numbered:
            found += [Family(word, (name,)) for name in plain]
            continue
        usual = _usual_joint(list(numbered.values()))
        kept = [name for name, parts in numbered.items() if parts.joint == usual]
        kept.sort(key=lambda name: _number(numbered[name]))
        if len(plain) == 1 and (usual == _PANDAS_JOINT or _number(numbered[kept[0]]) == 2):
            found.append(Family(word, (*plain, *kept)))
            continue
        found += [Family(word, (name,)) for name in plain]
        found.append(Family(word, tuple(kept)))
    return found


def numbers_apart(family: Family, names: Sequence[str]) -> list[tuple[str, str]]:
    """Other columns of a family that are written otherwise, each with the name that is meant.

    "답변3" beside "답변_1" and "답변_2" is one; where all are written so, none is.
    """
    if not family.names or not family.word:
        return []
    return [
        (name, _renumbered(family.names[-1], parts.number))
        for name in names
        for parts in [spelling(name)]
        if parts.word == family.word and parts.number is not None and name not in family.names
    ]


def unused_names(family: Family, name: str) -> list[str]:
    """The names that a column may have been meant to have: its own number, and the numbers missing.

    Args:
        family: The family that it may belong to.
        name: The column.
    """
    numbers = [parts.number for parts in map(spelling, family.names) if parts.number is not None]
    if not numbers or not family.word:
        return []
    own = spelling(name).number
    wanted = [*([own] if own is not None else []), *range(1, max(numbers))]
    return [
        _renumbered(family.names[-1], number)
        for number in dict.fromkeys(wanted)
        if number not in numbers
    ]


def _usual_joint(parts: Sequence[Spelling]) -> str:
    return Counter(part.joint for part in parts).most_common(1)[0][0]


def _number(parts: Spelling) -> int:
    return parts.number or 0


def _renumbered(name: str, number: int | None) -> str:
    return _TRAILING_NUMBER.sub(str(number), name)
