"""The answers of every question: what a person reads, and a text composed toward the vector.

What belongs here: both texts part by part, and putting the parts together again. What does not: the
measure by which a composed text is chosen (`hansol_assets.scoring.consensus`), and what a person is
told (`hansol_assets.answering.verdicts`).
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import zip_longest
from operator import itemgetter
from typing import Any, Self, get_args

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
from hansol_assets.answering.verdicts import (
    Found,
    PartAnswer,
    Sources,
    Verdict,
    VerdictSettings,
    answer_parts,
    answer_record,
)
from hansol_assets.embedding.embedder import Embedder, encode
from hansol_assets.lake.fingerprint import text_hash
from hansol_assets.lake.handles import Artifact, Table
from hansol_assets.lake.records import Records, records
from hansol_assets.lake.reports import TableReport
from hansol_assets.qa.answer_form import answer_quality, without_repetition
from hansol_assets.qa.connectives import NONE, join_answers
from hansol_assets.qa.splitting import take_apart
from hansol_assets.qa.table.columns import answers_of
from hansol_assets.scoring.answer_regressor import AnswerRegressor
from hansol_assets.scoring.blend import VectorBlend
from hansol_assets.scoring.candidates import GREEDY, RETRIEVED, SAMPLED, vectors_of
from hansol_assets.scoring.composing import Composer, Merits, Source
from hansol_assets.scoring.consensus import LengthRange, SelectionSettings, choose_text
from hansol_assets.scoring.drafting import ComposingSettings
from hansol_assets.settings_model import SettingsModel

PART = ["question_id", "part"]
PART_COLUMNS = [*PART, "part_question", "confidence", "prompt"]
QUOTED_COLUMNS = ["part", "source_id", "source_answer", "text", QUOTES]
GENERATED = (GREEDY, SAMPLED)
LENGTH_FIGURES = ("length_median", "length_ratio", "outside_length_share")
VOTE_DECIMALS = 6
REVIEW = "most_doubtful"
SHOWN_DOUBTS = 20
CANDIDATE_COLUMNS = [
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


class ChoiceSettings(SettingsModel):
    """How texts are put together and chosen, and which answers a person reads."""

    composing: ComposingSettings
    selection: SelectionSettings
    verdicts: VerdictSettings


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
        answer_embedder: Artifact,
        blend: VectorBlend,
        rows: pd.DataFrame,
        settings: ChoiceSettings,
    ) -> Self:
        """Loads what the questions of a split are answered with.

        Args:
            split: Of the questions.
            regressor: Estimates the vectors of their answers, and puts texts together.
            answer_embedder: What it was fitted with.
            blend: The weights that make a part's target vector.
            rows: The rows of `qa_folds`; those that the split may see are quoted.
            settings: How texts are composed and chosen.
        """
        embedder = embedder_of(regressor, answer_embedder)
        models = load_regressors(regressor, answer_embedder)
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
        read = self._records(questions, candidates)
        table = answer_table(questions, voted, read, self.embedder, adapter)
        facts = _quality(table, voted, references) | _verdict_facts(table)
        return TableReport(frame=table, facts=facts, tables={REVIEW: _review(table)})

    def _records(
        self, questions: pd.DataFrame, candidates: pd.DataFrame
    ) -> dict[str, dict[str, Any]]:
        """What a person reads of each question, by its id."""
        keys, asked = [], []
        for (key, _), own in candidates.groupby(PART, sort=True):
            rows = own.dropna(subset=["source_id"]).drop_duplicates("source_id")
            ranked = rows.sort_values(["probability", "source_id"], ascending=[False, True])
            pairs = list(zip(ranked["source_id"], ranked["probability"], strict=True))
            keys.append(key)
            first = own.iloc[0]
            asked.append(Found(first["part_question"], first["confidence"], pairs))
        sources, settings = self._quotable, self.settings.verdicts
        parts: dict[str, list[PartAnswer]] = defaultdict(list)
        for key, answer in zip(keys, answer_parts(asked, sources, settings), strict=True):
            parts[key].append(answer)
        return {
            key: _record(question, parts[key], sources, settings)
            for key, question in zip(questions["id"], questions["question"], strict=True)
        }

    def choose_from(self, candidates: Table, questions: pd.DataFrame) -> TableReport:
        """Chooses answers among stored candidates; no others are read.

        Args:
            candidates: Of these questions and maybe others.
            questions: `id, question, split`, all of the split.
        """
        own = candidates.rows_of("question_id", questions["id"].tolist())
        return self.choose(questions, own, str(candidates.facts["adapter"]))

    @cached_property
    def _quotable(self) -> Sources:
        return Sources(self.rows, self.embedder)

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
        told = every["source_id"].map(self._quotable.told_by, na_action="ignore")
        merits = vars(candidate_merits(every, self.composer, self._sources))
        return every.assign(source_row=told, **merits)


def choose_answers(
    questions: pd.DataFrame,
    candidates: Table,
    regressor: Artifact,
    answer_embedder: Artifact,
    blend: VectorBlend,
    rows: pd.DataFrame,
    settings: ChoiceSettings,
) -> TableReport:
    """Chooses the answers of questions of one split; see `Chooser`.

    Args:
        questions: `id, question, split`, all of one split.
        candidates: Of these questions and maybe others.
        regressor: Estimates the vectors of their answers, and puts texts together.
        answer_embedder: What it was fitted with.
        blend: The weights that make a part's target vector.
        rows: The rows of `qa_folds`.
        settings: How texts are composed and chosen.
    """
    (split,) = questions["split"].unique()
    chooser = Chooser.open(split, regressor, answer_embedder, blend, rows, settings)
    return chooser.choose_from(candidates, questions)


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


def answer_table(
    questions: pd.DataFrame,
    voted: pd.DataFrame,
    read: Mapping[str, Mapping[str, Any]],
    embedder: Embedder,
    adapter_fingerprint: str,
) -> pd.DataFrame:
    """Puts the chosen parts together, one row a question.

    Args:
        questions: `id, question`.
        voted: What `vote` returned.
        read: What a person reads of each question, by its id.
        embedder: Embeds the composed texts.
        adapter_fingerprint: The adapter whose generations were among the candidates.

    Returns:
        `id, question, answer, verdict, confidence, needs_review, quotes, nearest, part_verdicts,
        nearest_category, source_ids` (what a person reads, and what it rests on),
        `composed` (the text chosen toward the vector), `parts, origins, composed_from,
        retrieved_ids, prompts, candidates, prompt_tokens, new_tokens, seconds, question_hash,
        adapter_fingerprint, vector` (of the composed text), in the order of the questions. `parts,
        origins, prompts` have one entry a part; `candidates` has one record a candidate.
    """
    candidates_of: dict[str, list[dict[str, Any]]] = defaultdict(list)
    rows = voted.drop(columns="vector").assign(record=_records(voted)).to_dict("records")
    for row in rows:
        candidates_of[row["question_id"]].append(row)
    table = pd.DataFrame(
        [
            _answer(own, question, candidates_of[own], read[own])
            for own, question in zip(questions["id"], questions["question"], strict=True)
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
    found = [row["source_id"] for row in candidates if row["origin"] == RETRIEVED]
    generated = [row for row in candidates if row["origin"] in GENERATED]
    quotes = [quote for row in chosen for quote in _quotes(row)]
    return {
        "id": question_id,
        "question": question,
        **read,
        "composed": joined_texts(question, [row["text"] for row in chosen]),
        "parts": [row["part_question"] for row in chosen],
        "origins": [row["origin"] for row in chosen],
        "composed_from": list(dict.fromkeys(quote["source_id"] for quote in quotes)),
        "retrieved_ids": list(dict.fromkeys(found)),
        "prompts": [row["prompt"] for row in chosen],
        "candidates": [row["record"] for row in candidates],
        "prompt_tokens": int(_total(generated, "prompt_tokens")),
        "new_tokens": int(_total(generated, "new_tokens")),
        "seconds": round(_total(generated, "seconds"), 4),
        "question_hash": text_hash(question),
    }


def _record(
    question: str, parts: Sequence[PartAnswer], sources: Sources, settings: VerdictSettings
) -> dict[str, Any]:
    record = answer_record(question, parts)
    first = next((row["source_id"] for row in record["nearest"]), "")
    return {
        "answer": record["answer"],
        "verdict": record["verdict"],
        "confidence": record["confidence"],
        "needs_review": record["confidence"] < settings.review_below,
        "quotes": record["quotes"],
        "nearest": record["nearest"],
        "part_verdicts": record["part_verdicts"],
        "nearest_category": sources.category(first) if first else "",
        "source_ids": list(dict.fromkeys(quote["source_id"] for quote in record["quotes"])),
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
    """How well the composed texts are formed."""
    quality = answer_quality(table["composed"].tolist(), references)
    # References answer one question each, so lengths are compared part by part.
    parts = answer_quality(voted.loc[voted["chosen"], "text"].tolist(), references)
    quality |= {name: parts[name] for name in LENGTH_FIGURES}
    return {name: round(value, 4) for name, value in quality.items()}


def _verdict_facts(table: pd.DataFrame) -> dict[str, float]:
    counts = {name: int((table["verdict"] == name).sum()) for name in get_args(Verdict)}
    mean = round(float(table["confidence"].mean()), 4)
    return {**counts, "needs_review": int(table["needs_review"].sum()), "mean_confidence": mean}


def _review(answers: pd.DataFrame) -> Records:
    doubtful = most_doubtful(answers).head(SHOWN_DOUBTS)
    columns = ["id", "question", "answer", "verdict", "confidence", "needs_review", "rows"]
    rows = [[quote["source_row"] for quote in own] for own in doubtful["quotes"]]
    return records(doubtful.assign(rows=rows)[columns])


def most_doubtful(answers: pd.DataFrame) -> pd.DataFrame:
    """Returns answers in the order in which a person should look at them."""
    return answers.sort_values(["confidence", "id"], ignore_index=True)


def review_of_blocks(told: Sequence[Mapping[str, Records]]) -> Mapping[str, Records]:
    """Returns the most doubtful answers of all blocks.

    Args:
        told: The tables of `Chooser.choose`, of each block.
    """
    doubtful = [row for own in told for row in own[REVIEW]]
    by_doubt = sorted(doubtful, key=lambda row: (row["confidence"], row["id"]))
    return {**told[0], REVIEW: by_doubt[:SHOWN_DOUBTS]}


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
