"""A sentence-transformers model fitted offline: latent semantic analysis of character n-grams.

What belongs here: how the model is fitted, and the tokenizer and weights that it is made of. What
does not: which texts it is fitted on, and other embedders (`hansol_assets.embedding.embedder`).

The model is made of sentence-transformers' own modules, so it is saved, loaded and shared like any
other and needs no remote code. `StaticEmbedding` adds up one vector a token; a token is a piece of
a word, and its vector is the sum of the vectors of the n-grams within it (as fastText composes
words, Bojanowski et al. 2017). A word of the corpus is one token, so its n-grams are all counted; a
word never seen is cut into the fewest pieces that were.
"""

import hashlib
import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import numpy as np
from pydantic import Field

from hansol_assets.errors import InputError
from hansol_assets.settings_model import SettingsModel

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix
    from sentence_transformers import SentenceTransformer
    from sklearn.feature_extraction.text import TfidfVectorizer
    from tokenizers import Tokenizer

# Stands for the edge of a word within a token, as the space does within scikit-learn's n-grams.
WORD_EDGE = "▁"
UNKNOWN = "<unk>"
RANK_TOLERANCE = 1e-9


class LsaSettings(SettingsModel):
    """How the offline embedder is fitted."""

    ngram_min: int = Field(2, ge=2, description="shortest n-gram, characters, word edges counted")
    ngram_max: int = Field(5, ge=2, description="longest n-gram, characters, word edges counted")
    min_df: int = Field(5, ge=1, description="texts that an n-gram must stand in to count")
    word_min_df: int = Field(2, ge=1, description="texts that a word must stand in to be a token")
    max_texts: int = Field(
        4000, ge=2, description="texts that the space is computed from at most, drawn by hash"
    )


def fit_lsa(texts: Sequence[str], dimensions: int, settings: LsaSettings) -> "SentenceTransformer":
    """Fits the model on a corpus.

    tf-idf over character n-grams within words, then truncated SVD (Deerwester et al. 1990). Where
    the corpus has a lower rank than `dimensions`, the last dimensions are 0, so that the width is
    always the same. Vectors are unit length, except that of a text without a known n-gram: it is 0.

    Args:
        texts: The corpus, at least two different texts.
        dimensions: Width of the vectors.
        settings: The n-grams and the decomposition.

    Raises:
        InputError: The corpus holds no n-gram that stands in `min_df` texts.
    """
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.base.modules import Normalize
    from sentence_transformers.sentence_transformer.modules import StaticEmbedding
    from sklearn.feature_extraction.text import TfidfVectorizer
    from torch.nn import Module

    vectorizer = TfidfVectorizer(
        analyzer="char_wb",
        ngram_range=(settings.ngram_min, settings.ngram_max),
        min_df=settings.min_df,
    )
    corpus = [normalise(text) for text in texts]
    try:
        vectorizer.fit(corpus)
    except ValueError as error:
        msg = (
            f"{len(set(corpus))} different answers share no run of characters that stands in "
            f"{settings.min_df} of them, so no embedder can be fitted: add rows, or lower "
            f"embedder.lsa.min_df (now {settings.min_df})"
        )
        raise InputError(msg) from error
    ngram_vectors = _ngram_vectors(vectorizer, corpus, dimensions, settings)
    pieces = _pieces(corpus, vectorizer.vocabulary_, settings.word_min_df)
    weights = _ngram_counts(pieces, vectorizer) @ ngram_vectors
    weights = np.vstack([np.zeros((1, dimensions)), weights]).astype(np.float32)
    modules: list[Module] = [
        StaticEmbedding(_tokenizer(pieces), embedding_weights=weights),
        Normalize(),
    ]
    return SentenceTransformer(modules=modules, device="cpu")


def normalise(text: str) -> str:
    """The form in which texts are compared: NFC, lower case."""
    return unicodedata.normalize("NFC", text).lower()


def _ngram_vectors(
    vectorizer: "TfidfVectorizer", corpus: list[str], dimensions: int, settings: LsaSettings
) -> np.ndarray:
    """One row an n-gram: its idf times its coordinates in the latent space, [n-grams, dimensions].

    With X = U S Vᵀ (texts × n-grams), the eigenvectors of X Xᵀ are U and its eigenvalues S²; so V =
    Xᵀ U S⁻¹ is exact, and fast as long as the texts are fewer than the n-grams.
    """
    from scipy.linalg import eigh
    from sklearn.utils.extmath import svd_flip

    weighted = vectorizer.transform(_drawn(corpus, settings.max_texts))
    eigenvalues, left = eigh((weighted @ weighted.T).toarray())
    # Near-zero eigenvalues are directions that only rounding made.
    significant = eigenvalues > eigenvalues[-1] * RANK_TOLERANCE
    rank = min(dimensions, int(significant.sum()))
    singular = np.sqrt(eigenvalues[::-1][:rank])
    left = left[:, ::-1][:, :rank]
    right = (weighted.T @ (left / singular)).T
    _, right = svd_flip(left, right, u_based_decision=False)
    vectors = np.zeros((weighted.shape[1], dimensions))
    vectors[:, :rank] = right.T * vectorizer.idf_[:, None]
    return vectors


def _drawn(corpus: list[str], count: int) -> list[str]:
    """The texts with the smallest hashes: the same draw whatever the order and the other texts."""
    return sorted(set(corpus), key=lambda text: hashlib.sha256(text.encode()).digest())[:count]


def _pieces(corpus: Iterable[str], ngrams: Iterable[str], word_min_df: int) -> list[str]:
    """The tokens: the corpus's frequent words with their edges, n-grams, and single characters."""
    words: Counter[str] = Counter()
    for text in corpus:
        words.update({f"{WORD_EDGE}{word}{WORD_EDGE}" for word in text.split()})
    pieces = {word for word, count in words.items() if count >= word_min_df}
    pieces.update(ngram.replace(" ", WORD_EDGE) for ngram in ngrams)
    pieces.update(character for word in words for character in word)
    return sorted(pieces)


def _ngram_counts(pieces: list[str], vectorizer: "TfidfVectorizer") -> "csr_matrix":
    """How often each n-gram stands within each piece, [pieces, n-grams]."""
    from sklearn.feature_extraction.text import CountVectorizer

    counter = CountVectorizer(
        analyzer="char", ngram_range=vectorizer.ngram_range, vocabulary=vectorizer.vocabulary_
    )
    return counter.transform(piece.replace(WORD_EDGE, " ") for piece in pieces)


def _tokenizer(pieces: list[str]) -> "Tokenizer":
    """A tokenizer that cuts each word into the fewest pieces."""
    from tokenizers import Regex, Tokenizer
    from tokenizers.models import Unigram
    from tokenizers.normalizers import NFC, Lowercase, Replace, Sequence, Strip
    from tokenizers.pre_tokenizers import WhitespaceSplit

    # Equal log probabilities: the likeliest cut is the one with the fewest pieces.
    vocabulary = [(UNKNOWN, 0.0)] + [(piece, -1.0) for piece in pieces]
    tokenizer = Tokenizer(Unigram(vocabulary, unk_id=0, byte_fallback=False))
    tokenizer.normalizer = Sequence(
        [
            NFC(),
            Lowercase(),
            Strip(),
            Replace(Regex(r"\s+"), f"{WORD_EDGE} {WORD_EDGE}"),
            Replace(Regex(r"\A(?=.)|(?<=.)\z"), WORD_EDGE),
        ]
    )
    tokenizer.pre_tokenizer = WhitespaceSplit()
    return tokenizer
