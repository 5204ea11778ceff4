"""Where one answer came from, as plain data, from tables and manifests of the active profile."""

import difflib
from typing import Any

import pandas as pd

from hansol_assets.answering.answer_table import plain_records
from hansol_assets.answering.blending import BLEND
from hansol_assets.answering.candidates import RETRIEVED
from hansol_assets.embedding.fitted import load
from hansol_assets.lake.lake_errors import LakeError
from hansol_assets.lake.manifest import Manifest, ancestry
from hansol_assets.lake.store import Lake
from hansol_assets.scoring.blend import VectorBlend

SHA256_DIGITS = 64
"""Of a file's version; results of the graph have shorter names."""

ANSWER_ASSETS = ("generated_answers", "validation_answers")


class UnknownQuestionError(LakeError):
    """A question that was never asked."""

    def __init__(self, question_id: str, asked: list[str]) -> None:
        """Names the nearest questions that were."""
        nearest = difflib.get_close_matches(question_id, asked, n=3) or asked[:3]
        super().__init__(
            f"question '{question_id}' is in neither generated_answers nor validation_answers; "
            f"the nearest are {', '.join(nearest)}."
        )


def explain(lake: Lake, question_id: str) -> dict[str, Any]:
    """Gathers everything that led to the answer to a test or validation question.

    Returns:
        `id, asset, question, answer, verdict, confidence, needs_review, quotes` (which answers of
        which rows it says), `nearest` (the rows found first, with their probabilities), `composed`
        (the text made toward the vector that is submitted), `parts` (each
        with its question, prompt, retrieved rows and candidates with their votes), `blend_weights,
        versions` (asset → fingerprint) and `files` (external asset → SHA-256 of its file); plain
        values only.

    Raises:
        MissingInputError: Nothing was answered yet.
        UnknownQuestionError: There is no such question.
    """
    manifest, answer = _find(lake, question_id)
    ancestors = ancestry(lake.paths, manifest)
    return {
        "id": answer["id"],
        "asset": manifest.asset,
        **{name: answer[name] for name in ("question", "answer", "verdict", "confidence")},
        "needs_review": bool(answer["needs_review"]),
        "quotes": plain_records(pd.DataFrame(list(answer["quotes"]))),
        "nearest": plain_records(pd.DataFrame(list(answer["nearest"]))),
        "composed": answer["composed"],
        "parts": _parts(answer),
        "blend_weights": load(
            VectorBlend, lake.artifact(ancestors["vector_blend"]) / BLEND
        ).weights,
        "versions": {name: item.version for name, item in ancestors.items()},
        "files": {
            name: version
            for item in ancestors.values()
            for name, version in item.inputs.items()
            if len(version) == SHA256_DIGITS
        },
    }


def _find(lake: Lake, question_id: str) -> tuple[Manifest, dict[str, Any]]:
    asked: list[str] = []
    for asset in ANSWER_ASSETS:
        manifest = lake.live(asset)
        answers = lake.table(manifest)
        matches = answers[answers["id"].str.casefold() == question_id.casefold()]
        if len(matches):
            return manifest, matches.iloc[0].to_dict()
        asked += answers["id"].tolist()
    raise UnknownQuestionError(question_id, asked)


def _parts(answer: dict[str, Any]) -> list[dict[str, Any]]:
    candidates = pd.DataFrame(list(answer["candidates"]))
    asked = zip(answer["parts"], answer["prompts"], strict=True)
    return [
        {
            "question": question,
            "prompt": prompt,
            "retrieved": _retrieved(candidates[candidates["part"] == number]),
            "candidates": plain_records(candidates[candidates["part"] == number]),
        }
        for number, (question, prompt) in enumerate(asked)
    ]


def _retrieved(candidates: pd.DataFrame) -> list[dict[str, Any]]:
    rows = candidates[candidates["origin"] == RETRIEVED].drop_duplicates("source_id")
    columns = ["source_id", "source_row", "probability", "dense_rank", "fts_rank"]
    return plain_records(rows[columns])
