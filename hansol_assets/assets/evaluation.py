"""Group `evaluation`: scores of the validation answers, and the leaderboard of all experiments.

What belongs here: judging what the answers group made. What does not: how a score is computed
(`hansol_assets.scoring`).
"""

from typing import Annotated

from hansol_assets.answering.blending import of_questions, of_split
from hansol_assets.answering.experiments import experiments
from hansol_assets.answering.judging import judge_answers
from hansol_assets.lake.declaration import Setting, lake_table
from hansol_assets.lake.handles import Artifact, History, Table
from hansol_assets.lake.manifest import Fact
from hansol_assets.lake.reports import TableReport
from hansol_assets.qa.folds import VALIDATION
from hansol_assets.scoring.blend import WEIGHTS_FILE, VectorBlend
from hansol_assets.scoring.evaluate import ScoreSettings
from hansol_assets.scoring.leaderboard import comparison_facts, leaderboard_markdown, score_facts
from hansol_assets.scoring.leaderboard import leaderboard as leaderboard_of


@lake_table(kinds={"duckdb"}, code_version="2")
def validation_scores(
    held_out_questions: Table,
    validation_candidates: Table,
    validation_answers: Table,
    answer_regressor: Artifact,
    vector_blend: Artifact,
    scores: ScoreSettings,
    strategy: Annotated[str, Setting("submission.strategy")],
) -> TableReport:
    """Mean cosine to the references of each validation question, for every way to answer it.

    Columns: the three strategies, the raw generation, each component alone, the blend without each
    component, and the baselines (constant, centroid, nearest answer, one human, the ceiling). The
    public figure is over a 40 % draw, the private one over all, as the competition had them.
    """
    questions = of_split(held_out_questions.read(), VALIDATION)
    judged = judge_answers(
        questions,
        validation_answers.read(),
        of_questions(validation_candidates.read(), questions),
        answer_regressor,
        VectorBlend.load(vector_blend.open() / WEIGHTS_FILE),
        scores,
    )
    return TableReport(frame=judged, facts=score_facts(judged, strategy, scores))


@lake_table(kinds={"duckdb"}, code_version="2")
def leaderboard(validation_scores: History, scores: ScoreSettings) -> TableReport:
    """Every experiment that the lake remembers, beside the baselines and the ablations.

    One row per fingerprint of `validation_scores`, kept across runs and profiles, with a bootstrap
    interval; the newest is compared with the best earlier one by a paired bootstrap.
    """
    found = experiments(validation_scores)
    table = leaderboard_of(found, scores)
    facts: dict[str, Fact] = {"experiments": len(found)}
    facts |= comparison_facts(found, scores.bootstrap)
    return TableReport(frame=table, facts=facts, notes={"leaderboard": leaderboard_markdown(table)})
