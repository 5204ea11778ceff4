"""Folds of the training table that never leak, and the proof that no text crosses splits."""

import re
from collections import defaultdict
from collections.abc import Sequence
from itertools import combinations
from operator import itemgetter
from typing import NamedTuple, Self

import numpy as np
import pandas as pd
from pydantic import Field, model_validator

from hansol_assets.errors import InputError
from hansol_assets.qa.seeded_draws import are_numbered, deal_by_hash, deal_in_turn
from hansol_assets.qa.table.columns import ANSWERS, CATEGORY, ID, QUESTIONS, ROW_NUMBER
from hansol_assets.qa.text_lists import TextLists, comparison_keys, normalise
from hansol_assets.settings_model import SettingsModel

TRAINING = "training"
CALIBRATION = "calibration"
VALIDATION = "validation"

FOLD_COLUMNS = ["leak_group", "fold", "split"]
SHOWN_CHARACTERS = 40
FEWEST_STOCK_ROWS = 5
"""Rows that may share an answer in a table of any size before it can be a stock phrase."""
_DIGITS = str.maketrans("123456789", "0" * 9)


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
        turn = (fold - self.validation_fold) % self.count
        if turn < self.validation:
            return VALIDATION
        if turn < self.validation + self.calibration:
            return CALIBRATION
        return TRAINING

    def splits(self) -> set[str]:
        """The splits that these settings ask for."""
        return {self.split_of(fold) for fold in range(self.count)}


class Leak(NamedTuple):
    """Two rows of different splits that share a "question" or an "answer", as the first has it."""

    kind: str
    text: str
    first_id: str
    first_split: str
    second_id: str
    second_split: str


def assign_folds(rows: pd.DataFrame, settings: FoldSettings) -> pd.DataFrame:
    """Give every row a fold and a split, whatever the order of the rows.

    Rows that share a normalised question or answer form one leak group, named by its first id, and
    share a fold; so do rows of one record of the file. Folds are balanced, and stratified where the
    table has categories.

    Where ids count up, the groups are dealt in their order, each to the fold with the fewest rows
    of its category: rows appended with later ids move none of the earlier ones (unless a shared
    text makes two earlier groups one). Ids made from the content have no order that lasts; there
    each category is cut into pieces by hash. Measured five times on 500 such rows of three
    categories: one more row moves 1 to 14 of them to a neighbouring fold (0 to 3 to another split);
    dealt in turn, one would move 119 to 251.

    A stock phrase ("더 궁금한 점은 문의해 주세요.") says nothing of its row's question, and all
    rows that end with it would be one group. So an answer that stands in more than `stock_share` of
    the rows does not tie a row that has other answers. Questions always tie.

    Returns:
        `id, category, leak_group, fold, split`, a row for each row, in the order of the ids.

    Raises:
        ValueError: An id stands twice.
        InputError: A split that the settings ask for would be empty.
    """
    ids = rows[ID].tolist()
    if len(set(ids)) < len(ids):
        msg = "ids must be unique to be dealt to folds"
        raise ValueError(msg)
    order = natural_indices(ids)
    categories = rows[CATEGORY].tolist()
    folds = pd.DataFrame(
        {
            ID: [ids[index] for index in order],
            CATEGORY: [categories[index] for index in order],
        },
        dtype=object,
    )
    folds["leak_group"] = folds[ID].to_numpy()[_first_tied(rows, np.array(order), settings)]
    fold_of_group = _deal(folds, settings)
    folds["fold"] = folds["leak_group"].map(fold_of_group).astype("int64")
    folds["split"] = folds["fold"].map(settings.split_of)
    _require_every_split(folds, rows, settings)
    return folds


def with_folds(rows: pd.DataFrame, folds: pd.DataFrame) -> pd.DataFrame:
    """Puts the folds, a row for each row in any order, beside the rows of the training table."""
    indices = pd.Index(folds[ID]).get_indexer(rows[ID].to_numpy(object))
    return rows.assign(**{name: folds[name].to_numpy()[indices] for name in FOLD_COLUMNS})


