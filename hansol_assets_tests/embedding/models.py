"""A model as the hub has them, small enough to be made in a test."""

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

WORDS = ("벽지를", "마루를", "바릅니다.", "깝니다.", "타일을", "붙입니다.")


def static_model(width: int, known: tuple[str, ...] = WORDS) -> "SentenceTransformer":
    """One random vector a word."""
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.base.modules import Normalize
    from sentence_transformers.sentence_transformer.modules import StaticEmbedding
    from tokenizers import Tokenizer
    from tokenizers.models import WordLevel
    from tokenizers.pre_tokenizers import WhitespaceSplit

    unknown = "<unk>"
    words = {word: place for place, word in enumerate((unknown, *known))}
    tokenizer = Tokenizer(WordLevel(words, unk_token=unknown))
    tokenizer.pre_tokenizer = WhitespaceSplit()
    weights = np.random.default_rng(0).normal(size=(len(words), width)).astype(np.float32)
    static = StaticEmbedding(tokenizer, embedding_weights=weights)
    return SentenceTransformer(modules=[static, Normalize()], device="cpu")
