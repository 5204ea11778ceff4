"""A question that was asked by hand, and what a review file holds."""

from pathlib import Path

import pandas as pd

from hansol_assets.answering.asking import Answer


def asked(question: str = "타일은 왜 깨지나요?") -> Answer:
    return Answer(
        id="1",
        question=question,
        answer='충격을 받아, "갑자기" 깨집니다.',
        verdict="unanswered",
        confidence=0.4,
        needs_review=True,
        quotes=[],
        nearest=[
            {
                "part": 0,
                "source_id": "row_0123456789ab",
                "source_row": "17",
                "source_question": "타일이란?",
                "probability": 0.3,
            }
        ],
        parts=[question],
        category="하자",
        versions={},
    )


def rows_of(path: Path) -> list[dict[str, str]]:
    """Every row of a review file, the cells as they stand."""
    table = pd.read_csv(path, encoding="utf-8-sig", dtype="string", keep_default_na=False)
    return [
        {str(name): str(cell) for name, cell in row.items()} for row in table.to_dict("records")
    ]
