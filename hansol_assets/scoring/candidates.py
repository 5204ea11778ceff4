"""The table of candidates: every text that could be the answer, its origin and its vector.

What belongs here: the table's columns and how it is put together. What does not: which candidate is
chosen (`hansol_assets.scoring.consensus`).
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from hansol_assets.embedding.embedder import Embedder, encode

GREEDY = "greedy"
SAMPLED = "sampled"
RETRIEVED = "retrieved"
COMPOSED = "composed"
"""Put together of sentences of several rows; made once the target of a part is known."""
ORIGINS = (GREEDY, SAMPLED, RETRIEVED)


class Candidate(NamedTuple):
    """One candidate answer to one part of a question.

    Attributes:
        question_id: The question.
        part: The part of the question that it answers, from 0.
        origin: "greedy" or "sampled" (generated), or "retrieved" (a row's reference answer).
        rank: Place among the candidates of its origin, from 1.
        text: The answer.
        source_id: The row that a retrieved answer is from; None for a generated one.
        source_answer: Which of the row's answers it is, from 1; None for a generated one.
    """

    question_id: str
    part: int
    origin: str
    rank: int
    text: str
    source_id: str | None
    source_answer: int | None


def generated_candidates(
    question_id: str, part: int, origin: str, texts: Iterable[str]
) -> list[Candidate]:
    """Candidates from generated texts, in their order."""
    return [
        Candidate(question_id, part, origin, rank, text, None, None)
        for rank, text in enumerate(texts, start=1)
    ]


def retrieved_candidates(
    question_id: str, part: int, rows: Iterable[tuple[str, Sequence[str]]], most: int
) -> list[Candidate]:
    """Candidates from retrieved rows, nearest first.

    Args:
        question_id: The question.
        part: The part of it.
        rows: Id and answers of each row.
        most: Answers of a row, the shortest of them, in its order.
    """
    answers = [
        (row_id, number, text)
        for row_id, own in rows
        for number, text in sorted(sorted(enumerate(own, start=1), key=_length)[:most])
    ]
    return [
        Candidate(question_id, part, RETRIEVED, rank, text, row_id, number)
        for rank, (row_id, number, text) in enumerate(answers, start=1)
    ]


def _length(numbered: tuple[int, str]) -> int:
    return len(numbered[1])


def candidate_table(candidates: Sequence[Candidate], embedder: Embedder) -> pd.DataFrame:
    """Embeds candidates, all in one call.

    Returns:
        The fields of `Candidate` and `vector` (a float32 array), one row a candidate; empty texts
        are left out.
    """
    kept = [candidate for candidate in candidates if candidate.text.strip()]
    table = pd.DataFrame(kept, columns=list(Candidate._fields))
    table["source_answer"] = table["source_answer"].astype("Int64")
    return table.assign(vector=list(encode(embedder, table["text"].tolist())))


def vectors_of(candidates: pd.DataFrame, width: int) -> np.ndarray:
    """The vectors of candidates as one array, [candidates, width]; [0, width] for none."""
    return np.stack(candidates["vector"].tolist()) if len(candidates) else np.zeros((0, width))
