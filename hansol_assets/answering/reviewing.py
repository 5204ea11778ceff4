"""The review queue: answers that a person should look at, and the file in which they answer.

Questions that were asked by hand stand in it until they are answered.
"""

from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import pandas as pd

from hansol_assets.answering.answer_table import most_doubtful
from hansol_assets.answering.asking import Answer
from hansol_assets.lake.atomic import write_atomically
from hansol_assets.lake.disk import disk_explained
from hansol_assets.lake.store import Lake
from hansol_assets.qa.table.columns import CATEGORY, ID, QUESTION, content_ids
from hansol_assets.qa.table.repairs import mend
from hansol_assets.qa.table.reviewed import ANSWER, guarded, read_every_row, read_reviewed
from hansol_assets.qa.table.table_settings import PLACEHOLDERS

DRAFT = "draft"
QUEUE_COLUMNS = [ID, QUESTION, "confidence", DRAFT, "nearest_row", CATEGORY]
_FILE_COLUMNS = [*QUEUE_COLUMNS, ANSWER]
_OF_THE_DRAFT = ("confidence", DRAFT, "nearest_row")
_ASKED = "asked"
"""The first word of the ids of questions that were asked by hand."""


@dataclass(frozen=True)
class ReviewFile:
    """A review file that was written.

    Attributes:
        waiting: Questions whose answer is to be filled in.
        filled: Questions that were answered before.
        backup: The file as it was, where another one was written instead.
    """

    path: Path
    waiting: int
    filled: int
    backup: Path | None


def review_queue(lake: Lake) -> pd.DataFrame:
    """Lists the test questions of the active profile whose answers need a person's review.

    Returns:
        `id, question, confidence, draft` (the answer as it is), `nearest_row` (whose answers are
        nearest to what is expected) and its `category`; the most doubtful first.

    Raises:
        MissingInputError: Nothing was answered yet.
    """
    answers = lake.table(lake.live("generated_answers"))
    doubtful = most_doubtful(answers[answers["needs_review"]])
    queue = doubtful.assign(
        nearest_row=list(map(_first_row, doubtful["nearest"])),
        **{DRAFT: doubtful["answer"], CATEGORY: doubtful["nearest_category"]},
    )
    return queue[QUEUE_COLUMNS]


def export_queue(lake: Lake, path: Path, placeholders: Iterable[str] = PLACEHOLDERS) -> ReviewFile:
    """Merges the queue into the review file, and saves a backup of the file beside it.

    Rows that wait for an answer get the draft of now, new ones come below. A row that a person
    wrote something in stays whatever the queue says, as do columns that they added and questions
    that were asked by hand; only untouched rows that are no longer doubtful go. Cells with a
    placeholder count as empty.

    Raises:
        ContractError: The file that is there cannot be read; it is left as it is.
        DiskError: The file cannot be written.
        MissingInputError: Nothing was answered yet.
    """
    answered = set(read_reviewed(path, placeholders)[QUESTION]) if path.is_file() else set()
    queue = review_queue(lake).drop_duplicates(QUESTION).assign(**{ANSWER: ""}).astype("string")
    of_question = {row[QUESTION]: row for row in queue.to_dict("records")}
    current = _every_row(path)
    merged: list[dict[Hashable, str]] = []
    for row in current.to_dict("records"):
        doubtful = of_question.pop(_asked(row), None)
        if _asked(row) in answered or (doubtful is None and _is_a_persons(row)):
            merged.append(row)
        elif doubtful is not None:
            merged.append(row | {name: doubtful[name] for name in _OF_THE_DRAFT})
    merged += of_question.values()
    backup = _write(path, current, merged, with_backup=True)
    waiting = sum(_asked(row) not in answered for row in merged)
    return ReviewFile(path, waiting, len(answered), backup)


def add_to_queue(answer: Answer, path: Path) -> bool:
    """Adds a question that was asked by hand to the review file, with the answer as the draft.

    Every row that the file holds stays as it is.

    Returns:
        Whether it was added; a question that stands in the file already is not.

    Raises:
        ContractError: The file that is there cannot be read; it is left as it is.
        DiskError: The file cannot be written.
    """
    question = mend(answer.question)
    current = _every_row(path)
    if question in set(map(_asked, current.to_dict("records"))):
        return False
    row: dict[Hashable, str] = {
        ID: content_ids([question], _ASKED)[0],
        QUESTION: answer.question.strip(),
        "confidence": str(answer.confidence),
        DRAFT: answer.answer,
        "nearest_row": _first_row(answer.nearest),
        CATEGORY: answer.category,
        ANSWER: "",
    }
    _write(path, current, [*current.to_dict("records"), row], with_backup=False)
    return True


def _first_row(nearest: Sequence[Mapping[str, str]]) -> str:
    return nearest[0]["source_row"] if len(nearest) else ""


def _every_row(path: Path) -> pd.DataFrame:
    return read_every_row(path) if path.is_file() else pd.DataFrame(columns=_FILE_COLUMNS)


def _asked(row: Mapping[Hashable, str]) -> str:
    """The question of a row, as it is read."""
    return mend(row[QUESTION])


def _is_a_persons(row: Mapping[Hashable, str]) -> bool:
    """Whether a person wrote something in a row, or asked its question by hand."""
    written = [cell for name, cell in row.items() if name not in QUEUE_COLUMNS]
    by_hand = row.get(ID, "").startswith(f"{_ASKED}_") or not row.get(DRAFT)
    return by_hand or any(map(str.strip, written))


def _write(
    path: Path,
    current: pd.DataFrame,
    rows: Sequence[Mapping[Hashable, str]],
    *,
    with_backup: bool,
) -> Path | None:
    """Writes the file if its rows changed; returns the backup of the one before."""
    columns = list(dict.fromkeys([*current.columns, *_FILE_COLUMNS]))
    table = pd.DataFrame(rows, columns=columns).fillna("")
    if path.is_file() and table.equals(current):
        return None
    with disk_explained(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        backup = _back_up(path) if with_backup and path.is_file() else None
        # With the mark by which Excel knows UTF-8.
        write_atomically(path, table.map(guarded).to_csv(index=False).encode("utf-8-sig"))
    return backup


def _back_up(path: Path) -> Path:
    saved = datetime.fromtimestamp(path.stat().st_mtime)
    backup = path.with_name(f"{path.stem}.{saved:%Y-%m-%d-%H%M%S}{path.suffix}")
    write_atomically(backup, path.read_bytes())
    return backup
