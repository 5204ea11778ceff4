"""Limits that a set of answers must keep, as a profile sets them.

What belongs here: limits and which of them are broken. What does not: how the figures are measured
(`hansol_assets.qa.quality`).
"""

from collections.abc import Mapping
from typing import Literal

from pydantic import Field

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


def broken_limits(quality: Mapping[str, float], limits: AnswerQualitySettings) -> list[str]:
    """Lists the limits that answers do not keep; nothing if they keep all.

    Args:
        quality: The figures of `hansol_assets.qa.quality.answer_quality`.
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
