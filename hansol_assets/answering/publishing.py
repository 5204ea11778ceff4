"""The submission file: one vector a question in the template's form, published if it is no worse.

Whether it is no worse is asked of the experiments in the lake, the scores behind each submission.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd
from pydantic import Field

from hansol_assets.answering.judging import JUDGE
from hansol_assets.answering.trust import trust_of
from hansol_assets.commands import PROMOTE
from hansol_assets.lake.atomic import staging_path, sync_directory, write_atomically
from hansol_assets.lake.declaration import Check, CheckFailedError
from hansol_assets.lake.disk import disk_explained
from hansol_assets.lake.handles import History, Table
from hansol_assets.lake.manifest import Fact, Manifest, ancestry
from hansol_assets.lake.pruning import Retention
from hansol_assets.lake.reports import Verdict
from hansol_assets.lake.store import Lake
from hansol_assets.qa.table.submission_form import SubmissionForm
from hansol_assets.scoring.leaderboard import Experiment, compare, flat_settings
from hansol_assets.scoring.measures import ASKED, UNKNOWN, WEIGHT
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

SCORES = "validation_scores"
RETENTION = Retention(published="submission", history=SCORES)
"""What pruning keeps: the leaderboard is made of every score."""

PROMOTED = Check(
    "promoted",
    "The validation score did not fall significantly, so that the submission takes the place of "
    "the last one.",
)
BY_HAND = f"the last submission stays in place. To publish this one all the same: {PROMOTE}"

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
    """Puts vectors, [questions, dimensions], into the form of a submission.

    Raises:
        SubmissionError: They do not fit.
    """
    frame = submission_frame(form.ids, ids, vectors)
    problems = submission_problems(frame, form)
    if problems:
        raise SubmissionError(problems)
    return frame


def submission_frame(
    template_ids: Sequence[str], ids: Sequence[str], vectors: np.ndarray
) -> pd.DataFrame:
    """Puts vectors, [questions, dimensions], into the template's row order and columns.

    Returns:
        `id` and the vectors' columns; a template row without a vector is missing, a vector without
        a template row comes last, so that `submission_problems` finds either.
    """
    columns = [f"vec_{column}" for column in range(vectors.shape[1])]
    frame = pd.DataFrame(np.round(vectors.astype(np.float64), DECIMALS), columns=columns)
    frame.insert(0, "id", list(ids))
    order = {key: row for row, key in enumerate(template_ids)}
    rows = frame["id"].map(order).fillna(len(order))
    return frame.iloc[np.argsort(rows, kind="stable")].reset_index(drop=True)


def submission_problems(frame: pd.DataFrame, form: SubmissionForm) -> list[str]:
    """Lists what keeps a submission (`id, vec_0 …`) from fitting its template."""
    return [*_id_problems(frame["id"], list(form.ids)), *_value_problems(frame, form.width)]


def _id_problems(ids: pd.Series, expected: list[str]) -> Iterator[str]:
    problems = {
        "missing": sorted(set(expected) - set(ids)),
        "doubled": sorted(set(ids[ids.duplicated()])),
        "unknown to the template": sorted(set(ids) - set(expected)),
    }
    for problem, keys in problems.items():
        if keys:
            more = f" and {len(keys) - NAMED_IDS} more" if len(keys) > NAMED_IDS else ""
            yield f"{len(keys)} ids are {problem}: {', '.join(keys[:NAMED_IDS])}{more}"
    if not any(problems.values()) and ids.tolist() != expected:
        yield "the rows are not in the template's order"


def _value_problems(frame: pd.DataFrame, width: int) -> Iterator[str]:
    values = frame.drop(columns="id").to_numpy(dtype=np.float64)
    if values.shape[1] != width:
        yield f"vectors have {values.shape[1]} dimensions, the template {width}"
    broken = frame.loc[~np.isfinite(values).all(axis=1), "id"].tolist()
    if broken:
        yield f"{len(broken)} rows hold a value that is not finite: {', '.join(broken[:NAMED_IDS])}"


def publish(artifact: Path, manifest: Path, fingerprint: str, latest: Path) -> None:
    """Makes an artifact's `submission.csv` the latest one, in one step, with its manifest.

    `latest` is the link that always leads to the latest submission.
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


