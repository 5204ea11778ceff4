"""Scores of held-out questions that the table knows, beside the same ones that it does not.

What belongs here: one table of scores, a row a question and kind. What does not: how the questions
are asked (`hansol_assets.answering.held_out_rows`) and what a judge is
(`hansol_assets.answering.judge`).
"""

from collections.abc import Mapping, Sequence
from itertools import pairwise

import numpy as np
import pandas as pd

from hansol_assets.answering.held_out_rows import HeldOutRows
from hansol_assets.answering.judge import Judge
from hansol_assets.answering.verdicts import (
    ANSWERED,
    Found,
    PartAnswer,
    Sources,
    VerdictSettings,
    answer_parts,
)
from hansol_assets.embedding.embedder import encode
from hansol_assets.lake.manifest import Fact
from hansol_assets.qa.joining import NONE, join_answers
from hansol_assets.qa.table.columns import ANSWERS, ID
from hansol_assets.retrieval.hits import Hit
from hansol_assets.scoring.baselines import CEILING, CENTROID, HUMAN, baseline_scores
from hansol_assets.scoring.bootstrap import BootstrapSettings, bootstrap_interval
from hansol_assets.scoring.cosine import reference_cosines
from hansol_assets.scoring.evaluate import embed_references, parity_of
from hansol_assets.scoring.joining import JoinMap
from hansol_assets.scoring.row_share import RowShare

KNOWN, UNKNOWN = "known", "unknown"
SINGLE, JOINED = "single", "joined"
VECTOR, TEXT = "vector", "answer"
_DECIMALS = 4
_NO_QUESTION = pd.DataFrame(
    {name: pd.Series(dtype=str) for name in ("kind", "form", "group", "question")}
    | {"confidence": pd.Series(dtype=float), "verdict": pd.Series(dtype=str)}
    | {name: pd.Series(dtype=float) for name in (VECTOR, TEXT, CENTROID, HUMAN, CEILING)}
)
"""Where every row has a single question, none can be asked for."""


def score_kinds(
    known: HeldOutRows,
    unknown: HeldOutRows,
    rows: pd.DataFrame,
    share: RowShare,
    joining: JoinMap,
    judge: Judge,
    centroid_vector: np.ndarray,
    verdicts: VerdictSettings,
) -> pd.DataFrame:
    """Scores the vectors and answers of held-out questions, alone and joined two by two.

    Args:
        known: Questions whose row is visible.
        unknown: The same ones with their rows taken out.
        rows: The rows of `qa_folds`.
        share: How vectors of rows and estimates are mixed.
        joining: From the vectors of parts to that of a whole answer.
        judge: Scores texts, and vectors of its own space.
        centroid_vector: [dimensions], of the training answers: the zero of parity.
        verdicts: Which answer follows from a probability.

    Returns:
        `kind, form` (single or joined), `group` (the first row), `question, confidence, verdict,
        vector` (its score; NaN where the judge is of another space), `answer` (that of the text),
        `centroid, human, ceiling`.
    """
    if not known.row_ids:
        return _NO_QUESTION
    sources = Sources(rows, judge.embedder)
    answers = dict(zip(rows[ID], rows[ANSWERS], strict=True))
    references = [list(answers[key]) for key in known.row_ids]
    tables = []
    for kind, asked in ((KNOWN, known), (UNKNOWN, unknown)):
        vectors = share.mix(asked.rows, asked.estimates, asked.confidence)
        found = list(map(_found, asked.questions, asked.confidence, asked.hits))
        said = answer_parts(found, sources, verdicts)
        for form, groups in _forms(len(references)):
            joined = joining.apply([vectors[list(own)] for own in groups])
            judged = {
                VECTOR: joined if judge.embeds_answers else np.full_like(joined, np.nan),
                TEXT: encode(judge.embedder, [_whole([said[n].text for n in g]) for g in groups]),
            }
            targets = [_references([references[n] for n in own]) for own in groups]
            tables.append(
                pd.DataFrame(
                    {
                        "kind": kind,
                        "form": form,
                        "group": [asked.row_ids[own[0]] for own in groups],
                        "question": [" ".join(asked.questions[n] for n in own) for own in groups],
                        "confidence": [min(asked.confidence[list(own)]) for own in groups],
                        "verdict": [_verdict([said[n] for n in own]) for own in groups],
                    }
                ).join(_scores(judged, targets, judge, centroid_vector))
            )
    return pd.concat(tables, ignore_index=True)


