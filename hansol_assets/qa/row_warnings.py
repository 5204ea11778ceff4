"""Rows that keep the table's contract and still look wrong, each with the reason.

What belongs here: recognising doubtful questions and answers in a row. What does not: what breaks
the contract (`hansol_assets.qa.contract`), and whether a doubtful row stays
(`hansol_assets.qa.row_quality`).
"""

import re
from collections.abc import Hashable, Iterator
from typing import Any

import pandas as pd

from hansol_assets.qa.columns import ANSWER_PREFIX, ID, QUESTION_COLUMNS, numbered
from hansol_assets.qa.sentences import (
    has_final_ending,
    is_finished,
    latin_runs,
    sentence_key,
)

CONTRADICTION = "contradiction"
OTHER_LANGUAGE = "other_language"
UNFINISHED = "unfinished"
DOUBLED_QUESTION = "doubled_question"
WORDLESS = "wordless"
KINDS = (CONTRADICTION, OTHER_LANGUAGE, UNFINISHED, DOUBLED_QUESTION, WORDLESS)

COLUMNS = ["id", "column", "kind", "detail"]
SHOWN_CHARACTERS = 40

_ADVANTAGE = re.compile("장점|이점|(?<!안)(?<!안 )좋은 ?점")
_DRAWBACK = re.compile("단점|문제점|나쁜 ?점|안 ?좋은 ?점")
_WORD = re.compile(r"[^\W_]")
# Runs of kana, Chinese or Cyrillic that no term of the trade needs.
_FOREIGN_RUN = re.compile(r"(?:[\u3040-\u30ff\u3400-\u9fff]\s*){8,}|(?:[\u0400-\u04ff]+\s*){4,}")

Found = tuple[str, str, str]
"""Column, kind and detail."""

WARNED_ROWS = "warned_rows"
DROPPED_ROWS = "dropped_rows"
WARNINGS = "row_warnings"
SHOWN_WARNINGS = 200


def row_warnings(rows: pd.DataFrame) -> pd.DataFrame:
    """Lists what looks wrong in training rows.

    Args:
        rows: `id, 질문_1, 질문_2, category, 답변_1 …`.

    Returns:
        `id, column, kind, detail`, in the order of the rows; empty where nothing does. `kind` is
        one of `KINDS`; `column` is the one at fault, and `detail` says what was found there.
    """
    answers = numbered(rows.columns, ANSWER_PREFIX)
    asked: dict[str, str] = {}
    found = [
        (row[ID], *warning)
        for row in rows.to_dict("records")
        for warning in _of_row(row, answers, asked)
    ]
    return pd.DataFrame(found, columns=COLUMNS)


def _of_row(row: dict[Hashable, Any], answers: list[str], asked: dict[str, str]) -> Iterator[Found]:
    yield from _doubled(row, asked)
    yield from _contradiction(row)
    for column in (*QUESTION_COLUMNS, *answers):
        text = str(row[column])
        if not _WORD.search(text):
            yield column, WORDLESS, f"holds no word: {_shown(text)}"
            continue
        yield from _other_language(column, text)
        if column in answers and not (is_finished(text) or has_final_ending(text)):
            yield column, UNFINISHED, f"breaks off: …{text.strip()[-SHOWN_CHARACTERS:]}"


def _doubled(row: dict[Hashable, Any], asked: dict[str, str]) -> Iterator[Found]:
    """Questions asked before, in this row or an earlier one; `asked` is added to."""
    for column in QUESTION_COLUMNS:
        first = asked.setdefault(sentence_key(str(row[column])), str(row[ID]))
        if first != row[ID]:
            yield column, DOUBLED_QUESTION, f"row {first} asks the same"
    one, other = (sentence_key(str(row[column])) for column in QUESTION_COLUMNS)
    if one == other:
        yield QUESTION_COLUMNS[1], DOUBLED_QUESTION, f"{QUESTION_COLUMNS[0]} asks the same"


def _contradiction(row: dict[Hashable, Any]) -> Iterator[Found]:
    texts = [str(row[column]) for column in QUESTION_COLUMNS]
    for first, second in ((_ADVANTAGE, _DRAWBACK), (_DRAWBACK, _ADVANTAGE)):
        asked, opposite = first.search(texts[0]), second.search(texts[1])
        if asked and opposite and not (second.search(texts[0]) or first.search(texts[1])):
            detail = f"the paraphrases ask for opposites: {asked[0]} and {opposite[0]}"
            yield QUESTION_COLUMNS[1], CONTRADICTION, detail


def _other_language(column: str, text: str) -> Iterator[Found]:
    foreign = _FOREIGN_RUN.search(text)
    runs = latin_runs(text) or ([foreign[0]] if foreign else [])
    if runs:
        yield column, OTHER_LANGUAGE, f"drifts into another language: {_shown(runs[0])}"


def _shown(text: str) -> str:
    bare = text.strip()
    return bare if len(bare) <= SHOWN_CHARACTERS else bare[:SHOWN_CHARACTERS] + "…"
