"""What a question looks like to the regression: three views of it, side by side.

What belongs here: the views and how they become one feature matrix. What does not: what is
predicted from them (`hansol_assets.scoring.regression`).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import numpy as np

from hansol_assets.embedding.embedder import Embedder, encode
from hansol_assets.embedding.vectors import unit
from hansol_assets.qa.morphemes import content_morphemes, nouns

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix


@dataclass(frozen=True)
class QuestionViews:
    """Questions as text, as morphemes, and as vectors.

    Attributes:
        texts: The questions.
        morphemes: Their content morphemes, joined by spaces.
        vectors: Their embedding, [questions, dimensions], unit length or zero.
        keyword_vectors: The embedding of their nouns alone, likewise.
    """

    texts: list[str]
    morphemes: list[str]
    vectors: np.ndarray
    keyword_vectors: np.ndarray

    @classmethod
    def of(cls, questions: Sequence[str], embedder: Embedder) -> Self:
        """Looks at questions."""
        keywords = nouns(questions)
        vectors = unit(encode(embedder, [*questions, *keywords]))
        return cls(
            texts=list(questions),
            morphemes=content_morphemes(questions),
            vectors=vectors[: len(questions)],
            keyword_vectors=vectors[len(questions) :],
        )

    def __len__(self) -> int:
        return len(self.texts)

    @property
    def own_vectors(self) -> np.ndarray:
        """What a question says about its own answer, [questions, dimensions].

        An answer repeats its question's words, its nouns above all.
        """
        return (self.vectors + self.keyword_vectors) / 2


class QuestionFeatures:
    """tf-idf of character n-grams, tf-idf of morphemes, and the embedding, with equal weight.

    Each view has length 1 before it is scaled, so the squared distance between two questions is
    2 (1 - mean cosine over the views).

    Args:
        views: The questions whose terms are known and whose idf counts.
    """

    def __init__(self, views: QuestionViews) -> None:
        from sklearn.feature_extraction.text import TfidfVectorizer

        self._characters = TfidfVectorizer(
            analyzer="char_wb", ngram_range=(1, 3), min_df=2, sublinear_tf=True
        )
        self._morphemes = TfidfVectorizer(analyzer=str.split, sublinear_tf=True)
        self._characters.fit(views.texts)
        self._morphemes.fit(views.morphemes)

    def transform(self, views: QuestionViews) -> "csr_matrix":
        """Returns the feature matrix, [questions, features]."""
        from scipy.sparse import csr_matrix, hstack

        blocks = [
            self._characters.transform(views.texts),
            self._morphemes.transform(views.morphemes),
            csr_matrix(views.vectors),
        ]
        return hstack(blocks, format="csr") / np.sqrt(len(blocks))
