"""Random models and true texts that the stages of training and generation share.

What belongs here: a decoder of a stated shape with a tokenizer learned from the rows. What does
not: measuring. The speed of a model does not depend on the values of its weights.
"""

from pathlib import Path

import pandas as pd
from random_checkpoint import write_random_checkpoint
from rows import Options

from hansol_assets.modeling.base.shape import ModelShape
from hansol_assets.modeling.base.tokenizer import render_document, train_tokenizer

WORDS = 8_000


def decoder(options: Options) -> ModelShape:
    """A Llama of hidden size 512 and 8 layers, or one as small as it goes."""
    hidden, layers = (64, 2) if options.small else (512, 8)
    return ModelShape(
        model_type="llama",
        vocab_size=WORDS,
        hidden_size=hidden,
        intermediate_size=3 * hidden,
        num_hidden_layers=layers,
        num_attention_heads=hidden // 32,
        num_key_value_heads=hidden // 64,
        head_dim=32,
        max_position_embeddings=2_048,
        tie_word_embeddings=True,
    )


def write_decoder(options: Options, examples: pd.DataFrame, folder: Path) -> None:
    """Writes the model with a tokenizer of the examples' texts."""
    import torch

    documents = [
        render_document(messages, answer)
        for messages, answer in zip(examples["messages"], examples["answer"], strict=True)
    ]
    tokenizer = train_tokenizer(documents, 700 if options.small else WORDS)
    cpu = torch.device("cpu")
    write_random_checkpoint(
        decoder(options), tokenizer, folder, dtype=torch.float32, device=cpu, seed=20240305
    )
