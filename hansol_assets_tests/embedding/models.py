"""Models as the hub has them, small enough to be made in a test."""

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from hansol_assets.modeling.base.tokenizer import train_tokenizer

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


def write_transformer(folder: Path, texts: list[str], width: int, layers: int = 1) -> None:
    """Writes an encoder of random weights, of distiluse's kind: a mean over tokens, and a head.

    Args:
        folder: Folder to save in.
        texts: What the vocabulary is learned from.
        width: Of its layers; vectors have 512 dimensions.
        layers: How many.
    """
    import torch
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import Dense, Pooling, Transformer
    from transformers import DistilBertConfig, DistilBertModel, PreTrainedTokenizerFast

    learned = train_tokenizer(texts, 700 if layers == 1 else 8_000)
    # Of a class that pads on the right: the places of this model's tokens count from the left.
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=learned.backend_tokenizer,
        pad_token=learned.pad_token,
        model_max_length=128,
    )
    config = DistilBertConfig(
        vocab_size=len(tokenizer), dim=width, hidden_dim=4 * width, n_layers=layers, n_heads=4
    )
    torch.manual_seed(20240305)
    inner = folder.with_name("inner")
    tokenizer.save_pretrained(inner)
    DistilBertModel(config).save_pretrained(inner)
    body = Transformer(str(inner), max_seq_length=128)
    head = Dense(width, 512, activation_function=torch.nn.Tanh())
    model = SentenceTransformer(modules=[body, Pooling(width), head], device="cpu")
    model.save_pretrained(str(folder), create_model_card=False)
