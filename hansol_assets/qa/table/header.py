"""What columns look like, a header under inspection, and what is said where it does not tell."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import pyarrow as pa

from hansol_assets.qa.table.column_names import (
    ANSWER_WORDS,
    QUESTION_WORDS,
    Family,
    closest,
    spelling,
)
from hansol_assets.qa.table.raw_table import Column, as_text
from hansol_assets.qa.table.repairs import mend
from hansol_assets.qa.table.text_checks import damage_in
from hansol_assets.qa.table.violations import LINE, Violation, listed

_LOOKED_AT = 200
"""Rows that are looked at."""
_MOST = 0.9
_SOME = 0.2
_FEW_VALUES = 0.3
"""Share of different values below which a column is one of classes."""
_CLASSES_FROM = 5
_SHORTEST_ANSWER = 5

# A number with its unit or sign, a date or a time, a code ("T-1001", a UUID, an address).
_NO_TEXT = re.compile(
    r"[^\w]*[-+]?\d[\d.,:/%\s-]*(?:원|개|건|점|명|회|년|월|일|시|분|초|\w{1,3})?[.)]*"
    r"|\d{2,4}\s*[-./년]\s*\d{1,2}\s*[-./월]\s*\d{1,2}\s*일?\.?(?:[T\s]+(?:오전|오후|[AP]M)?.*)?"
    r"|[A-Za-z]{0,8}[-_#:]?\d[\w.:-]*|[0-9a-fA-F-]{16,}|\S+@\S+|https?://\S+"
    r"|true|false|yes|no|y|n|o|x",
    re.IGNORECASE,
)
_ASKS = re.compile(
    r"[?？]|(?:나요|까요|가요|은지|는지|ㄴ지|주세요|어떻게|무엇|왜)|(?:^|\s)(?:how|what|why|can|does)\s",
    re.IGNORECASE,
)


def first_texts(column: Column) -> list[str]:
    """The first cells of a column, mended, as far as they are looked at."""
    head = column[:_LOOKED_AT]
    cells = map(as_text, head.to_pylist() if isinstance(head, pa.ChunkedArray) else head)
    return [mend(cell) for cell in cells]


def is_no_text(cell: str) -> bool:
    """Whether a cell is a number, a date or a code."""
    return bool(_NO_TEXT.fullmatch(cell))


class Looks:
    """What the columns of a table look like, by the first filled cells of each.

    Without a column nothing is known of it, and the order of the columns is all there is.
    """

    def __init__(self, columns: Mapping[str, Sequence[str]]) -> None:
        self._cells = {
            name: [cell.strip() for cell in cells if cell.strip()][:_LOOKED_AT]
            for name, cells in columns.items()
        }

    def holds_no_text(self, name: str) -> bool:
        """Whether a column holds numbers, dates or codes, or nothing."""
        cells = self._cells.get(name)
        return cells is not None and (not cells or _share(cells, is_no_text) >= _MOST)

    def question(self, names: Sequence[str]) -> str | None:
        """The column that asks most; where none asks, the first of two texts, or the only one."""
        texts = self._texts(names)
        if not self._cells:
            return next(iter(texts), None)
        asking = max(texts, key=self._asking, default=None)
        if asking is not None and self._asking(asking) >= _SOME:
            return asking
        long = self._long(texts)
        return long[0] if len(long) in (1, 2) else None

    def answer(self, names: Sequence[str]) -> str | None:
        """The column of the longest texts; None where they may all be classes."""
        texts = self._texts(names)
        if not self._cells or len(texts) == 1:
            return next(iter(texts), None)
        return max(self._long(texts), key=self._length, default=None)

    def _texts(self, names: Sequence[str]) -> list[str]:
        return [name for name in names if not self.holds_no_text(name)]

    def _long(self, names: Sequence[str]) -> list[str]:
        return [
            name
            for name in names
            if self._length(name) >= _SHORTEST_ANSWER and not self._is_of_classes(name)
        ]

    def _is_of_classes(self, name: str) -> bool:
        cells = self._cells[name]
        return len(cells) >= _CLASSES_FROM and len(set(cells)) < _FEW_VALUES * len(cells)

    def _asking(self, name: str) -> float:
        return _share(self._cells[name], _ASKS.search)

    def _length(self, name: str) -> float:
        cells = self._cells[name]
        return sum(map(len, cells)) / max(1, len(cells))


def _share(cells: Sequence[str], holds: Callable[[str], object]) -> float:
    return sum(bool(holds(cell)) for cell in cells) / max(1, len(cells))


_EXAMPLES = 8
"""Columns that a message names at most."""
_LONGEST_NAME = 40
_SHORT = 8
_SENTENCE_ENDS = ("?", ".", "!", "다", "요")


@dataclass
class Header:
    """A header, and what is already known of its columns.

    Attributes:
        names: Its clean names.
        unit: What `position` counts.
        violations: What is wrong with it so far.
        taken: Columns of which the meaning is known.
    """

    names: Sequence[str]
    looks: Looks = field(default_factory=lambda: Looks({}))
    position: int = 1
    unit: str = LINE
    violations: list[Violation] = field(default_factory=list)
    taken: set[str] = field(default_factory=set)

    def free(self) -> list[str]:
        """The columns of which nothing is known yet."""
        return [name for name in dict.fromkeys(self.names) if name not in self.taken]

    def refuse(self, column: str, problem: str, remedy: str) -> None:
        """Notes what is wrong."""
        self.violations.append(Violation(self.position, column, problem, remedy, self.unit))

    def take(self, names: Sequence[str], setting: str) -> tuple[str, ...]:
        """Takes columns that a setting names; each that is not there is a violation."""
        for name in names:
            if name in self.names:
                continue
            near = closest(name, self.names)
            remedy = f"did you mean {near}?" if near else f"the columns are {shown(self.names)}"
            self.refuse(name, f"is missing, and table.{setting} names it", remedy)
        present = tuple(name for name in names if name in self.names)
        self.taken.update(present)
        return present

    def take_word(self, named: str | None, words: Sequence[str], setting: str) -> str | None:
        """Takes the column that a setting names, or the first whose name is one of the words."""
        if named is not None:
            return next(iter(self.take([named], setting)), None)
        by_word = {
            spelling(name).word: name
            for name in reversed(self.free())
            if spelling(name).number is None
        }
        name = next((by_word[word] for word in words if word in by_word), None)
        if name is not None:
            self.taken.add(name)
        return name


def refuse_choice(
    header: Header, questions: list[tuple[str, ...]], answers: list[tuple[str, ...]]
) -> None:
    """Says that several columns may hold the same, and shows how to choose the likeliest."""
    choices_of = [
        f"{what} may be in {' or in '.join(shown(names) for names in choices)}"
        for what, choices in (("questions", questions), ("answers", answers))
        if len(choices) > 1
    ]
    yaml = mapping_yaml(_likeliest(header, questions), _likeliest(header, answers))
    header.refuse(
        "",
        f"can be read in more than one way: {'; '.join(choices_of)}",
        f"say in the profile which are meant, as in\n{yaml}",
    )


def _likeliest(header: Header, choices: list[tuple[str, ...]]) -> tuple[str, ...]:
    texts = (names for names in choices if not any(map(header.looks.holds_no_text, names)))
    return next(texts, choices[0] if choices else ())


def refuse_missing(header: Header, setting: str, example: str | None = None) -> Family:
    """Says that a table has no column of a kind, and which one its content tells to be meant.

    `setting` is `questions` or `answers`; `example` is another setting to show, of one column.
    """
    guess = _guess(header, setting)
    line = f"{setting}: [{quoted(guess or '')}]"
    if example and guess:
        line = f"{example}: {quoted(guess)}"
    _refuse_missing(header, setting, f"table:\n  {line}" if guess else "")
    return Family("", ())


def refuse_unknown(header: Header) -> None:
    """Says that nothing is known of a header, and shows the mapping that its content tells."""
    question = _guess(header, "questions")
    answer = _guess(header, "answers", after=question)
    yaml = mapping_yaml([question], [answer]) if question and answer else ""
    _refuse_missing(header, "questions", yaml)
    problem = f"no column is known to hold answers; the columns are {shown(header.names)}"
    header.refuse("", problem, "name them beside the questions")


def _guess(header: Header, setting: str, after: str | None = None) -> str | None:
    """The column that may be meant; those that are nearly called so are named as such.

    People write the answer behind the column of the question (`after`).
    """
    words = QUESTION_WORDS if setting == "questions" else ANSWER_WORDS
    usual = [words[0], f"{words[0]}_1", words[1], f"{words[1]}_1"]
    free = [name for name in header.free() if not header.looks.holds_no_text(name)]
    near = {name: close for name in free if (close := closest(name, usual))}
    for name, close in near.items():
        problem = f"is not a known column; the closest name that is missing is {close}"
        header.refuse(name, problem, f"rename it to {close}")
    behind = header.names[header.names.index(after) + 1 :] if after else []
    ordered = dict.fromkeys([*(name for name in behind if name in free), *free])
    tell = header.looks.question if setting == "questions" else header.looks.answer
    guess = next(iter(near), None) or tell([*ordered])
    if guess:
        header.taken.add(guess)
    return guess


def _refuse_missing(header: Header, setting: str, yaml: str) -> None:
    which = f"name the ones that do with table.{setting} in the profile"
    if yaml:
        which = f"say in the profile which ones do, as in\n{yaml}"
    header.refuse(
        "",
        f"no column is known to hold {setting}; the columns are {shown(header.names)}",
        f"{likely_cause(header.names)}{which}",
    )


def mapping_yaml(questions: Sequence[str], answers: Sequence[str]) -> str:
    """The lines of a profile that name columns."""
    lines = ["table:"]
    for setting, names in (("questions", questions), ("answers", answers)):
        if names:
            lines.append(f"  {setting}: [{', '.join(map(quoted, names))}]")
    return "\n".join(lines)


def likely_cause(names: Sequence[str]) -> str:
    """What may be behind a header of which nothing is known."""
    if any(damage_in(name) for name in names):
        return "the names look decoded wrongly: save the file from its source again, in UTF-8; or "
    if any(
        len(name) > _LONGEST_NAME or (len(name) > _SHORT and name.endswith(_SENTENCE_ENDS))
        for name in names
    ):
        return (
            "the line reads like a row: put a header above it, as question,answer or 질문,답변; or "
        )
    return ""


def shown(names: Sequence[str]) -> str:
    """The names, of many the first ones; long ones cut."""
    cut = [name if len(name) <= _LONGEST_NAME else name[:_LONGEST_NAME] + "…" for name in names]
    return listed(cut, _EXAMPLES)


def quoted(name: str) -> str:
    """A name as YAML takes it."""
    is_plain = name.replace("_", "").isalnum() and not name[0].isdigit()
    escaped = name.replace("\\", "\\\\").replace('"', '\\"')
    return name if is_plain else f'"{escaped}"'
