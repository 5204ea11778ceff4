"""Examples made of the rows: single questions, and two questions of different rows joined."""

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain, islice
from typing import NamedTuple, Self

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from pydantic import Field

from hansol_assets.qa.connectives import ALSO, AND, join_answers, join_questions
from hansol_assets.qa.folds import CALIBRATION, TRAINING, VALIDATION, natural_indices
from hansol_assets.qa.seeded_draws import PARTS, choose, deal_by_name, digest, draw, spread_pairs
from hansol_assets.qa.splitting import QuestionMix
from hansol_assets.qa.table.columns import ANSWERS, ID, QUESTIONS
from hansol_assets.qa.text_lists import TextLists
from hansol_assets.settings_model import SettingsModel

SINGLE = "single"
JOINED = "joined"

SEED = 20240311
"""Of every draw of rows, questions and answers."""
JOINED_LIMIT = 20_000
"""Joined training examples at most, of those that give the share of the test set."""
_ID_LENGTH = 16

BLOCK_BYTES = 32 * 2**20
"""Of the texts of a block of examples, so that a few blocks fit in any memory."""
_EXAMPLE_BYTES = 100
"""Of an example beside its texts."""
_JOINED_TOGETHER = 1_000
"""Joined examples that are made together: each is Python objects meanwhile."""

EXAMPLES = pa.schema(
    {
        ID: pa.string(),
        "kind": pa.string(),
        "source_ids": pa.list_(pa.string()),
        "question": pa.string(),
        "answer": pa.string(),
    }
)
_HELD_OUT_COLUMNS = [ID, "split", "kind", "source_ids", "question", "references"]


class PairingSettings(SettingsModel):
    """How many questions judge."""

    held_out_count: int = Field(
        400,
        ge=2,
        description="questions that judge at most, calibration and validation together; rows are "
        "drawn by hash, each split in its share",
    )


class _Row(NamedTuple):
    id: str
    leak_group: str
    questions: Sequence[str]
    answers: Sequence[str]


class _Join(NamedTuple):
    first: _Row
    second: _Row
    connective: str

    @property
    def ids(self) -> list[str]:
        return [self.first.id, self.second.id]

    @property
    def question(self) -> str:
        first = choose(self.first.questions, SEED, "first question", *self.ids)
        second = choose(self.second.questions, SEED, "second question", *self.ids)
        return join_questions(first, second, self.connective)

    @property
    def answer(self) -> str:
        first = choose(self.first.answers, SEED, "first answer", *self.ids)
        second = choose(self.second.answers, SEED, "second answer", *self.ids)
        return join_answers(first, second, self.connective)


@dataclass(frozen=True, eq=False)
class _SplitRows:
    """The rows of a split, in the order of their ids; `indices` says where each is in the texts."""

    ids: list[str]
    leak_groups: list[str]
    indices: np.ndarray
    questions: TextLists
    answers: TextLists

    @classmethod
    def of(cls, rows: pd.DataFrame, folds: pd.DataFrame, split: str) -> Self:
        in_split = folds[(folds["split"] == split).to_numpy(bool)]
        fold_of = pd.Index(in_split[ID].to_numpy(object)).get_indexer(rows[ID].to_numpy(object))
        chosen = np.flatnonzero(fold_of >= 0)
        ids = rows[ID].iloc[chosen].tolist()
        order = natural_indices(ids)
        indices = chosen[order]
        groups = in_split["leak_group"].to_numpy(object)[fold_of[indices]]
        columns = (TextLists.of(rows[name]) for name in (QUESTIONS, ANSWERS))
        return cls([ids[index] for index in order], groups.tolist(), indices, *columns)

    @property
    def example_counts(self) -> np.ndarray:
        return self.questions.lengths[self.indices] * self.answers.lengths[self.indices]

    def row(self, number: int) -> _Row:
        index = self.indices[number]
        texts = (column.list_at(index) for column in (self.questions, self.answers))
        return _Row(self.ids[number], self.leak_groups[number], *texts)


