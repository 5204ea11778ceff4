"""Answers from the base model and its adapter, batch by batch.

What belongs here: batching, decoding and stopping. What does not: the words of a prompt
(`hansol_assets.qa.prompts`), what becomes of the text (`hansol_assets.qa.answer_form`), and keeping
it; the caller commits each batch.
"""

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from hansol_assets.compute.sparing import spared
from hansol_assets.modeling.base.loading import LoadingSettings, load_causal_lm, load_tokenizer
from hansol_assets.modeling.base.soundness import check_adapter
from hansol_assets.modeling.base.tokenizer import Message, cut_prompt, encode_prompt, stop_ids
from hansol_assets.modeling.base.vocabulary import WHOLE, Vocabulary, saved_vocabulary
from hansol_assets.modeling.device.failures import device_failures_named
from hansol_assets.modeling.device.preflight import preflight
from hansol_assets.modeling.generation.sampling import SeededSampling, stream_seed
from hansol_assets.modeling.settings import GenerationSettings as GenerationSettings

if TYPE_CHECKING:
    import torch
    from transformers import Cache, PreTrainedTokenizerBase


@dataclass(frozen=True)
class GenerationRequest:
    """One question to answer.

    Attributes:
        key: Names the request; sampled answers are drawn by it.
        messages: Chat messages with `role` and `content`.
    """

    key: str
    messages: Sequence[Message]


@dataclass(frozen=True)
class Generation:
    """One generated answer.

    Attributes:
        key: The request's.
        origin: How it was decoded.
        sample: 0 for the greedy answer; sampled ones count from 0.
        text: The answer up to the end of turn, without special tokens.
        prompt_tokens: Length of the prompt.
        new_tokens: Length of the answer with its end of turn.
        seconds: Its share of the batch's time.
        finished: Whether the end of turn was reached before `max_new_tokens`.
    """

    key: str
    origin: Literal["greedy", "sampled"]
    sample: int
    text: str
    prompt_tokens: int
    new_tokens: int
    seconds: float
    finished: bool


@dataclass(frozen=True)
class _Row:
    """One sequence of a batch."""

    key: str
    prompt: list[int]
    sample: int | None


