"""Generation on a CPU: four answers a question, one greedy and three sampled.

What belongs here: the same questions by this project's generator, by `generate` one by one, and by
padded batches. What does not: a GPU (`benchmarks/gpu_generation.py`).
"""

import time
from pathlib import Path

import pandas as pd
from gpu_common import ANSWERS, examples_of
from peers.plain_generate import PlainGenerate
from rows import Options, Row, in_turn, ratios, row

from hansol_assets.modeling.base.loading import LoadingSettings, load_causal_lm, load_tokenizer
from hansol_assets.modeling.base.tokenizer import encode_prompt, stop_ids
from hansol_assets.modeling.generation import GenerationRequest, Generator
from hansol_assets.modeling.hyperparameters import GenerationSettings
from stages.models import write_decoder

SAMPLES = 3


class Contest:
    """The three ways on the same questions; notes tokens a second and the greedy texts."""

    def __init__(self, options: Options, base: Path, examples: pd.DataFrame) -> None:
        questions, new_tokens = (4, 8) if options.small else (16, 48)
        loading = LoadingSettings(dtype="float32")
        asked = examples["messages"].iloc[:: len(ANSWERS)].head(questions)
        self._requests = [GenerationRequest(f"{n:04}", own) for n, own in enumerate(asked)]
        settings = GenerationSettings(
            samples=SAMPLES, max_new_tokens=new_tokens, batch_size=4 * questions
        )
        self._generator = Generator(base, None, settings, loading)
        self._tokenizer = load_tokenizer(base, loading)
        self._prompts = [encode_prompt(self._tokenizer, own) for own in asked]
        stops = stop_ids(self._tokenizer)
        self._plain = PlainGenerate(
            load_causal_lm(base, loading), self._tokenizer, stops, new_tokens
        )
        self.texts: dict[str, list[str]] = {}

    def ours(self) -> float:
        """Tokens a second of this project's generator."""
        started = time.process_time()
        answers = [one for batch in self._generator.generate(self._requests) for one in batch]
        seconds = time.process_time() - started
        greedy = sorted((one.key, one.text) for one in answers if one.origin == "greedy")
        self.texts["ours"] = [text for _, text in greedy]
        return sum(one.new_tokens for one in answers) / seconds

    def one_by_one(self) -> float:
        """Tokens a second of `generate`, an answer a call."""
        return self._timed("one by one", self._plain.one_by_one)

    def in_batches(self) -> float:
        """Tokens a second of padded batches."""
        return self._timed("in batches", self._plain.in_batches)

    def _timed(self, name: str, way) -> float:
        started = time.process_time()
        tokens, greedy = way(self._prompts, SAMPLES)
        seconds = time.process_time() - started
        decode = self._tokenizer.decode
        self.texts[name] = [decode(ids, skip_special_tokens=True).strip() for ids in greedy]
        return tokens / seconds


def measure(options: Options) -> list[Row]:
    """Answers in turn and compares tokens a second and the greedy texts."""
    examples = examples_of(options.raw / "train.csv")
    base = options.work / "base"
    write_decoder(options, examples, base)
    contest = Contest(options, base, examples)
    own, single, padded = in_turn(
        options.rounds, contest.ours, contest.one_by_one, contest.in_batches
    )
    texts = contest.texts
    same = [a == b for a, b in zip(texts["ours"], texts["one by one"], strict=True)]
    note = "one thread, random weights: every answer has the full length"
    return [
        row(
            ("generation, CPU, 4 answers a question", "`model.generate` one by one", "4x tokens/s"),
            ratios(own, single),
            lambda ratio: ratio >= 4,
            why=f"{note}, {max(own):.0f} against {max(single):.0f} tokens/s at best",
        ),
        row(
            ("generation: greedy texts", "`model.generate` one by one", "identical"),
            [sum(same) / len(same)],
            lambda share: share == 1,
            why="share of the texts",
        ),
        row(
            ("generation, CPU, 4 answers a question", "padded batches of 32", "1.5x tokens/s"),
            ratios(own, padded),
            lambda ratio: ratio >= 1.5,
            why=f"{note}, {max(padded):.0f} tokens/s at best; a prompt is read once",
        ),
    ]
