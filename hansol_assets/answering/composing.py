"""A composed candidate for every part of a question, from the rows that its split may see.

What belongs here: which rows may be quoted, and the candidate's place in the table. What does not:
how a text is put together (`hansol_assets.scoring.composing`).
"""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from hansol_assets.qa.table.columns import ANSWERS, QUESTIONS
from hansol_assets.scoring.answer_regressor import AnswerRegressor
from hansol_assets.scoring.candidates import COMPOSED
from hansol_assets.scoring.composing import Composer, Source
from hansol_assets.scoring.drafting import ComposingSettings

QUOTES = "quotes"


def sources_of(rows: pd.DataFrame) -> dict[str, Source]:
    """Returns the rows that may be quoted, by id.

    Args:
        rows: `id, questions, answers`.
    """
    columns = (rows["id"], rows[QUESTIONS], rows[ANSWERS])
    return {key: Source(key, own, answers) for key, own, answers in zip(*columns, strict=True)}


def composed_candidates(
    parts: pd.DataFrame,
    targets: np.ndarray,
    regressor: AnswerRegressor,
    composer: Composer,
    sources: Mapping[str, Source],
    settings: ComposingSettings,
) -> pd.DataFrame:
    """Puts a candidate together for every part.

    Args:
        parts: `question_id, part, part_question, prompt`, one row a part.
        targets: The estimated vector of each part's answer, [parts, dimensions].
        regressor: Knows the rows near an estimate.
        composer: Puts texts together.
        sources: The rows that may be quoted, by id.
        settings: How many rows are considered.

    Returns:
        The columns of a candidate that are known of a composed one, and `quotes`: for each sentence
        its `source_id`, `source_answer` (from 1), `place` (from 0) and `text`.
    """
    near = regressor.rows_near(targets, settings.rows)
    composed = composer.compose(
        parts["part_question"].tolist(),
        targets,
        [[sources[key] for key, _ in own] for own in near],
        [[nearness for _, nearness in own] for own in near],
    )
    return parts.assign(
        origin=COMPOSED,
        rank=1,
        text=[one.text for one in composed],
        vector=[one.vector.astype(np.float32) for one in composed],
        quotes=[[quote._asdict() for quote in one.quotes] for one in composed],
    )
