"""Rows that keep the table's contract and still look wrong: why, and what becomes of them."""

import re
from collections.abc import Collection, Iterator, Sequence
from itertools import combinations, compress
from typing import NamedTuple

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from hansol_assets.qa.sentences import (
    has_final_ending,
    is_finished,
    sentence_key,
    split_sentences,
    without_connective,
)
from hansol_assets.qa.table.columns import ANSWERS, ID, QUESTIONS, ROW_NUMBER, shown_id
from hansol_assets.qa.table.header import is_no_text
from hansol_assets.qa.table.repairs import change_where
from hansol_assets.qa.table.text_checks import (
    HANGUL,
    LATIN,
    LIKELY_PERSONAL,
    damage_in,
    drift_in,
    kinds_in,
    languages_of,
    masked,
)
from hansol_assets.qa.text_lists import TextLists, comparison_keys

CONTRADICTION = "contradiction"
OTHER_LANGUAGE = "other_language"
UNFINISHED = "unfinished"
DOUBLED_QUESTION = "doubled_question"
WORDLESS = "wordless"
DAMAGED_TEXT = "damaged_text"
ASKED_AGAIN = "asked_again"
PERSONAL_DATA = "personal_data"

COLUMNS = ["id", "row_number", "column", "kind", "detail"]
SHOWN_CHARACTERS = 40

WARNED_ROWS = "warned_rows"
DROPPED_ROWS = "dropped_rows"
WARNINGS = "row_warnings"
SHOWN_WARNINGS = 200

_ADVANTAGE = re.compile("장점|이점|(?<!안)(?<!안 )좋은 ?점")
_DRAWBACK = re.compile("단점|문제점|나쁜 ?점|안 ?좋은 ?점")
_AROUND = " .?!。？！"
_WORD = re.compile(r"[^\W_]")
_LOOKED_AT = 200
_FEW_WORDS = 3
"""Words below which an answer is a word or a number, and no sentence that could break off."""
_MEASURED = 2_000
"""Texts from which the table's language is told."""
# How an English sentence does not end, and how a Korean note does.
_GOES_ON = re.compile(
    r"(?:[,;:–-]|\b(?:and|or|but|the|an?|of|to|with|for|in|on|at|by|is|are|that|which|if))$", re.I
)
_NOTE = re.compile("(?:[함됨]|[있없않같좋]음|요망|바람|필요|가능|불가|금지|권장|참고)$")
_NO = re.compile(
    r"불가|수 없|안 ?[돼되됩]|마세요|마십시오|금지|^아니[요오]|^no\b|\bcannot\b|can[’']t",
    re.I,
)
_YES = re.compile(r"^(?:네|예|넵|yes)\b|가능|수 있|됩니다|돼요|되요|괜찮", re.I)

# What most texts are, by patterns that look at millions in a second. A text that is like them
# cannot be warned of: syllables, digits and ASCII signs without Latin letters, one of them a word's
# sign; an answer that ends in a verb's ending and a full stop.
_HARMLESS = r"^[\t\n\r -@\[-`{-~가-힣]*[0-9가-힣][\t\n\r -@\[-`{-~가-힣]*$"
_HARMLESS_LATIN = r"^[\t\n\r -~]*[0-9A-Za-z][\t\n\r -~]*$"
_ENDED = r"[가-힣][다요죠까][.?!]$"
_ENDED_LATIN = r"[A-Za-z0-9)][.?!]$"
_CONNECTED = r"^[\s\p{Z}]*(?:그리고|또한|아울러|더불어|추가로|또)"
_GOOD_OR_BAD = ("장점|이점|좋은 ?점", "단점|문제점|나쁜 ?점|안 ?좋은 ?점")

Warned = tuple[str, str, str]
"""Place in the row, kind and detail."""


def without_dropped(
    rows: pd.DataFrame, warnings: pd.DataFrame, kinds: Collection[str]
) -> pd.DataFrame:
    """Leaves out rows of which `row_warnings` has a warning of some kinds (`table.drop_rows`).

    An answer that is a question of the table is left out, too.
    """
    dropped = {*warnings.loc[warnings["kind"].isin(kinds), "id"]}
    again = warnings[warnings["kind"] == ASKED_AGAIN]
    if len(again):
        rows = _without_answers(rows, again)
        dropped.update(rows.loc[rows[ANSWERS].map(len) == 0, ID])
    return rows[~rows[ID].isin(dropped)].reset_index(drop=True) if dropped else rows


