"""An answer for programs: what `hansol ask --json` prints, and what the HTTP API sends.

What belongs here: the one form in which an answer leaves. What does not: answering
(`hansol_assets.answering`).
"""

from typing import Any

from hansol_assets.answering.asking import Answer

KEYS = (
    "question",
    "answer",
    "verdict",
    "confidence",
    "needs_review",
    "quotes",
    "nearest",
    "parts",
)


def answer_record(answer: Answer) -> dict[str, Any]:
    """Returns an answer as plain values, as JSON has them."""
    return {key: getattr(answer, key) for key in KEYS}
