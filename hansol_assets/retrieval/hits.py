"""A row that was found for a question."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Hit:
    """A row found for a question.

    Attributes:
        id: The row's id in the training table.
        row_key: Hash of the row's content.
        rank: Its rank among the question's hits, from 1.
        probability: That this row answers the question, 0 to 1; those of all rows of the table and
            that of no row add up to 1. 0 of a hit that was not ranked yet.
        dense_rank: Rank in the dense search, from 1; None where it did not find the row.
        fts_rank: Rank in the full-text search, likewise.
        questions: The paraphrases of the row's question, one or more.
        answers: The row's reference answers.
    """

    id: str
    row_key: str
    rank: int
    probability: float
    dense_rank: int | None
    fts_rank: int | None
    questions: tuple[str, ...]
    answers: tuple[str, ...]
