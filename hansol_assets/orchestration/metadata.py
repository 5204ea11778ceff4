"""Rows, and what their columns hold, as the metadata that Dagster's web UI draws."""

from collections.abc import Mapping

import dagster as dg

from hansol_assets.lake.records import Records, Value
from hansol_assets.qa.table.text_checks import masked
from hansol_assets.scoring.leaderboard import ONLY, WITHOUT

OF_EVERY_TABLE = {
    "id": "Names the row, or the question, in every table that tells of it",
    "question": "The question, whole",
    "questions": "The question of the row and its paraphrases",
    "answer": "The answer",
    "answers": "The reference answers of the row",
    "references": "The reference answers, joined as the questions are",
    "category": "The row's category; empty where the table has none",
    "file_sha256": "SHA-256 of the file that the row was read from; empty for a person's answer",
    "row_number": "Which row of its file it is, from 1; 0 for a person's answer",
    "leak_group": "Rows that share a question or an answer share it, and so a fold",
    "fold": "The fold that the row was dealt to",
    "split": "Whether the row trains, calibrates or validates",
    "kind": "Whether one question is asked, or two are joined",
    "part": "Which part of the question it is of, from 0",
    "share": "Its share of the test questions, 0 to 1",
    "source_ids": "The rows that it is made of, or quotes",
    "recipe": "Names the settings and the embedder by which examples are made",
    "read": "Keys of all texts that it is made of or shows",
    "messages": "The prompt as chat messages, in JSON",
    "question_id": "The question that it is a candidate for",
    "origin": "How the candidate came about: generated, retrieved or composed",
    "rank": "Its place among those of its kind, from 1",
    "source_id": "The row whose answer it is; empty for a generated one",
    "source_answer": "Which answer of that row it is, from 1",
    "vector": "The embedding, as the submission needs it",
    "part_question": "The part of the question that it answers",
    "request": "Names the prompt with its place among the draws",
    "prompt": "What the model was given",
    "prompts": "What the model was given, a prompt a part",
    "prompt_tokens": "Tokens of the prompt",
    "new_tokens": "Tokens that were generated",
    "seconds": "Seconds that the work took",
    "finished": "Whether the model ended by itself",
    "dense_rank": "Its place by vectors, from 1; empty where they did not find it",
    "fts_rank": "Its place by words, from 1; empty where they did not find it",
    "confidence": "The probability that the first row answers, 0 to 1; of parts the least",
    "needs_review": "Whether a person should look at the answer",
    "nearest_category": "The category of the first of the nearest rows",
    "parts": "The questions into which it was split",
    "origins": "How the chosen text of each part came about",
    "verdict": "Whether a row answers: answered, related or unanswered",
    "part_verdicts": "The verdict on each part",
    "nearest": "The rows found first, with the probability that each answers",
    "composed": "A text of sentences of several rows, made toward the estimated vector",
    "composed_from": "The rows that the composed text quotes",
    "probability": "The probability that the row answers, 0 to 1",
    "quotes": "Which answer of which row is quoted, with that row's question",
    "retrieved_ids": "The rows that were found",
    "candidates": "All candidates with their votes and scores",
    "question_hash": "SHA-256 of the question",
    "adapter_fingerprint": "The adapter that answered",
    "group": "The question's first row: questions of one row are drawn together",
    "public": "Of the questions that stand for the public board",
    "asked": "Whether the row that answers is in the table: known or unknown",
    "weight": "Its share in the mix of questions that is asked",
    "private": "Mean score over all validation questions, in the mix that is asked",
    "known": "Mean score of the questions whose row is in the table",
    "unknown": "Mean score of the questions whose row is hidden",
    **{
        f"{kind}_{end}": f"{words} of {kind}"
        for kind in ("known", "unknown")
        for end, words in (
            ("low", "Lower end of the interval"),
            ("high", "Upper end of the interval"),
            ("parity", "Parity"),
        )
    },
    "chrf": "Character n-gram F-score of the text against its references, 0 to 100",
    "raw_generation": "Score of the model's text alone",
    "consensus": "Score of the vector nearest to all candidates",
    "blend": "Score of the weighted mean of the components",
    "constant": "Score of one fixed vector",
    "centroid": "Score of the mean vector of all training answers",
    "human": "Score of one reference against the others; empty where there is one alone",
    "ceiling": "Score of the mean of the references themselves",
    "name": "What is judged",
    "profile": "The profile that made it first",
    "judge": "The embedder that scored: figures of two judges cannot be compared",
    "fingerprint": "Of the validation_scores that it was read from",
    "low": "Lower end of the interval of private",
    "high": "Upper end of the interval of private",
    "parity": "Where private stands between the centroid (0) and one human reference (1)",
    "text_private": "Mean score of the answer texts over all validation questions",
    "text_public": "The same over the public questions",
    "text_parity": "Where text_private stands between the centroid (0) and a human reference (1)",
    "hit_at_1": "Share of the known questions whose row comes first, 0 to 1",
    "mrr_at_10": "Mean reciprocal rank of that row within the first ten, 0 beyond them",
    "auroc": "The chance that a known question is surer than an unknown one, 0 to 1",
    "coverage_at_95": "Share of the questions that can be answered with 95 % precision",
    "calibration_error": "How far probabilities are from the share that is right, on average",
    "differs": "Settings in which experiments differ",
    "date": "When it was finished",
    "note": "What to know before the figures are read",
}
"""Column → what it holds, in whatever table it stands."""

