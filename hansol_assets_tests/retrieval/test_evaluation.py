from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd
import pytest

from hansol_assets.embedding.cached import CachedEmbedder
from hansol_assets.qa.folds import FoldSettings, assign_folds
from hansol_assets.qa.table import TableSettings, read_train
from hansol_assets.retrieval.evaluation import CUTOFFS, evaluate_retrieval
from hansol_assets.retrieval.index import RetrievalSettings

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

SETTINGS = RetrievalSettings()


def test_figures_are_counted_both_ways_round(
    tmp_path: Path, rows: pd.DataFrame, folds: pd.DataFrame, embedder: "SentenceTransformer"
) -> None:
    # TRAIN_5 is the one held-out row; its paraphrases share no word.
    table = evaluate_retrieval(rows, folds, embedder, SETTINGS, tmp_path)

    assert set(table["mode"]) == {"full_text", "dense", "hybrid"}
    assert table["k"].tolist() == [*CUTOFFS] * 3
    assert (table["questions"] == 2).all()
    full_text = table[table["mode"] == "full_text"]
    assert full_text["mrr"].tolist() == [0, 0, 0, 0]
    assert table["hit_rate"].between(0, 1).all()
    assert not any(tmp_path.iterdir())


def test_a_row_that_keeps_its_words_is_found(
    tmp_path: Path, rows: pd.DataFrame, folds: pd.DataFrame, embedder: "SentenceTransformer"
) -> None:
    folds["split"] = folds["split"].replace({"validation": "training", "calibration": "validation"})
    table = evaluate_retrieval(rows, folds, embedder, SETTINGS, tmp_path)

    assert (table["hit_rate"] == 1).all()
    assert (table[["mrr", "mrr_low", "mrr_high"]] == 1).all(axis=None)


def test_a_row_with_one_question_is_not_asked_for(
    tmp_path: Path, rows: pd.DataFrame, folds: pd.DataFrame, embedder: "SentenceTransformer"
) -> None:
    folds["split"] = folds["split"].replace({"calibration": "validation"})
    some = rows.assign(
        questions=[own[: 1 + place % 2] for place, own in enumerate(rows["questions"])]
    )
    none = rows.assign(questions=rows["questions"].str[:1])

    # TRAIN_4 has two questions, TRAIN_5 has one.
    asked = evaluate_retrieval(some, folds, embedder, SETTINGS, tmp_path)
    nothing = evaluate_retrieval(none, folds, embedder, SETTINGS, tmp_path)

    assert (asked["questions"] == 2).all()
    assert (nothing["questions"] == 0).all()
    assert nothing[["hit_rate", "mrr", "mrr_low", "mrr_high"]].isna().all(axis=None)
    assert len(nothing) == len(asked)


@pytest.mark.real
@pytest.mark.slow
@pytest.mark.parametrize("validation_fold", [0, 4])
def test_hybrid_search_beats_both_its_parts_on_the_real_rows(
    tmp_path: Path, real_dir: Path, real_embedder: CachedEmbedder, validation_fold: int
) -> None:
    rows = read_train(real_dir / "train.csv", TableSettings()).frame
    folds = assign_folds(rows, FoldSettings(validation_fold=validation_fold))
    table = evaluate_retrieval(rows, folds, real_embedder, SETTINGS, tmp_path)
    mrr = table[table["k"] == 10].set_index("mode")["mrr"]

    assert mrr["hybrid"] > mrr["full_text"]
    assert mrr["hybrid"] > mrr["dense"]
