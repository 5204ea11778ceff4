"""Answers from the base model and its adapter, batch by batch, in this process or another."""

import json
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import pyarrow as pa

from hansol_assets.compute.protocol import RowOutcome, Worker, isolate_errors
from hansol_assets.modeling.base.loading import LoadingSettings, load_causal_lm, load_tokenizer
from hansol_assets.modeling.base.model_folder import check_adapter
from hansol_assets.modeling.base.tokenizer import Message, cut_prompt, encode_prompt, stop_ids
from hansol_assets.modeling.base.vocabulary import WHOLE, saved_vocabulary
from hansol_assets.modeling.hyperparameters import GenerationSettings
from hansol_assets.modeling.memory import explained_device_failures, preflight
from hansol_assets.qa.seeded_draws import digest

if TYPE_CHECKING:
    import torch
    from transformers import Cache, LogitsProcessor, PreTrainedTokenizerBase


TOP_P = 0.95
"""Share of the probability that is sampled from."""


def stream_seed(seed: int, key: str, sample: int) -> int:
    """Derive the seed of one sampled answer."""
    return int(digest(seed, key, sample)[:16], 16) >> 1


class SeededSampling:
    """A logits processor that turns greedy decoding into sampling, row by row.

    The largest of the warped logits plus Gumbel noise is a sample of their softmax (the Gumbel-max
    trick). Each row has its own generator, so that its text hangs on no other row; one without a
    seed stays greedy.
    """

    def __init__(
        self, seeds: Sequence[int | None], temperature: float, top_p: float = TOP_P
    ) -> None:
        import torch
        from transformers import TemperatureLogitsWarper, TopPLogitsWarper

        self._rows = [row for row, seed in enumerate(seeds) if seed is not None]
        self._generators = [
            torch.Generator().manual_seed(seed) for seed in seeds if seed is not None
        ]
        self._warpers: list[LogitsProcessor] = [
            TemperatureLogitsWarper(temperature),
            TopPLogitsWarper(top_p),
        ]

    def __call__(self, input_ids: "torch.Tensor", scores: "torch.Tensor") -> "torch.Tensor":
        """Return the scores, float [rows, vocabulary], with noise on the sampled rows."""
        import torch

        if not self._rows:
            return scores
        sampled = scores[self._rows].float()
        for warp in self._warpers:
            sampled = warp(input_ids[self._rows], sampled)
        uniform = torch.stack(
            [torch.rand(scores.shape[-1], generator=source) for source in self._generators]
        ).to(scores.device)
        # A draw of exactly 0 would make the noise infinite.
        gumbel = -torch.log(-torch.log(uniform.clamp_min(torch.finfo(uniform.dtype).tiny)))
        result = scores.float().clone()
        result[self._rows] = sampled + gumbel
        return result


@dataclass(frozen=True)
class GenerationRequest:
    """One question to answer, as chat messages; sampled answers are drawn by its key."""

    key: str
    messages: Sequence[Message]


@dataclass(frozen=True)
class Generation:
    """One generated answer.

    Attributes:
        sample: 0 for the greedy answer; sampled ones count from 0.
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
    key: str
    prompt: list[int]
    sample: int | None


def in_batches(
    tokenizer: "PreTrainedTokenizerBase",
    requests: Sequence[GenerationRequest],
    settings: GenerationSettings,
) -> list[list[GenerationRequest]]:
    """Put requests together that are answered at once, those with the shortest prompts first.

    Batches are cut from one order, so that what is left of a broken run falls into the batches that
    it would have had.
    """

    def lengths(group: list[GenerationRequest]) -> list[int]:
        return [len(_prompt(tokenizer, request, settings)) for request in group]

    measured = [
        # A prompt that cannot even be encoded comes first, and is reported when it is answered.
        (outcome.made or 0, request.key, request)
        for outcome, request in zip(isolate_errors(lengths, requests), requests, strict=True)
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
    """A base model with its adapter, if it has one, ready to answer.

    The adapter is merged into weights of full precision, which is faster; merged into 4-bit weights
    it would be rounded with them.

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
        self._vocabulary = WHOLE
        # Without an adapter there is no table.
        if loading.vocabulary == "table" and adapter_dir is not None:
            self._vocabulary = saved_vocabulary(self._tokenizer, adapter_dir)
        self._memory = preflight(base_dir, loading, settings, self._vocabulary.token_ids)
        self._stops = self._vocabulary.inward(stop_ids(self._tokenizer))
        (self._pad,) = self._vocabulary.inward([self._tokenizer.pad_token_id])
        self._model: Any = load_causal_lm(base_dir, loading, self._vocabulary)
        if adapter_dir is not None:
            from peft import PeftModel

            adapted = PeftModel.from_pretrained(self._model, adapter_dir)
            merges = loading.quantization == "none"
            self._model = (adapted.merge_and_unload() if merges else adapted).eval()

    def generate(self, requests: Sequence[GenerationRequest]) -> Iterator[list[Generation]]:
        """Answer requests, shortest prompt first, one greedy and the sampled answers of each.

        Yields:
            The answers of one batch: request by request, the greedy one first.

        Raises:
            OutOfMemoryError: A batch outgrew the device.
            LostDeviceError: The GPU failed.
        """
        for batch in in_batches(self._tokenizer, requests, self._settings):
            yield [one for answers in self.answer(batch) for one in answers]

    def answer(self, batch: Sequence[GenerationRequest]) -> list[list[Generation]]:
        """Answer requests together: of each the greedy answer, then the sampled ones.

        Raises:
            OutOfMemoryError, LostDeviceError: The batch outgrew the device, or the GPU failed.
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
        with explained_device_failures(self._memory, "The answers of earlier batches are kept."):
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

        None where nothing is saved by it, or the model cannot keep it apart from `generate`.
        """
        ids, mask = prompts["input_ids"][:, :-1], prompts["attention_mask"][:, :-1]
        if answers == 1 or not ids.shape[1] or self._model._is_stateful:
            return None
        positions = (mask.cumsum(-1) - 1).clamp(min=0)
        cache = self._model(
            input_ids=ids,
            attention_mask=mask,
            position_ids=positions,
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
        sampling = SeededSampling(seeds, settings.temperature)
        if settings.repetition_penalty == 1:
            return [sampling]
        # The prompt is left out: its retrieved rows are there to be repeated.
        penalty = RepetitionPenaltyLogitsProcessor(
            settings.repetition_penalty, prompt_ignore_length=prompt_width
        )
        return [penalty, sampling]

    def _until_stop(self, ids: list[int]) -> list[int]:
        stop = next((i for i, token in enumerate(ids) if token in self._stops), None)
        return ids if stop is None else ids[: stop + 1]


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
            pairs = zip(block["key"].to_pylist(), block["messages"].to_pylist(), strict=True)
            requests = [GenerationRequest(key, json.loads(chat)) for key, chat in pairs]
            outcomes = isolate_errors(generator.answer, requests)
            rows = [
                row
                for request, outcome in zip(requests, outcomes, strict=True)
                for row in _rows(request, outcome)
            ]
            return pa.Table.from_pylist(rows, schema=ANSWERED)

        return answer

    def blocks(self, requests: Sequence[GenerationRequest]) -> list[pa.Table]:
        """Puts prompts that are decoded together into a block; wherever it goes, it is the same."""
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


def _rows(
    request: GenerationRequest, outcome: RowOutcome[list[Generation]]
) -> list[dict[str, object]]:
    if outcome.made is None:
        return [{"key": request.key, "problem": outcome.problem}]
    return [{**asdict(one), "problem": None} for one in outcome.made]
