"""The review queue: answers that a person should look at, and the file in which they answer.

What belongs here: which questions stand in the queue, and writing the file; questions that were
asked by hand stand in it until they are answered. What does not: reading it back
(`hansol_assets.qa.table.reviewed`), and when an answer is doubtful
(`hansol_assets.answering.verdicts`).
"""

from collections.abc import Hashable
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from hansol_assets.answering.asking import Answer
from hansol_assets.answering.choosing import most_doubtful
from hansol_assets.lake.atomic import write_atomically
from hansol_assets.lake.disk import disk_explained
from hansol_assets.lake.store import Lake
from hansol_assets.qa.table.columns import CATEGORY, ID, QUESTION
from hansol_assets.qa.table.ids import content_ids
from hansol_assets.qa.table.reviewed import (
    ANSWER,
    no_reviewed,
    read_every_row,
    read_reviewed,
)

DRAFT = "draft"
QUEUE_COLUMNS = [ID, QUESTION, "confidence", DRAFT, "nearest_row", CATEGORY]
_FILE_COLUMNS = [*QUEUE_COLUMNS, ANSWER]
_ASKED = "asked"
"""The first word of the ids of questions that were asked by hand."""


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

    Questions that were asked by hand are in no table of the lake, so they stay, too.

    Args:
        lake: The lake under the active profile.
        path: The file; answers that it holds are kept.

    Raises:
        ContractError: The file that is there cannot be read; it is left as it is.
        MissingInputError: Nothing was answered yet.
    """
    filled = read_reviewed(path) if path.is_file() else no_reviewed()
    doubtful = review_queue(lake).assign(**{ANSWER: ""}).to_dict("records")
    queue = pd.DataFrame([*doubtful, *_waiting_asked(path)], columns=_FILE_COLUMNS)
    queue = queue[~queue[QUESTION].isin(filled[QUESTION])].drop_duplicates(QUESTION)
    _write(path, pd.concat([filled, queue], ignore_index=True)[_FILE_COLUMNS])
    return ReviewFile(path, len(queue), len(filled))


def add_to_queue(answer: Answer, path: Path) -> bool:
    """Adds a question that was asked by hand to the review file, with nothing filled in.

    Args:
        answer: To the question; it becomes the draft.
        path: The file; every row that it holds stays as it is.

    Returns:
        Whether it was added; a question that stands in the file already is not.

    Raises:
        ContractError: The file that is there cannot be read; it is left as it is.
        DiskError: The file cannot be written.
    """
    question = answer.question.strip()
    standing = _every_row(path)
    if question in set(standing[QUESTION].str.strip()):
        return False
    row = {
        ID: content_ids([question], _ASKED)[0],
        QUESTION: question,
        "confidence": str(answer.confidence),
        DRAFT: answer.answer,
        "nearest_row": answer.nearest[0]["source_id"] if answer.nearest else "",
        CATEGORY: answer.category,
        ANSWER: "",
    }
    columns = list(dict.fromkeys([*standing.columns, *row]))
    rows = [*standing.to_dict("records"), row]
    _write(path, pd.DataFrame(rows, columns=columns).fillna(""))
    return True


def _every_row(path: Path) -> pd.DataFrame:
    return read_every_row(path) if path.is_file() else pd.DataFrame(columns=_FILE_COLUMNS)


def _waiting_asked(path: Path) -> list[dict[Hashable, str]]:
    rows = _every_row(path).reindex(columns=_FILE_COLUMNS, fill_value="").to_dict("records")
    return [row for row in rows if row[ID].startswith(f"{_ASKED}_") and not row[ANSWER].strip()]


def _write(path: Path, table: pd.DataFrame) -> None:
    with disk_explained(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        # With the mark by which Excel knows UTF-8.
        write_atomically(path, table.to_csv(index=False).encode("utf-8-sig"))
