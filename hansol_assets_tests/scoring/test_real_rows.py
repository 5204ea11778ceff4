"""The figures that the project promises, on real rows that nothing was fitted on."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest

from hansol_assets.embedding.embedder import encode
from hansol_assets.embedding.lsa import LsaSettings, fit_lsa
from hansol_assets.embedding.vectors import split_like, unit
from hansol_assets.qa.folds import FoldSettings, assign_folds
from hansol_assets.qa.pairing import PairingSettings, build_held_out
from hansol_assets.qa.splitting import QuestionMix, split_question
from hansol_assets.qa.table import TableSettings, read_train
from hansol_assets.qa.table.columns import answers_of
from hansol_assets.retrieval.index import RetrievalSettings, build_index
from hansol_assets.retrieval.search import HybridSearcher
from hansol_assets.scoring.baselines import baseline_scores
from hansol_assets.scoring.blend import BlendSettings, VectorBlend, fit_blend
from hansol_assets.scoring.bootstrap import BootstrapSettings, paired_bootstrap, parity
from hansol_assets.scoring.components import ComponentModel, ComponentSettings, choose
from hansol_assets.scoring.consensus import LengthRange, SelectionSettings, choose_text
from hansol_assets.scoring.cosine import reference_cosines
from hansol_assets.scoring.evaluate import embed_references

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

pytestmark = [pytest.mark.real, pytest.mark.slow]

MIX = QuestionMix(0.55, {"그리고": 0.64, "또한,": 0.36})
WIDTH = 512


@dataclass(frozen=True)
class Trial:
    """Everything up to the vectors, fitted on one rotation of the folds."""

    rows: pd.DataFrame
    folds: pd.DataFrame
    validation: pd.DataFrame
    embedder: "SentenceTransformer"
    model: ComponentModel
    blend: VectorBlend
    references: list[np.ndarray]

    @property
    def parts(self) -> list[list[str]]:
        return [split_question(question) for question in self.validation["question"]]

    def vectors(self, parts: list[list[str]]) -> np.ndarray:
        return self.blend.apply(_components(self.model, parts))


def _components(model: ComponentModel, parts: list[list[str]]) -> dict[str, np.ndarray]:
    nothing = np.zeros((0, WIDTH))
    return model.components(parts, [[nothing] * len(own) for own in parts])


@pytest.fixture(scope="module", params=[1, 4])
def trial(request: pytest.FixtureRequest, real_dir: Path) -> Trial:
    rows = read_train(real_dir / "train.csv", TableSettings()).frame
    folds = assign_folds(rows, FoldSettings(validation_fold=request.param))
    split = folds.set_index("id").loc[rows["id"], "split"].to_numpy()
    training, calibration = rows[split == "training"], rows[split == "calibration"]
    embedder = fit_lsa(answers_of(training), WIDTH, LsaSettings())
    settings = ComponentSettings()
    choices = choose(training, calibration, embedder, settings)
    held_out = build_held_out(rows, folds, MIX, PairingSettings())
    asked = held_out[held_out["split"] == "calibration"]
    blend = fit_blend(
        _components(
            ComponentModel.fit(training, embedder, choices, settings),
            [split_question(question) for question in asked["question"]],
        ),
        embed_references(asked["references"].tolist(), embedder),
        BlendSettings(),
    )
    validation = held_out[held_out["split"] == "validation"]
    known = rows[split != "validation"]
    return Trial(
        rows,
        folds,
        validation,
        embedder,
        ComponentModel.fit(known, embedder, choices, settings),
        blend,
        embed_references(validation["references"].tolist(), embedder),
    )


def test_the_submission_vector_reaches_four_fifths_of_a_human(trial: Trial) -> None:
    vectors = trial.vectors(trial.parts)
    baselines = baseline_scores(trial.references, trial.model.centroid, vectors).mean()
    score = reference_cosines(vectors, trial.references).mean()

    assert parity(score, baselines["centroid"], baselines["human"]) >= 0.8


def test_the_chosen_text_beats_the_nearest_answer_outside_the_interval(
    trial: Trial, tmp_path: Path
) -> None:
    settings, selection = RetrievalSettings(), SelectionSettings()
    build_index(tmp_path, "rows", trial.rows, trial.folds, trial.embedder, "lsa", settings)
    searcher = HybridSearcher(tmp_path, "rows", trial.embedder, settings)
    parts = [part for own in trial.parts for part in own]
    hits = searcher.search(parts, settings.top_k, ["training", "calibration"])
    targets = trial.vectors([[part] for part in parts])
    known = trial.rows[trial.rows["id"].isin(trial.model.row_ids)]
    lengths = LengthRange.of(answers_of(known), selection)

    nearest = [found[0].answers[0] for found in hits]
    candidates = [[answer for hit in found for answer in hit.answers] for found in hits]
    vectors = encode(trial.embedder, [text for texts in candidates for text in texts])
    of_parts = zip(candidates, split_like(vectors, candidates), targets, strict=True)
    chosen = [
        texts[choose_text(texts, own, target, lengths, selection).place]
        for texts, own, target in of_parts
    ]
    result = paired_bootstrap(
        _scores(trial, chosen), _scores(trial, nearest), BootstrapSettings(resamples=2000)
    )

    assert result.low > 0.05


def _scores(trial: Trial, texts: list[str]) -> np.ndarray:
    # The vector of a joined text lies near the mean of its parts' vectors.
    vectors = split_like(unit(encode(trial.embedder, texts)), trial.parts)
    return reference_cosines(np.stack([own.mean(axis=0) for own in vectors]), trial.references)