def build_pairs(rows: pd.DataFrame, folds: pd.DataFrame, mix: QuestionMix) -> pd.DataFrame:
    """Build the training examples from the rows of the training split.

    Singles are every question with every answer of a row. Joined examples take two rows of
    different leak groups, no ordered pair of rows twice and each row about equally often; there are
    fewer where the rows have no more pairs. `folds` has `id, leak_group, split`; `mix` is that of
    the test set.

    Returns:
        `id, kind, source_ids, question, answer`; ids are hashes of the content.
    """
    pairs = pa.concat_tables(pair_blocks(rows, folds, mix, BLOCK_BYTES))
    return pairs.to_pandas().assign(source_ids=pairs["source_ids"].to_pylist())


def pair_blocks(
    rows: pd.DataFrame, folds: pd.DataFrame, mix: QuestionMix, block_bytes: int
) -> Iterator[pa.Table]:
    """Yields the examples of `build_pairs` in blocks of at most so many bytes, or of one row."""
    training = _SplitRows.of(rows, folds, TRAINING)
    singles = int(training.example_counts.sum())
    count = _joined_beside(singles, mix.joined_share, JOINED_LIMIT)
    joined = _joined(_joins(training, count, mix))
    yield from _together(chain(_singles(training, block_bytes), joined), block_bytes)


def build_held_out(
    rows: pd.DataFrame, folds: pd.DataFrame, mix: QuestionMix, settings: PairingSettings
) -> pd.DataFrame:
    """Build the questions that judge: the calibration and validation rows, asked both ways.

    Every row is asked once by itself, in one of its paraphrases. Joined questions put two rows of
    one split together, as many as give the mix's share; the i-th reference joins the i-th answers.
    Of a table that would give more than `held_out_count` questions, a sample of the rows is asked.

    Returns:
        `id, split, kind, source_ids, question, references` (a list of texts).
    """
    questions = []
    share = _share_asked(folds, mix, settings)
    for split in (CALIBRATION, VALIDATION):
        held_out = _sampled(_SplitRows.of(rows, folds, split), share)
        for row in map(held_out.row, range(len(held_out.ids))):
            question = choose(row.questions, SEED, "single", row.id)
            questions.append(_held_out(split, SINGLE, [row.id], question, row.answers))
        count = len(held_out.ids)
        joined = _joined_beside(count, mix.joined_share, count * (count - 1))
        for join in _joins(held_out, joined, mix):
            references = [
                join_answers(first, second, join.connective)
                for first, second in zip(join.first.answers, join.second.answers, strict=False)
            ]
            questions.append(_held_out(split, JOINED, join.ids, join.question, references))
    return pd.DataFrame(questions, columns=_HELD_OUT_COLUMNS)


def _share_asked(folds: pd.DataFrame, mix: QuestionMix, settings: PairingSettings) -> float:
    """The share of the held-out rows that can be asked within the settings' count, 0 to 1.

    So many rows leave room for their joined questions; few rows have enough pairs for any share.
    """
    count = int(folds["split"].isin((CALIBRATION, VALIDATION)).sum())
    most = settings.held_out_count
    asked = max(most * (1 - mix.joined_share), math.sqrt(most))
    return min(1.0, asked / max(count, 1))


def _sampled(rows: _SplitRows, share: float) -> _SplitRows:
    drawn = draw(rows.ids, max(1, round(len(rows.ids) * share)), SEED, "held out")
    return replace(
        rows,
        ids=[rows.ids[number] for number in drawn],
        leak_groups=[rows.leak_groups[number] for number in drawn],
        indices=rows.indices[drawn],
    )


def _singles(rows: _SplitRows, block_bytes: int) -> Iterator[pa.Table]:
    questions, answers = rows.questions, rows.answers
    asked, given = questions.lengths[rows.indices], answers.lengths[rows.indices]
    texts = questions.sizes[rows.indices] * given + answers.sizes[rows.indices] * asked
    sizes = np.cumsum(texts + asked * given * _EXAMPLE_BYTES)
    start = 0
    while start < len(rows.ids):
        before = sizes[start - 1] if start else 0
        end = max(start + 1, int(np.searchsorted(sizes, before + block_bytes, side="right")))
        yield _singles_of(rows, slice(start, end))
        start = end


