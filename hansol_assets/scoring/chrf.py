"""chrF of answer texts: how much of the references' wording they share, whatever the embedder.

What belongs here: the call to sacrebleu. What does not: scores over vectors
(`hansol_assets.scoring.cosine`).
"""

from collections.abc import Sequence


def chrf_scores(texts: Sequence[str], references: Sequence[Sequence[str]]) -> list[float]:
    """Sentence chrF (Popović 2015) of each text against its own references, by sacrebleu.

    Args:
        texts: One text a question.
        references: The references of each question; the best match counts.

    Returns:
        One figure a question, 0 to 100.
    """
    from sacrebleu.metrics.chrf import CHRF

    chrf = CHRF()
    return [
        float(chrf.sentence_score(text, list(own)).score)
        for text, own in zip(texts, references, strict=True)
    ]
