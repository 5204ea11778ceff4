"""Answers that fit into an example, and examples encoded as training and generation need them."""

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd

from hansol_assets.errors import ModelError
from hansol_assets.modeling.base.tokenizer import (
    IGNORED_LABEL,
    Example,
    Message,
    encode_example,
    encode_prompt,
    stop_ids,
)
from hansol_assets.qa.sentences import split_sentences

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

PROMPT_SHARE = 4
"""A prompt keeps at least one part in so many of an example: its end, where the question is."""


class LongAnswersError(ModelError):
    """No answer has so much as a sentence that fits into an example."""

    def __init__(self, answers: "WholeAnswers") -> None:
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
    fits = [bool(answer) for answer in fitted]
    changed = [new != old for new, old in zip(fitted, examples["answer"], strict=True)]
    return WholeAnswers(
        examples=examples.assign(answer=fitted)[fits].reset_index(drop=True),
        shortened=sum(changed) - fits.count(False),
        left_out=fits.count(False),
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
    end = 0
    for line in text.splitlines():
        for sentence in split_sentences(line):
            end = text.index(sentence, end) + len(sentence)
            yield end


def _tokens(tokenizer: "PreTrainedTokenizerBase", text: str) -> int:
    return len(tokenizer(text.strip(), add_special_tokens=False)["input_ids"])


SHOWN_TOKENS = 60
SHOWN_CHARACTERS = 20


@dataclass(frozen=True)
class EncodingInspection:
    """What examples look like to the model.

    Attributes:
        example: A markdown table of one example, the middle of a long prompt left out.
        problems: What is wrong, a sentence each; empty where training may start.
        longest: Tokens of the longest one, uncut.
        cut: How many are longer than `max_length`, and lose the start of their prompt.
        unknown: Unknown tokens in all; a template's words may be unknown to a small vocabulary.
    """

    example: str
    problems: tuple[str, ...]
    examples: int
    longest: int
    cut: int
    unknown: int


def inspect_encoding(
    tokenizer: "PreTrainedTokenizerBase", examples: pd.DataFrame, max_length: int
) -> EncodingInspection:
    """Encode examples as training does, collate them as TRL does, and compare with generation."""
    rows = list(zip(examples["messages"], examples["answer"], strict=True))
    uncut = max(1, *(_characters(messages, answer) for messages, answer in rows)) * 4
    encoded = [encode_example(tokenizer, messages, answer, uncut) for messages, answer in rows]
    lengths = [len(example["input_ids"]) for example in encoded]
    cut = [encode_example(tokenizer, messages, answer, max_length) for messages, answer in rows]
    problems = (
        *silent_ends(tokenizer, cut),
        *differing_prompts(tokenizer, [messages for messages, _ in rows], encoded),
        *lost_characters(tokenizer, [answer for _, answer in rows]),
    )
    return EncodingInspection(
        example=_picture(tokenizer, encoded[0]),
        problems=problems,
        examples=len(rows),
        longest=max(lengths),
        cut=sum(length > max_length for length in lengths),
        unknown=sum(
            token == tokenizer.unk_token_id for row in encoded for token in row["input_ids"]
        ),
    )


def _characters(messages: Sequence[Message], answer: str) -> int:
    """More than the characters of an example, its template's own words included."""
    return 1000 + len(answer) + sum(len(message["content"]) for message in messages)


def silent_ends(tokenizer: "PreTrainedTokenizerBase", encoded: Sequence[Example]) -> Iterator[str]:
    """Look for an end of turn in the labels that TRL's collator hands to the model."""
    from trl.trainer.sft_trainer import DataCollatorForLanguageModeling

    collate = DataCollatorForLanguageModeling(pad_token_id=tokenizer.pad_token_id)
    labels = collate([dict(example) for example in encoded])["labels"].tolist()
    ends = set(stop_ids(tokenizer))
    silent = sum(not ends & set(row) for row in labels)
    if silent:
        yield (
            f"in {silent} of {len(labels)} examples no end token carries loss, so that the model "
            "would not learn to stop"
        )


def differing_prompts(
    tokenizer: "PreTrainedTokenizerBase",
    prompts: Sequence[Sequence[Message]],
    encoded: Sequence[Example],
) -> Iterator[str]:
    """Compare the prompt in an example with generation's, and with the template's own encoding."""
    differing = 0
    for messages, example in zip(prompts, encoded, strict=True):
        trained = example["input_ids"][: example["labels"].count(IGNORED_LABEL)]
        template = tokenizer.apply_chat_template(
            [dict(message) for message in messages],
            tokenize=True,
            add_generation_prompt=True,
            return_dict=False,
        )
        differing += not trained == encode_prompt(tokenizer, messages) == list(template)
    if differing:
        yield (
            f"in {differing} of {len(prompts)} examples the tokens of the prompt differ between "
            "training and generation"
        )


def lost_characters(tokenizer: "PreTrainedTokenizerBase", answers: Sequence[str]) -> Iterator[str]:
    """Compare answers with their decoded ids, runs of white space as one space."""
    lost: Counter[str] = Counter()
    changed = 0
    for answer in answers:
        ids = tokenizer(answer.strip(), add_special_tokens=False)["input_ids"]
        decoded = tokenizer.decode(
            ids, skip_special_tokens=True, clean_up_tokenization_spaces=False
        )
        before, after = " ".join(answer.split()), " ".join(str(decoded).split())
        if before != after:
            changed += 1
            lost += Counter(before) - Counter(after)
    if changed:
        named = " ".join(one for one, _ in lost.most_common(SHOWN_CHARACTERS) if one != " ")
        yield (
            f"{changed} of {len(answers)} answers do not survive encoding and decoding; lost: "
            f"{named or 'spaces'}. Another "
            "base_model.loading.tokenizer.loader may mend it, or new_tokens for the characters"
        )


def _picture(tokenizer: "PreTrainedTokenizerBase", example: Example) -> str:
    ids, labels = example["input_ids"], example["labels"]
    tokens = [str(tokenizer.decode([token])) for token in ids]
    table = pd.DataFrame(
        {
            "id": ids,
            "token": [f"`{token!r}`".replace("|", "\\|") for token in tokens],
            "label": ["" if label == IGNORED_LABEL else label for label in labels],
        }
    )
    hidden = max(0, labels.count(IGNORED_LABEL) - SHOWN_TOKENS)
    first = SHOWN_TOKENS // 2
    shown = pd.concat([table[:first], table[first + hidden :]])
    return shown.to_markdown(index=True, disable_numparse=True)