def _singles_of(rows: _SplitRows, chosen: slice) -> pa.Table:
    indices = rows.indices[chosen]
    asked, given = rows.questions.lengths[indices], rows.answers.lengths[indices]
    counts = asked * given
    row = np.repeat(np.arange(len(indices)), counts)
    # The place of each example among those of its row.
    within = np.arange(len(row)) - np.repeat(np.cumsum(counts) - counts, counts)
    question = rows.questions.offsets[indices][row] + within // given[row]
    answer = rows.answers.offsets[indices][row] + within % given[row]
    ids = pa.array(rows.ids[chosen], pa.string()).take(pa.array(row))
    return _examples(
        SINGLE,
        pa.ListArray.from_arrays(pa.array(np.arange(len(row) + 1), pa.int32()), ids),
        rows.questions.take(question),
        rows.answers.take(answer),
    )


def _joined(joins: Iterator[_Join]) -> Iterator[pa.Table]:
    while some := list(islice(joins, _JOINED_TOGETHER)):
        yield _examples(
            JOINED,
            pa.array([join.ids for join in some]),
            pa.array([join.question for join in some]),
            pa.array([join.answer for join in some]),
        )


def _examples(kind: str, source_ids: pa.Array, questions: pa.Array, answers: pa.Array) -> pa.Table:
    parts = (pc.binary_join(source_ids, PARTS), questions, answers)
    texts = (part.cast(pa.string()) for part in parts)
    contents = pc.binary_join_element_wise(kind, *texts, PARTS)
    ids = [_id(content) for content in contents.to_pylist()]
    kinds = pa.array([kind]).take(pa.array(np.zeros(len(ids), np.int64)))
    columns = [pa.array(ids), kinds, source_ids, questions, answers]
    examples = pa.Table.from_arrays(columns, names=EXAMPLES.names).cast(EXAMPLES)
    # Two paraphrases of a row may be the same text: one example of it is enough.
    return examples.filter(pa.array(~pd.Series(ids).duplicated()))


def _together(parts: Iterable[pa.Table], most: int) -> Iterator[pa.Table]:
    """Yields tables of at most so many bytes, unless one part has more; one table at least."""
    waiting: list[pa.Table] = []
    for part in parts:
        if waiting and sum(table.nbytes for table in waiting) + part.nbytes > most:
            yield pa.concat_tables(waiting)
            waiting = []
        waiting.append(part)
    yield pa.concat_tables(waiting or [EXAMPLES.empty_table()])


def _joined_beside(singles: int, share: float, most: int) -> int:
    """How many joined questions beside the singles make up the share of all, at most `most`."""
    # j / (singles + j) = share, solved for j.
    return most if share >= 1 else min(most, round(singles * share / (1 - share)))


def _joins(rows: _SplitRows, count: int, mix: QuestionMix) -> Iterator[_Join]:
    # A test set without joined questions gives no proportions: then these are alike.
    weights = mix.connectives or dict.fromkeys((AND, ALSO), 1.0)
    numbers, groups = range(len(rows.ids)), rows.leak_groups
    pairs = (
        (first, second)
        for first, second in spread_pairs(numbers, rows.ids.__getitem__, SEED, "pairs")
        if groups[first] != groups[second]
    )
    drawn = list(islice(pairs, count))
    names = [digest(SEED, rows.ids[first], rows.ids[second]) for first, second in drawn]
    for (first, second), connective in zip(drawn, deal_by_name(names, weights), strict=True):
        yield _Join(rows.row(first), rows.row(second), connective)


def _id(*parts: str) -> str:
    return digest(*parts)[:_ID_LENGTH]


def _held_out(
    split: str, kind: str, source_ids: list[str], question: str, references: Sequence[str]
) -> tuple[str, str, str, list[str], str, list[str]]:
    # The split is no part of the id: a row that moves between splits keeps its question's id.
    return _id(kind, *source_ids, question), split, kind, source_ids, question, list(references)
