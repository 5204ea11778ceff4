"""The answer of every question: one candidate a part, chosen by expected similarity.

What belongs here: choosing part by part, and putting the parts together again. What does not: the
measure by which is chosen (`hansol_assets.scoring.consensus`).
"""

from itertools import zip_longest

import pandas as pd

from hansol_assets.answering.blending import (
    PartComponents,
    of_questions,
    part_components,
    split_of,
    visible_rows,
)
from hansol_assets.answering.regressors import load_regressors
from hansol_assets.answering.searching import embedder_of
from hansol_assets.embedding.embedder import Embedder, encode
from hansol_assets.lake.fingerprint import text_hash
from hansol_assets.lake.handles import Artifact, Table
from hansol_assets.lake.reports import TableReport
from hansol_assets.qa.cleaning import without_repetition
from hansol_assets.qa.joining import NONE, join_answers
from hansol_assets.qa.quality import answer_quality
from hansol_assets.qa.splitting import take_apart
from hansol_assets.qa.table.columns import answers_of
from hansol_assets.scoring.blend import VectorBlend
from hansol_assets.scoring.candidates import RETRIEVED, vectors_of
from hansol_assets.scoring.consensus import LengthRange, SelectionSettings, choose_text

LENGTH_FIGURES = ("length_median", "length_ratio", "outside_length_share")
VOTE_DECIMALS = 6
CANDIDATE_COLUMNS = [
    "part",
    "origin",
    "rank",
    "source_id",
    "source_answer",
    "retrieval_score",
    "dense_rank",
    "fts_rank",
    "vote",
    "score",
    "chosen",
    "text",
]


def choose_answers(
    questions: pd.DataFrame,
    candidates: Table,
    regressor: Artifact,
    blend: VectorBlend,
    rows: pd.DataFrame,
    settings: SelectionSettings,
) -> TableReport:
    """Chooses the answers of questions of one split, and tells how well they are formed.

    Args:
        questions: `id, question, split`, all of one split.
        candidates: Of these questions and maybe others.
        regressor: Estimates the vectors of their answers.
        blend: The weights that make a part's target vector.
        rows: The rows of `qa_folds`: the reference answers that the split may know are the measure
            of length.
        settings: Weights and penalties of the choice.
    """
    own = of_questions(candidates.read(), questions)
    (split,) = questions["split"].unique()
    references = answers_of(visible_rows(rows, rows, split))
    components = part_components(own, split_of(questions), load_regressors(regressor))
    voted = vote(own, components, blend, LengthRange.of(references, settings), settings)
    adapter = str(candidates.facts["adapter"])
    table = answer_table(questions, voted, embedder_of(regressor), adapter)
    quality = answer_quality(table["answer"].tolist(), references)
    # References answer one question each, so lengths are compared part by part.
    parts = answer_quality(voted.loc[voted["chosen"], "text"].tolist(), references)
    quality |= {name: parts[name] for name in LENGTH_FIGURES}
    return TableReport(frame=table, facts={k: round(v, 4) for k, v in quality.items()})


def vote(
    candidates: pd.DataFrame,
    components: PartComponents,
    blend: VectorBlend,
    lengths: LengthRange,
    settings: SelectionSettings,
) -> pd.DataFrame:
    """Gives every candidate its expected similarity, and marks the chosen one of each part.

    Args:
        candidates: Columns of `collect_candidates`.
        components: Of the same parts.
        blend: The weights that make a part's target vector.
        lengths: Lengths that answers usually have.
        settings: Weights and penalties of the choice.

    Returns:
        The candidates with `vote`, `score` (the vote less penalties) and `chosen`.
    """
    targets = blend.apply(components.vectors)
    keys = zip(components.index["question_id"], components.index["part"], strict=True)
    target_of = dict(zip(keys, targets, strict=True))
    voted = candidates.assign(vote=0.0, score=0.0, chosen=False)
    for key, places in candidates.groupby(["question_id", "part"]).indices.items():
        own = candidates.iloc[places]
        target = target_of[key]
        choice = choose_text(
            own["text"].tolist(), vectors_of(own, len(target)), target, lengths, settings
        )
        labels = own.index
        voted.loc[labels, "vote"] = choice.votes.round(VOTE_DECIMALS)
        voted.loc[labels, "score"] = choice.scores.round(VOTE_DECIMALS)
        voted.loc[labels[choice.place], "chosen"] = True
    return voted


def answer_table(
    questions: pd.DataFrame,
    voted: pd.DataFrame,
    embedder: Embedder,
    adapter_fingerprint: str,
) -> pd.DataFrame:
    """Puts the chosen parts together, one row a question.

    Args:
        questions: `id, question`.
        voted: What `vote` returned.
        embedder: Embeds the answers.
        adapter_fingerprint: The adapter whose generations were among the candidates.

    Returns:
        `id, question, question_hash, parts, retrieved_ids, prompts, origins, source_ids,
        candidates, answer, prompt_tokens, new_tokens, seconds, adapter_fingerprint, vector`, in the
        order of the questions. `parts, prompts, origins, source_ids` have one entry a part;
        `candidates` has one record a candidate, with its vote.
    """
    groups = dict(iter(voted.groupby("question_id", sort=False)))
    table = pd.DataFrame(
        [
            _answer(row.id, row.question, groups[row.id])
            for row in questions[["id", "question"]].itertuples(index=False)
        ]
    )
    vectors = encode(embedder, table["answer"].tolist())
    return table.assign(adapter_fingerprint=adapter_fingerprint, vector=list(vectors))


def _answer(question_id: str, question: str, candidates: pd.DataFrame) -> dict[str, object]:
    chosen = candidates[candidates["chosen"]]
    found = candidates[candidates["origin"] == RETRIEVED]
    generated = candidates[candidates["origin"] != RETRIEVED]
    return {
        "id": question_id,
        "question": question,
        "question_hash": text_hash(question),
        "parts": chosen["part_question"].tolist(),
        "retrieved_ids": list(dict.fromkeys(found["source_id"])),
        "prompts": chosen["prompt"].tolist(),
        "origins": chosen["origin"].tolist(),
        "candidates": _records(candidates),
        "source_ids": [key if isinstance(key, str) else "" for key in chosen["source_id"]],
        "answer": joined_texts(question, chosen["text"].tolist()),
        "prompt_tokens": int(generated["prompt_tokens"].fillna(0).sum()),
        "new_tokens": int(generated["new_tokens"].fillna(0).sum()),
        "seconds": round(float(generated["seconds"].fillna(0).sum()), 4),
    }


def _records(candidates: pd.DataFrame) -> list[dict[str, object]]:
    """The candidates as plain records; what is not known of one is None."""
    known = candidates[CANDIDATE_COLUMNS].astype(object)
    return known.where(known.notna(), None).to_dict("records")


def joined_texts(question: str, texts: list[str]) -> str:
    """Joins the answers of a question's parts as the question joins them.

    All of every text is kept, whether it ends as a sentence or not; a sentence that two parts
    share, when both were answered from one row, is kept once.
    """
    joins = take_apart([question])[0].joins if len(texts) > 1 else ()
    answer = texts[0]
    for text, kind in zip_longest(texts[1:], joins[: len(texts) - 1], fillvalue=NONE):
        answer = join_answers(answer, text, kind)
    return without_repetition(answer) if len(texts) > 1 else answer
