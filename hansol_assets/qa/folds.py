"""Folds of the training table that never leak.

What belongs here: which row belongs to which fold and split, and the proof that no text crosses
splits. What does not: what is made of a split's rows (`hansol_assets.qa.pairing`).
"""

import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from itertools import combinations
from typing import NamedTuple, Self

import pandas as pd
from pydantic import Field, model_validator

from hansol_assets.errors import InputError
from hansol_assets.qa.dealing import are_numbered, deal_by_hash, deal_in_turn
from hansol_assets.qa.table.columns import (
    ANSWERS,
    CATEGORY,
    ID,
    QUESTIONS,
    ROW_NUMBER,
    texts_of,
)
from hansol_assets.settings_model import SettingsModel

TRAINING = "training"
CALIBRATION = "calibration"
VALIDATION = "validation"

FOLD_COLUMNS = ["leak_group", "fold", "split"]
FEWEST_STOCK_ROWS = 5
"""Rows that may share an answer in a table of any size before it can be a stock phrase."""
SHOWN_CHARACTERS = 40
_NO_WORD = re.compile(r"[\W_]+")


class FoldSettings(SettingsModel):
    """How the training table is cut into folds, and the folds into splits."""

    count: int = Field(10, ge=2, description="number of folds")
    validation: int = Field(2, ge=0, description="number of folds that judge everything")
    calibration: int = Field(
        1, ge=0, description="number of folds that blend weights are fitted on"
    )
    validation_fold: int = Field(
        0, ge=0, description="fold at which the validation folds start; rotates cross-validation"
    )
    salt: str = Field(
        "hansol", description="text hashed with the ids; another one redraws the folds"
    )
    stock_share: float = Field(
        0.05,
        gt=0,
        le=1,
        description="an answer that stands in more than this share of the rows (and in more than "
        "5) is a stock phrase: it ties no rows that have other answers",
    )

    @model_validator(mode="after")
    def _leaves_training_folds(self) -> Self:
        if self.validation + self.calibration >= self.count:
            msg = "validation and calibration folds together must be fewer than count"
            raise ValueError(msg)
        if self.validation_fold >= self.count:
            msg = f"validation_fold must be below count ({self.count})"
            raise ValueError(msg)
        return self

    def split_of(self, fold: int) -> str:
        """The split of a fold: from `validation_fold` on validation, then calibration, training."""
        place = (fold - self.validation_fold) % self.count
        if place < self.validation:
            return VALIDATION
        if place < self.validation + self.calibration:
            return CALIBRATION
        return TRAINING

    def splits(self) -> set[str]:
        """The splits that these settings ask for."""
        return {self.split_of(fold) for fold in range(self.count)}


class Leak(NamedTuple):
    """Two rows of different splits that share a question or an answer.

    Attributes:
        kind: "question" or "answer".
        text: The shared text as the first row has it.
    """

    kind: str
    text: str
    first_id: str
    first_split: str
    second_id: str
    second_split: str


def assign_folds(rows: pd.DataFrame, settings: FoldSettings) -> pd.DataFrame:
    """Give every row a fold and a split.

    Rows that share a normalised question or answer form one leak group, named by its first id, and
    share a fold; so do rows of one record of the file, as the exchanges of a conversation are.
    Folds are balanced and stratified (all alike, where the table has no category), and the order of
    the rows does not matter.

    Where ids count up, the groups are dealt in their order, each to the fold with the fewest rows
    of its category: rows appended with later ids move none of the earlier ones (unless a shared
    text makes two earlier groups one). Ids made from the content have no order that lasts; there
    each category is cut into pieces by hash. Measured five times on 500 such rows of three
    categories: one more row moves 1 to 14 of them to a neighbouring fold (0 to 3 to another split),
    ten more 17 to 33 (2 to 12); dealt in turn, one would move 119 to 251.

    A stock phrase ("더 궁금한 점은 문의해 주세요.") says nothing of its row's question, and all
    rows that end with it would be one group, most of the table. So an answer that stands in more
    than `stock_share` of the rows does not tie a row that has other answers. A real answer that as
    many rows share, as variants of one question do, is mostly all that they have: rows with nothing
    but stock phrases are tied by them still. Questions always tie.

    Args:
        rows: The training table: `id, questions, category, answers`, and `row_number` if known.
        settings: Number of folds and splits.

    Returns:
        `id, category, leak_group, fold, split`, a row for each row, in the order of the ids.

    Raises:
        ValueError: An id stands twice.
        InputError: A split that the settings ask for would be empty.
    """
    if rows[ID].duplicated().any():
        msg = "ids must be unique to be dealt to folds"
        raise ValueError(msg)
    ordered = rows.sort_values(ID, key=lambda ids: ids.map(natural_order)).reset_index(drop=True)
    folds = ordered[[ID, CATEGORY]].assign(leak_group=_leak_groups(ordered, settings))
    fold_of_group = _deal(folds, settings)
    folds["fold"] = folds["leak_group"].map(fold_of_group).astype("int64")
    folds["split"] = folds["fold"].map(settings.split_of)
    _require_every_split(folds, ordered, settings)
    return folds


