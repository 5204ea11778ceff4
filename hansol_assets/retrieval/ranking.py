"""The rows found for a question, in the order in which they answer it.

What belongs here: putting together search, features and probabilities. What does not: the search
(`hansol_assets.retrieval.search`) and the model (`hansol_assets.retrieval.answerability`).
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from hansol_assets.retrieval.answerability import Answerability
from hansol_assets.retrieval.features import PairFeatures
from hansol_assets.retrieval.hits import Hit
from hansol_assets.retrieval.rows_in_memory import RowTexts
from hansol_assets.retrieval.search import IndexSearcher


@dataclass(frozen=True)
class Ranker:
    """Puts the rows found for a question in the order in which they answer it.

    Attributes:
        features: Looks at a question beside a row.
        model: Knows what is seen is worth.
    """

    features: PairFeatures
    model: Answerability

    def ranked(self, questions: Sequence[str], pools: Sequence[Sequence[Hit]]) -> list[list[Hit]]:
        """Gives every row its probability.

        Args:
            questions: The questions.
            pools: The rows found for each.

        Returns:
            The rows of each question, most probable first; equals in the order of their ids.
        """
        texts = [[RowTexts(hit.questions, hit.answers) for hit in pool] for pool in pools]
        probabilities = self.model.probabilities(self.features.of(questions, texts))
        return [_in_order(pool, own) for pool, own in zip(pools, probabilities, strict=True)]


def _in_order(pool: Sequence[Hit], probabilities: np.ndarray) -> list[Hit]:
    found = [
        replace(hit, probability=float(value))
        for hit, value in zip(pool, probabilities, strict=True)
    ]
    ordered = sorted(found, key=lambda hit: (-hit.probability, hit.id))
    return [replace(hit, rank=rank) for rank, hit in enumerate(ordered, start=1)]


@dataclass(frozen=True)
class RowSearcher:
    """Finds the rows that answer questions, with the probability that each does.

    Attributes:
        index: Finds rows by full text and by vectors.
        ranker: Puts them in order.
        depth: Rows that each of the two searches gives.
    """

    index: IndexSearcher
    ranker: Ranker
    depth: int

    def search(self, questions: Sequence[str], k: int, splits: Sequence[str]) -> list[list[Hit]]:
        """Searches by full text and by vectors, and ranks what either finds.

        Args:
            questions: Any number of questions.
            k: Hits a question, at most.
            splits: Only rows of these splits are searched.

        Returns:
            The hits of each question, most probable first.

        Raises:
            ObjectStoreError: The index is in an object store that was lost meanwhile.
        """
        pools = self.index.pools(questions, max(k, self.depth), splits)
        return [hits[:k] for hits in self.ranker.ranked(questions, pools)]

    def confidence(self, hits: Sequence[Hit]) -> float:
        """The calibrated probability that the first of the hits answers; 0 without one."""
        return self.ranker.model.confidence([hit.probability for hit in hits])