OF_ONE_TABLE = {
    ("question_mix", "part"): "A connective, or what the other rows are a share of",
    ("validation_scores", "nearest"): "Score of the nearest row's answer",
    ("validation_scores", "answer"): "Score of the answer that a person reads",
    ("known_share", "figure"): "The share, or an end of its interval",
    ("known_share", "value"): "Share of the parts of questions that a row answers, 0 to 1",
    ("retrieval_scores", "kind"): "Known, unknown (its row taken out) or unrelated to the table",
    ("retrieval_scores", "row_id"): "The row that answers; empty where none does",
    ("retrieval_scores", "first_id"): "The row that came first; empty where none was found",
    ("retrieval_scores", "full_text_rank"): "Rank of the row by words alone",
    ("retrieval_scores", "dense_rank"): "Rank of the row by vectors alone",
    ("retrieval_scores", "ranked_rank"): "Rank of the row among all that were found",
    ("leaderboard", "questions"): "Questions that were judged",
    ("leaderboard", "kind"): "Whether it was submitted, is a part of what was, or a baseline",
    ("leaderboard", "rank"): "Its place among the experiments, from 1",
    ("leaderboard", "public"): "Mean score over the questions that stand for the public board",
    ("leaderboard", "seconds"): "Seconds of all the work that led to it",
    ("validation_scores", "text"): "Score of the composed text",
    ("validation_candidates", "text"): "The candidate answer",
    ("test_candidates", "text"): "The candidate answer",
    ("pretraining_corpus", "text"): "The document that the base model reads",
}


def description_of(asset: str, column: str) -> str:
    """Returns what a column holds.

    `column`: its column; one that no table of the project has was carried along from a file.
    """
    if column.startswith(ONLY):
        return f"Score of the component {column.removeprefix(ONLY)} alone"
    if column.startswith(WITHOUT):
        return f"Score of the blend without the component {column.removeprefix(WITHOUT)}"
    of_any = OF_EVERY_TABLE.get(column, CARRIED)
    return OF_ONE_TABLE.get((asset, column), of_any)


CARRIED = "A column of the file, carried along and not used"


_TYPES = {bool: "bool", int: "int", float: "float", str: "string"}


def table_values(tables: Mapping[str, Records]) -> dict[str, dg.TableMetadataValue]:
    """Returns each titled table that has a row."""
    return {title: table_value(rows) for title, rows in tables.items() if rows}


def table_value(rows: Records) -> dg.TableMetadataValue:
    """Returns rows as a table, each column with the type of its values.

    `rows`: at least one, all with the same columns. Personal numbers are masked, whatever the table
    keeps: Dagster's log keeps what it gets.
    """
    columns = [
        dg.TableColumn(name, _type_of([row[name] for row in rows if row[name] is not None]))
        for name in rows[0]
    ]
    schema = dg.TableSchema(columns)
    shown = [{name: _without_numbers(value) for name, value in row.items()} for row in rows]
    return dg.TableMetadataValue([dg.TableRecord(row) for row in shown], schema)


def _without_numbers(value: Value) -> Value:
    return masked(value) if isinstance(value, str) else value


def _type_of(values: list[str | int | float | bool | None]) -> str:
    types = {type(value) for value in values}
    if types == {int, float}:
        return _TYPES[float]
    return _TYPES[types.pop()] if len(types) == 1 else _TYPES[str]