def rows_and_folds(dealt: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Takes what `with_folds` put together apart; both in its order."""
    return dealt.drop(columns=FOLD_COLUMNS), dealt[[ID, *FOLD_COLUMNS]]


def find_leaks(rows: pd.DataFrame, folds: pd.DataFrame, settings: FoldSettings) -> list[Leak]:
    """Every pair of rows in different splits that shares a question or an answer.

    The texts are compared anew; the leak groups of the folds are not believed.

    Raises:
        ValueError: The two tables do not hold the same ids.
    """
    split_of = dict(zip(folds[ID], folds["split"], strict=True))
    ids = rows[ID].tolist()
    if set(split_of) != set(ids):
        msg = "rows and folds hold different ids: make the folds anew"
        raise ValueError(msg)
    splits = pd.factorize(np.array([split_of[row_id] for row_id in ids], object))[0]
    return [
        Leak(kind, texts[first], first, split_of[first], second, split_of[second])
        for kind, (lists, keys) in _ties(rows, settings).items()
        for texts in _texts_of_holders(lists, _crossing(keys, splits), ids)
        for first, second in combinations(texts, 2)
        if split_of[first] != split_of[second]
    ]


def _crossing(keys: pd.DataFrame, splits: np.ndarray) -> pd.DataFrame:
    counts = _row_counts(keys.assign(row=splits[keys["row"]]))
    return keys[keys["key"].isin(counts.index[counts > 1])]


def _texts_of_holders(lists: TextLists, keys: pd.DataFrame, ids: list[str]) -> list[dict[str, str]]:
    """Of each text that ties, the rows that hold it, and how each has it first."""
    texts = lists.take(keys.index.to_numpy()).to_pylist()
    holders: dict[str, dict[str, str]] = defaultdict(dict)
    pairs = zip((ids[row] for row in keys["row"]), texts, strict=True)
    # Sorting is stable: the texts of a row keep their order.
    for row_id, text in sorted(pairs, key=itemgetter(0)):
        holders[normalise(text)].setdefault(row_id, text)
    return list(holders.values())


def natural_order(key: str) -> tuple[tuple[str | int, ...], str]:
    """Sort key that counts the numbers within an id: `A_9` before `A_10`."""
    parts = re.split(r"([0-9]+)", key)
    return tuple(int(part) if index % 2 else part for index, part in enumerate(parts)), key


def natural_indices(ids: Sequence[str]) -> list[int]:
    """The indices of ids in their natural order."""
    # Numbers of one length at the same places are in order as they are written.
    if len({row_id.translate(_DIGITS) for row_id in ids}) == 1:
        return sorted(range(len(ids)), key=ids.__getitem__)
    return sorted(range(len(ids)), key=[natural_order(row_id) for row_id in ids].__getitem__)


def stock_answers(rows: pd.DataFrame, settings: FoldSettings) -> dict[str, int]:
    """The stock phrases, as the first row has each, and their rows, the most frequent first."""
    answers = TextLists.of(rows[ANSWERS])
    keys = _keys(answers)
    stock, first = _stock(keys, len(rows), settings), keys["key"].drop_duplicates()
    indices = pd.Series(first.index, first)[stock.index]
    return dict(zip(answers.take(indices.to_numpy()).to_pylist(), stock.tolist(), strict=True))


def held_out_texts(dealt: pd.DataFrame, settings: FoldSettings) -> list[str]:
    """Every question and answer that nothing may be trained on, stock phrases left out."""
    held_out = (dealt["split"] != TRAINING).to_numpy(bool)
    questions, answers = TextLists.of(dealt[QUESTIONS]), TextLists.of(dealt[ANSWERS])
    asked = np.flatnonzero(held_out[questions.rows])
    specific = _is_specific(_keys(answers), len(dealt), settings)
    given = np.flatnonzero(held_out[answers.rows] & specific.to_numpy())
    return questions.take(asked).to_pylist() + answers.take(given).to_pylist()


def _keys(texts: TextLists) -> pd.DataFrame:
    """Every text of a column, by its index: `key`, and the `row` that it is of."""
    return pd.DataFrame({"key": comparison_keys(texts), "row": texts.rows})


def _row_counts(keys: pd.DataFrame) -> pd.Series:
    """Key → rows that hold it, the most frequent first; of several, the one that stands first."""
    counts = keys.drop_duplicates().groupby("key", sort=False).size()
    return counts.sort_values(ascending=False, kind="stable")


def _stock(answers: pd.DataFrame, rows: int, settings: FoldSettings) -> pd.Series:
    """Key of each stock phrase → rows that hold it, in the order of `_row_counts`."""
    counts = _row_counts(answers)
    return counts[counts > max(FEWEST_STOCK_ROWS, settings.stock_share * rows)]


def _is_specific(answers: pd.DataFrame, rows: int, settings: FoldSettings) -> pd.Series:
    return ~answers["key"].isin(_stock(answers, rows, settings).index)


def _ties(rows: pd.DataFrame, settings: FoldSettings) -> dict[str, tuple[TextLists, pd.DataFrame]]:
    """The questions, and the answers, with the `_keys` of those that tie rows to one another.

    Stock phrases tie only rows that have no other answer.
    """
    questions, answers = TextLists.of(rows[QUESTIONS]), TextLists.of(rows[ANSWERS])
    keys = _keys(answers)
    specific = _is_specific(keys, len(rows), settings)
    has_other = keys["row"].isin(keys.loc[specific, "row"])
    return {
        "question": (questions, _keys(questions)),
        "answer": (answers, keys[specific | ~has_other]),
    }


def _first_tied(rows: pd.DataFrame, order: np.ndarray, settings: FoldSettings) -> np.ndarray:
    """For each row, in an order, where in it the first row of its group is.

    Rows are of one group that are linked by shared texts, over any number of steps.
    """
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    size = len(rows)
    rank = np.argsort(order)
    links = [_shared(keys) for _, keys in _ties(rows, settings).values()]
    if ROW_NUMBER in rows:
        records = rows[ROW_NUMBER].to_numpy()
        links.append(_shared(pd.DataFrame({"key": records, "row": np.arange(size)})))
    one, other = (rank[np.concatenate(ends)] for ends in zip(*links, strict=True))
    graph = coo_array((np.ones(len(one), bool), (one, other)), shape=(size, size))
    groups = connected_components(graph, directed=False)[1]
    _, first, group_of = np.unique(groups, return_index=True, return_inverse=True)
    return first[group_of]


def _shared(keys: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """Links each row that holds a key with the one before that does."""
    before = keys.groupby("key", dropna=False)["row"].shift(fill_value=-1)
    return keys.loc[before >= 0, "row"].to_numpy(), before[before >= 0].to_numpy()


def _deal(grouped: pd.DataFrame, settings: FoldSettings) -> dict[str, int]:
    """Deals the leak groups to the folds, so that rows which come later move as few as can be."""
    groups: dict[str, list[str]] = defaultdict(list)
    for group, category in zip(grouped["leak_group"], grouped[CATEGORY], strict=True):
        groups[group].append(category)
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
    ordered = rows.iloc[natural_indices(rows[ID].tolist())]
    groups, needed = folds["leak_group"].nunique(), len(settings.splits())
    remedy = f"add rows, since {needed} groups are needed"
    if groups >= needed:
        remedy = f"lower folds.count (now {settings.count}) to at most {groups}, or add rows"
    msg = (
        f"{len(folds)} rows in {groups} groups without shared texts leave no row for "
        f"{', '.join(sorted(empty))}: {remedy}{_most_shared(ordered, settings)}"
    )
    raise InputError(msg)


def _most_shared(rows: pd.DataFrame, settings: FoldSettings) -> str:
    ties = list(_ties(rows, settings).values())
    keys = pd.concat([keys for _, keys in ties])
    counts = _row_counts(keys)
    if counts.iloc[0] < 2:
        return ""
    texts = [text for lists, part in ties for text in lists.take(part.index.to_numpy()).to_pylist()]
    text = texts[keys["key"].tolist().index(counts.index[0])]
    shown = text if len(text) <= SHOWN_CHARACTERS else text[:SHOWN_CHARACTERS] + "…"
    return f". Most rows, {counts.iloc[0]}, share '{shown}'"
