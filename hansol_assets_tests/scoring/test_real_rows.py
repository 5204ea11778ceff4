"""The figures that the project promises, on real rows that nothing was fitted on."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from hansol_assets.embedding.cached import CachedEmbedder
from hansol_assets.embedding.embedder import encode_groups
from hansol_assets.embedding.vectors import split_like
from hansol_assets.qa.folds import FoldSettings, assign_folds
from hansol_assets.qa.pairing import PairingSettings, build_held_out
from hansol_assets.qa.splitting import QuestionMix, split_question
from hansol_assets.qa.table import TableSettings, read_train
from hansol_assets.scoring.answer_regressor import AnswerRegressor, ComponentSettings
from hansol_assets.scoring.blend import BlendSettings, VectorBlend, fit_blend
from hansol_assets.scoring.bootstrap import parity
from hansol_assets.scoring.measures import baseline_scores, reference_cosines

pytestmark = [pytest.mark.real, pytest.mark.slow]

MIX = QuestionMix(0.55, {"그리고": 0.64, "또한,": 0.36})


@dataclass(frozen=True)
class Trial:
    """Everything up to the vectors, fitted on one rotation of the folds."""

    rows: pd.DataFrame
    folds: pd.DataFrame
    validation: pd.DataFrame
    embedder: CachedEmbedder
    regressor: AnswerRegressor
    blend: VectorBlend
    references: list[np.ndarray]

    @property
    def parts(self) -> list[list[str]]:
        return [split_question(question) for question in self.validation["question"]]

    def part_vectors(self) -> np.ndarray:
        texts = [part for own in self.parts for part in own]
        return self.blend.apply(self.regressor.components(texts))


@pytest.fixture(scope="module", params=[2, 4])
def trial(request: pytest.FixtureRequest, real_dir: Path, real_embedder: CachedEmbedder) -> Trial:
    rows = read_train(real_dir / "train.csv", TableSettings()).frame
    folds = assign_folds(rows, FoldSettings(validation_fold=request.param))
    split = folds.set_index("id").loc[rows["id"], "split"].to_numpy()
    training, calibration = rows[split == "training"], rows[split == "calibration"]
    embedder = real_embedder
    settings = ComponentSettings()
    held_out = build_held_out(rows, folds, MIX, PairingSettings())
    asked = held_out[(held_out["split"] == "calibration") & (held_out["kind"] == "single")]
    judged = AnswerRegressor.fit_best(training, calibration, embedder, settings)
    blend = fit_blend(
        judged.components(asked["question"].tolist()),
        encode_groups(embedder, asked["references"].tolist()),
        BlendSettings(),
    )
    validation = held_out[held_out["split"] == "validation"]
    return Trial(
        rows,
        folds,
        validation,
        embedder,
        AnswerRegressor.fit(rows[split != "validation"], embedder, judged.choices, settings),
        blend,
        encode_groups(embedder, validation["references"].tolist()),
    )


def test_the_submission_vector_goes_two_thirds_of_the_way_to_a_human(trial: Trial) -> None:
    vectors = trial.regressor.joining.apply(split_like(trial.part_vectors(), trial.parts))
    baselines = baseline_scores(trial.references, trial.regressor.answer_centroid, vectors).mean()
    score = reference_cosines(vectors, trial.references).mean()

    assert parity(score, baselines["centroid"], baselines["human"]) >= 0.65
