"""The review queue: answers that a person should look at, and the file in which they answer.

What belongs here: which questions stand in the queue, and writing the file. What does not: reading
it back (`hansol_assets.qa.table.reviewed`), and when an answer is doubtful
(`hansol_assets.scoring.confidence`).
"""

from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from hansol_assets.answering.confidence import most_doubtful
from hansol_assets.lake.atomic import write_atomically
from hansol_assets.lake.disk import disk_explained
from hansol_assets.lake.store import Lake
from hansol_assets.qa.table.columns import CATEGORY, ID, QUESTION
from hansol_assets.qa.table.reviewed import ANSWER, no_reviewed, read_reviewed

DRAFT = "draft"
QUEUE_COLUMNS = [ID, QUESTION, "confidence", DRAFT, "nearest_row", CATEGORY]


@dataclass(frozen=True)
class ReviewFile:
    """A review file that was written.

    Attributes:
        path: Where it is.
        waiting: Questions whose answer is to be filled in.
        filled: Questions that were answered before, which are kept.
    """

    path: Path
    waiting: int
    filled: int


def review_queue(lake: Lake) -> pd.DataFrame:
    """Lists the test questions whose answers need a person's review.

    Args:
        lake: The lake under the active profile.

    Returns:
        `id, question, confidence, draft` (the answer as it is), `nearest_row` (whose answers are
        nearest to what is expected) and its `category`; the most doubtful first.

    Raises:
        MissingInputError: Nothing was answered yet.
    """
    answers = lake.table(lake.live("generated_answers"))
    doubtful = most_doubtful(answers[answers["needs_review"]])
    queue = doubtful.assign(
        nearest_row=[own[0] for own in doubtful["nearest_rows"]],
        **{DRAFT: doubtful["answer"], CATEGORY: doubtful["nearest_category"]},
    )
    return queue[QUEUE_COLUMNS]


def export_queue(lake: Lake, path: Path) -> ReviewFile:
    """Writes the review file: what was answered before, then the queue with nothing filled in.

    Args:
        lake: The lake under the active profile.
        path: The file; answers that it holds are kept.

    Raises:
        ContractError: The file that is there cannot be read; it is left as it is.
        MissingInputError: Nothing was answered yet.
    """
    filled = read_reviewed(path) if path.is_file() else no_reviewed()
    queue = review_queue(lake).assign(**{ANSWER: ""})
    queue = queue[~queue[QUESTION].isin(filled[QUESTION])]
    table = pd.concat([filled, queue], ignore_index=True)[[*QUEUE_COLUMNS, ANSWER]]
    with disk_explained(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        # With the mark by which Excel knows UTF-8.
        write_atomically(path, table.to_csv(index=False).encode("utf-8-sig"))
    return ReviewFile(path, len(queue), len(filled))
