"""Examples made of the rows: single questions, and two questions of different rows joined.

What belongs here: how two questions or answers become one, and which are put together for training
and for judging. What does not: how joined questions are taken apart (`hansol_assets.qa.splitting`)
and how an example becomes a prompt (`hansol_assets.qa.prompts`).
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice, product
from typing import Annotated, NamedTuple

import pandas as pd
from pydantic import Field, field_validator

from hansol_assets.qa.folds import CALIBRATION, TRAINING, VALIDATION, natural_order
from hansol_assets.qa.joining import ALSO, AND, KINDS, join_answers, join_questions
from hansol_assets.qa.sampling import choose, deal, digest, draw, spread_pairs
from hansol_assets.qa.splitting import QuestionMix
from hansol_assets.qa.table.columns import ANSWERS, ID, QUESTIONS
from hansol_assets.settings_model import SettingsModel

SINGLE = "single"
JOINED = "joined"

Weight = Annotated[float, Field(ge=0, allow_inf_nan=False)]

_ID_LENGTH = 16

_PAIR_COLUMNS = [ID, "kind", "source_ids", "question", "answer"]
_HELD_OUT_COLUMNS = [ID, "split", "kind", "source_ids", "question", "references"]


class PairingSettings(SettingsModel):
    """How many examples join two questions, and by what."""

    seed: int = Field(20240311, ge=0, description="seed of every draw of rows, questions, answers")
    joined_count: int | None = Field(
        None,
        ge=0,
        description="joined training examples; null: as many as give the share of the test set",
    )
    joined_limit: int = Field(
        20_000, ge=0, description="at most this many joined training examples when count is null"
    )
    held_out_count: int = Field(
        400,
        ge=2,
        description="questions that judge at most, calibration and validation together; rows are "
        "drawn by hash, each split in its share",
    )
    mix_step: float = Field(
        0.05,
        ge=0,
        le=0.5,
        description="shares measured in the test set are rounded to multiples of this, so that a "
        "few more questions do not train the adapter anew; 0: they are not rounded",
    )
    connectives: dict[str, Weight] | None = Field(
        None,
        description="weight of each kind of joining (그리고; 또한,; 아울러; 더불어; 추가로; "
        "그렇다면; 또; none; slash; line); null: as measured in the test set",
    )

    @field_validator("connectives")
    @classmethod
    def _known_and_weighted(cls, weights: dict[str, float] | None) -> dict[str, float] | None:
        if weights is None:
            return None
        unknown = sorted(set(weights) - set(KINDS))
        if unknown:
            msg = f"unknown connectives {unknown}; known are {list(KINDS)}"
            raise ValueError(msg)
        if sum(weights.values()) == 0:
            msg = "one connective at least must have a weight above 0"
            raise ValueError(msg)
        return weights


class _Row(NamedTuple):
    id: str
    leak_group: str
    questions: tuple[str, ...]
    answers: tuple[str, ...]


class _Join(NamedTuple):
    first: _Row
    second: _Row
    connective: str


def build_pairs(
    rows: pd.DataFrame, folds: pd.DataFrame, mix: QuestionMix, settings: PairingSettings
) -> pd.DataFrame:
    """Build the training examples from the rows of the training split.

    Singles are every question with every answer of a row. Joined examples take two rows of
    different leak groups, no ordered pair of rows twice and each row about equally often; there are
    fewer than asked for where the rows have no more pairs.

    Args:
        rows: The training table.
        folds: `id, leak_group, split`.
        mix: The share and connectives of joined questions in the test set.
        settings: Counts, connectives and seed.

    Returns:
        `id, kind, source_ids, question, answer`; ids are hashes of the content. The same rows in
        any order give the same frame.
    """
    training = _rows_of(rows, folds, TRAINING)
    # One list of sources a row, not one an example.
    examples = [
        _example(SINGLE, own, question, answer)
        for row, own in ((row, [row.id]) for row in training)
        for question, answer in product(row.questions, row.answers)
    ]
    wanted = settings.joined_count
    if wanted is None:
        wanted = _joined_beside(len(examples), mix.joined_share, settings.joined_limit)
    examples += [
        _example(
            JOINED,
            [join.first.id, join.second.id],
            _joined_question(join, settings.seed),
            _joined_answer(join, settings.seed),
        )
        for join in _joins(training, wanted, _weights(mix, settings), settings.seed)
    ]
    # Two paraphrases of a row may be the same text: one example of it is enough.
    return pd.DataFrame(examples, columns=_PAIR_COLUMNS).drop_duplicates(ID, ignore_index=True)


def build_held_out(
    rows: pd.DataFrame, folds: pd.DataFrame, mix: QuestionMix, settings: PairingSettings
) -> pd.DataFrame:
    """Build the questions that judge: the calibration and validation rows, asked both ways.

    Every row is asked once by itself, in one of its paraphrases. Joined questions put two rows of
    one split together, as many as give the mix's share of joined questions (fewer where the split
    has no more pairs); the i-th reference joins the i-th answers, as many as the row with fewer
    has. Of a table that would give more than `held_out_count` questions, a sample of the rows is
    asked.

    Args:
        rows: The training table.
        folds: `id, leak_group, split`.
        mix: The share and connectives of joined questions in the test set.
        settings: Connectives and seed.

    Returns:
        `id, split, kind, source_ids, question, references` (a list of texts).
    """
    questions = []
    share = _share_asked(folds, mix, settings)
    for split in (CALIBRATION, VALIDATION):
        held_out = _sampled(_rows_of(rows, folds, split), share, settings.seed)
        for row in held_out:
            question = choose(row.questions, settings.seed, "single", row.id)
            questions.append(_held_out(split, SINGLE, [row.id], question, row.answers))
        most = len(held_out) * (len(held_out) - 1)
        wanted = _joined_beside(len(held_out), mix.joined_share, most)
        for join in _joins(held_out, wanted, _weights(mix, settings), settings.seed):
            references = [
                join_answers(first, second, join.connective)
                for first, second in zip(join.first.answers, join.second.answers, strict=False)
            ]
            question = _joined_question(join, settings.seed)
            source_ids = [join.first.id, join.second.id]
            questions.append(_held_out(split, JOINED, source_ids, question, references))
    return pd.DataFrame(questions, columns=_HELD_OUT_COLUMNS)


def _share_asked(folds: pd.DataFrame, mix: QuestionMix, settings: PairingSettings) -> float:
    """The share of the held-out rows that can be asked within the settings' count, 0 to 1.

    So many rows leave room for their joined questions; few rows have enough pairs for any share.
    """
    count = int(folds["split"].isin((CALIBRATION, VALIDATION)).sum())
    most = settings.held_out_count
    asked = max(most * (1 - mix.joined_share), math.sqrt(most))
    return min(1.0, asked / max(count, 1))


def _sampled(rows: list[_Row], share: float, seed: int) -> list[_Row]:
    count = max(1, round(len(rows) * share))
    return [rows[place] for place in draw([row.id for row in rows], count, seed, "held out")]


def _rows_of(rows: pd.DataFrame, folds: pd.DataFrame, split: str) -> list[_Row]:
    """The rows of a split, in the order of their ids."""
    group_of = dict(
        folds.loc[folds["split"] == split, [ID, "leak_group"]].itertuples(index=False, name=None)
    )
    chosen = rows[rows[ID].isin(list(group_of))]
    found = [
        _Row(row_id, group_of[row_id], tuple(questions), tuple(answers))
        for row_id, questions, answers in zip(
            chosen[ID], chosen[QUESTIONS], chosen[ANSWERS], strict=True
        )
    ]
    return sorted(found, key=lambda row: natural_order(row.id))


def _joined_beside(singles: int, share: float, most: int) -> int:
    """How many joined questions beside the singles make up the share of all, at most `most`."""
    # j / (singles + j) = share, solved for j.
    return most if share >= 1 else min(most, round(singles * share / (1 - share)))


def _weights(mix: QuestionMix, settings: PairingSettings) -> Mapping[str, float]:
    # A test set without joined questions gives no proportions: then all connectives are alike.
    return settings.connectives or mix.connectives or dict.fromkeys((AND, ALSO), 1.0)


def _joins(
    rows: list[_Row], count: int, weights: Mapping[str, float], seed: int
) -> Iterator[_Join]:
    pairs = (
        (first, second)
        for first, second in spread_pairs(rows, lambda row: row.id, seed, "pairs")
        if first.leak_group != second.leak_group
    )
    drawn = list(islice(pairs, count))
    for (first, second), connective in zip(drawn, deal(len(drawn), weights), strict=True):
        yield _Join(first, second, connective)


def _joined_question(join: _Join, seed: int) -> str:
    pair = (join.first.id, join.second.id)
    first = choose(join.first.questions, seed, "first question", *pair)
    second = choose(join.second.questions, seed, "second question", *pair)
    return join_questions(first, second, join.connective)


def _joined_answer(join: _Join, seed: int) -> str:
    pair = (join.first.id, join.second.id)
    first = choose(join.first.answers, seed, "first answer", *pair)
    second = choose(join.second.answers, seed, "second answer", *pair)
    return join_answers(first, second, join.connective)


def _example(
    kind: str, source_ids: list[str], question: str, answer: str
) -> tuple[str, str, list[str], str, str]:
    key = digest(kind, *source_ids, question, answer)[:_ID_LENGTH]
    return key, kind, source_ids, question, answer


def _held_out(
    split: str, kind: str, source_ids: list[str], question: str, references: Sequence[str]
) -> tuple[str, str, str, list[str], str, list[str]]:
    # The split is no part of the id: a row that moves between splits keeps its question's id.
    key = digest(kind, *source_ids, question)[:_ID_LENGTH]
    return key, split, kind, source_ids, question, list(references)
