"""Generation as work that another process can do.

What belongs here: from prompts to answers, as blocks of rows, and which prompts share a block. What
does not: decoding (`hansol_assets.modeling.generation.generator`), which prompts have no answer yet
(`hansol_assets.answering.candidates`), and where the work runs (`hansol_assets.compute`).
"""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import pyarrow as pa

from hansol_assets.compute.protocol import Worker
from hansol_assets.compute.sparing import Outcome, spared
from hansol_assets.modeling.base.loading import LoadingSettings, load_tokenizer
from hansol_assets.modeling.generation.generator import (
    Generation,
    GenerationRequest,
    GenerationSettings,
    Generator,
    in_batches,
)

ANSWERED = pa.schema(
    [
        ("key", pa.string()),
        ("origin", pa.string()),
        ("sample", pa.int64()),
        ("text", pa.string()),
        ("prompt_tokens", pa.int64()),
        ("new_tokens", pa.int64()),
        ("seconds", pa.float64()),
        ("finished", pa.bool_()),
        ("problem", pa.string()),
    ]
)
"""The columns of `Generation`, and why a prompt has no answer."""


@dataclass(frozen=True)
class AnswerPrompts:
    """Turns a block with the columns `key, messages` into one with the columns of `ANSWERED`.

    A prompt that cannot be answered has one row without text, whose `problem` says why.

    Attributes:
        base_dir: The base model in `save_pretrained` form.
        adapter_dir: The adapter in PEFT's form.
        settings: How to decode.
        loading: How the base model is held in memory.
    """

    base_dir: Path
    adapter_dir: Path
    settings: GenerationSettings
    loading: LoadingSettings
    name: str = "generation"
    fewest_to_send: int = 0

    def open(self) -> Worker:
        """Loads the models."""
        generator = Generator(self.base_dir, self.adapter_dir, self.settings, self.loading)

        def answer(block: pa.Table) -> pa.Table:
            requests = _requests(block)
            outcomes = spared(generator.answer, requests)
            rows = [
                row
                for request, outcome in zip(requests, outcomes, strict=True)
                for row in _rows(request, outcome)
            ]
            return pa.Table.from_pylist(rows, schema=ANSWERED)

        return answer

    def blocks(self, requests: Sequence[GenerationRequest]) -> list[pa.Table]:
        """Puts prompts that are decoded together into a block; wherever it goes, it is the same.

        Args:
            requests: Prompts with different keys.
        """
        tokenizer = load_tokenizer(self.base_dir, self.loading)
        return [
            pa.table(
                {
                    "key": [request.key for request in batch],
                    "messages": [json.dumps(list(request.messages)) for request in batch],
                }
            )
            for batch in in_batches(tokenizer, requests, self.settings)
        ]


def _requests(block: pa.Table) -> list[GenerationRequest]:
    keys, messages = block["key"].to_pylist(), block["messages"].to_pylist()
    return [
        GenerationRequest(key, json.loads(own)) for key, own in zip(keys, messages, strict=True)
    ]


def _rows(
    request: GenerationRequest, outcome: Outcome[list[Generation]]
) -> list[dict[str, object]]:
    if outcome.made is None:
        return [{"key": request.key, "problem": outcome.problem}]
    return [{**asdict(one), "problem": None} for one in outcome.made]