def experiments(validation_scores: History) -> list[Experiment]:
    """Returns every experiment in the lake, the newest last."""
    return [experiment(item) for item in (*validation_scores.earlier, validation_scores)]


def experiment(scores: Table) -> Experiment:
    """Reads one experiment from a version of `validation_scores`."""
    manifest = scores.manifest
    ancestors = ancestry(scores.lake.paths, manifest)
    return Experiment(
        fingerprint=manifest.fingerprint,
        profile=manifest.profile,
        judge=str(manifest.facts.get(JUDGE, "unknown")),
        strategy=str(manifest.facts["strategy"]),
        settings=dict(
            pair for name, item in ancestors.items() for pair in flat_settings(item.config, name)
        ),
        questions=_of_kinds(scores.read()),
        trust=trust_of(manifest.facts),
        seconds=sum(item.seconds for item in ancestors.values()),
        date=manifest.created_at,
    )


def _of_kinds(questions: pd.DataFrame) -> pd.DataFrame:
    """Scores of an earlier release are of unknown questions alone."""
    if ASKED in questions:
        return questions
    return questions.assign(**{ASKED: UNKNOWN, WEIGHT: 1 / len(questions)})


@dataclass(frozen=True)
class Promotion:
    """The verdict on a new submission; `difference` is to the published one's mean score."""

    allowed: bool
    reason: str
    difference: float | None = None


def publish_if_promoted(lake: Lake, manifest: Manifest) -> Iterator[Verdict]:
    """Publishes a submission that may be, and answers the submission's checks.

    `manifest` is of the submission that was materialised, which fits its template.
    """
    form = {name: manifest.facts[name] for name in ("rows", "dimensions")}
    yield Verdict(FITS_TEMPLATE.name, passed=True, metadata=form)
    promotion = judge_promotion(lake, manifest)
    if promotion.allowed:
        publish_live(lake)
    reason = promotion.reason if promotion.allowed else f"{promotion.reason}; {BY_HAND}"
    score: dict[str, Fact] = {"validation_score": manifest.facts["validation_score"]}
    if promotion.difference is not None:
        score["difference"] = promotion.difference
    yield Verdict(PROMOTED.name, promotion.allowed, reason, score)


def judge_promotion(lake: Lake, manifest: Manifest) -> Promotion:
    """Compares the scores behind a new submission with those behind the published one.

    Returns:
        Not allowed only if the score fell significantly: the whole interval of the paired
        difference is below 0.
    """
    path = lake.paths.latest_submission / MANIFEST_FILE
    if not path.is_file():
        return Promotion(True, "there is no submission yet")
    published = Manifest.load(path)
    if published.profile != manifest.profile:
        return Promotion(True, f"the published submission is of profile '{published.profile}'")
    before, now = published.inputs.get(SCORES, ""), manifest.inputs[SCORES]
    if before == now:
        return Promotion(True, "the published submission has the same scores")
    if before not in lake.warehouse.versions(SCORES):
        return Promotion(True, "the scores behind the published submission are gone")
    newest, old = (
        experiment(Table(lake, Manifest.load(lake.paths.manifest(SCORES, version))))
        for version in (now, before)
    )
    if newest.judge != old.judge:
        return Promotion(True, f"the published submission was judged by {old.judge}")
    result = compare(newest, old)
    if result is None:
        return Promotion(True, "too few questions were asked of both")
    interval = f"{result.difference:+.4f} ({result.low:+.4f} to {result.high:+.4f})"
    if result.high < 0:
        return Promotion(False, f"the validation score fell by {interval}", result.difference)
    return Promotion(True, f"the validation score moved by {interval}", result.difference)
