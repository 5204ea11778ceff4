"""What is fitted on rows to answer questions: a regressor and a composer for each split of them.

What belongs here: which rows each is fitted on, and where it lies in the artifact's folder. What
does not: what they are (`hansol_assets.scoring.answer_regressor`,
`hansol_assets.scoring.composing`).
"""

from collections.abc import Iterable
from pathlib import Path

import pandas as pd

from hansol_assets.answering.blending import visible_rows
from hansol_assets.answering.searching import embedder_of
from hansol_assets.embedding.embedder import Embedder
from hansol_assets.lake.handles import Artifact
from hansol_assets.qa.folds import CALIBRATION, TRAINING
from hansol_assets.scoring.answer_regressor import AnswerRegressor, choose
from hansol_assets.scoring.components import Choices, ComponentSettings
from hansol_assets.scoring.composing import Composer
from hansol_assets.scoring.drafting import ComposingSettings

CHOICES = "choices"


def choose_on_calibration(
    rows: pd.DataFrame, embedder: Embedder, settings: ComponentSettings
) -> Choices:
    """Chooses how models are fitted: on training rows, judged on calibration rows.

    Args:
        rows: The rows of `qa_folds`.
        embedder: Embeds questions and answers.
        settings: What there is to choose from.
    """
    return choose(_of_split(rows, TRAINING), _of_split(rows, CALIBRATION), embedder, settings)


def fit_regressors(
    rows: pd.DataFrame,
    splits: Iterable[str],
    embedder: Embedder,
    choices: Choices,
    settings: ComponentSettings,
    composing: ComposingSettings,
    folder: Path,
) -> dict[str, int]:
    """Fits and saves the models of each split on the rows that its questions may see.

    Args:
        rows: The rows of `qa_folds`.
        splits: Splits of the questions that are to be answered.
        embedder: Embeds questions and answers.
        choices: What was chosen on the calibration rows.
        settings: How the components are made.
        composing: How texts are put together.
        folder: The artifact's folder.

    Returns:
        Split → rows that its models were fitted on.
    """
    choices.save(folder / CHOICES)
    visible = {split: visible_rows(rows, rows, split) for split in splits}
    for split, own in visible.items():
        AnswerRegressor.fit(own, embedder, choices, settings).save(folder / split)
        Composer.fit(own, embedder, composing).save(folder / split)
    return {split: len(own) for split, own in visible.items()}


def load_choices(regressor: Artifact) -> Choices:
    """Reads what was chosen for the models of an artifact."""
    return Choices.load(regressor.open() / CHOICES)


def load_regressors(regressor: Artifact) -> dict[str, AnswerRegressor]:
    """Loads the regressors of an artifact, by split, with the embedder of their fit."""
    embedder = embedder_of(regressor)
    folders = sorted(path for path in regressor.open().iterdir() if path.name != CHOICES)
    return {path.name: AnswerRegressor.load(path, embedder) for path in folders}


def load_composer(
    regressor: Artifact, split: str, embedder: Embedder, composing: ComposingSettings
) -> Composer:
    """Loads the composer of a split's answers.

    Args:
        regressor: An artifact that `fit_regressors` filled.
        split: Of the questions.
        embedder: The one that it was fitted with.
        composing: How texts are put together.
    """
    return Composer.load(regressor.open() / split, embedder, composing)


def _of_split(rows: pd.DataFrame, split: str) -> pd.DataFrame:
    return rows[rows["split"] == split].reset_index(drop=True)
