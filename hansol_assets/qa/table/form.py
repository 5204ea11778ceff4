"""The form of a submission: its rows and its width, from a template or without one.

What belongs here: what a template decides, and whether it fits, before anything is trained. What
does not: reading it (`hansol_assets.qa.table.vectors`) and filling it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from hansol_assets.errors import InputError
from hansol_assets.qa.table.columns import ID
from hansol_assets.qa.table.vectors import VectorTable

NAMED_IDS = 10


class UnfitTemplateError(InputError):
    """A template that the submission would not fit, found before anything is trained."""


@dataclass(frozen=True)
class SubmissionForm:
    """Rows and width of a submission.

    Attributes:
        ids: The ids of its rows, in order.
        width: Values a vector.
    """

    ids: tuple[str, ...]
    width: int


def submission_form(
    template: VectorTable | None, questions: pd.DataFrame, dimensions: int
) -> SubmissionForm:
    """The form that a template gives; without one, the questions' order and the embedder's width.

    Args:
        template: The template, if there is one.
        questions: `id` of each question.
        dimensions: Width of the embedder's vectors.
    """
    if template is None:
        return SubmissionForm(tuple(questions[ID]), dimensions)
    return SubmissionForm(tuple(template.frame[ID]), template.width)


def require_fitting(template: VectorTable, ids: Sequence[str], dimensions: int) -> None:
    """Refuses a template of another width, or of other questions, than the run will fill.

    Args:
        template: The template.
        ids: Ids of the questions.
        dimensions: Width of the embedder's vectors, as the settings give it.

    Raises:
        UnfitTemplateError: With the settings that would fit.
    """
    problems = [
        *_width_problems(template.path, template.width, dimensions),
        *_id_problems(list(template.frame[ID]), list(ids)),
    ]
    if problems:
        text = "\n  - ".join(problems)
        msg = f"{template.path} does not fit this run:\n  - {text}\nNothing was trained."
        raise UnfitTemplateError(msg)


def _width_problems(path: Path, width: int, dimensions: int) -> list[str]:
    if width == dimensions:
        return []
    return [
        f"it has {width} vector columns, and the embedder makes {dimensions}: set "
        f"embedder.model_id to a model of {width} dimensions and embedder.dimensions to {width}, "
        f"or take {path.name} away to submit vectors of {dimensions}"
    ]


def _id_problems(wanted: list[str], ids: list[str]) -> list[str]:
    found = {
        "has rows that no question has": sorted(set(wanted) - set(ids)),
        "lacks rows of questions": sorted(set(ids) - set(wanted)),
    }
    return [
        f"it {problem}: {', '.join(keys[:NAMED_IDS])}"
        + (f" and {len(keys) - NAMED_IDS} more" if len(keys) > NAMED_IDS else "")
        for problem, keys in found.items()
        if keys
    ]
