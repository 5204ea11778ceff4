"""How good a set of answers is as text, without a reference for each.

What belongs here: figures over all answers beside those of the references, and the limits that a
profile sets. What does not: scores against an answer's own references (`hansol_assets.scoring`).
"""

from collections.abc import Mapping, Sequence
from typing import Literal

import numpy as np
from pydantic import Field

from hansol_assets.qa.sentences import has_repeated_sentence, is_finished
from hansol_assets.qa.table.languages import LATIN, english_in, languages_of
from hansol_assets.settings_model import SettingsModel


class AnswerQualitySettings(SettingsModel):
    """Limits of the answers' form."""

    severity: Literal["warn", "block"] = Field(
        "warn", description="warn: say so; block: do not let the answers on to the submission"
    )
    min_finished_share: float = Field(
        0.95, ge=0, le=1, description="share of answers that end in a finished sentence, at least"
    )
    max_empty: int = Field(0, ge=0, description="empty answers, at most")
    max_repeated: int = Field(0, ge=0, description="answers with a repeated sentence, at most")
    max_latin_runs: int = Field(0, ge=0, description="answers that drift into English, at most")
    length_ratio: tuple[float, float] = Field(
        (0.5, 2.0), description="median length over that of the references, lowest and highest"
    )


def answer_quality(answers: Sequence[str], references: Sequence[str]) -> dict[str, float]:
    """Measure the form of answers and their lengths against those of the references.

    Args:
        answers: The answers' texts, at least one.
        references: Reference answers of the same kind of questions, at least one.

    Returns:
        `finished_share` (ends in a finished sentence); whole numbers `empty_count`,
        `repeated_count` (answers with a sentence said twice) and `latin_run_count` (answers that
        drift into English, which their references are not in);
        `length_median`, `reference_length_median` (characters), `length_ratio` (the first over the
        second) and `outside_length_share` (lengths outside the references' 5th to 95th percentile).

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
    """Lists the limits that answers do not keep; nothing if they keep all.

    Args:
        quality: The figures of `answer_quality`.
        limits: What they must keep.
    """
    low, high = limits.length_ratio
    ratio = quality["length_ratio"]
    kept = {
        f"{quality['finished_share']:.1%} end in a finished sentence, "
        f"at least {limits.min_finished_share:.1%} must": quality["finished_share"]
        >= limits.min_finished_share,
        f"{quality['empty_count']:.0f} are empty, at most {limits.max_empty} may": quality[
            "empty_count"
        ]
        <= limits.max_empty,
        f"{quality['repeated_count']:.0f} repeat a sentence, at most {limits.max_repeated} "
        "may": quality["repeated_count"] <= limits.max_repeated,
        f"{quality['latin_run_count']:.0f} drift into English, at most {limits.max_latin_runs} "
        "may": quality["latin_run_count"] <= limits.max_latin_runs,
        f"their median length is {ratio:.2f} of the references', {low:.2f} to {high:.2f} is "
        "expected": low <= ratio <= high,
    }
    return [text for text, is_kept in kept.items() if not is_kept]
