"""Training rows as lists of questions and answers, until every table comes in that form.

What belongs here: one adapter. What does not: what is done with the texts.
"""

import pandas as pd

from hansol_assets.qa.columns import ANSWER_PREFIX, QUESTION_COLUMNS, numbered

QUESTIONS = "questions"
ANSWERS = "answers"


def with_lists(rows: pd.DataFrame) -> pd.DataFrame:
    """Returns rows with `questions` and `answers` as lists; as they are where they have them."""
    if ANSWERS in rows:
        return rows
    answers = rows[numbered(rows.columns, ANSWER_PREFIX)].to_numpy().tolist()
    questions = rows[list(QUESTION_COLUMNS)].to_numpy().tolist()
    return rows.assign(**{QUESTIONS: questions, ANSWERS: answers})