def _without_answers(rows: pd.DataFrame, unwanted: pd.DataFrame) -> pd.DataFrame:
    numbers = unwanted["column"].str.removeprefix("answer ").astype(int)
    gone = numbers.groupby(unwanted["id"]).agg(set).to_dict()
    rest = [
        [text for number, text in enumerate(answers, start=1) if number not in gone.get(row_id, ())]
        for row_id, answers in zip(rows[ID], rows[ANSWERS], strict=True)
    ]
    return rows.assign(**{ANSWERS: pd.Series(rest, rows.index, rows[ANSWERS].dtype)})


class _Asked(NamedTuple):
    """A row that asked a question: its id, how a message names it, and its answers."""

    id: str
    name: str
    answers: list[str]


def row_warnings(rows: pd.DataFrame) -> pd.DataFrame:
    """Lists what looks wrong in training rows: `id, questions, answers`, maybe `row_number`.

    Returns:
        `id, row_number, column, kind, detail`, in the order of the rows. `column` is "question 2"
        or "answer 3", counted within the row; `row_number` is the row's place in its file, or in
        the table where that is not known.
    """
    numbers = rows[ROW_NUMBER] if ROW_NUMBER in rows else pd.RangeIndex(1, len(rows) + 1)
    questions, answers = TextLists.of(rows[QUESTIONS]), TextLists.of(rows[ANSWERS])
    again = _asked_again(questions, answers)
    languages = languages_of(_sample(questions) + _sample(answers))
    is_latin = languages == {LATIN}
    harmless, ended = (_HARMLESS_LATIN, _ENDED_LATIN) if is_latin else (_HARMLESS, _ENDED)
    odd = _odd(questions, harmless), _odd(answers, harmless, ended)
    doubtful = _doubtful(questions, answers, (odd[0], odd[1] | again))
    few = rows[doubtful]
    starts = (texts.offsets[:-1][doubtful] for texts in (questions, answers))
    asked: dict[str, _Asked] = {}
    warnings = [
        (row_id, number, *warning)
        for row_id, number, asking, given, first, start in zip(
            few[ID], numbers[doubtful], few[QUESTIONS], few[ANSWERS], *starts, strict=True
        )
        for warning in (
            *_of_row(
                _Asked(str(row_id), shown_id(str(row_id), number), list(given)),
                list(asking),
                asked,
                languages,
                (odd[0][first : first + len(asking)], odd[1][start : start + len(given)]),
            ),
            *_questions_again(list(given), again[start : start + len(given)]),
        )
    ]
    return pd.DataFrame(warnings, columns=COLUMNS)


def _asked_again(questions: TextLists, answers: TextLists) -> np.ndarray:
    bare = [_bare(chunk) for chunk in questions.chunks]
    asked = pa.chunked_array(bare, pa.large_string()).unique()
    again = [pc.is_in(_bare(chunk), value_set=asked) for chunk in answers.chunks]
    return pa.chunked_array(again, pa.bool_()).to_numpy()


def _bare(texts: pa.Array) -> pa.Array:
    return pc.utf8_trim(texts.cast(pa.large_string()), _AROUND)


def _questions_again(answers: Sequence[str], again: np.ndarray) -> Iterator[Warned]:
    for number, text in compress(enumerate(answers, start=1), again):
        yield f"answer {number}", ASKED_AGAIN, f"is a question of the table: {_shown(text)}"


