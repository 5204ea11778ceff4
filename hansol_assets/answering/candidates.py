"""The candidates of every part of every question: generated, and retrieved rows' answers."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Annotated, Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from pydantic import Field

from hansol_assets.answering.parts import Part, plan_parts
from hansol_assets.compute.current import Workers, current
from hansol_assets.embedding.cached import CachedEmbedder
from hansol_assets.embedding.embedder import Embedder, encode
from hansol_assets.lake.cache import GENERATIONS, RowCache
from hansol_assets.lake.fingerprint import config_of, fingerprint
from hansol_assets.lake.handles import Artifact
from hansol_assets.lake.manifest import Fact
from hansol_assets.lake.reports import ROWS_MADE, ROWS_REUSED, Log, TableReport
from hansol_assets.modeling.base.loading import LoadingSettings
from hansol_assets.modeling.generation import AnswerPrompts, Generation, GenerationRequest
from hansol_assets.modeling.hyperparameters import GenerationSettings
from hansol_assets.qa.answer_form import clean_answer
from hansol_assets.qa.prompts import PromptSettings
from hansol_assets.retrieval.ranking import RowSearcher
from hansol_assets.retrieval.search import Hit
from hansol_assets.settings_model import SettingsModel, ShapesNothing

GREEDY = "greedy"
SAMPLED = "sampled"
RETRIEVED = "retrieved"
COMPOSED = "composed"
"""Put together of sentences of several rows; made once the target of a part is known."""
GENERATED = (GREEDY, SAMPLED)

PART = ["question_id", "part"]
GENERATION_COLUMNS = list(Generation.__dataclass_fields__)
GENERATED_FACTS = ["prompt_tokens", "new_tokens", "seconds", "finished"]
CANDIDATE_COLUMNS = [
    *(*PART, "origin", "rank", "text", "source_id", "source_answer", "vector", "part_question"),
    *("confidence", "request", "prompt", *GENERATED_FACTS, "probability", "dense_rank", "fts_rank"),
]

ROWS = 6
"""Retrieved rows whose reference answers are candidates, a part."""
ANSWERS = 2
"""Answers of such a row that are candidates, the shortest ones."""


class CandidateSettings(SettingsModel):
    """How candidates of many questions are made."""

    block: Annotated[int, ShapesNothing()] = Field(
        2_000,
        ge=1,
        description="test questions worked on at a time: what memory holds, and a crash costs",
    )


class CandidateInputs(SettingsModel):
    """All settings that candidates depend on."""

    prompt: PromptSettings
    generation: GenerationSettings
    loading: LoadingSettings


@dataclass
class Gatherer:
    """Everything by which candidates are found and made.

    Models are loaded once a prompt was never answered. `weights` is the adapter that answers
    prompts.
    """

    searcher: RowSearcher
    weights: Artifact
    base_model: Artifact
    embedder: CachedEmbedder
    settings: CandidateInputs
    log: Log

    def __post_init__(self) -> None:
        """Refuses an adapter of another base model."""
        self.weights.require_inputs(self.base_model)

    @cached_property
    def answering(self) -> tuple[AnswerPrompts, Workers]:
        """How prompts are answered, and by whom."""
        generation, loading = self.settings.generation, self.settings.loading
        # A process elsewhere has another working directory.
        base_dir, adapter_dir = self.base_model.open().resolve(), self.weights.open().resolve()
        work = AnswerPrompts(base_dir, adapter_dir, generation, loading)
        return work, current().workers(work)

    def gather(self, questions: pd.DataFrame) -> TableReport:
        """Splits questions (`id, question, split`), and gathers the candidates of each part."""
        settings = self.settings
        embedded_before = self.embedder.embedded
        parts = plan_parts(questions, self.searcher, settings.prompt)
        answered = answer_requests(
            [part.request for part in parts],
            self.weights.cache(GENERATIONS),
            _generation_scope(self.base_model, self.weights, settings),
            lambda: self.answering,
            self.log,
        )
        table = collect_candidates(parts, answered.generations, self.embedder)
        is_fresh = table["request"].isin(answered.asked)
        facts: dict[str, Fact] = {
            "adapter": self.weights.version,
            "questions": len(questions),
            "parts": len(parts),
            "prompts_answered": len(answered.asked),
            "prompts_found": answered.cached,
            "prompts_unanswered": answered.unanswered,
            ROWS_MADE: int(is_fresh.sum()),
            ROWS_REUSED: int((~is_fresh).sum()),
            "texts_embedded": self.embedder.embedded - embedded_before,
            "generated_tokens": int(answered.generations["new_tokens"].sum()),
            **{f"{name}_candidates": n for name, n in table["origin"].value_counts().items()},
        }
        return TableReport(frame=table, facts=facts)


def _generation_scope(base_model: Artifact, adapter: Artifact, settings: CandidateInputs) -> str:
    models = {"base_model": base_model.version, "adapter": adapter.version}
    config = config_of(generation=settings.generation, loading=settings.loading)
    # The adapter's name in front tells whether the answers may be pruned.
    return f"{adapter.version}-{fingerprint('generations', '1', config, models)}"


@dataclass(frozen=True)
class Answered:
    """Answers to requests.

    Attributes:
        generations: `GENERATION_COLUMNS`, in the order of the requests, the greedy answers first.
        asked: Keys of the prompts that the model was asked; `cached` ones were answered before.
        unanswered: Prompts that the model could not answer.
    """

    generations: pd.DataFrame
    asked: frozenset[str]
    cached: int
    unanswered: int


def answer_requests(
    requests: Sequence[GenerationRequest],
    cache: RowCache,
    scope: str,
    open_work: Callable[[], tuple[AnswerPrompts, Workers]],
    log: Log,
) -> Answered:
    """Answers requests, committing batch by batch, and skipping those answered before.

    Equal keys are answered once. `scope` names the model and the decoding settings; the work is
    opened only if an answer is missing.
    """
    by_key = {request.key: request for request in requests}
    rows = cache.get(scope, list(by_key))
    answered = set(rows.get("key", []))
    missing = [request for key, request in by_key.items() if key not in answered]
    if missing and len(missing) < len(by_key):
        log(f"resumed: {len(by_key) - len(missing)} of {len(by_key)} questions are answered")
    unanswered = 0
    if missing:
        work, workers = open_work()
        done = len(by_key) - len(missing)
        for made in workers.map(work.blocks(missing)):
            done += pc.count_distinct(made["key"]).as_py()
            unanswered += _put(made, cache, scope, log)
            line = f"answered {done} of {len(by_key)} questions"
            log(line, {"step": done, "steps": len(by_key)})
        rows = cache.get(scope, list(by_key))
    asked = frozenset(request.key for request in missing)
    return Answered(_in_order(rows, by_key), asked, len(by_key) - len(asked), unanswered)


def _put(made: pa.Table, cache: RowCache, scope: str, log: Log) -> int:
    """Caches answers, and returns how many prompts have none; the next run asks these again."""
    is_whole = pc.is_null(made["problem"])
    problems = made.filter(pc.invert(is_whole))["problem"].to_pylist()
    for problem in problems:
        log(f"a prompt could not be answered ({problem}): its question keeps what is retrieved")
    whole = made.filter(is_whole).select(GENERATION_COLUMNS)
    if len(whole):
        cache.put(scope, whole)
    return len(problems)


def _in_order(rows: pd.DataFrame, keys: Iterable[str]) -> pd.DataFrame:
    if rows.empty:
        return pd.DataFrame(columns=GENERATION_COLUMNS)
    order = {key: number for number, key in enumerate(keys)}
    return rows.sort_values(
        by=["key", "origin", "sample"],
        key=lambda column: column.map(order) if column.name == "key" else column,
        ignore_index=True,
    )[GENERATION_COLUMNS]


def vectors_of(candidates: pd.DataFrame, width: int) -> np.ndarray:
    """The vectors of candidates as one array, [candidates, width]; [0, width] for none."""
    return np.stack(candidates["vector"].tolist()) if len(candidates) else np.zeros((0, width))


def of_questions(candidates: pd.DataFrame, questions: pd.DataFrame) -> pd.DataFrame:
    """Returns the candidates of some questions."""
    chosen = candidates["question_id"].isin(questions["id"])
    return candidates[chosen].reset_index(drop=True)


def collect_candidates(
    parts: Sequence[Part], generations: pd.DataFrame, embedder: Embedder
) -> pd.DataFrame:
    """Gathers and embeds every candidate of parts and their generations (`GENERATION_COLUMNS`).

    Returns:
        `CANDIDATE_COLUMNS`, one row a candidate, in the order of the parts; empty texts are left
        out. `rank` is among those of its origin, from 1; `source_id` and `source_answer` (from 1)
        say which answer of which row a retrieved one is; `confidence` is that the part's first row
        answers; `vector` is a float32 array.
    """
    answers_of = dict(iter(generations.groupby("key"))) if len(generations) else {}
    rows = [
        {**_part_facts(part), **row}
        for part in parts
        for row in (*_generated(answers_of.get(part.request.key)), *_retrieved(part.hits[:ROWS]))
        if row["text"].strip()
    ]
    table = pd.DataFrame(rows, columns=CANDIDATE_COLUMNS)
    table = table.astype(dict.fromkeys(("source_answer", "dense_rank", "fts_rank"), "Int64"))
    return table.assign(vector=list(encode(embedder, table["text"].tolist())))


def _part_facts(part: Part) -> dict[str, Any]:
    return {
        "question_id": part.question_id,
        "part": part.number,
        "part_question": part.text,
        "confidence": part.confidence,
        "request": part.request.key,
        "prompt": "\n\n".join(message["content"] for message in part.request.messages),
    }


def _generated(generations: pd.DataFrame | None) -> Iterator[dict[str, Any]]:
    for row in [] if generations is None else generations.to_dict("records"):
        yield {
            "origin": row["origin"],
            "rank": row["sample"] + 1,
            "text": clean_answer(row["text"]),
            "source_id": None,
            **{name: row[name] for name in GENERATED_FACTS},
        }


def _retrieved(hits: Iterable[Hit]) -> Iterator[dict[str, Any]]:
    """Of each row the shortest answers, in the row's order."""
    answers = [
        (hit, number, text)
        for hit in hits
        for number, text in sorted(
            sorted(enumerate(hit.answers, start=1), key=lambda item: len(item[1]))[:ANSWERS]
        )
    ]
    for rank, (hit, number, text) in enumerate(answers, start=1):
        yield {
            "origin": RETRIEVED,
            "rank": rank,
            "text": text,
            "source_id": hit.id,
            "source_answer": number,
            "probability": hit.probability,
            "dense_rank": hit.dense_rank,
            "fts_rank": hit.fts_rank,
        }
