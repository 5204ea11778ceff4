"""The answer of every question: one candidate a part, chosen by expected similarity.

What belongs here: choosing part by part, and putting the parts together again. What does not: the
measure by which is chosen (`hansol_assets.scoring.consensus`), and how sure the choice is
(`hansol_assets.answering.confidence`).
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import zip_longest
from operator import itemgetter
from typing import Any, Self

import numpy as np
import pandas as pd

from hansol_assets.answering.blending import (
    part_components,
    split_of,
    visible_rows,
)
from hansol_assets.answering.composing import QUOTES, composed_candidates, sources_of
from hansol_assets.answering.regressors import load_composer, load_regressors
from hansol_assets.answering.searching import embedder_of
from hansol_assets.embedding.embedder import Embedder, encode
from hansol_assets.lake.fingerprint import text_hash
from hansol_assets.lake.handles import Artifact, Table
from hansol_assets.lake.reports import TableReport
from hansol_assets.qa.cleaning import without_repetition
from hansol_assets.qa.joining import NONE, join_answers
from hansol_assets.qa.quality import answer_quality
from hansol_assets.qa.splitting import take_apart
from hansol_assets.qa.table.columns import CATEGORY, ID, answers_of
from hansol_assets.scoring.answer_regressor import AnswerRegressor
from hansol_assets.scoring.blend import VectorBlend
from hansol_assets.scoring.candidates import GREEDY, RETRIEVED, SAMPLED, vectors_of
from hansol_assets.scoring.composing import Composer, Merits, Source
from hansol_assets.scoring.consensus import LengthRange, SelectionSettings, choose_text
from hansol_assets.scoring.drafting import ComposingSettings
from hansol_assets.settings_model import SettingsModel

PART = ["question_id", "part"]
PART_COLUMNS = [*PART, "part_question", "prompt"]
QUOTED_COLUMNS = ["part", "source_id", "source_answer", "text", QUOTES]
GENERATED = (GREEDY, SAMPLED)
PARTS = "parts"
SIGNALS = [
    "answer_nearness",
    "answer_agreement",
    "certainty",
    "question_nearness",
    "similarity",
    "coverage",
    PARTS,
]
"""What the confidence in an answer rests on; see `AnswerRegressor.evidence` for the first four."""
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
    "coverage",
    "vote",
    "score",
    "chosen",
    "text",
]


class ChoiceSettings(SettingsModel):
    """How the answer text is put together and chosen."""

    composing: ComposingSettings
    selection: SelectionSettings


@dataclass(frozen=True)
class Chooser:
    """Everything by which the answers to the questions of one split are chosen, loaded once.

    Attributes:
        split: Of the questions.
        models: Split → regressor; of this split at least.
        composer: Puts texts together.
        rows: Those that the split may see: they are quoted, and their reference answers are the
            measure of length.
        blend: The weights that make a part's target vector.
        embedder: Embeds the answers.
        settings: How texts are composed and chosen.
    """

    split: str
    models: Mapping[str, AnswerRegressor]
    composer: Composer
    rows: pd.DataFrame
    blend: VectorBlend
    embedder: Embedder
    settings: ChoiceSettings

    @classmethod
    def open(
        cls,
        split: str,
        regressor: Artifact,
        blend: VectorBlend,
        rows: pd.DataFrame,
        settings: ChoiceSettings,
    ) -> Self:
        """Loads what the questions of a split are answered with.

        Args:
            split: Of the questions.
            regressor: Estimates the vectors of their answers, and puts texts together.
            blend: The weights that make a part's target vector.
            rows: The rows of `qa_folds`; those that the split may see are quoted.
            settings: How texts are composed and chosen.
        """
        embedder, models = embedder_of(regressor), load_regressors(regressor)
        composer = load_composer(regressor, split, embedder, settings.composing)
        visible = visible_rows(rows, rows, split)
        return cls(split, models, composer, visible, blend, embedder, settings)

    def choose(
        self, questions: pd.DataFrame, candidates: pd.DataFrame, adapter: str
    ) -> TableReport:
        """Chooses answers, and tells how well they are formed.

        Args:
            questions: `id, question, split`, all of the split.
            candidates: Columns of `collect_candidates`, of these questions.
            adapter: Fingerprint of the adapter whose generations are among them.
        """
        components = part_components(candidates, split_of(questions), self.models)
        targets = self.blend.apply(components.vectors)
        every = self._with_composed(candidates, targets)
        references = answers_of(self.rows)
        lengths = LengthRange.of(references, self.settings.selection)
        voted = vote(every, components.index, targets, lengths, self.settings.selection)
        signals = answer_signals(voted, self.models[self.split])
        table = answer_table(questions, voted, signals, self.embedder, adapter)
        category_of = dict(zip(self.rows[ID], self.rows[CATEGORY], strict=True))
        nearest = [category_of[rows[0]] for rows in table["nearest_rows"]]
        table.insert(table.columns.get_loc("nearest_rows") + 1, "nearest_category", nearest)
        return TableReport(frame=table, facts=_quality(table, voted, references))

    def choose_from(self, candidates: Table, questions: pd.DataFrame) -> TableReport:
        """Chooses answers among stored candidates; no others are read.

        Args:
            candidates: Of these questions and maybe others.
            questions: `id, question, split`, all of the split.
        """
        own = candidates.rows_of("question_id", questions["id"].tolist())
        return self.choose(questions, own, str(candidates.facts["adapter"]))

    @cached_property
    def _sources(self) -> dict[str, Source]:
        return sources_of(self.rows)

    def _with_composed(self, candidates: pd.DataFrame, targets: np.ndarray) -> pd.DataFrame:
        """Adds a composed candidate to each part, and what every one is worth."""
        model, composing = self.models[self.split], self.settings.composing
        parts = candidates.drop_duplicates(PART)[PART_COLUMNS]
        composed = composed_candidates(
            parts, targets, model, self.composer, self._sources, composing
        )
        every = pd.concat([candidates, composed], ignore_index=True)
        return every.assign(**vars(candidate_merits(every, self.composer, self._sources)))


def choose_answers(
    questions: pd.DataFrame,
    candidates: Table,
    regressor: Artifact,
    blend: VectorBlend,
    rows: pd.DataFrame,
    settings: ChoiceSettings,
) -> TableReport:
    """Chooses the answers of questions of one split; see `Chooser`.

    Args:
        questions: `id, question, split`, all of one split.
        candidates: Of these questions and maybe others.
        regressor: Estimates the vectors of their answers, and puts texts together.
        blend: The weights that make a part's target vector.
        rows: The rows of `qa_folds`.
        settings: How texts are composed and chosen.
    """
    (split,) = questions["split"].unique()
    return Chooser.open(split, regressor, blend, rows, settings).choose_from(candidates, questions)


def candidate_merits(
    candidates: pd.DataFrame, composer: Composer, sources: Mapping[str, Source]
) -> Merits:
    """Looks whether candidates speak of what was asked.

    Args:
        candidates: `part, part_question, text, source_id, source_answer, quotes`.
        composer: Knows what a question is about.
        sources: The rows that may be quoted, by id.
    """
    rows_of = [
        [sources[quote["source_id"]] for quote in _quotes(candidate)]
        for candidate in candidates[QUOTED_COLUMNS].to_dict("records")
    ]
    asked, texts = candidates["part_question"].tolist(), [[text] for text in candidates["text"]]
    return composer.merits(asked, texts, rows_of)


def vote(
    candidates: pd.DataFrame,
    parts: pd.DataFrame,
    targets: np.ndarray,
    lengths: LengthRange,
    settings: SelectionSettings,
) -> pd.DataFrame:
    """Gives every candidate its expected similarity, and marks the chosen one of each part.

    Args:
        candidates: Columns of `collect_candidates`, and `worth`.
        parts: `question_id, part` of each target.
        targets: The parts' submission vectors, [parts, dimensions].
        lengths: Lengths that answers usually have.
        settings: Weights and penalties of the choice.

    Returns:
        The candidates with `similarity` (cosine to the target), `vote`, `score` (the vote with its
        worth, less penalties) and `chosen`.
    """
    target_of = dict(zip(parts[PART].itertuples(index=False, name=None), targets, strict=True))
    texts, worth = candidates["text"].to_numpy(object), candidates["worth"].to_numpy()
    vectors = vectors_of(candidates, targets.shape[1])
    similarity, votes, scores = np.zeros((3, len(candidates)))
    chosen = np.zeros(len(candidates), dtype=bool)
    for key, places in candidates.groupby(PART).indices.items():
        choice = choose_text(
            texts[places].tolist(),
            vectors[places],
            target_of[key],
            worth[places],
            lengths,
            settings,
        )
        similarity[places] = choice.similarities
        votes[places] = choice.votes.round(VOTE_DECIMALS)
        scores[places] = choice.scores.round(VOTE_DECIMALS)
        chosen[places[choice.place]] = True
    return candidates.assign(similarity=similarity, vote=votes, score=scores, chosen=chosen)


def answer_signals(voted: pd.DataFrame, regressor: AnswerRegressor) -> pd.DataFrame:
    """Gathers what the confidence in an answer may rest on.

    Args:
        voted: What `vote` returned.
        regressor: The one that estimated the targets.

    Returns:
        The columns of `SIGNALS`, means over the parts of a question, and `nearest_rows`: for each
        part the row whose answers are nearest to what is expected; by question id.
    """
    chosen = voted[voted["chosen"]].sort_values(PART, kind="stable")
    evidence = regressor.evidence(chosen["part_question"].tolist()).set_index(chosen.index)
    parts = pd.concat([chosen[["question_id", "similarity", "coverage"]], evidence], axis=1)
    grouped = parts.groupby("question_id", sort=False)
    signals = grouped[[name for name in SIGNALS if name != PARTS]].mean()
    rows = grouped["nearest_row"].agg(list)
    return signals.assign(**{PARTS: grouped.size().astype(float)}, nearest_rows=rows)


def answer_table(
    questions: pd.DataFrame,
    voted: pd.DataFrame,
    signals: pd.DataFrame,
    embedder: Embedder,
    adapter_fingerprint: str,
) -> pd.DataFrame:
    """Puts the chosen parts together, one row a question.

    Args:
        questions: `id, question`.
        voted: What `vote` returned.
        signals: What `answer_signals` returned.
        embedder: Embeds the answers.
        adapter_fingerprint: The adapter whose generations were among the candidates.

    Returns:
        `id, question, answer, nearest_rows, parts, origins, source_ids, quotes, retrieved_ids,
        prompts, candidates, signals, prompt_tokens, new_tokens, seconds, question_hash,
        adapter_fingerprint, vector`, in the order of the questions. `nearest_rows, parts, origins,
        prompts` have one entry a part; `source_ids` names every row that the answer quotes, and
        `quotes` what of it; `candidates` has one record a candidate, with its vote.
    """
    candidates_of: dict[str, list[dict[str, Any]]] = defaultdict(list)
    rows = voted.drop(columns="vector").assign(record=_records(voted)).to_dict("records")
    for row in rows:
        candidates_of[row["question_id"]].append(row)
    signals_of = signals.to_dict("index")
    table = pd.DataFrame(
        [
            _answer(own, question, candidates_of[own], dict(signals_of[own]))
            for own, question in zip(questions["id"], questions["question"], strict=True)
        ]
    )
    vectors = encode(embedder, table["answer"].tolist())
    return table.assign(adapter_fingerprint=adapter_fingerprint, vector=list(vectors))


def _answer(
    question_id: str,
    question: str,
    candidates: Sequence[Mapping[str, Any]],
    signals: dict[str, object],
) -> dict[str, object]:
    chosen = sorted((row for row in candidates if row["chosen"]), key=itemgetter("part"))
    found = [row["source_id"] for row in candidates if row["origin"] == RETRIEVED]
    generated = [row for row in candidates if row["origin"] in GENERATED]
    quotes = [quote for row in chosen for quote in _quotes(row)]
    return {
        "id": question_id,
        "question": question,
        "answer": joined_texts(question, [row["text"] for row in chosen]),
        "nearest_rows": signals.pop("nearest_rows"),
        "parts": [row["part_question"] for row in chosen],
        "origins": [row["origin"] for row in chosen],
        "source_ids": list(dict.fromkeys(quote["source_id"] for quote in quotes)),
        QUOTES: quotes,
        "retrieved_ids": list(dict.fromkeys(found)),
        "prompts": [row["prompt"] for row in chosen],
        "candidates": [row["record"] for row in candidates],
        "signals": signals,
        "prompt_tokens": int(_total(generated, "prompt_tokens")),
        "new_tokens": int(_total(generated, "new_tokens")),
        "seconds": round(_total(generated, "seconds"), 4),
        "question_hash": text_hash(question),
    }


def _total(candidates: Iterable[Mapping[str, Any]], name: str) -> float:
    """The sum of what is known."""
    return float(sum(row[name] for row in candidates if pd.notna(row[name])))


def _quotes(candidate: Mapping[Any, Any]) -> list[dict[str, Any]]:
    """What of which row a candidate says; nothing of a generated one."""
    part = {"part": candidate["part"]}
    if isinstance(candidate[QUOTES], list):
        return [part | quote for quote in candidate[QUOTES]]
    if not isinstance(candidate["source_id"], str):
        return []
    whole = {name: candidate[name] for name in ("source_id", "source_answer", "text")}
    return [part | whole | {"place": 0}]


def _records(candidates: pd.DataFrame) -> list[dict[str, object]]:
    """The candidates as plain records; what is not known of one is None."""
    known = candidates[CANDIDATE_COLUMNS].astype(object)
    return known.where(known.notna(), None).to_dict("records")


def _quality(table: pd.DataFrame, voted: pd.DataFrame, references: list[str]) -> dict[str, float]:
    """How well the answers are formed."""
    quality = answer_quality(table["answer"].tolist(), references)
    # References answer one question each, so lengths are compared part by part.
    parts = answer_quality(voted.loc[voted["chosen"], "text"].tolist(), references)
    quality |= {name: parts[name] for name in LENGTH_FIGURES}
    return {name: round(value, 4) for name, value in quality.items()}


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
