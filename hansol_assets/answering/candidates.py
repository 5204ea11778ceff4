"""The candidates of every part of every question: generated, and retrieved rows' answers."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Annotated, NamedTuple

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
from hansol_assets.retrieval.index import RetrievalSettings
from hansol_assets.retrieval.ranking import RowSearcher
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


class CandidateSettings(SettingsModel):
    """Which answers are considered."""

    rows: int = Field(
        6, ge=1, description="retrieved rows whose reference answers are candidates, a part"
    )
    answers: int = Field(
        2, ge=1, description="answers of such a row that are candidates, the shortest ones"
    )
    block: Annotated[int, ShapesNothing()] = Field(
        2_000,
        ge=1,
        description="test questions worked on at a time: what memory holds, and a crash costs",
    )


class CandidateInputs(SettingsModel):
    """All settings that candidates depend on."""

    retrieval: RetrievalSettings
    prompt: PromptSettings
    generation: GenerationSettings
    loading: LoadingSettings
    candidates: CandidateSettings


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
        parts = plan_parts(questions, self.searcher, settings.prompt, settings.retrieval.top_k)
        answered = answer_requests(
            [part.request for part in parts],
            self.weights.cache(GENERATIONS),
            _generation_scope(self.base_model, self.weights, settings),
            lambda: self.answering,
            self.log,
        )
        table = collect_candidates(parts, answered.generations, self.embedder, settings.candidates)
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


class Candidate(NamedTuple):
    """One candidate answer to one part (from 0) of a question.

    Attributes:
        origin: `GREEDY` or `SAMPLED` (generated), or `RETRIEVED` (a row's reference answer).
        rank: Among the candidates of its origin, from 1.
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
    """Candidates from retrieved rows (id and answers), nearest first.

    Of a row `most` answers count, the shortest of them, in its order.
    """
    answers = [
        (row_id, number, text)
        for row_id, texts in rows
        for number, text in sorted(sorted(enumerate(texts, start=1), key=_length)[:most])
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
    rows = [candidate for candidate in candidates if candidate.text.strip()]
    table = pd.DataFrame(rows, columns=list(Candidate._fields))
    table["source_answer"] = table["source_answer"].astype("Int64")
    return table.assign(vector=list(encode(embedder, table["text"].tolist())))


def vectors_of(candidates: pd.DataFrame, width: int) -> np.ndarray:
    """The vectors of candidates as one array, [candidates, width]; [0, width] for none."""
    return np.stack(candidates["vector"].tolist()) if len(candidates) else np.zeros((0, width))


def of_questions(candidates: pd.DataFrame, questions: pd.DataFrame) -> pd.DataFrame:
    """Returns the candidates of some questions."""
    chosen = candidates["question_id"].isin(questions["id"])
    return candidates[chosen].reset_index(drop=True)


def collect_candidates(
    parts: Sequence[Part],
    generations: pd.DataFrame,
    embedder: Embedder,
    settings: CandidateSettings,
) -> pd.DataFrame:
    """Gathers and embeds every candidate of parts and their generations (`GENERATION_COLUMNS`).

    Returns:
        The columns of `candidate_table`; `part_question`, `confidence` (that the part's first row
        answers), `prompt`; `prompt_tokens, new_tokens, seconds, finished` of generated and
        `probability, dense_rank, fts_rank` of retrieved candidates. One row a candidate, in the
        order of the parts.
    """
    by_request = dict(iter(generations.groupby("key"))) if len(generations) else {}
    candidates = [
        candidate
        for part in parts
        for candidate in _candidates(part, by_request.get(part.request.key), settings)
    ]
    table = candidate_table(candidates, embedder)
    return (
        table.merge(_part_facts(parts), on=PART, how="left")
        .merge(_generation_facts(generations), on=["request", "origin", "rank"], how="left")
        .merge(_hit_facts(parts), on=[*PART, "source_id"], how="left")
    )


def _candidates(
    part: Part, generations: pd.DataFrame | None, settings: CandidateSettings
) -> Iterator[Candidate]:
    if generations is not None:
        for origin in GENERATED:
            texts = generations.loc[generations["origin"] == origin, "text"]
            cleaned = [clean_answer(text).text for text in texts]
            yield from generated_candidates(part.question_id, part.number, origin, cleaned)
    rows = [(hit.id, hit.answers) for hit in part.hits[: settings.rows]]
    yield from retrieved_candidates(part.question_id, part.number, rows, settings.answers)


def _part_facts(parts: Sequence[Part]) -> pd.DataFrame:
    facts = [
        (
            part.question_id,
            part.number,
            part.text,
            part.confidence,
            part.request.key,
            "\n\n".join(message["content"] for message in part.request.messages),
        )
        for part in parts
    ]
    columns = [*PART, "part_question", "confidence", "request", "prompt"]
    return pd.DataFrame(facts, columns=columns)


def _generation_facts(generations: pd.DataFrame) -> pd.DataFrame:
    columns = ["request", "origin", "rank", *GENERATED_FACTS]
    if generations.empty:
        return pd.DataFrame(columns=columns)
    ranked = generations.rename(columns={"key": "request"}).assign(rank=generations["sample"] + 1)
    return ranked[columns]


def _hit_facts(parts: Sequence[Part]) -> pd.DataFrame:
    facts = [
        (part.question_id, part.number, hit.id, hit.probability, hit.dense_rank, hit.fts_rank)
        for part in parts
        for hit in part.hits
    ]
    columns = [*PART, "source_id", "probability", "dense_rank", "fts_rank"]
    frame = pd.DataFrame(facts, columns=columns)
    return frame.astype({"dense_rank": "Int64", "fts_rank": "Int64"})
