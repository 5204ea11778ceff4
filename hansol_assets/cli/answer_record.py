"""An answer for programs: what `hansol ask --json` prints, and what the HTTP API sends.

What belongs here: the one form in which an answer leaves. What does not: answering
(`hansol_assets.answering`).
"""

import json
from dataclasses import asdict
from typing import Any

from hansol_assets.answering.asking import Answer


def answer_record(answer: Answer) -> dict[str, Any]:
    """Returns an answer as plain values, as JSON has them: null for a figure that there is not."""
    record: dict[str, Any] = json.loads(json.dumps(asdict(answer)), parse_constant=lambda _: None)
    return record
