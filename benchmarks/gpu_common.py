"""What the GPU benchmarks share: a random model of true size, and examples of true length.

The speed and memory of a model do not depend on the values of its weights, so that a released
model need not be at hand. Its tokenizer is replaced by one that is learned from the same rows; its
answers may be a little shorter in tokens than under the released one.
"""

import argparse
import json
import resource
import sys
from collections.abc import Mapping
from pathlib import Path

import pandas as pd
from random_checkpoint import write_random_checkpoint

from hansol_assets.modeling.base.loading import device
from hansol_assets.modeling.base.shape import ModelShape
from hansol_assets.modeling.base.tokenizer import render_document, train_tokenizer
from hansol_assets.qa.prompts import ContextRow, PromptSettings, build_messages
from hansol_assets.settings import SAMPLE_DIRECTORY, Settings, load_settings

QUESTIONS = ("질문_1", "질문_2")
ANSWERS = tuple(f"답변_{number}" for number in range(1, 6))
LARGEST_LEARNED_VOCABULARY = 32_000
SMALL_SIZES = {
    "vocab_size": 2_000,
    "hidden_size": 64,
    "intermediate_size": 128,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "num_key_value_heads": 1,
    "head_dim": 32,
    "max_position_embeddings": 2_048,
}


def parser(description: str) -> argparse.ArgumentParser:
    """Make a parser of what every GPU benchmark can be told."""
    arguments = argparse.ArgumentParser(description=description)
    arguments.add_argument("--profile", default="gemma-7b", help="whose model is measured")
    arguments.add_argument(
        "--quantization", choices=("none", "nf4"), help="instead of the profile's own"
    )
    arguments.add_argument(
        "--rows",
        type=Path,
        default=SAMPLE_DIRECTORY / "train.csv",
        help="train.csv, whose texts give the lengths",
    )
    arguments.add_argument(
        "--size", choices=("released", "small"), default="released", help="small: a smoke test"
    )
    arguments.add_argument("--folder", type=Path, required=True, help="where the model is written")
    return arguments


def settings_of(arguments: argparse.Namespace, **sections: Mapping[str, object]) -> Settings:
    """Read the profile, with the arguments and the given sections over it."""
    loading = {"quantization": arguments.quantization} if arguments.quantization else {}
    return load_settings(profile=arguments.profile, base_model={"loading": loading}, **sections)


def shape_of(arguments: argparse.Namespace, settings: Settings) -> ModelShape:
    """Return the released model's shape, or a small one of its architecture."""
    shape = settings.base_model.known_shape
    if shape is None:
        raise SystemExit(f"profile {arguments.profile} does not state the shape of its model.")
    return shape if arguments.size == "released" else shape.model_copy(update=SMALL_SIZES)


def examples_of(rows: Path) -> pd.DataFrame:
    """Make one example a question and answer, each with the next two rows as its context."""
    table = pd.read_csv(rows, encoding="utf-8-sig")
    context = [
        ContextRow(question, answer)
        for question, answer in zip(table[QUESTIONS[0]], table[ANSWERS[0]], strict=True)
    ]
    examples = [
        (build_messages(row[question], context[place + 1 :], PromptSettings()), row[answer])
        for place, row in table.iterrows()
        for question in QUESTIONS
        for answer in ANSWERS
    ]
    return pd.DataFrame(examples, columns=["messages", "answer"])


def write_model(shape: ModelShape, examples: pd.DataFrame, folder: Path) -> None:
    """Write the random model in 16 bits, with a tokenizer learned from the examples."""
    import torch

    documents = [
        render_document(messages, answer)
        for messages, answer in zip(examples["messages"], examples["answer"], strict=True)
    ]
    tokenizer = train_tokenizer(documents, min(shape.vocab_size, LARGEST_LEARNED_VOCABULARY))
    write_random_checkpoint(
        shape, tokenizer, folder, dtype=torch.bfloat16, device=device(), seed=20240305
    )


def peak_gib() -> float:
    """Return the most memory held so far: of the GPU, or of this process without one."""
    import torch

    if torch.cuda.is_available():
        return torch.cuda.max_memory_allocated() / 2**30
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20


def device_name() -> str:
    """Return the GPU's name, or "CPU"."""
    import torch

    return torch.cuda.get_device_name(0) if torch.cuda.is_available() else "CPU"


def report(figures: Mapping[str, object]) -> None:
    """Write the figures as one line of JSON."""
    sys.stdout.write(json.dumps(figures, ensure_ascii=False) + "\n")
