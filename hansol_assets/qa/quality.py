"""How good a set of answers is as text, without a reference for each.

What belongs here: figures over all answers beside those of the references. What does not: scores
against an answer's own references (`hansol_assets.scoring`), and the limits that a profile sets.
"""

from collections.abc import Sequence

import numpy as np

from hansol_assets.qa.sentences import has_repeated_sentence, is_finished, latin_runs


def answer_quality(answers: Sequence[str], references: Sequence[str]) -> dict[str, float]:
    """Measure the form of answers and their lengths against those of the references.

    Args:
        answers: The answers' texts, at least one.
        references: Reference answers of the same kind of questions, at least one.

    Returns:
        `finished_share` (ends in a finished sentence), `empty_count`, `repeated_count` (answers
        with a sentence said twice), `latin_run_count` (answers that drift into English),
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
    low, high = np.percentile(reference_lengths, [5, 95])
    median, reference_median = np.median(lengths), np.median(reference_lengths)
    return {
        "finished_share": float(np.mean([is_finished(text) for text in texts])),
        "empty_count": float(np.sum(lengths == 0)),
        "repeated_count": float(sum(has_repeated_sentence(text) for text in texts)),
        "latin_run_count": float(sum(bool(latin_runs(text)) for text in texts)),
        "length_median": float(median),
        "reference_length_median": float(reference_median),
        "length_ratio": float(median / max(reference_median, 1.0)),
        "outside_length_share": float(np.mean((lengths < low) | (lengths > high))),
    }