def rows_and_folds(dealt: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Takes the table of rows with their folds apart.

    Args:
        dealt: The training table with `leak_group, fold, split` beside it.

    Returns:
        The training table, and `id, leak_group, fold, split`; both in its order.
    """
    return dealt.drop(columns=FOLD_COLUMNS), dealt[[ID, *FOLD_COLUMNS]]


def find_leaks(rows: pd.DataFrame, folds: pd.DataFrame, settings: FoldSettings) -> list[Leak]:
    """Every pair of rows in different splits that shares a question or an answer.

    The texts are compared anew; the leak groups of the folds are not believed. Stock phrases are
    passed over as `assign_folds` passes over them.

    Args:
        rows: The training table.
        folds: `id, split`, one row for each row of the table.
        settings: Says what a stock phrase is.

    Raises:
        ValueError: The two tables do not hold the same ids.
    """
    split_of = dict(zip(folds[ID], folds["split"], strict=True))
    if set(split_of) != set(rows[ID]):
        msg = "rows and folds hold different ids: make the folds anew"
        raise ValueError(msg)
    holders: dict[tuple[str, str], dict[str, str]] = defaultdict(dict)
    for tie in _ties(rows.sort_values(ID), settings):
        holders[tie.kind, tie.key].setdefault(tie.row_id, tie.text)
    return [
        Leak(kind, texts[first], first, split_of[first], second, split_of[second])
        for (kind, _), texts in holders.items()
        for first, second in combinations(texts, 2)
        if split_of[first] != split_of[second]
    ]


def natural_order(key: str) -> tuple[tuple[str | int, ...], str]:
    """Sort key that counts the numbers within an id: `A_9` before `A_10`."""
    parts = re.split(r"([0-9]+)", key)
    return tuple(int(part) if place % 2 else part for place, part in enumerate(parts)), key


def normalise(text: str) -> str:
    """The text's letters and digits alone, in one case; the text where it has none."""
    return _NO_WORD.sub("", text).casefold() or text


def stock_answers(rows: pd.DataFrame, settings: FoldSettings) -> dict[str, int]:
    """The answers that so many rows share that they tie none, with the number of these rows.

    Args:
        rows: The training table.
        settings: The share of the rows from which an answer is a stock phrase.

    Returns:
        The text as the first row has it → rows, the most frequent first.
    """
    keys = _answer_keys(rows)
    counts = _stock_keys(keys, settings)
    first_text: dict[str, str] = {}
    for answers, own in zip(rows[ANSWERS] if counts else (), keys, strict=False):
        for answer, key in zip(answers, own, strict=True):
            if key in counts:
                first_text.setdefault(key, answer)
    return {first_text[key]: count for key, count in counts.items()}


def own_answers(rows: pd.DataFrame, settings: FoldSettings) -> list[list[str]]:
    """Each row's answers without stock phrases, which may stand in every split."""
    keys = _answer_keys(rows)
    stock = _stock_keys(keys, settings)
    return [
        [answer for answer, key in zip(answers, own, strict=True) if key not in stock]
        for answers, own in zip(rows[ANSWERS], keys, strict=True)
    ]


def held_out_texts(dealt: pd.DataFrame, settings: FoldSettings) -> list[str]:
    """Every question and answer that nothing may be trained on, stock phrases left out.

    Args:
        dealt: The training table with `split` beside it.
        settings: The share of the rows from which an answer is a stock phrase.
    """
    own = dealt.assign(**{ANSWERS: own_answers(dealt, settings)})
    return texts_of(own[own["split"] != TRAINING])


def _answer_keys(rows: pd.DataFrame) -> list[list[str]]:
    return [list(map(normalise, answers)) for answers in rows[ANSWERS]]


def _stock_keys(keys: list[list[str]], settings: FoldSettings) -> dict[str, int]:
    """The keys that stand in so many rows that they tie none, the most frequent first."""
    holders = Counter(key for own in keys for key in dict.fromkeys(own))
    most = max(FEWEST_STOCK_ROWS, settings.stock_share * len(keys))
    return {key: count for key, count in holders.most_common() if count > most}


class _Tie(NamedTuple):
    """A text by which a row is tied to others, and what makes it the same as another text."""

    row_id: str
    kind: str
    text: str
    key: str


def _ties(rows: pd.DataFrame, settings: FoldSettings) -> Iterator[_Tie]:
    """Yields what ties rows: questions, then answers, of which stock phrases only if alone."""
    for row_id, questions in zip(rows[ID], rows[QUESTIONS], strict=True):
        for question in questions:
            yield _Tie(row_id, "question", question, normalise(question))
    keys = _answer_keys(rows)
    stock = _stock_keys(keys, settings)
    for row_id, answers, own in zip(rows[ID], rows[ANSWERS], keys, strict=True):
        has_other = any(key not in stock for key in own)
        for answer, key in zip(answers, own, strict=True):
            if key not in stock or not has_other:
                yield _Tie(row_id, "answer", answer, key)


def _leak_groups(ordered: pd.DataFrame, settings: FoldSettings) -> list[str]:
    """Name each row's group: rows linked by shared texts, over any number of steps."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    place_of = {row_id: place for place, row_id in enumerate(ordered[ID])}
    text_numbers: dict[tuple[str, str], int] = {}
    edges = [
        (place_of[tie.row_id], text_numbers.setdefault((tie.kind, tie.key), len(text_numbers)))
        for tie in _ties(ordered, settings)
    ]
    if ROW_NUMBER in ordered:
        edges += [
            (place, text_numbers.setdefault(("record", str(number)), len(text_numbers)))
            for place, number in enumerate(ordered[ROW_NUMBER])
        ]
    row_places, text_places = zip(*edges, strict=True)
    size = len(ordered) + len(text_numbers)
    links = coo_array(
        ([1] * len(edges), (row_places, [len(ordered) + place for place in text_places])),
        shape=(size, size),
    )
    labels = connected_components(links, directed=False)[1][: len(ordered)]
    first_of: dict[int, str] = {}
    return [
        first_of.setdefault(label, row_id)
        for label, row_id in zip(labels, ordered[ID], strict=True)
    ]


def _deal(grouped: pd.DataFrame, settings: FoldSettings) -> dict[str, int]:
    """Deals the leak groups to the folds, so that rows which come later move as few as can be."""
    groups = {
        str(group): members.tolist()
        for group, members in grouped.groupby("leak_group", sort=False)[CATEGORY]
    }
    if not are_numbered(grouped[ID].tolist()):
        dealt = deal_by_hash(groups, settings.count, settings.salt)
        if {settings.split_of(fold) for fold in dealt.values()} == settings.splits():
            return dealt
    # In a table of few groups, or with one that is most of it, pieces may be empty.
    return deal_in_turn(groups, settings.count, settings.salt)


def _require_every_split(folds: pd.DataFrame, rows: pd.DataFrame, settings: FoldSettings) -> None:
    empty = settings.splits() - set(folds["split"])
    if not empty:
        return
    groups, needed = folds["leak_group"].nunique(), len(settings.splits())
    remedy = f"add rows, since {needed} groups are needed"
    if groups >= needed:
        remedy = f"lower folds.count (now {settings.count}) to at most {groups}, or add rows"
    msg = (
        f"{len(folds)} rows in {groups} groups without shared texts leave no row for "
        f"{', '.join(sorted(empty))}: {remedy}{_most_shared(rows, settings)}"
    )
    raise InputError(msg)


def _most_shared(rows: pd.DataFrame, settings: FoldSettings) -> str:
    """Names the text that ties most rows."""
    first_text: dict[str, str] = {}
    holders: dict[str, set[str]] = defaultdict(set)
    for tie in _ties(rows, settings):
        holders[tie.key].add(tie.row_id)
        first_text.setdefault(tie.key, tie.text)
    key = max(holders, key=lambda found: len(holders[found]))
    if len(holders[key]) < 2:
        return ""
    text = first_text[key]
    shown = text if len(text) <= SHOWN_CHARACTERS else text[:SHOWN_CHARACTERS] + "…"
    return f". Most rows, {len(holders[key])}, share '{shown}'"