def _forms(count: int) -> list[tuple[str, list[tuple[int, ...]]]]:
    """Each question alone, and each joined with the next one."""
    alone: list[tuple[int, ...]] = [(place,) for place in range(count)]
    return [(SINGLE, alone), (JOINED, list(pairwise(range(count))))]


def _found(question: str, confidence: float, hits: Sequence[Hit]) -> Found:
    return Found(question, float(confidence), [(hit.id, hit.probability) for hit in hits])


def _whole(texts: Sequence[str]) -> str:
    whole, *others = texts
    for text in others:
        whole = join_answers(whole, text, NONE)
    return whole


def _references(parts: Sequence[Sequence[str]]) -> list[str]:
    return [_whole(own) for own in zip(*parts, strict=False)]


def _verdict(parts: Sequence[PartAnswer]) -> str:
    return ANSWERED if all(part.verdict == ANSWERED for part in parts) else "not answered"


def _scores(
    judged: dict[str, np.ndarray],
    references: list[list[str]],
    judge: Judge,
    centroid_vector: np.ndarray,
) -> pd.DataFrame:
    embedded = embed_references(references, judge.embedder)
    found = {name: reference_cosines(vectors, embedded) for name, vectors in judged.items()}
    baselines = baseline_scores(embedded, centroid_vector, judged[TEXT])
    return pd.DataFrame(found).join(baselines[[CENTROID, HUMAN, CEILING]])


def expected_facts(
    answers: pd.DataFrame, facts: Mapping[str, Fact], bootstrap: BootstrapSettings
) -> dict[str, float]:
    """What a submission is expected to score, from how many of its questions the table knows.

    Args:
        answers: `confidence, parts` of every question to be submitted.
        facts: Of `known_scores`.
        bootstrap: How the interval is drawn.

    Returns:
        `known_share` (mean probability that a row answers, with its interval) and
        `expected_score`; nothing where no score was measured.
    """
    confidence = answers["confidence"].to_numpy(float)
    low, high = bootstrap_interval(confidence, bootstrap)
    shares = {"": float(confidence.mean()), "_low": low, "_high": high}
    found = {f"known_share{end}": round(value, _DECIMALS) for end, value in shares.items()}
    forms = [SINGLE if len(own) == 1 else JOINED for own in answers["parts"]]
    names = [(f"{KNOWN}_{form}_{VECTOR}", f"{UNKNOWN}_{form}_{VECTOR}") for form in forms]
    if not all(name in facts for pair in names for name in pair):
        return found
    known, unknown = np.array([[float(facts[name]) for name in pair] for pair in names]).T
    expected = confidence * known + (1 - confidence) * unknown
    return found | {"expected_score": round(float(expected.mean()), _DECIMALS)}


def kind_facts(scores: pd.DataFrame, bootstrap: BootstrapSettings) -> dict[str, float]:
    """Sums up the scores of each kind and form: score and parity of vectors and answers.

    Args:
        scores: What `score_kinds` returned.
        bootstrap: How intervals are drawn, over rows.
    """
    facts: dict[str, float] = {}
    for (kind, form), own in scores.groupby(["kind", "form"], sort=True):
        groups = own["group"].tolist()
        for name in (VECTOR, TEXT):
            low, high = bootstrap_interval(own[name].to_numpy(), bootstrap, groups)
            prefix = f"{kind}_{form}_{name}"
            facts |= {
                prefix: float(own[name].mean()),
                f"{prefix}_low": low,
                f"{prefix}_high": high,
                f"{prefix}_parity": parity_of(own, name),
            }
    return {name: round(value, _DECIMALS) for name, value in facts.items()}
