"""What is fitted on rows to answer questions: a regressor and a composer for each split of them.

What belongs here: which rows each is fitted on, and where it lies in the artifact's folder. What
does not: what they are (`hansol_assets.scoring.answer_regressor`,
`hansol_assets.scoring.composing`).
"""

from pathlib import Path

import pandas as pd

from hansol_assets.answering.blending import visible_rows
from hansol_assets.answering.parts import TEST
from hansol_assets.answering.searching import embedder_of
from hansol_assets.embedding.embedder import Embedder
from hansol_assets.lake.handles import Artifact
from hansol_assets.qa.folds import CALIBRATION, VALIDATION
from hansol_assets.scoring.answer_regressor import AnswerRegressor
from hansol_assets.scoring.components import Choices, ComponentSettings
from hansol_assets.scoring.composing import Composer
from hansol_assets.scoring.drafting import ComposingSettings

CHOICES = "choices"


def fit_for_judging(
    rows: pd.DataFrame,
    embedder: Embedder,
    settings: ComponentSettings,
    composing: ComposingSettings,
    folder: Path,
) -> dict[str, int]:
    """Fits and saves the models of calibration and validation questions.

    How they are fitted is chosen on calibration rows, with the models of training rows.

    Args:
        rows: The rows of `qa_folds`.
        embedder: Embeds questions and answers.
        settings: How the components are made, and what there is to choose from.
        composing: How texts are put together.
        folder: The artifact's folder.

    Returns:
        Split → rows that its models were fitted on.
    """
    training = visible_rows(rows, rows, CALIBRATION)
    held_out = rows[rows["split"] == CALIBRATION].reset_index(drop=True)
    best = AnswerRegressor.fit_best(training, held_out, embedder, settings)
    best.choices.save(folder / CHOICES)
    best.save(folder / CALIBRATION)
    Composer.fit(training, embedder, composing).save(folder / CALIBRATION)
    known = _fit(rows, VALIDATION, embedder, best.choices, settings, composing, folder)
    return {CALIBRATION: len(training), VALIDATION: known}


def fit_for_submitting(
    rows: pd.DataFrame,
    embedder: Embedder,
    choices: Choices,
    settings: ComponentSettings,
    composing: ComposingSettings,
    folder: Path,
) -> dict[str, int]:
    """Fits and saves the models of test questions.

    Args:
        rows: The rows of `qa_folds`.
        embedder: Embeds questions and answers.
        choices: What was chosen on the calibration rows.
        settings: How the components are made.
        composing: How texts are put together.
        folder: The artifact's folder.
    """
    choices.save(folder / CHOICES)
    return {TEST: _fit(rows, TEST, embedder, choices, settings, composing, folder)}


def _fit(
    rows: pd.DataFrame,
    split: str,
    embedder: Embedder,
    choices: Choices,
    settings: ComponentSettings,
    composing: ComposingSettings,
    folder: Path,
) -> int:
    own = visible_rows(rows, rows, split)
    AnswerRegressor.fit(own, embedder, choices, settings).save(folder / split)
    Composer.fit(own, embedder, composing).save(folder / split)
    return len(own)


def load_choices(regressor: Artifact) -> Choices:
    """Reads what was chosen for the models of an artifact."""
    return Choices.load(regressor.open() / CHOICES)


def load_regressors(regressor: Artifact, answer_embedder: Artifact) -> dict[str, AnswerRegressor]:
    """Loads the regressors of an artifact, by split, with the embedder of their fit.

    Raises:
        MixedVersionsError: They were fitted with another one.
    """
    embedder = embedder_of(regressor, answer_embedder)
    folders = sorted(path for path in regressor.open().iterdir() if path.name != CHOICES)
    return {path.name: AnswerRegressor.load(path, embedder) for path in folders}


def load_composer(
    regressor: Artifact, split: str, embedder: Embedder, composing: ComposingSettings
) -> Composer:
    """Loads the composer of a split's answers.

    Args:
        regressor: An artifact that the functions above filled.
        split: Of the questions.
        embedder: The one that it was fitted with.
        composing: How texts are put together.
    """
    return Composer.load(regressor.open() / split, embedder, composing)
