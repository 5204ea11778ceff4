"""Group `evaluation`: scores of the validation answers, and the leaderboard of all experiments.

What belongs here: judging what the answers group made. What does not: how a score is computed
(`hansol_assets.scoring`).
"""

from typing import Annotated

from hansol_assets.answering.blending import (
    load_blend,
    load_row_share,
    of_questions,
    of_split,
    part_components,
    split_of,
)
from hansol_assets.answering.experiments import experiments
from hansol_assets.answering.held_out_rows import ask_held_out
from hansol_assets.answering.judge import JUDGE, keep_judge, open_judge
from hansol_assets.answering.judging import (
    SHOWN_WORST,
    judge_answers,
    score_pictures,
    worst_questions,
    zero_of_parity,
)
from hansol_assets.answering.known import kind_facts, score_kinds
from hansol_assets.answering.parts import ALL_SPLITS
from hansol_assets.answering.regressors import load_regressors
from hansol_assets.answering.searching import embedder_of, open_searcher
from hansol_assets.answering.trust import trust_of
from hansol_assets.answering.verdicts import VerdictSettings
from hansol_assets.embedding.embedder import EmbedderSettings
from hansol_assets.lake.declaration import Setting, lake_artifact, lake_table
from hansol_assets.lake.handles import Artifact, History, Table
from hansol_assets.lake.manifest import Fact
from hansol_assets.lake.records import Records, records
from hansol_assets.lake.reports import ArtifactBuild, Report, TableReport
from hansol_assets.plotting.scores import trend_picture
from hansol_assets.qa.folds import VALIDATION
from hansol_assets.qa.sampling import draw
from hansol_assets.retrieval.index import RetrievalSettings
from hansol_assets.scoring.evaluate import ScoreSettings
from hansol_assets.scoring.leaderboard import (
    SHOWN,
    comparison_facts,
    differing_settings,
    score_facts,
)
from hansol_assets.scoring.leaderboard import leaderboard as leaderboard_of


@lake_artifact(kinds={"huggingface"}, retries=3)
def judge_embedder(
    answer_embedder: Artifact,
    judge: Annotated[EmbedderSettings, Setting("judge.pinned")],
    build: ArtifactBuild,
) -> Report:
    """The pretrained model that scores: `scores.judge`, or else what the answers are embedded with.

    Nothing of it is fitted on the table. Figures of two judges are never compared.
    """
    return keep_judge(answer_embedder, judge, build)


@lake_table(kinds={"duckdb"}, code_version="4")
def validation_scores(
    held_out_questions: Table,
    validation_candidates: Table,
    validation_answers: Table,
    answer_regressor: Artifact,
    vector_blend: Artifact,
    retrieval_scores: Table,
    judge_embedder: Artifact,
    qa_folds: Table,
    scores: Annotated[ScoreSettings, Setting("scores.drawing")],
    strategy: Annotated[str, Setting("submission.strategy")],
) -> TableReport:
    """Mean cosine to the references of each validation question, for every way to answer it.

    Columns: the three strategies, the raw generation, each component alone, the blend without each
    component, and the baselines (constant, centroid, nearest answer, one human, the ceiling). The
    public figure is over a 40 % draw, the private one over all, as the competition had them. How
    far answers can be trusted stands beside them, from `retrieval_scores`.
    """
    questions = of_split(held_out_questions.read(), VALIDATION)
    candidates = of_questions(validation_candidates.read(), questions)
    models = load_regressors(answer_regressor)
    judge, answers = open_judge(judge_embedder), validation_answers.read()
    judged = judge_answers(
        questions,
        answers,
        candidates,
        part_components(candidates, split_of(questions), models),
        load_blend(vector_blend),
        load_row_share(vector_blend),
        judge,
        scores,
        zero_of_parity(judge, models[VALIDATION], qa_folds.read()),
    )
    scored = strategy if judge.embeds_answers else "text"
    facts = {
        JUDGE: judge.name,
        **score_facts(judged, scored, scores),
        **trust_of(retrieval_scores.facts),
    }
    worst = worst_questions(judged, answers, questions["references"].tolist())
    return TableReport(
        frame=judged,
        facts=facts,
        notes=score_pictures(judged, scored),
        tables={"worst_questions": records(worst)},
    )


@lake_table(kinds={"duckdb"})
def known_scores(
    qa_folds: Table,
    retrieval_index: Artifact,
    answerability: Artifact,
    answer_regressor: Artifact,
    vector_blend: Artifact,
    judge_embedder: Artifact,
    retrieval: RetrievalSettings,
    verdicts: VerdictSettings,
    scores: Annotated[ScoreSettings, Setting("scores.drawing")],
) -> TableReport:
    """Scores of validation rows asked while the table knows them, and while it does not.

    A known question is a paraphrase of a row that is visible but for that paraphrase; the unknown
    one is the same with the row taken out. Each is asked alone, and joined with another. The
    regression has seen the row in neither case, so that known scores are if anything too low.
    """
    rows, judge = qa_folds.read(), open_judge(judge_embedder)
    held_out = rows.loc[rows["split"] == VALIDATION, "id"].tolist()
    drawn = [held_out[place] for place in draw(held_out, retrieval.scored_rows, "scored")]
    regressor = load_regressors(answer_regressor)[VALIDATION]
    known, unknown = ask_held_out(
        rows,
        drawn,
        ALL_SPLITS,
        open_searcher(retrieval_index, answerability, retrieval),
        regressor,
        load_blend(vector_blend),
        embedder_of(answer_regressor),
    )
    table = score_kinds(
        known,
        unknown,
        rows,
        load_row_share(vector_blend),
        regressor.joining,
        judge,
        zero_of_parity(judge, regressor, rows),
        verdicts,
    )
    facts: dict[str, Fact] = {JUDGE: judge.name, **kind_facts(table, scores.bootstrap)}
    worst = table.sort_values("vector", kind="stable").groupby("kind").head(SHOWN_WORST)
    return TableReport(frame=table, facts=facts, tables={"worst": records(worst)})


@lake_table(kinds={"duckdb"}, code_version="2")
def leaderboard(
    validation_scores: History, scores: Annotated[ScoreSettings, Setting("scores.drawing")]
) -> TableReport:
    """Every experiment that the lake remembers, beside the baselines and the ablations.

    One row per fingerprint of `validation_scores`, kept across runs and profiles, with a bootstrap
    interval; the newest is compared with the best earlier one by a paired bootstrap.
    """
    found = experiments(validation_scores)
    table = leaderboard_of(found, scores)
    facts: dict[str, Fact] = {"experiments": len(found)}
    facts |= comparison_facts(found, scores.bootstrap)
    tables: dict[str, Records] = {"leaderboard": records(table[SHOWN])}
    compared = [item for item in found if item.fingerprint == facts.get("compared_with")]
    if compared:
        differing = differing_settings(found[-1], compared[0])
        tables["settings_that_differ_from_compared_with"] = records(differing)
    notes = {"trend": trend_picture(table[table["kind"] == "experiment"])}
    unmeasurable = list(dict.fromkeys(note for note in table["note"] if note))
    if unmeasurable:
        notes["note"] = "\n\n".join(unmeasurable)
    return TableReport(frame=table, facts=facts, notes=notes, tables=tables)
