"""The table of answers, one row a question: what a person reads, and a text composed for it."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from operator import itemgetter
from typing import Any, get_args

import pandas as pd

from hansol_assets.answering.candidates import GENERATED, RETRIEVED
from hansol_assets.answering.verdicts import Verdict, join_as_asked
from hansol_assets.embedding.embedder import Embedder, encode
from hansol_assets.lake.fingerprint import text_hash
from hansol_assets.lake.records import Records, records
from hansol_assets.qa.answer_form import answer_quality, without_repetition

QUOTES = "quotes"
LENGTH_FIGURES = ("length_median", "length_ratio", "outside_length_share")
REVIEW = "most_doubtful"
SHOWN_DOUBTS = 20
RECORD_COLUMNS = [
    "part",
    "origin",
    "rank",
    "source_id",
    "source_row",
    "source_answer",
    "probability",
    "dense_rank",
    "fts_rank",
    "coverage",
    "vote",
    "score",
    "chosen",
    "text",
]


def answer_table(
    questions: pd.DataFrame,
    voted: pd.DataFrame,
    read: Mapping[str, Mapping[str, Any]],
    embedder: Embedder,
    adapter_fingerprint: str,
) -> pd.DataFrame:
    """Puts the chosen parts together, one row a question (`id, question`).

    `voted` are the candidates with their votes, the chosen ones marked; `read` is what a person
    reads of each question, by its id.

    Returns:
        `id, question, answer, verdict, confidence, needs_review, quotes, nearest, part_verdicts,
        nearest_category, source_ids` (what a person reads, and what it rests on), `composed` (the
        text chosen toward the vector), `parts, origins, composed_from, retrieved_ids, prompts,
        candidates, prompt_tokens, new_tokens, seconds, question_hash, adapter_fingerprint, vector`
        (of the composed text), in the order of the questions. `parts, origins, prompts` have one
        entry a part; `candidates` has one record a candidate.
    """
    candidates_of: dict[str, list[dict[str, Any]]] = defaultdict(list)
    candidate_records = plain_records(voted[RECORD_COLUMNS])
    for row in voted.drop(columns="vector").assign(record=candidate_records).to_dict("records"):
        candidates_of[row["question_id"]].append(row)
    table = pd.DataFrame(
        [
            _answer(key, question, candidates_of[key], read[key])
            for key, question in zip(questions["id"], questions["question"], strict=True)
        ]
    )
    vectors = encode(embedder, table["composed"].tolist())
    return table.assign(adapter_fingerprint=adapter_fingerprint, vector=list(vectors))


def _answer(
    question_id: str,
    question: str,
    candidates: Sequence[Mapping[str, Any]],
    read: Mapping[str, Any],
) -> dict[str, object]:
    chosen = sorted((row for row in candidates if row["chosen"]), key=itemgetter("part"))
    retrieved = [row["source_id"] for row in candidates if row["origin"] == RETRIEVED]
    generated = [row for row in candidates if row["origin"] in GENERATED]
    quotes = [quote for row in chosen for quote in quotes_of(row)]
    return {
        "id": question_id,
        "question": question,
        **read,
        "composed": joined_texts(question, [row["text"] for row in chosen]),
        "parts": [row["part_question"] for row in chosen],
        "origins": [row["origin"] for row in chosen],
        "composed_from": list(dict.fromkeys(quote["source_id"] for quote in quotes)),
        "retrieved_ids": list(dict.fromkeys(retrieved)),
        "prompts": [row["prompt"] for row in chosen],
        "candidates": [row["record"] for row in candidates],
        "prompt_tokens": int(_total(generated, "prompt_tokens")),
        "new_tokens": int(_total(generated, "new_tokens")),
        "seconds": round(_total(generated, "seconds"), 4),
        "question_hash": text_hash(question),
    }


def _total(candidates: Iterable[Mapping[str, Any]], name: str) -> float:
    """The sum of the values that there are."""
    return float(sum(row[name] for row in candidates if pd.notna(row[name])))


def quotes_of(candidate: Mapping[Any, Any]) -> list[dict[str, Any]]:
    """What of which row a candidate says; nothing of a generated one."""
    part = {"part": candidate["part"]}
    if isinstance(candidate[QUOTES], list):
        return [part | quote for quote in candidate[QUOTES]]
    if not isinstance(candidate["source_id"], str):
        return []
    whole = {name: candidate[name] for name in ("source_id", "source_answer", "text")}
    return [part | whole | {"place": 0}]


def plain_records(table: pd.DataFrame) -> list[dict[str, Any]]:
    """Returns rows as plain records; a missing value is None."""
    values = table.astype(object)
    return values.where(values.notna(), None).to_dict("records")


def answer_facts(
    table: pd.DataFrame, voted: pd.DataFrame, references: list[str]
) -> dict[str, float]:
    """How well the composed texts are formed, and how many questions have which verdict."""
    quality = answer_quality(table["composed"].tolist(), references)
    # References answer one question each, so lengths are compared part by part.
    parts = answer_quality(voted.loc[voted["chosen"], "text"].tolist(), references)
    quality |= {name: parts[name] for name in LENGTH_FIGURES}
    return {
        **{name: round(value, 4) for name, value in quality.items()},
        **{name: int((table["verdict"] == name).sum()) for name in get_args(Verdict)},
        "needs_review": int(table["needs_review"].sum()),
        "mean_confidence": round(float(table["confidence"].mean()), 4),
    }


def review_of(answers: pd.DataFrame) -> Records:
    """Returns the most doubtful answers, as they are shown."""
    doubtful = most_doubtful(answers).head(SHOWN_DOUBTS)
    columns = ["id", "question", "answer", "verdict", "confidence", "needs_review", "rows"]
    rows = [[quote["source_row"] for quote in quotes] for quotes in doubtful["quotes"]]
    return records(doubtful.assign(rows=rows)[columns])


def most_doubtful(answers: pd.DataFrame) -> pd.DataFrame:
    """Returns answers in the order in which a person should look at them."""
    return answers.sort_values(["confidence", "id"], ignore_index=True)


def review_of_blocks(tables: Sequence[Mapping[str, Records]]) -> Mapping[str, Records]:
    """Returns the most doubtful answers of all blocks, from the tables of each block."""
    doubtful = [row for block in tables for row in block[REVIEW]]
    by_doubt = sorted(doubtful, key=lambda row: (row["confidence"], row["id"]))
    return {**tables[0], REVIEW: by_doubt[:SHOWN_DOUBTS]}


def joined_texts(question: str, texts: list[str]) -> str:
    """Joins the answers of a question's parts as the question joins them.

    All of every text is kept, whether it ends as a sentence or not; a sentence that two parts
    share, when both were answered from one row, is kept once.
    """
    answer = join_as_asked(question, texts)
    return without_repetition(answer) if len(texts) > 1 else answer
