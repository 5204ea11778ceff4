"""Held-out rows asked while the table knows them (*known*) and while it does not (*unknown*).

A known question's row is visible but for the paraphrase that asks; for an unknown one the row is
taken out.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, pairwise

import numpy as np
import pandas as pd

from hansol_assets.answering.judging import Judge
from hansol_assets.answering.parts import ALL_SPLITS, of_split
from hansol_assets.answering.verdicts import QuotableRows, RankedRows, VerdictSettings, answer_parts
from hansol_assets.embedding.embedder import Embedder, encode, encode_groups, encode_means
from hansol_assets.embedding.vectors import unit
from hansol_assets.qa.connectives import NONE, join_all
from hansol_assets.qa.folds import VALIDATION
from hansol_assets.qa.pairing import JOINED, SINGLE
from hansol_assets.qa.seeded_draws import draw
from hansol_assets.qa.splitting import take_apart
from hansol_assets.qa.table.columns import ANSWERS, ID
from hansol_assets.retrieval.examples import Asked, questions_of_rows
from hansol_assets.retrieval.ranking import RowSearcher
from hansol_assets.retrieval.search import Hit
from hansol_assets.scoring.answer_regressor import AnswerRegressor
from hansol_assets.scoring.blend import UNFITTED, RowShare, VectorBlend
from hansol_assets.scoring.bootstrap import bootstrap_interval
from hansol_assets.scoring.join_map import JoinMap
from hansol_assets.scoring.leaderboard import ANSWER, ONLY, WITHOUT
from hansol_assets.scoring.measures import (
    ASKED,
    EVEN_SHARE,
    KNOWN,
    baseline_scores,
    public_mask,
    reference_cosines,
)

ROWS = "rows"
VECTOR = "blend"
MIXED_ROWS = 6
"""Rows whose references are mixed by their probabilities; those beyond have next to none."""
SCORED_ROWS = 300
"""Validation rows at most that are asked for to measure the search."""
_MOST_QUESTIONS = 300
_STEP = 0.05
"""Shares are rounded to multiples, so that one more question of the same kind renames no score."""


def scored_ids(rows: pd.DataFrame) -> list[str]:
    """Returns the ids of the validation rows that are asked for, drawn by hash where they are many.

    `rows` has the columns `id, split`.
    """
    ids = of_split(rows, VALIDATION)[ID].tolist()
    return [ids[number] for number in draw(ids, SCORED_ROWS, "scored")]


@dataclass(frozen=True)
class HeldOutRows:
    """Questions of one kind, each of another row.

    Attributes:
        questions: In other words than the row shows.
        hits: The rows found for each, most probable first.
        confidence: That the first of them answers, [questions].
        rows: The mean of the found rows' references, by their probabilities, [questions,
            dimensions], of length 1.
        estimates: The blend of the components, likewise; its regression knows no such row.
    """

    row_ids: list[str]
    questions: list[str]
    hits: list[list[Hit]]
    confidence: np.ndarray
    rows: np.ndarray
    estimates: np.ndarray


def ask_held_out(
    rows: pd.DataFrame, held_out: Sequence[str], visible: Sequence[str], searcher: RowSearcher
) -> tuple[dict[str, Asked], dict[str, Asked]]:
    """Asks for rows by their last paraphrase; those with one question are passed over.

    Rows of the splits `visible`, theirs among them, are searched.

    Returns:
        Row id → its question as a known one, and as an unknown one.
    """
    asked_rows = rows[rows[ID].isin(set(held_out))]

    def search(texts: Sequence[str]) -> list[list[Hit]]:
        return searcher.index.pools(texts, searcher.depth, visible)

    known, unknown = questions_of_rows(asked_rows, search)
    known_of = {next(iter(asked.answering)): asked for asked in known}
    unknown_of = dict(zip(asked_rows[ID], unknown, strict=True))
    return known_of, {key: unknown_of[key] for key in known_of}


def look_up(
    asked: Mapping[str, Asked],
    rows: pd.DataFrame,
    searcher: RowSearcher,
    regressor: AnswerRegressor,
    blend: VectorBlend,
    embedder: Embedder,
) -> HeldOutRows:
    """Ranks the rows found for questions (row id → question), and makes what vectors are mixed of.

    The regressor is fitted without these rows.
    """
    questions = [one.question for one in asked.values()]
    estimates = blend.apply(regressor.components(questions)) if questions else np.zeros((0, 0))
    answers = dict(zip(rows[ID], rows[ANSWERS], strict=True))
    hits = searcher.ranker.ranked(questions, [one.hits for one in asked.values()])
    confidence = np.array(list(map(searcher.confidence, hits)))
    weights = [{hit.id: hit.probability for hit in ranked[:MIXED_ROWS]} for ranked in hits]
    row_ids = list(dict.fromkeys(chain.from_iterable(weights)))
    mixed = np.zeros_like(estimates)
    if row_ids:
        means = encode_means(embedder, [list(answers[key]) for key in row_ids])
        row_of = {key: row for row, key in enumerate(row_ids)}
        for number, of_rows in enumerate(weights):
            if of_rows:
                vectors = means[[row_of[key] for key in of_rows]]
                mixed[number] = np.array(list(of_rows.values())) @ vectors
    return HeldOutRows(list(asked), questions, hits, confidence, unit(mixed), estimates)


def fit_row_share(
    known: HeldOutRows,
    unknown: HeldOutRows,
    rows: pd.DataFrame,
    embedder: Embedder,
    unknown_weight: float,
) -> RowShare:
    """Fits how much of a vector is of the rows, on their references in `qa_folds`.

    An unknown question weighs `unknown_weight`, a known one 1.
    """
    kinds = (known, unknown)
    answers = dict(zip(rows[ID], rows[ANSWERS], strict=True))
    texts = [list(answers[key]) for kind in kinds for key in kind.row_ids]
    if not texts:
        return UNFITTED
    return RowShare.fit(
        np.concatenate([kind.rows for kind in kinds]),
        np.concatenate([kind.estimates for kind in kinds]),
        np.concatenate([kind.confidence for kind in kinds]),
        encode_groups(embedder, texts),
        np.repeat([1.0, unknown_weight], [len(kind.row_ids) for kind in kinds]),
    )


def known_shares(questions: pd.DataFrame, searcher: RowSearcher) -> pd.DataFrame:
    """Measures how many parts of the questions to be answered have a row that answers them.

    Of many questions (`id, question`) so many are drawn by hash; for the interval they are drawn
    whole.

    Returns:
        `figure, value`: `share`, the mean probability that the first row answers, with `low` and
        `high`, each rounded; a half, from 0 to 1, where nothing is asked.
    """
    figures = (EVEN_SHARE, 0.0, 1.0)
    if not questions.empty:
        drawn = questions.iloc[draw(questions["id"].tolist(), _MOST_QUESTIONS, "known")]
        parts = [taken.parts for taken in take_apart(drawn["question"].tolist())]
        hits = searcher.search(list(chain.from_iterable(parts)), searcher.depth, ALL_SPLITS)
        confidence = np.array(list(map(searcher.confidence, hits)))
        groups = np.repeat(drawn["id"].to_numpy(), list(map(len, parts))).tolist()
        interval = bootstrap_interval(confidence, groups)
        figures = (float(confidence.mean()), *interval)
    values = [round(round(value / _STEP) * _STEP, 4) for value in figures]
    return pd.DataFrame({"figure": ["share", "low", "high"], "value": values})


def score_known(
    asked: HeldOutRows,
    rows: pd.DataFrame,
    share: RowShare,
    joining: JoinMap,
    judge: Judge,
    centroid_vector: np.ndarray,
    verdicts: VerdictSettings,
) -> pd.DataFrame:
    """Scores the vectors and answers of known questions, alone and joined two by two.

    `centroid_vector`, [dimensions], of the training answers, is the zero of parity.

    Returns:
        Columns as `judge_answers` has them, as far as a known question has them: the vector that
        is submitted, rows and estimate alone, the answer and the baselines. Nothing where every row
        has a single question, by which it would be found.
    """
    if not asked.row_ids:
        return pd.DataFrame()
    answers = dict(zip(rows[ID], rows[ANSWERS], strict=True))
    ranked = list(map(RankedRows.of_hits, asked.questions, asked.confidence, asked.hits))
    quotable = QuotableRows(rows, judge.embedder)
    texts = [part.text for part in answer_parts(ranked, quotable, verdicts)]
    alone: list[tuple[int, ...]] = [(number,) for number in range(len(asked.row_ids))]
    groups = [*alone, *pairwise(range(len(asked.row_ids)))]
    keys = [[asked.row_ids[number] for number in group] for group in groups]
    references = encode_groups(
        judge.embedder, [_joined([answers[key] for key in group]) for group in keys]
    )
    nearest = [next((hit.answers[0] for hit in hits), "") for hits in asked.hits]
    judged = {ANSWER: _encoded(texts, groups, judge)}
    if judge.embeds_answers:
        judged |= _vectors(asked, groups, share, joining, judge)
    ids = [f"{KNOWN} {'+'.join(group)}" for group in keys]
    table = pd.DataFrame(
        {
            "id": ids,
            "kind": [SINGLE if len(group) == 1 else JOINED for group in groups],
            ASKED: KNOWN,
            "group": [group[0] for group in keys],
            "public": public_mask(ids),
            "confidence": [min(asked.confidence[list(group)]) for group in groups],
            **{name: reference_cosines(vectors, references) for name, vectors in judged.items()},
        }
    )
    return table.join(
        baseline_scores(references, centroid_vector, _encoded(nearest, groups, judge))
    )


def _vectors(
    asked: HeldOutRows,
    groups: Sequence[tuple[int, ...]],
    share: RowShare,
    joining: JoinMap,
    judge: Judge,
) -> dict[str, np.ndarray]:
    """The vectors of each group of questions that are asked together, [groups, dimensions]."""
    parts = {
        VECTOR: share.mix(asked.rows, asked.estimates, asked.confidence),
        f"{ONLY}{ROWS}": asked.rows,
        f"{WITHOUT}{ROWS}": asked.estimates,
    }
    wholes = {
        name: joining.apply([vectors[list(group)] for group in groups])
        for name, vectors in parts.items()
    }
    first = [list(hits[0].answers) if hits else [] for hits in asked.hits]
    wholes[VECTOR] = share.mix_joined(
        wholes[VECTOR],
        [[first[number] for number in group] for group in groups],
        [asked.confidence[list(group)] for group in groups],
        judge.embedder,
    )
    return wholes


def _encoded(texts: Sequence[str], groups: Sequence[tuple[int, ...]], judge: Judge) -> np.ndarray:
    joined = [join_all((texts[number] for number in group), NONE) for group in groups]
    return encode(judge.embedder, joined)


def _joined(parts: Sequence[Sequence[str]]) -> list[str]:
    return [join_all(texts, NONE) for texts in zip(*parts, strict=False)]
