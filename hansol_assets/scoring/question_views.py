"""What a question looks like to the regression: several views of it, side by side."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cache, cached_property, lru_cache
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from hansol_assets.embedding.embedder import Embedder, encode
from hansol_assets.embedding.vectors import unit
from hansol_assets.qa.morphemes import content_morphemes, nouns

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix
    from sklearn.feature_extraction.text import TfidfVectorizer

SENTENCE, KEYWORDS, MORPHEMES, CHARACTERS = "sentence", "keywords", "morphemes", "characters"
VIEW_WEIGHTS = {SENTENCE: 3.0, KEYWORDS: 1.0, MORPHEMES: 1.0, CHARACTERS: 0.5}
"""How much each view counts in a comparison of questions: the embedding of the question and of its
nouns alone, tf-idf of its content morphemes and of its character n-grams."""
MOST_TERMS = 50_000
_TEXTS_IN_MEMORY = 4096


@dataclass(frozen=True)
class QuestionViews:
    """Questions as text, as content morphemes joined by spaces, and as vectors.

    Vectors are of the question and of its nouns alone, [questions, dimensions], unit length or
    zero.
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

    def first(self, count: int) -> Self:
        """The first of them."""
        return replace(self, **{name: values[:count] for name, values in vars(self).items()})

    @property
    def own_vectors(self) -> np.ndarray:
        """What a question says about its own answer, [questions, dimensions].

        An answer repeats its question's words, its nouns above all.
        """
        return (self.vectors + self.keyword_vectors) / 2


@dataclass(frozen=True)
class Features:
    """Weighted views of questions, [questions, features] and [questions, terms].

    A full row has length 1.
    """

    dense: np.ndarray
    sparse: "csr_matrix"

    def __len__(self) -> int:
        return len(self.dense)

    def __getitem__(self, rows: slice) -> "Features":
        return Features(self.dense[rows], self.sparse[rows])

    def squared_distances(self, other: "Features") -> np.ndarray:
        """Squared Euclidean distances, [questions, questions of the other]."""
        alike = self.dense @ other.dense.T + (self.sparse @ other.sparse.T).toarray()
        return np.maximum(self._squares()[:, None] + other._squares() - 2 * alike, 0)

    def _squares(self) -> np.ndarray:
        terms = self.sparse.multiply(self.sparse).sum(axis=1)
        return np.einsum("qd,qd->q", self.dense, self.dense) + np.asarray(terms).ravel()


@dataclass(frozen=True)
class FeatureSpace:
    """Makes features of views, by `VIEW_WEIGHTS`, with terms and their idf as fitted, by view.

    Each view has length 1 before it is weighted, so that the squared distance between two
    questions is 2 (1 - weighted mean of the views' cosines).
    """

    terms: dict[str, list[str]]
    idf: dict[str, list[float]]

    @classmethod
    def fit(cls, texts: Sequence[str], morphemes: Sequence[str]) -> Self:
        """Counts the terms of questions, and of their content morphemes joined by spaces."""
        fitted = {
            view: _vectorizer(view, max_features=MOST_TERMS).fit(counted)
            for view, counted in ((CHARACTERS, texts), (MORPHEMES, morphemes))
        }
        terms = {view: one.get_feature_names_out().tolist() for view, one in fitted.items()}
        return cls(terms, {view: one.idf_.tolist() for view, one in fitted.items()})

    @cached_property
    def _vectorizers(self) -> "dict[str, TfidfVectorizer]":
        made = {view: _vectorizer(view, vocabulary=terms) for view, terms in self.terms.items()}
        for view, vectorizer in made.items():
            vectorizer.idf_ = np.array(self.idf[view])
        return made

    def transform(self, views: QuestionViews) -> Features:
        """Returns the features of questions."""
        from scipy.sparse import hstack

        total = sum(VIEW_WEIGHTS.values())
        scales = {view: float(np.sqrt(weight / total)) for view, weight in VIEW_WEIGHTS.items()}
        dense = [scales[SENTENCE] * views.vectors, scales[KEYWORDS] * views.keyword_vectors]
        sparse = [
            scales[view] * self._vectorizers[view].transform(texts)
            for view, texts in ((MORPHEMES, views.morphemes), (CHARACTERS, views.texts))
        ]
        return Features(np.hstack(dense).astype(np.float64), hstack(sparse, format="csr"))


def _vectorizer(view: str, **options: Any) -> "TfidfVectorizer":
    from sklearn.feature_extraction.text import TfidfVectorizer

    analyzer = {CHARACTERS: _character_ngrams, MORPHEMES: str.split}[view]
    return TfidfVectorizer(sublinear_tf=True, analyzer=analyzer, **options)


@lru_cache(maxsize=_TEXTS_IN_MEMORY)
def _character_ngrams(text: str) -> tuple[str, ...]:
    """One to three characters within words; several fits look at the same questions."""
    return tuple(_character_analyzer()(text))


@cache
def _character_analyzer() -> "Callable[[str], list[str]]":
    from sklearn.feature_extraction.text import CountVectorizer

    return CountVectorizer(analyzer="char_wb", ngram_range=(1, 3)).build_analyzer()
