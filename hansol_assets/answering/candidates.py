"""The candidates of every part of every question, in one table.

What belongs here: making them from the models, and putting generated answers and retrieved rows'
answers side by side, with what is known of each. What does not: which of them is chosen
(`hansol_assets.answering.choosing`).
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Annotated

import pandas as pd
from pydantic import Field

from hansol_assets.answering.generations import answer_requests
from hansol_assets.answering.parts import Part, plan_parts
from hansol_assets.compute.current import current
from hansol_assets.compute.protocol import Workers
from hansol_assets.embedding.cached import CachedEmbedder
from hansol_assets.embedding.embedder import Embedder
from hansol_assets.lake.cache import GENERATIONS
from hansol_assets.lake.fingerprint import config_of, fingerprint
from hansol_assets.lake.handles import Artifact
from hansol_assets.lake.manifest import Fact
from hansol_assets.lake.reports import ROWS_MADE, ROWS_REUSED, TableReport
from hansol_assets.modeling.base.loading import LoadingSettings
from hansol_assets.modeling.generation.generator import GenerationSettings
from hansol_assets.modeling.generation.work import AnswerPrompts
from hansol_assets.qa.answer_form import clean_answer
from hansol_assets.qa.prompts import PromptSettings
from hansol_assets.retrieval.index import RetrievalSettings
from hansol_assets.retrieval.ranking import RowSearcher
from hansol_assets.scoring.candidates import (
    ORIGINS,
    Candidate,
    candidate_table,
    generated_candidates,
    retrieved_candidates,
)
from hansol_assets.settings_model import SettingsModel, ShapesNothing

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

    Models are loaded once a prompt was never answered.

    Attributes:
        searcher: Finds and ranks rows.
        weights: The adapter that answers prompts.
        base_model: What it was trained on.
        embedder: Embeds candidates.
        settings: All that candidates depend on beside these.
        log: Writes a line to the run's log.
    """

    searcher: RowSearcher
    weights: Artifact
    base_model: Artifact
    embedder: CachedEmbedder
    settings: CandidateInputs
    log: Callable[[str], None]

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
        """Splits questions, searches for each part, answers its prompt, and gathers what is found.

        Args:
            questions: `id, question, split`.
        """
        splits, settings = questions["split"].tolist(), self.settings
        embedded_before = self.embedder.embedded
        parts = plan_parts(
            questions, splits, self.searcher, settings.prompt, settings.retrieval.top_k
        )
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
            "prompts_found": answered.found,
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


def collect_candidates(
    parts: Sequence[Part],
    generations: pd.DataFrame,
    embedder: Embedder,
    settings: CandidateSettings,
) -> pd.DataFrame:
    """Gathers and embeds every candidate.

    Args:
        parts: The parts of all questions.
        generations: The columns of `Generation`; empty where nothing was generated.
        embedder: Embeds the texts.
        settings: Which retrieved answers are candidates.

    Returns:
        The columns of `candidate_table`; `part_question`, `confidence` (that the part's first row
        answers), `prompt`; `prompt_tokens, new_tokens,
        seconds, finished` of generated and `probability, dense_rank, fts_rank` of retrieved
        candidates. One row a candidate, in the order of the parts.
    """
    by_request = dict(iter(generations.groupby("key"))) if len(generations) else {}
    candidates = [
        candidate
        for part in parts
        for candidate in _candidates(part, by_request.get(part.request.key), settings)
    ]
    table = candidate_table(candidates, embedder)
    return (
        table.merge(_part_facts(parts), on=["question_id", "part"], how="left")
        .merge(_generation_facts(generations), on=["request", "origin", "rank"], how="left")
        .merge(_hit_facts(parts), on=["question_id", "part", "source_id"], how="left")
    )


def _candidates(
    part: Part, generations: pd.DataFrame | None, settings: CandidateSettings
) -> Iterator[Candidate]:
    if generations is not None:
        for origin in ORIGINS:
            texts = generations.loc[generations["origin"] == origin, "text"]
            cleaned = [clean_answer(text).text for text in texts]
            yield from generated_candidates(part.question_id, part.place, origin, cleaned)
    found = [(hit.id, hit.answers) for hit in part.hits[: settings.rows]]
    yield from retrieved_candidates(part.question_id, part.place, found, settings.answers)


def _part_facts(parts: Sequence[Part]) -> pd.DataFrame:
    facts = [
        (
            part.question_id,
            part.place,
            part.text,
            part.confidence,
            part.request.key,
            _prompt_text(part),
        )
        for part in parts
    ]
    columns = ["question_id", "part", "part_question", "confidence", "request", "prompt"]
    return pd.DataFrame(facts, columns=columns)


def _prompt_text(part: Part) -> str:
    return "\n\n".join(message["content"] for message in part.request.messages)


def _generation_facts(generations: pd.DataFrame) -> pd.DataFrame:
    columns = ["request", "origin", "rank", *GENERATED_FACTS]
    if generations.empty:
        return pd.DataFrame(columns=columns)
    ranked = generations.rename(columns={"key": "request"}).assign(rank=generations["sample"] + 1)
    return ranked[columns]


def _hit_facts(parts: Sequence[Part]) -> pd.DataFrame:
    facts = [
        (part.question_id, part.place, hit.id, hit.probability, hit.dense_rank, hit.fts_rank)
        for part in parts
        for hit in part.hits
    ]
    columns = ["question_id", "part", "source_id", "probability", "dense_rank", "fts_rank"]
    frame = pd.DataFrame(facts, columns=columns)
    return frame.astype({"dense_rank": "Int64", "fts_rank": "Int64"})