def in_batches(
    tokenizer: "PreTrainedTokenizerBase",
    requests: Sequence[GenerationRequest],
    settings: GenerationSettings,
) -> list[list[GenerationRequest]]:
    """Put requests together that are answered at once, those with the shortest prompts first.

    All answers of a request come in the same batch. Batches are cut from one order, so that what is
    left of a broken run falls into the batches that it would have had.

    Args:
        tokenizer: That of the model.
        requests: The questions; keys are unique.
        settings: Read: sequences at once, samples, and the longest prompt.

    Returns:
        The batches.
    """

    def lengths(own: list[GenerationRequest]) -> list[int]:
        return [len(_prompt(tokenizer, request, settings)) for request in own]

    measured = [
        # A prompt that cannot even be encoded comes first, and is told of when it is answered.
        (outcome.made or 0, request.key, request)
        for outcome, request in zip(spared(lengths, requests), requests, strict=True)
    ]
    ordered = [request for *_, request in sorted(measured, key=lambda one: one[:2])]
    size = max(1, settings.batch_size // (settings.samples + 1))
    return [ordered[start : start + size] for start in range(0, len(ordered), size)]


def _prompt(
    tokenizer: "PreTrainedTokenizerBase", request: GenerationRequest, settings: GenerationSettings
) -> list[int]:
    ids = encode_prompt(tokenizer, request.messages)
    return cut_prompt(ids, settings.max_prompt_tokens, tokenizer)


class Generator:
    """A base model with its adapter, ready to answer.

    The adapter is merged into weights of full precision, which is faster. 4-bit weights keep it
    beside them: merged, it would be rounded to 4 bits with them.

    Args:
        base_dir: The base model in `save_pretrained` form.
        adapter_dir: The adapter in PEFT's form; None: the base model alone.
        settings: How to decode.
        loading: How the base model is held in memory.

    Raises:
        OutOfMemoryError: The model cannot fit the device.
        UnsoundModelError: The adapter was trained on another base model.
    """

    def __init__(
        self,
        base_dir: Path,
        adapter_dir: Path | None,
        settings: GenerationSettings,
        loading: LoadingSettings,
    ) -> None:
        self._settings = settings
        if adapter_dir is not None:
            check_adapter(adapter_dir, base_dir)
        self._tokenizer = load_tokenizer(base_dir, loading)
        self._vocabulary = self._adapters(adapter_dir, loading)
        self._memory = preflight(base_dir, loading, settings, self._vocabulary.kept)
        self._stops = self._vocabulary.inward(stop_ids(self._tokenizer))
        (self._pad,) = self._vocabulary.inward([self._tokenizer.pad_token_id])
        self._model: Any = load_causal_lm(base_dir, loading, self._vocabulary)
        if adapter_dir is not None:
            from peft import PeftModel

            adapted = PeftModel.from_pretrained(self._model, adapter_dir)
            merges = loading.quantization == "none"
            self._model = (adapted.merge_and_unload() if merges else adapted).eval()

    def _adapters(self, adapter_dir: Path | None, loading: LoadingSettings) -> Vocabulary:
        """The vocabulary that the adapter was trained with; without one there is no table."""
        if loading.vocabulary == "full" or adapter_dir is None:
            return WHOLE
        return saved_vocabulary(self._tokenizer, adapter_dir)

    def generate(self, requests: Sequence[GenerationRequest]) -> Iterator[list[Generation]]:
        """Answer requests, shortest prompt first, one greedy and the sampled answers of each.

        Args:
            requests: The questions; keys are unique.

        Yields:
            The answers of one batch: request by request, the greedy one first.

        Raises:
            OutOfMemoryError: A batch outgrew the device.
            LostDeviceError: The GPU failed.
        """
        for batch in in_batches(self._tokenizer, requests, self._settings):
            yield [one for answers in self.answer(batch) for one in answers]

    def answer(self, batch: Sequence[GenerationRequest]) -> list[list[Generation]]:
        """Answer requests together.

        Args:
            batch: The questions.

        Returns:
            The answers of each, the greedy one first.

        Raises:
            OutOfMemoryError: The batch outgrew the device.
            LostDeviceError: The GPU failed.
        """
        samples: list[int | None] = [None, *range(self._settings.samples)]
        prompts = [
            self._vocabulary.inward(_prompt(self._tokenizer, request, self._settings))
            for request in batch
        ]
        answers = self._answer(
            [
                _Row(request.key, prompt, sample)
                for request, prompt in zip(batch, prompts, strict=True)
                for sample in samples
            ]
        )
        return [
            answers[start : start + len(samples)] for start in range(0, len(answers), len(samples))
        ]

    def _answer(self, rows: Sequence[_Row]) -> list[Generation]:
        start = time.perf_counter()
        with device_failures_named(self._memory, "The answers of earlier batches are kept."):
            answers = self._decode(rows)
        seconds = (time.perf_counter() - start) / len(rows)
        return [
            Generation(
                key=row.key,
                origin="greedy" if row.sample is None else "sampled",
                sample=row.sample or 0,
                text=self._text(answer),
                prompt_tokens=len(row.prompt),
                new_tokens=len(answer),
                seconds=seconds,
                finished=answer[-1] in self._stops,
            )
            for row, answer in zip(rows, answers, strict=True)
        ]

    def _text(self, answer: list[int]) -> str:
        ids = self._vocabulary.outward(answer)
        return str(self._tokenizer.decode(ids, skip_special_tokens=True)).strip()

    def _decode(self, rows: Sequence[_Row]) -> list[list[int]]:
        """Return the new token ids of each row, up to and with the first stop."""
        import torch
        from transformers import LogitsProcessorList

        settings = self._settings
        answers = settings.samples + 1
        prompts = self._padded([row.prompt for row in rows[::answers]])
        width = prompts["input_ids"].shape[1]
        with torch.inference_mode():
            output = self._model.generate(
                **{name: tensor.repeat_interleave(answers, 0) for name, tensor in prompts.items()},
                past_key_values=self._read(prompts, answers),
                do_sample=False,
                num_beams=1,
                max_new_tokens=settings.max_new_tokens,
                eos_token_id=self._stops,
                pad_token_id=self._pad,
                logits_processor=LogitsProcessorList(self._processors(rows, width)),
            )
        return [self._until_stop(row) for row in output[:, width:].tolist()]

    def _padded(self, prompts: list[list[int]]) -> "dict[str, torch.Tensor]":
        """Prompts of one width, what is missing put before them."""
        import torch

        width = max(map(len, prompts))
        rows = {
            "input_ids": [[self._pad] * (width - len(one)) + one for one in prompts],
            "attention_mask": [[0] * (width - len(one)) + [1] * len(one) for one in prompts],
        }
        return {name: torch.tensor(row, device=self._model.device) for name, row in rows.items()}

    def _read(self, prompts: Mapping[str, "torch.Tensor"], answers: int) -> "Cache | None":
        """Read each prompt once for all of its answers, up to its last token.

        Returns:
            What the model keeps of each prompt, once an answer; None where nothing is saved by it,
            or the model cannot keep it apart from `generate`.
        """
        ids, mask = prompts["input_ids"][:, :-1], prompts["attention_mask"][:, :-1]
        if answers == 1 or not ids.shape[1] or self._model._is_stateful:
            return None
        places = (mask.cumsum(-1) - 1).clamp(min=0)
        cache = self._model(
            input_ids=ids,
            attention_mask=mask,
            position_ids=places,
            use_cache=True,
            logits_to_keep=1,
        ).past_key_values
        cache.batch_repeat_interleave(answers)
        return cache

    def _processors(self, rows: Sequence[_Row], prompt_width: int) -> list[object]:
        from transformers import RepetitionPenaltyLogitsProcessor

        settings = self._settings
        seeds = [
            None if row.sample is None else stream_seed(settings.seed, row.key, row.sample)
            for row in rows
        ]
        sampling = SeededSampling(seeds, settings.temperature, settings.top_p)
        if settings.repetition_penalty == 1:
            return [sampling]
        # The prompt is left out: its retrieved rows are there to be repeated.
        penalty = RepetitionPenaltyLogitsProcessor(
            settings.repetition_penalty, prompt_ignore_length=prompt_width
        )
        return [penalty, sampling]

    def _until_stop(self, ids: list[int]) -> list[int]:
        stop = next((place for place, token in enumerate(ids) if token in self._stops), None)
        return ids if stop is None else ids[: stop + 1]
