"""Fitting on a table what tells the rows that answer a question."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from hansol_assets.embedding.cached import Retriever
from hansol_assets.embedding.embedder import Embedder
from hansol_assets.errors import OutdatedResultError
from hansol_assets.qa.folds import CALIBRATION, TRAINING
from hansol_assets.qa.seeded_draws import draw
from hansol_assets.qa.table.columns import ID, QUESTIONS
from hansol_assets.retrieval.answerability import Answerability, Examples
from hansol_assets.retrieval.aspects import Aspects
from hansol_assets.retrieval.examples import (
    Asked,
    Prior,
    examples_of,
    own_questions,
    unrelated_questions,
)
from hansol_assets.retrieval.features import PairFeatures, TermWeights
from hansol_assets.retrieval.index import DocumentSettings, RetrievalSettings
from hansol_assets.retrieval.ranking import Ranker
from hansol_assets.retrieval.search import IndexSearcher

UNRELATED = slice(120, 180)
"""The unrelated questions that a table's model learns from; those before are in the prior."""
UNSEEN_UNRELATED = slice(180, None)
"""Those that nothing learns from, so that they can judge."""

_MODEL_FILE = "model.safetensors"
_TERMS_FILE = "terms.json"
_ASPECTS_FILE = "aspects.safetensors"
_DOCUMENTS_FILE = "documents.json"


_ROWS = 150
"""Rows at most, of each split, that questions are made of."""
_KNOWN_WEIGHT = 0.2
"""Weight of a row's own paraphrase, which is nearer to the row than what people ask; a labelled
question that a row answers has 2."""
_UNKNOWN_WEIGHT = 0.03
"""Weight of the same question with its row taken out: the rows left are often the other side of the
same thing, and people seldom ask so."""
_TERM_ROWS = 5_000
"""Rows at most that the weight of terms is counted on."""
_DEPTH = RetrievalSettings().depth


class Fitted(NamedTuple):
    """What was learned, and from how many questions of the table that a row answers or none."""

    ranker: Ranker
    known: int
    unknown: int


@dataclass(frozen=True)
class Fitter:
    """Everything that a model is fitted with, but the rows.

    The prior is what ships, `documents` what stands for a row in the index.
    """

    searcher: IndexSearcher
    retriever: Retriever
    embedder: Embedder
    prior: Prior
    documents: DocumentSettings

    def fit(self, rows: pd.DataFrame) -> Fitted:
        """Fits on training rows (`id, questions, split`), and calibrates on calibration rows.

        Of a row with one question no paraphrase can be asked.
        """
        visible = rows[rows["split"].isin((TRAINING, CALIBRATION))]
        counted = visible.iloc[draw(visible[ID].tolist(), _TERM_ROWS, "terms")]
        features = PairFeatures(
            self.retriever,
            self.embedder,
            TermWeights.fit(counted[QUESTIONS].tolist()),
            self.prior.aspects,
            self.documents,
        )
        fitted, *counts = self._own(features, rows, TRAINING, (TRAINING,))
        calibrating, *more = self._own(features, rows, CALIBRATION, (TRAINING, CALIBRATION))
        examples = Examples.together(
            [self.prior.examples, fitted, self._unrelated(features, (TRAINING,))]
        )
        model = Answerability.fit(examples, calibrating)
        known, unknown = np.add(counts, more).tolist()
        return Fitted(Ranker(features, model), known, unknown)

    def _own(
        self, features: PairFeatures, rows: pd.DataFrame, split: str, visible: Sequence[str]
    ) -> tuple[Examples, int, int]:
        own = rows[rows["split"] == split]
        drawn = own.iloc[draw(own[ID].tolist(), _ROWS, "asked")]
        search = partial(self.searcher.pools, depth=_DEPTH, splits=visible)
        known, unknown = own_questions(drawn, search)
        weights = [_KNOWN_WEIGHT] * len(known)
        weights += [_UNKNOWN_WEIGHT] * len(unknown)
        examples = examples_of([*known, *unknown], features, weights, "table")
        return examples, len(known), len(unknown)

    def _unrelated(self, features: PairFeatures, visible: Sequence[str]) -> Examples:
        texts = unrelated_questions()[UNRELATED]
        pools = self.searcher.pools(texts, _DEPTH, visible)
        asked = [Asked(text, hits, ()) for text, hits in zip(texts, pools, strict=True)]
        return examples_of(asked, features, [1.0] * len(asked), "table")


def save_ranker(ranker: Ranker, folder: Path) -> None:
    """Writes what was fitted; the encoders are no part of it."""
    from safetensors.numpy import save_file

    ranker.model.save(folder / _MODEL_FILE)
    ranker.features.terms.save(folder / _TERMS_FILE)
    documents = ranker.features.documents.model_dump_json()
    (folder / _DOCUMENTS_FILE).write_text(documents, encoding="utf-8")
    aspects = ranker.features.aspects
    arrays = {
        "mean": aspects.mean,
        "weights": aspects.weights,
        "biases": aspects.biases,
        "names": np.frombuffer(" ".join(aspects.names).encode(), np.uint8),
    }
    contiguous = {name: np.ascontiguousarray(array) for name, array in arrays.items()}
    save_file(contiguous, folder / _ASPECTS_FILE)


def load_ranker(folder: Path, retriever: Retriever, embedder: Embedder) -> Ranker:
    """Reads what `save_ranker` wrote, with the encoders of the index and of the answers.

    Raises:
        OutdatedResultError: The folder is another release's.
    """
    from safetensors.numpy import load_file

    documents = folder / _DOCUMENTS_FILE
    if not documents.is_file():
        raise OutdatedResultError(folder)
    arrays = load_file(folder / _ASPECTS_FILE)
    names = tuple(bytes(arrays.pop("names")).decode().split())
    features = PairFeatures(
        retriever,
        embedder,
        TermWeights.load(folder / _TERMS_FILE),
        Aspects(names, **arrays),
        DocumentSettings.model_validate_json(documents.read_bytes()),
    )
    return Ranker(features, Answerability.load(folder / _MODEL_FILE))
