"""Group `evaluation`: scores of the validation answers, and the leaderboard of all experiments."""

from dataclasses import dataclass
from typing import Annotated

import pandas as pd

from hansol_assets.answering.blending import VectorModels, part_components, split_of
from hansol_assets.answering.candidates import of_questions
from hansol_assets.answering.judging import (
    JUDGE,
    SHOWN_WORST,
    judge_answers,
    open_judge,
    save_judge,
    worst_questions,
    zero_of_parity,
)
from hansol_assets.answering.known_questions import (
    ask_held_out,
    known_shares,
    look_up,
    score_known,
    scored_ids,
)
from hansol_assets.answering.parts import ALL_SPLITS, of_split
from hansol_assets.answering.publishing import experiments
from hansol_assets.answering.searching import RowSearch
from hansol_assets.answering.trust import trust_of
from hansol_assets.answering.verdicts import VerdictSettings
from hansol_assets.embedding.embedder import EmbedderSettings
from hansol_assets.lake.declaration import Setting, lake_artifact, lake_table
from hansol_assets.lake.handles import Artifact, History, Table
from hansol_assets.lake.manifest import Fact
from hansol_assets.lake.records import Records, records
from hansol_assets.lake.reports import ArtifactBuild, Report, TableReport
from hansol_assets.plotting import distribution_picture, trend_picture
from hansol_assets.qa.folds import VALIDATION
from hansol_assets.scoring.leaderboard import (
    ANSWER,
    SHOWN,
    comparison_facts,
    differing_settings,
    score_facts,
)
from hansol_assets.scoring.leaderboard import leaderboard as leaderboard_of
from hansol_assets.scoring.measures import ASKED, BASELINES, KNOWN, weigh


@dataclass(frozen=True)
class Judged:
    """The questions that judge, with their candidates and answers, and the rows behind them."""

    held_out_questions: Table
    validation_candidates: Table
    validation_answers: Table
    qa_folds: Table


@lake_artifact(kinds={"huggingface"}, retries=3)
def judge_embedder(
    answer_embedder: Artifact,
    judge: Annotated[EmbedderSettings, Setting("judge.pinned")],
    build: ArtifactBuild,
) -> Report:
    """The pretrained model that scores: `scores.judge`, or else what the answers are embedded with.

    Nothing of it is fitted on the table. Figures of two judges are never compared.
    """
    return save_judge(answer_embedder, judge, build)


@lake_table(kinds={"duckdb"}, named_by_content=True)
def known_share(raw_questions: Table, search: RowSearch) -> TableReport:
    """How many of the questions to be answered the table knows, part by part, with its interval.

    It stands beside `question_mix`, not in it: a changed row may move it, and shall train nothing.
    """
    shares = known_shares(raw_questions.read(), search.open())
    share, low, high = shares["value"].tolist()
    facts = {"known_share": share, "known_share_low": low, "known_share_high": high}
    return TableReport(frame=shares, facts=facts)


@lake_table(kinds={"duckdb"}, code_version="5", libraries=("sacrebleu",))
def validation_scores(
    judged: Judged,
    answer_regressor: Artifact,
    vector_blend: Artifact,
    search: RowSearch,
    retrieval_scores: Table,
    judge_embedder: Artifact,
    question_mix: Table,
    known_share: Table,
    verdicts: Annotated[
        VerdictSettings, Setting("verdicts", only=("answered_from", "related_from"))
    ],
    share: Annotated[float | None, Setting("scores.known_share")],
    strategy: Annotated[str, Setting("submission.strategy")],
) -> TableReport:
    """Mean cosine to the references of each validation question, for every way to answer it.

    *Unknown* questions have their row hidden. *Known* ones have it visible, and ask by a paraphrase
    that nothing has seen; the regression has not seen the row either, so that their scores are if
    anything too low. Both are weighed as the questions to be answered ask.

    Columns: the three strategies, the raw generation, each component alone, the blend without each
    component, and the baselines (constant, centroid, nearest answer, one human, the ceiling). The
    public figure is over a 40 % draw, the private one over all, as the competition had them. How
    far answers can be trusted stands beside them, from `retrieval_scores`.
    """
    questions = of_split(judged.held_out_questions.read(), VALIDATION)
    candidates = of_questions(judged.validation_candidates.read(), questions)
    answers, rows = judged.validation_answers.read(), judged.qa_folds.read()
    models = VectorModels.open(answer_regressor, vector_blend, search.answer_embedder)
    judge = open_judge(judge_embedder, search.answer_embedder)
    regressor = models.regressors[VALIDATION]
    zero = zero_of_parity(judge, regressor, rows)
    components = part_components(candidates, split_of(questions), models.regressors)
    references = dict(zip(rows["id"], rows["answers"], strict=True))
    unknown = judge_answers(
        questions, answers, candidates, components, models, judge, zero, references
    )
    searcher = search.open()
    asked, _ = ask_held_out(rows, scored_ids(rows), ALL_SPLITS, searcher)
    ranked = look_up(asked, rows, searcher, regressor, models.blend, models.embedder)
    known = score_known(ranked, rows, models.share, regressor.joining, judge, zero, verdicts)
    scores = weigh(
        pd.concat([unknown, known], ignore_index=True),
        float(known_share.facts["known_share"]) if share is None else share,
        float(question_mix.facts["joined_share"]),
    )
    scored = strategy if judge.embeds_answers else ANSWER
    facts = {
        JUDGE: judge.name,
        **score_facts(scores, scored),
        **known_share.facts,
        **trust_of(retrieval_scores.facts),
    }
    worst = worst_questions(unknown, answers, questions["references"].tolist())
    shown = scores[scores[ASKED] == KNOWN].sort_values(ANSWER, kind="stable").head(SHOWN_WORST)
    return TableReport(
        frame=scores,
        facts=facts,
        notes={"score_distribution": distribution_picture(scores, scored, list(BASELINES))},
        tables={
            "worst_questions": records(worst),
            "worst_known": records(
                shown.reindex(columns=[*dict.fromkeys(("id", "confidence", scored, ANSWER))])
            ),
        },
    )


@lake_table(kinds={"duckdb"}, code_version="2")
def leaderboard(validation_scores: History) -> TableReport:
    """Every experiment in the lake, beside the baselines and the ablations.

    One row per fingerprint of `validation_scores`, across runs and profiles, with a bootstrap
    interval; the newest is compared with the best earlier one by a paired bootstrap.
    """
    every = experiments(validation_scores)
    table = leaderboard_of(every)
    facts: dict[str, Fact] = {"experiments": len(every)}
    facts |= comparison_facts(every)
    tables: dict[str, Records] = {"leaderboard": records(table[SHOWN])}
    compared = [item for item in every if item.fingerprint == facts.get("compared_with")]
    if compared:
        differing = differing_settings(every[-1], compared[0])
        tables["settings_that_differ_from_compared_with"] = records(differing)
    notes = {"trend": trend_picture(table[table["kind"] == "experiment"])}
    unmeasurable = list(dict.fromkeys(note for note in table["note"] if note))
    if unmeasurable:
        notes["note"] = "\n\n".join(unmeasurable)
    return TableReport(frame=table, facts=facts, notes=notes, tables=tables)
