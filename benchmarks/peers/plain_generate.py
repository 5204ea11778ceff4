"""Answers by `model.generate` of transformers, one by one and in padded batches.

What belongs here: generation as transformers' guide has it. What does not: what the answers are
compared with.
"""

from collections.abc import Sequence
from typing import Any

BATCH = 32


class PlainGenerate:
    """A model and its tokenizer, as loaded.

    Args:
        model: A causal language model.
        tokenizer: With a pad token.
        stops: Ids that end an answer.
        new_tokens: Longest answer.
    """

    def __init__(self, model: Any, tokenizer: Any, stops: Sequence[int], new_tokens: int) -> None:
        self._model = model
        self._tokenizer = tokenizer
        self._stops = list(stops)
        self._new_tokens = new_tokens

    def one_by_one(
        self, prompts: Sequence[Sequence[int]], samples: int
    ) -> tuple[int, list[list[int]]]:
        """Answers each prompt greedily and so many times by sampling, an answer a call.

        Returns:
            Tokens of all answers up to their ends, and the greedy answers.
        """
        greedy = [self._answers([prompt], sample=False)[0] for prompt in prompts]
        drawn = [
            self._answers([prompt], sample=True)[0] for prompt in prompts for _ in range(samples)
        ]
        return sum(map(len, greedy + drawn)), greedy

    def in_batches(
        self, prompts: Sequence[Sequence[int]], samples: int
    ) -> tuple[int, list[list[int]]]:
        """The same in padded batches of 32."""
        greedy = self._batched(prompts, sample=False)
        repeated = [prompt for prompt in prompts for _ in range(samples)]
        return sum(map(len, greedy + self._batched(repeated, sample=True))), greedy

    def _batched(self, prompts: Sequence[Sequence[int]], *, sample: bool) -> list[list[int]]:
        starts = range(0, len(prompts), BATCH)
        return [
            answer
            for start in starts
            for answer in self._answers(prompts[start : start + BATCH], sample=sample)
        ]

    def _answers(self, prompts: Sequence[Sequence[int]], *, sample: bool) -> list[list[int]]:
        import torch

        batch = self._tokenizer.pad(
            {"input_ids": list(prompts)}, padding_side="left", return_tensors="pt"
        )
        how = {"temperature": 0.8, "top_p": 0.95, "top_k": 0} if sample else {}
        with torch.inference_mode():
            output = self._model.generate(
                **batch,
                do_sample=sample,
                max_new_tokens=self._new_tokens,
                eos_token_id=self._stops,
                pad_token_id=self._tokenizer.pad_token_id,
                **how,
            )
        width = batch["input_ids"].shape[1]
        return [self._ended(ids) for ids in output[:, width:].tolist()]

    def _ended(self, ids: list[int]) -> list[int]:
        end = next((place for place, token in enumerate(ids) if token in self._stops), len(ids))
        return ids[: end + 1]
