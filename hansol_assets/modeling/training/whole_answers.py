"""Answers that an example can hold: whole ones, or whole sentences of one that is too long."""

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd

from hansol_assets.errors import ModelError
from hansol_assets.modeling.base.tokenizer import encode_prompt
from hansol_assets.qa.sentences import split_sentences

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

PROMPT_SHARE = 4
"""A prompt keeps at least one part in so many of an example: its end, where the question stands."""


class LongAnswersError(ModelError):
    """No answer has so much as a sentence that fits into an example."""

    def __init__(self, answers: "WholeAnswers") -> None:
        """Says how long the answers are."""
        super().__init__(
            f"training did not start, no answer fits into an example: {answers.warning}."
        )


@dataclass(frozen=True)
class WholeAnswers:
    """Examples whose answers fit, and what was done to make them so.

    Attributes:
        shortened: Answers that lost the sentences at their end.
        left_out: Examples of whose answer not one sentence fits.
        longest: Tokens of the longest answer as it came, its end of turn included.
    """

    examples: pd.DataFrame
    shortened: int
    left_out: int
    longest: int
    max_length: int

    @property
    def warning(self) -> str:
        """What a person should know; "" where every answer is trained whole."""
        if not self.shortened + self.left_out:
            return ""
        return (
            f"{self.shortened} training answers are shortened to the sentences that fit, and "
            f"{self.left_out} are left out: the longest has {self.longest} tokens, and an example "
            f"holds training.max_length {self.max_length} with its prompt. Raise it, or shorten "
            "the answers"
        )


def fit_answers(
    tokenizer: "PreTrainedTokenizerBase", examples: pd.DataFrame, max_length: int
) -> WholeAnswers:
    """Shortens answers that are too long to their first sentences, and leaves out what has none."""
    lengths = [_tokens(tokenizer, answer) + 1 for answer in examples["answer"]]
    surely = max_length * (PROMPT_SHARE - 1) // PROMPT_SHARE
    fitted = [
        answer
        if length <= surely
        else _fitting(tokenizer, answer, _room(tokenizer, messages, max_length))
        for answer, length, messages in zip(
            examples["answer"], lengths, examples["messages"], strict=True
        )
    ]
    kept = [bool(answer) for answer in fitted]
    changed = [new != old for new, old in zip(fitted, examples["answer"], strict=True)]
    return WholeAnswers(
        examples=examples.assign(answer=fitted)[kept].reset_index(drop=True),
        shortened=sum(changed) - kept.count(False),
        left_out=kept.count(False),
        longest=max(lengths, default=0),
        max_length=max_length,
    )


def _room(
    tokenizer: "PreTrainedTokenizerBase", messages: list[dict[str, str]], max_length: int
) -> int:
    """Tokens that an answer may have, its end of turn included."""
    prompt = len(encode_prompt(tokenizer, messages))
    return max_length - min(prompt, -(-max_length // PROMPT_SHARE))


def _fitting(tokenizer: "PreTrainedTokenizerBase", answer: str, room: int) -> str:
    """The answer, or as many of its first sentences as fit; "" where not one does."""
    ends = list(_sentence_ends(answer))
    fitting = bisect_right(ends, room, key=lambda end: _tokens(tokenizer, answer[:end]) + 1)
    if fitting == len(ends):
        return answer
    return answer[: ends[fitting - 1]] if fitting else ""


def _sentence_ends(text: str) -> Iterator[int]:
    """Places at which a sentence, or a line, ends."""
    place = 0
    for line in text.splitlines():
        for sentence in split_sentences(line):
            place = text.index(sentence, place) + len(sentence)
            yield place


def _tokens(tokenizer: "PreTrainedTokenizerBase", text: str) -> int:
    return len(tokenizer(text.strip(), add_special_tokens=False)["input_ids"])
