"""Fitting `answerability` on a table: which questions it learns from and is calibrated on."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

import numpy as np
import pandas as pd

from hansol_assets.embedding.cached import Retriever
from hansol_assets.embedding.embedder import Embedder
from hansol_assets.qa.folds import CALIBRATION, TRAINING
from hansol_assets.qa.seeded_draws import draw
from hansol_assets.qa.table.columns import ID, QUESTIONS
from hansol_assets.retrieval.answerability import Answerability, Examples
from hansol_assets.retrieval.examples import (
    Asked,
    Prior,
    examples_of,
    questions_of_rows,
    unrelated_questions,
)
from hansol_assets.retrieval.features import PairFeatures, TermWeights
from hansol_assets.retrieval.index import DocumentSettings
from hansol_assets.retrieval.ranking import Ranker
from hansol_assets.retrieval.search import DEPTH, IndexSearcher

UNRELATED = slice(120, 180)
"""The unrelated questions that a table's model learns from; those before are in the prior."""
UNSEEN_UNRELATED = slice(180, None)
"""Those that nothing learns from, so that they can judge."""

ASKED_ROWS = 150
"""Rows at most, of each split, that questions are made of."""
KNOWN_WEIGHT = 0.2
"""Of a row's paraphrase, which is nearer to the row than what people ask: a labelled question that
a row answers has 2."""
UNKNOWN_WEIGHT = 0.03
"""Of the same question with its row taken out: the rows left are often the other side of the same
thing, and people seldom ask so."""
TERM_ROWS = 5_000
"""Rows at most that the weight of terms is counted on."""


class Fitted(NamedTuple):
    """What was learned, and from how many questions.

    Attributes:
        ranker: Features and model.
        known: Questions of the table that a row answers.
        unknown: Questions of the table whose row was taken out.
    """

    ranker: Ranker
    known: int
    unknown: int


@dataclass(frozen=True)
class Fitter:
    """Everything that a model is fitted with, but the rows.

    `retriever` is the encoder of the index, `embedder` that of the answers; `documents` says what
    stands for a row in the index.
    """

    searcher: IndexSearcher
    retriever: Retriever
    embedder: Embedder
    prior: Prior
    documents: DocumentSettings

    def fit(self, rows: pd.DataFrame) -> Fitted:
        """Fits on training rows, and calibrates on calibration rows.

        Args:
            rows: `id, questions, split`; of a row with one question no paraphrase can be asked.
        """
        visible = rows[rows["split"].isin((TRAINING, CALIBRATION))]
        counted = visible.iloc[draw(visible[ID].tolist(), TERM_ROWS, "terms")]
        features = PairFeatures(
            self.retriever,
            self.embedder,
            TermWeights.fit(counted[QUESTIONS].tolist()),
            self.prior.aspects,
            self.documents,
        )
        fitted, *counts = self._from_rows(features, rows, TRAINING, (TRAINING,))
        calibrating, *more = self._from_rows(features, rows, CALIBRATION, (TRAINING, CALIBRATION))
        examples = Examples.together(
            [self.prior.examples, fitted, self._unrelated(features, (TRAINING,))]
        )
        model = Answerability.fit(examples, calibrating)
        known, unknown = np.add(counts, more).tolist()
        return Fitted(Ranker(features, model), known, unknown)

    def _from_rows(
        self, features: PairFeatures, rows: pd.DataFrame, split: str, visible: Sequence[str]
    ) -> tuple[Examples, int, int]:
        of_split = rows[rows["split"] == split]
        drawn = of_split.iloc[draw(of_split[ID].tolist(), ASKED_ROWS, "asked")]
        search = partial(self.searcher.pools, depth=DEPTH, splits=visible)
        known, unknown = questions_of_rows(drawn, search)
        weights = [KNOWN_WEIGHT] * len(known) + [UNKNOWN_WEIGHT] * len(unknown)
        examples = examples_of([*known, *unknown], features, weights, "table")
        return examples, len(known), len(unknown)

    def _unrelated(self, features: PairFeatures, visible: Sequence[str]) -> Examples:
        texts = unrelated_questions()[UNRELATED]
        pools = self.searcher.pools(texts, DEPTH, visible)
        asked = [Asked(text, hits, ()) for text, hits in zip(texts, pools, strict=True)]
        return examples_of(asked, features, [1.0] * len(asked), "table")
