"""The real rows through the whole graph, and the figures that the project promises on them.

They go through it once: the tests read its tables, and what it embedded.
"""

from dataclasses import dataclass
from pathlib import Path

import dagster as dg
import numpy as np
import pandas as pd
import pytest

from hansol_assets.answering.trust import MODES
from hansol_assets.compute.current import Compute
from hansol_assets.embedding.cached import CachedEmbedder, EmbedTexts
from hansol_assets.embedding.embedder import encode_groups
from hansol_assets.embedding.muse import DIMENSIONS, MuseEmbedder
from hansol_assets.embedding.vectors import split_like
from hansol_assets.lake.cache import EMBEDDINGS, RowCache
from hansol_assets.lake.store import Lake
from hansol_assets.qa.folds import FoldSettings, assign_folds
from hansol_assets.qa.pairing import PairingSettings, build_held_out
from hansol_assets.qa.splitting import QuestionMix, take_apart
from hansol_assets.qa.table import TableSettings, read_train
from hansol_assets.scoring.answer_regressor import AnswerRegressor
from hansol_assets.scoring.blend import VectorBlend, fit_blend
from hansol_assets.scoring.bootstrap import parity
from hansol_assets.scoring.measures import KNOWN, baseline_scores, reference_cosines
from hansol_assets_tests.graph import GraphRun, begin_with_texts_of, run_graph

pytestmark = [pytest.mark.real, pytest.mark.slow]

RANKS = [f"{mode}_rank" for mode in MODES]
MIX = QuestionMix(0.55, {"그리고": 0.64, "또한,": 0.36})


@pytest.fixture(scope="module")
def run(
    real_dir: Path,
    texts: Lake,
    tmp_path_factory: pytest.TempPathFactory,
    instance: dg.DagsterInstance,
) -> GraphRun:
    """The whole graph, of which the models alone are small: folds are dealt as by default."""
    lake_dir = tmp_path_factory.mktemp("real") / "lake"
    begin_with_texts_of(texts, lake_dir)
    folds = FoldSettings().model_dump()
    done = run_graph(lake_dir, real_dir, instance, folds=folds)
    assert done.failures == {}
    return done


def test_every_question_is_answered_and_found_rows_carry_the_score(run: GraphRun) -> None:
    assert run.metadata["raw_questions"]["mended_stray_quotes"] == 12
    assert len(run.table("generated_answers")) == 130
    assert run.metadata["generated_answers"]["finished_share"] >= 0.95
    # Retrieval carries it: it holds with models that are too small to be of use.
    scores = run.metadata["validation_scores"]
    assert scores["unknown_parity"] > 0.6
    assert scores["known_parity"] > 1.1
    assert scores["text_known_parity"] > 0.95
    assert scores["unknown"] < scores["private"] < scores["known"]


def test_the_ranking_is_no_worse_than_its_parts(run: GraphRun) -> None:
    table = run.table("retrieval_scores")
    known, others = table[table["kind"] == KNOWN], table[table["kind"] != KNOWN]
    mrr = (1 / known[RANKS]).mean()

    assert mrr["ranked_rank"] >= mrr.max() - 0.005
    assert (known["ranked_rank"] == 1).mean() > 0.85
    wins = known["confidence"].to_numpy()[:, None] > others["confidence"].to_numpy()
    assert wins.mean() > 0.9


@pytest.fixture(scope="module")
def embedder(run: GraphRun) -> CachedEmbedder:
    """The offline embedder, with the vectors that the run made."""
    cache, scope = RowCache(run.lake.warehouse, EMBEDDINGS), run.data_versions["answer_embedder"]
    work = EmbedTexts(MuseEmbedder, DIMENSIONS)
    return CachedEmbedder(cache, scope, DIMENSIONS, lambda: Compute().workers(work))


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
    def parts(self) -> list[tuple[str, ...]]:
        return [taken.parts for taken in take_apart(self.validation["question"].tolist())]

    def part_vectors(self) -> np.ndarray:
        texts = [part for own in self.parts for part in own]
        return self.blend.apply(self.regressor.components(texts))


@pytest.fixture(scope="module", params=[2, 4])
def trial(request: pytest.FixtureRequest, real_dir: Path, embedder: CachedEmbedder) -> Trial:
    rows = read_train(real_dir / "train.csv", TableSettings()).frame
    folds = assign_folds(rows, FoldSettings(validation_fold=request.param))
    split = folds.set_index("id").loc[rows["id"], "split"].to_numpy()
    training, calibration = rows[split == "training"], rows[split == "calibration"]
    held_out = build_held_out(rows, folds, MIX, PairingSettings())
    asked = held_out[(held_out["split"] == "calibration") & (held_out["kind"] == "single")]
    judged = AnswerRegressor.fit_best(training, calibration, embedder)
    blend = fit_blend(
        judged.components(asked["question"].tolist()),
        encode_groups(embedder, asked["references"].tolist()),
    )
    validation = held_out[held_out["split"] == "validation"]
    return Trial(
        rows,
        folds,
        validation,
        embedder,
        AnswerRegressor.fit(rows[split != "validation"], embedder, judged.choices),
        blend,
        encode_groups(embedder, validation["references"].tolist()),
    )


def test_the_submission_vector_goes_two_thirds_of_the_way_to_a_human(trial: Trial) -> None:
    vectors = trial.regressor.joining.apply(split_like(trial.part_vectors(), trial.parts))
    baselines = baseline_scores(trial.references, trial.regressor.answer_centroid, vectors).mean()
    score = reference_cosines(vectors, trial.references).mean()

    assert parity(score, baselines["centroid"], baselines["human"]) >= 0.65