def _sample(texts: TextLists) -> list[str]:
    count = int(texts.offsets[-1])
    return texts.take(np.arange(count)[:: max(1, count // _MEASURED)]).to_pylist()


def _odd(texts: TextLists, *usual: str) -> np.ndarray:
    """The texts that may be warned of, bool: all others need not be looked at sign by sign."""
    unusual = (~texts.matches(pattern) for pattern in usual)
    return np.logical_or.reduce([*unusual, texts.matches(LIKELY_PERSONAL)])


def _doubtful(
    questions: TextLists, answers: TextLists, odd: tuple[np.ndarray, np.ndarray]
) -> np.ndarray:
    """The rows that may be warned of, bool, for one of their texts or several together."""
    doubtful = np.zeros(len(questions), bool)
    doubtful[questions.rows[odd[0] | _asked_twice(questions)]] = True
    doubtful[answers.rows[odd[1]]] = True
    good, bad = (questions.rows[questions.matches(pattern)] for pattern in _GOOD_OR_BAD)
    doubtful[np.intersect1d(good, bad)] = True
    return doubtful


def _asked_twice(questions: TextLists) -> np.ndarray:
    """The questions that another one asks, too, and few others, bool."""
    bare = [
        change_where(chunk, pc.match_substring_regex(chunk, _CONNECTED), without_connective)
        for chunk in questions.chunks
    ]
    keys = comparison_keys(TextLists(bare, questions.offsets))
    _, of_key, counts = np.unique(keys, return_inverse=True, return_counts=True)
    return counts[of_key] > 1


def _of_row(
    row: _Asked,
    questions: Sequence[str],
    asked: dict[str, _Asked],
    languages: frozenset[str],
    odd: tuple[np.ndarray, np.ndarray],
) -> Iterator[Warned]:
    yield from _doubled(row, questions, asked)
    yield from _contradiction(questions)
    for number, text in compress(enumerate(questions, start=1), odd[0]):
        yield from _of_text(f"question {number}", text, languages)
    for number, text in compress(enumerate(row.answers, start=1), odd[1]):
        yield from _of_text(f"answer {number}", text, languages)
        # How a text ends is told by its last characters; the patterns would look at all of them.
        if _WORD.search(text) and _breaks_off(text[-_LOOKED_AT:], languages):
            shown = masked(text).strip()[-SHOWN_CHARACTERS:]
            yield f"answer {number}", UNFINISHED, f"breaks off: …{shown}"


def _breaks_off(end: str, languages: frozenset[str]) -> bool:
    if is_finished(end) or has_final_ending(end) or len(end.split()) < _FEW_WORDS:
        return False
    if is_no_text(end.strip()):
        return False
    if HANGUL not in languages:
        return bool(_GOES_ON.search(end.strip()))
    return not _NOTE.search(end.strip())


def _of_text(place: str, text: str, languages: frozenset[str]) -> Iterator[Warned]:
    damage = damage_in(text)
    if damage:
        yield place, DAMAGED_TEXT, f"{damage}: {_shown(text)}"
    for kind in kinds_in(text):
        yield place, PERSONAL_DATA, f"holds a {kind}"
    if not _WORD.search(text):
        yield place, WORDLESS, f"holds no word: {_shown(text)}"
        return
    drift = drift_in(text, languages)
    if drift:
        yield place, OTHER_LANGUAGE, f"drifts into another language: {_shown(drift)}"


def _doubled(row: _Asked, questions: Sequence[str], asked: dict[str, _Asked]) -> Iterator[Warned]:
    """Questions asked before, in this row or an earlier one; `asked` is added to."""
    keys = [sentence_key(question) for question in questions]
    for number, key in enumerate(keys, start=1):
        first = asked.setdefault(key, row)
        if first.id != row.id:
            yield f"question {number}", DOUBLED_QUESTION, f"row {first.name} asks the same"
            if {*map(_verdict, first.answers)} ^ {*map(_verdict, row.answers)} == {-1, 1}:
                yield f"question {number}", CONTRADICTION, f"row {first.name} answers the opposite"
    for number, key in enumerate(keys[1:], start=2):
        if key in keys[: number - 1]:
            detail = f"question {keys.index(key) + 1} asks the same"
            yield f"question {number}", DOUBLED_QUESTION, detail


def _verdict(answer: str) -> int:
    """Whether an answer says yes (1) or no (-1) in its first sentence; 0 where it says neither."""
    first = next(iter(split_sentences(answer[:_LOOKED_AT])), "")
    return -1 if _NO.search(first) else int(bool(_YES.search(first)))


def _contradiction(questions: Sequence[str]) -> Iterator[Warned]:
    for (_, one), (number, other) in combinations(enumerate(questions, start=1), 2):
        for first, second in ((_ADVANTAGE, _DRAWBACK), (_DRAWBACK, _ADVANTAGE)):
            asked, opposite = first.search(one), second.search(other)
            if asked and opposite and not (second.search(one) or first.search(other)):
                detail = f"the paraphrases ask for opposites: {asked[0]} and {opposite[0]}"
                yield f"question {number}", CONTRADICTION, detail


def _shown(text: str) -> str:
    bare = " ".join(masked(text).split())
    return bare if len(bare) <= SHOWN_CHARACTERS else bare[:SHOWN_CHARACTERS] + "…"
