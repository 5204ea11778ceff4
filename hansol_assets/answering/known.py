"""Scores of held-out questions that the table knows, and how many of those to be answered it knows.

What belongs here: both. What does not: how the questions are asked
(`hansol_assets.answering.held_out_rows`), and how those that the table does not know are judged
(`hansol_assets.answering.judging`).
"""

from collections.abc import Sequence
from itertools import chain, pairwise

import numpy as np
import pandas as pd

from hansol_assets.answering.held_out_rows import HeldOutRows
from hansol_assets.answering.judge import Judge
from hansol_assets.answering.parts import ALL_SPLITS
from hansol_assets.answering.verdicts import Found, Sources, VerdictSettings, answer_parts
from hansol_assets.embedding.embedder import encode
from hansol_assets.qa.connectives import NONE, join_all
from hansol_assets.qa.pairing import JOINED, SINGLE
from hansol_assets.qa.seeded_draws import draw
from hansol_assets.qa.splitting import take_apart
from hansol_assets.qa.table.columns import ANSWERS, ID
from hansol_assets.retrieval.ranking import RowSearcher
from hansol_assets.scoring.baselines import baseline_scores
from hansol_assets.scoring.bootstrap import bootstrap_interval
from hansol_assets.scoring.cosine import public_mask, reference_cosines
from hansol_assets.scoring.evaluate import ScoreSettings, embed_references
from hansol_assets.scoring.joining import JoinMap
from hansol_assets.scoring.kinds import ASKED, EVEN_SHARE, KNOWN
from hansol_assets.scoring.leaderboard import ANSWER, ONLY, WITHOUT
from hansol_assets.scoring.row_share import RowShare

ROWS = "rows"
VECTOR = "blend"
_MOST_QUESTIONS = 300
_STEP = 0.05
"""Shares are rounded to multiples, so that one more question of the same kind renames no score."""


def known_shares(
    questions: pd.DataFrame, searcher: RowSearcher, settings: ScoreSettings
) -> pd.DataFrame:
    """Measures how many parts of the questions to be answered have a row that answers them.

    Args:
        questions: `id, question`; of many so many are drawn by hash.
        searcher: Finds and ranks rows.
        settings: How the interval is drawn; questions are drawn whole.

    Returns:
        `figure, value`: `share`, the mean probability that the first row answers, with `low` and
        `high`, each rounded; a half, from 0 to 1, where nothing is asked.
    """
    if questions.empty:
        found = (EVEN_SHARE, 0.0, 1.0)
    else:
        drawn = questions.iloc[draw(questions["id"].tolist(), _MOST_QUESTIONS, "known")]
        parts = [taken.parts for taken in take_apart(drawn["question"].tolist())]
        asked = list(chain.from_iterable(parts))
        sure = np.array(
            [searcher.confidence(own) for own in searcher.search(asked, searcher.depth, ALL_SPLITS)]
        )
        groups = np.repeat(drawn["id"].to_numpy(), list(map(len, parts))).tolist()
        found = (float(sure.mean()), *bootstrap_interval(sure, settings.bootstrap, groups))
    values = [round(round(value / _STEP) * _STEP, 4) for value in found]
    return pd.DataFrame({"figure": ["share", "low", "high"], "value": values})


def score_known(
    asked: HeldOutRows,
    rows: pd.DataFrame,
    share: RowShare,
    joining: JoinMap,
    judge: Judge,
    centroid_vector: np.ndarray,
    verdicts: VerdictSettings,
    settings: ScoreSettings,
) -> pd.DataFrame:
    """Scores the vectors and answers of known questions, alone and joined two by two.

    Args:
        asked: Questions whose row is visible.
        rows: The rows of `qa_folds`.
        share: How vectors of rows and estimates are mixed.
        joining: From the vectors of parts to that of a whole answer.
        judge: Scores texts, and vectors of its own space.
        centroid_vector: [dimensions], of the training answers: the zero of parity.
        verdicts: Which answer follows from a probability.
        settings: How the public questions are drawn.

    Returns:
        Columns as `judge_answers` has them, as far as a known question has them: the vector that
        is submitted, rows and estimate alone, the answer and the baselines. Nothing where every row
        has a single question, by which it would be found.
    """
    if not asked.row_ids:
        return pd.DataFrame()
    answers = dict(zip(rows[ID], rows[ANSWERS], strict=True))
    found = list(map(Found.of_hits, asked.questions, asked.confidence, asked.hits))
    said = [part.text for part in answer_parts(found, Sources(rows, judge.embedder), verdicts)]
    vectors = {
        VECTOR: share.mix(asked.rows, asked.estimates, asked.confidence),
        f"{ONLY}{ROWS}": asked.rows,
        f"{WITHOUT}{ROWS}": asked.estimates,
    }
    alone: list[tuple[int, ...]] = [(place,) for place in range(len(asked.row_ids))]
    groups = [*alone, *pairwise(range(len(asked.row_ids)))]
    keys = [[asked.row_ids[place] for place in own] for own in groups]
    references = embed_references(
        [_references([answers[key] for key in own]) for own in keys], judge.embedder
    )
    nearest = [next((hit.answers[0] for hit in own), "") for own in asked.hits]
    judged = {ANSWER: _encoded(said, groups, judge)}
    if judge.embeds_answers:
        judged |= {
            name: joining.apply([own[list(group)] for group in groups])
            for name, own in vectors.items()
        }
        first = [list(own[0].answers) if own else [] for own in asked.hits]
        judged[VECTOR] = share.mix_joined(
            judged[VECTOR],
            [[first[place] for place in own] for own in groups],
            [asked.confidence[list(own)] for own in groups],
            judge.embedder,
        )
    ids = [f"{KNOWN} {'+'.join(own)}" for own in keys]
    table = pd.DataFrame(
        {
            "id": ids,
            "kind": [SINGLE if len(own) == 1 else JOINED for own in groups],
            ASKED: KNOWN,
            "group": [own[0] for own in keys],
            "public": public_mask(ids, settings.public_share, settings.public_salt),
            "confidence": [min(asked.confidence[list(own)]) for own in groups],
            **{name: reference_cosines(own, references) for name, own in judged.items()},
        }
    )
    return table.join(
        baseline_scores(references, centroid_vector, _encoded(nearest, groups, judge))
    )


def _encoded(texts: Sequence[str], groups: Sequence[tuple[int, ...]], judge: Judge) -> np.ndarray:
    return encode(
        judge.embedder, [join_all((texts[place] for place in own), NONE) for own in groups]
    )


def _references(parts: Sequence[Sequence[str]]) -> list[str]:
    return [join_all(own, NONE) for own in zip(*parts, strict=False)]
