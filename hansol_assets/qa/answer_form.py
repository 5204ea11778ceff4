"""The form of answers: repairs of a generated one, and figures over many."""

from collections.abc import Mapping, Sequence
from typing import Literal

import numpy as np
from pydantic import Field

from hansol_assets.qa.prompts import cut_at_end
from hansol_assets.qa.sentences import (
    ends_as_a_note,
    has_final_ending,
    has_repeated_sentence,
    is_finished,
    sentence_key,
    split_sentences,
)
from hansol_assets.qa.table.text_checks import LATIN, english_in, languages_of
from hansol_assets.settings_model import SettingsModel

MIN_FINISHED_SHARE = 0.95
"""Share of answers that end in a finished sentence, at least."""


class AnswerQualitySettings(SettingsModel):
    """What becomes of answers in bad form, and how long answers are."""

    severity: Literal["warn", "block"] = Field(
        "warn", description="warn: say so; block: do not let the answers on to the submission"
    )
    length_ratio: tuple[float, float] = Field(
        (0.5, 2.0), description="median length over that of the references, lowest and highest"
    )


def answer_quality(answers: Sequence[str], references: Sequence[str]) -> dict[str, float]:
    """Measure the form of answers and their lengths against those of references.

    Returns:
        `finished_share` (ends in a finished sentence); counts of `empty`, `repeated` (a sentence
        said twice) and `latin_run` (drifts into English, which the references are not in); medians
        of lengths in characters, their `length_ratio`, and `outside_length_share` (outside the
        references' 5th to 95th percentile).

    Raises:
        ValueError: There is no answer or no reference.
    """
    if len(answers) == 0 or len(references) == 0:
        msg = "answer quality needs at least one answer and one reference"
        raise ValueError(msg)
    texts = [answer.strip() for answer in answers]
    lengths = np.array([len(text) for text in texts])
    reference_lengths = np.array([len(reference.strip()) for reference in references])
    is_korean = LATIN not in languages_of(references)
    low, high = np.percentile(reference_lengths, [5, 95])
    median, reference_median = np.median(lengths), np.median(reference_lengths)
    return {
        "finished_share": float(np.mean([is_finished(text) for text in texts])),
        "empty_count": int(np.sum(lengths == 0)),
        "repeated_count": sum(has_repeated_sentence(text) for text in texts),
        "latin_run_count": sum(bool(english_in(text)) for text in texts) if is_korean else 0,
        "length_median": float(median),
        "reference_length_median": float(reference_median),
        "length_ratio": float(median / max(reference_median, 1.0)),
        "outside_length_share": float(np.mean((lengths < low) | (lengths > high))),
    }


def broken_limits(quality: Mapping[str, float], limits: AnswerQualitySettings) -> list[str]:
    """Lists the limits that the figures of `answer_quality` do not keep."""
    finished, ratio = quality["finished_share"], quality["length_ratio"]
    low, high = limits.length_ratio
    faults = {
        "are empty": quality["empty_count"],
        "repeat a sentence": quality["repeated_count"],
        "drift into English": quality["latin_run_count"],
    }
    broken = []
    if finished < MIN_FINISHED_SHARE:
        broken.append(
            f"{finished:.1%} end in a finished sentence, at least {MIN_FINISHED_SHARE:.1%} must"
        )
    broken += [f"{count:.0f} {what}, none may" for what, count in faults.items() if count]
    if not low <= ratio <= high:
        broken.append(
            f"their median length is {ratio:.2f} of the references', {low:.2f} to {high:.2f} is "
            "expected"
        )
    return broken


def clean_answer(text: str) -> str:
    """Clean one generated answer; cleaning it again changes nothing.

    It is cut at the end of its turn, its white space collapsed, a sentence said before dropped, and
    its last sentence closed, or dropped where it is unfinished and another one stands before it.
    """
    repairs = (cut_at_end, _collapse_spaces, _drop_repeated, _close, _drop_unfinished)
    for repair in repairs:
        text = repair(text)
    return text


def without_repetition(text: str) -> str:
    """Collapse the white space of a text and drop a sentence said before; nothing else is lost."""
    return _drop_repeated(_collapse_spaces(text))


def _collapse_spaces(text: str) -> str:
    return " ".join(text.split())


def _drop_repeated(text: str) -> str:
    sentences = split_sentences(text)
    first_of: dict[str, str] = {}
    for sentence in sentences:
        first_of.setdefault(sentence_key(sentence), sentence)
    return text if len(first_of) == len(sentences) else " ".join(first_of.values())


def _close(text: str) -> str:
    return f"{text}." if has_final_ending(text) else text


def _drop_unfinished(text: str) -> str:
    sentences = split_sentences(text)
    finished = [index for index, sentence in enumerate(sentences) if is_finished(sentence)]
    if not finished or finished[-1] == len(sentences) - 1 or ends_as_a_note(sentences[-1]):
        return text
    return " ".join(sentences[: finished[-1] + 1])
