"""The submission file: one vector a question, in the template's rows and columns.

What belongs here: putting vectors into the template's form, refusing what does not fit it, and
publishing. What does not: where the vectors come from.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd
from pydantic import Field

from hansol_assets.lake.atomic import staging_path, sync_directory, write_atomically
from hansol_assets.lake.declaration import Check, CheckFailedError
from hansol_assets.lake.disk import disk_explained
from hansol_assets.lake.store import Lake
from hansol_assets.qa.table.submission_form import SubmissionForm
from hansol_assets.settings_model import SettingsModel

SUBMISSION_FILE = "submission.csv"
MANIFEST_FILE = "manifest.json"
DECIMALS = 8
"""Decimals of a written value: as many as a float32 of a unit vector can carry."""
NAMED_IDS = 10

FITS_TEMPLATE = Check(
    "fits_template",
    "Every id of the template once, in its order; finite values; its width.",
    blocking=True,
)

Strategy = Literal["text", "consensus", "blend"]


class SubmissionSettings(SettingsModel):
    """What is submitted for a question."""

    strategy: Strategy = Field(
        "blend",
        description="text: the vector of the chosen answer; consensus: the mean of the candidates' "
        "vectors; blend: the fitted combination of all components",
    )


class SubmissionError(CheckFailedError):
    """A submission that does not fit its template."""

    def __init__(self, problems: list[str]) -> None:
        """Lists what does not fit."""
        listed = "\n  ".join(problems)
        super().__init__(
            FITS_TEMPLATE.name,
            f"the submission does not fit sample_submission.csv:\n  {listed}\n"
            "Nothing was written; the last good submission stays in place. Check that test.csv "
            "and sample_submission.csv belong together and that the embedder has their width.",
            {"problems": problems},
        )


def fitting_submission(
    form: SubmissionForm, ids: Sequence[str], vectors: np.ndarray
) -> pd.DataFrame:
    """Puts vectors into the form of a submission.

    Args:
        form: Rows and width.
        ids: The questions' ids.
        vectors: [questions, dimensions].

    Raises:
        SubmissionError: They do not fit.
    """
    template = pd.DataFrame({"id": list(form.ids)})
    frame = submission_frame(template, ids, vectors)
    problems = submission_problems(frame, template, form.width)
    if problems:
        raise SubmissionError(problems)
    return frame


def submission_frame(
    template: pd.DataFrame, ids: Sequence[str], vectors: np.ndarray
) -> pd.DataFrame:
    """Puts vectors into the template's row order and columns.

    Args:
        template: `id, vec_0 …` as the competition gave it.
        ids: The questions' ids.
        vectors: [questions, dimensions].

    Returns:
        `id` and the vectors' columns; a template row without a vector is missing, a vector without
        a template row comes last, so that `submission_problems` finds either.
    """
    columns = [f"vec_{place}" for place in range(vectors.shape[1])]
    frame = pd.DataFrame(np.round(vectors.astype(np.float64), DECIMALS), columns=columns)
    frame.insert(0, "id", list(ids))
    order = {key: place for place, key in enumerate(template["id"])}
    places = frame["id"].map(order).fillna(len(order))
    return frame.iloc[np.argsort(places, kind="stable")].reset_index(drop=True)


def submission_problems(frame: pd.DataFrame, template: pd.DataFrame, width: int) -> list[str]:
    """Lists what keeps a submission from fitting its template; nothing if it fits.

    Args:
        frame: `id, vec_0 …`.
        template: The competition's template.
        width: The template's number of vector columns.
    """
    return [
        *_id_problems(frame["id"], template["id"]),
        *_value_problems(frame, width),
    ]


def _id_problems(ids: pd.Series, wanted: pd.Series) -> Iterator[str]:
    found = {
        "missing": sorted(set(wanted) - set(ids)),
        "doubled": sorted(set(ids[ids.duplicated()])),
        "unknown to the template": sorted(set(ids) - set(wanted)),
    }
    for problem, keys in found.items():
        if keys:
            more = f" and {len(keys) - NAMED_IDS} more" if len(keys) > NAMED_IDS else ""
            yield f"{len(keys)} ids are {problem}: {', '.join(keys[:NAMED_IDS])}{more}"
    if not any(found.values()) and ids.tolist() != wanted.tolist():
        yield "the rows are not in the template's order"


def _value_problems(frame: pd.DataFrame, width: int) -> Iterator[str]:
    values = frame.drop(columns="id").to_numpy(dtype=np.float64)
    if values.shape[1] != width:
        yield f"vectors have {values.shape[1]} dimensions, the template {width}"
    broken = frame.loc[~np.isfinite(values).all(axis=1), "id"].tolist()
    if broken:
        yield f"{len(broken)} rows hold a value that is not finite: {', '.join(broken[:NAMED_IDS])}"


def publish(artifact: Path, manifest: Path, fingerprint: str, latest: Path) -> None:
    """Makes a submission the latest one, in one step, with its manifest beside it.

    Args:
        artifact: Folder that holds `submission.csv`.
        manifest: The artifact's manifest.
        fingerprint: The artifact's name.
        latest: The link that always leads to the latest submission.
    """
    folder = latest.parent / fingerprint
    # File by file, since the folder may be the one that the link leads to.
    for source, name in ((artifact / SUBMISSION_FILE, SUBMISSION_FILE), (manifest, MANIFEST_FILE)):
        _publish_file(source.read_bytes(), folder / name)
    link = staging_path(latest)
    link.symlink_to(folder.name)
    link.replace(latest)
    sync_directory(latest.parent)


def _publish_file(content: bytes, target: Path) -> None:
    if not target.is_file() or target.read_bytes() != content:
        write_atomically(target, content)


def publish_live(lake: Lake) -> Path:
    """Publishes the submission that the active profile materialised last.

    Returns:
        The published file.

    Raises:
        MissingInputError: There is no submission in the lake.
        DiskError: It could not be written; the one that was published before still is.
    """
    manifest = lake.live("submission")
    with disk_explained(lake.paths.latest_submission):
        publish(
            lake.artifact(manifest),
            lake.paths.manifest("submission", manifest.fingerprint),
            manifest.fingerprint,
            lake.paths.latest_submission,
        )
    return lake.paths.latest_submission / SUBMISSION_FILE
