"""Asset checks: what must hold of an asset before others build on it.

What belongs here: one verdict a check, with its figures in the metadata. What does not: what is
measured, which stands in the domain packages.
See https://docs.dagster.io/guides/test/asset-checks
"""

from itertools import chain

import dagster as dg
import pandas as pd

from hansol_assets.answering.holding import READ, text_keys
from hansol_assets.answering.parts import VISIBLE_SPLITS
from hansol_assets.answering.trust import TRUST_INTERVALS
from hansol_assets.modeling.training.fit import memorises
from hansol_assets.orchestration.automation import ON_CHANGE
from hansol_assets.orchestration.metadata import table_values
from hansol_assets.orchestration.resources import LakeResource
from hansol_assets.qa.answer_form import broken_limits
from hansol_assets.qa.folds import TRAINING, find_leaks, held_out_texts
from hansol_assets.qa.table.row_warnings import DROPPED_ROWS, WARNED_ROWS, WARNINGS

LakeDoor = dg.ResourceParam[LakeResource]
SHOWN = 20
QUALITY_FIGURES = (
    "finished_share",
    "empty_count",
    "repeated_count",
    "latin_run_count",
    "length_median",
    "reference_length_median",
    "length_ratio",
    "outside_length_share",
)


@dg.asset_check(asset="raw_qa", automation_condition=ON_CHANGE)
def rows_look_sound(lake: LakeDoor) -> dg.AssetCheckResult:
    """No row contradicts itself, breaks off, asks again, or drifts into another language.

    It warns with the rows' ids; whether such rows are kept is the profile's `row_quality`.
    """
    manifest = lake.manifest_of("raw_qa")
    warned, dropped = manifest.facts[WARNED_ROWS], manifest.facts[DROPPED_ROWS]
    return dg.AssetCheckResult(
        passed=not warned,
        severity=dg.AssetCheckSeverity.WARN,
        description=f"{warned} rows look wrong, {dropped} of them are dropped" if warned else None,
        metadata={
            WARNED_ROWS: warned,
            DROPPED_ROWS: dropped,
            # A table of an earlier release has none.
            **table_values({WARNINGS: manifest.tables.get(WARNINGS, [])}),
        },
    )


@dg.asset_check(asset="qa_folds", blocking=True, automation_condition=ON_CHANGE)
def folds_do_not_leak(lake: LakeDoor) -> dg.AssetCheckResult:
    """No question and no answer stands in two splits."""
    folds = pd.concat(lake.parts_of("qa_folds", "id", "split"))
    leaks = find_leaks(lake.columnar_table_of("raw_qa"), folds, lake.settings.folds)
    return dg.AssetCheckResult(
        passed=not leaks,
        metadata={"leaks": len(leaks), "first": [" | ".join(leak) for leak in leaks[:SHOWN]]},
    )


@dg.asset_check(asset="paired_questions", blocking=True, automation_condition=ON_CHANGE)
def pairs_are_from_training_rows(lake: LakeDoor) -> dg.AssetCheckResult:
    """No training example is made from a calibration or validation row, or holds its text.

    The base model, the adapter and the embedder see training rows through this table and through
    the same split, so the check holds for them too.
    """
    folds = lake.columnar_table_of("qa_folds")
    held_out = frozenset(folds.loc[folds["split"] != TRAINING, "id"])
    texts = frozenset(held_out_texts(folds, lake.settings.folds))
    count, rows, shared = 0, set[str](), set[str]()
    for pairs in lake.parts_of("paired_questions", "source_ids", "question", "answer"):
        count += len(pairs)
        rows |= held_out.intersection(chain.from_iterable(pairs["source_ids"]))
        shared |= texts.intersection(pairs["question"]) | texts.intersection(pairs["answer"])
    return dg.AssetCheckResult(
        passed=not (rows or shared),
        metadata={
            "examples": count,
            "rows_of_other_splits": sorted(rows),
            "texts_of_other_splits": sorted(shared)[:SHOWN],
        },
    )


@dg.asset_check(asset="adapter_examples", blocking=True, automation_condition=ON_CHANGE)
def kept_examples_are_of_training_rows(lake: LakeDoor) -> dg.AssetCheckResult:
    """No example holds a text of a row that is held out now, however long the examples are kept."""
    held_out = held_out_texts(lake.table_of("qa_folds"), lake.settings.folds)
    examples = lake.table_of("adapter_examples")
    read = {key for own in examples[READ] for key in own}
    shared = read.intersection(text_keys(held_out))
    return dg.AssetCheckResult(
        passed=not shared, metadata={"examples": len(examples), "held_out_texts": len(shared)}
    )


@dg.asset_check(asset="lora_adapter", automation_condition=ON_CHANGE)
def answers_are_trained_whole(lake: LakeDoor) -> dg.AssetCheckResult:
    """Every training answer fits into an example, and is learnt to its end.

    Of one that is too long the first sentences are learnt; one without a sentence that fits is left
    out. None is cut in the middle.
    """
    facts = lake.manifest_of("lora_adapter").facts
    names = ("shortened_answers", "left_out_answers", "longest_answer")
    return dg.AssetCheckResult(
        passed=not facts["answers_warning"],
        severity=dg.AssetCheckSeverity.WARN,
        description=str(facts["answers_warning"]) or None,
        metadata={name: facts[name] for name in names},
    )


@dg.asset_check(asset="lora_adapter", automation_condition=ON_CHANGE)
def adapter_does_not_memorise(lake: LakeDoor) -> dg.AssetCheckResult:
    """The loss on answers that the adapter never saw is not far above that on its own.

    It warns with both losses; how far is far is the profile's `fit.most_gap`.
    """
    facts = lake.manifest_of("lora_adapter").facts
    names = ("training_loss", "held_out_loss")
    if not all(name in facts for name in names):
        return dg.AssetCheckResult(passed=True, description="not measured: nothing is held out")
    training, held_out = (float(facts[name]) for name in names)
    said = memorises(training, held_out, lake.settings.fit)
    return dg.AssetCheckResult(
        passed=said is None,
        severity=dg.AssetCheckSeverity.WARN,
        description=said,
        metadata=dict(zip(names, (training, held_out), strict=True)),
    )


@dg.asset_check(asset="validation_candidates", blocking=True, automation_condition=ON_CHANGE)
def candidates_are_from_visible_rows(lake: LakeDoor) -> dg.AssetCheckResult:
    """No candidate comes from a row that its question's split must not see."""
    split_of_row = lake.table_of("qa_folds").set_index("id")["split"]
    split_of_question = lake.table_of("held_out_questions").set_index("id")["split"]
    found = lake.table_of("validation_candidates").dropna(subset=["source_id"])
    pairs = {
        (question, source)
        for question, source in zip(found["question_id"], found["source_id"], strict=True)
        if split_of_row[source] not in VISIBLE_SPLITS[split_of_question[question]]
    }
    return dg.AssetCheckResult(
        passed=not pairs,
        metadata={
            "leaks": len(pairs),
            "first": [" | ".join(pair) for pair in sorted(pairs)[:SHOWN]],
        },
    )


def _quality_result(lake: LakeResource, asset: str) -> dg.AssetCheckResult:
    facts = lake.manifest_of(asset).facts
    quality = {name: float(facts[name]) for name in QUALITY_FIGURES}
    limits = lake.settings.quality
    broken = broken_limits(quality, limits)
    blocks = limits.severity == "block"
    return dg.AssetCheckResult(
        passed=not broken,
        severity=dg.AssetCheckSeverity.ERROR if blocks else dg.AssetCheckSeverity.WARN,
        description="; ".join(broken) or None,
        metadata={**quality, "broken_limits": broken},
    )


@dg.asset_check(asset="generated_answers", blocking=True, automation_condition=ON_CHANGE)
def generated_answers_are_well_formed(lake: LakeDoor) -> dg.AssetCheckResult:
    """The answers to be submitted end, do not repeat, stay Korean, and are of a usual length.

    It warns, or keeps the answers from the submission where the profile says so.
    """
    return _quality_result(lake, "generated_answers")


@dg.asset_check(asset="validation_answers", blocking=True, automation_condition=ON_CHANGE)
def validation_answers_are_well_formed(lake: LakeDoor) -> dg.AssetCheckResult:
    """The answers that are judged end, do not repeat, stay Korean, and are of a usual length."""
    return _quality_result(lake, "validation_answers")


@dg.asset_check(asset="retrieval_scores", automation_condition=ON_CHANGE)
def ranking_beats_its_parts(lake: LakeDoor) -> dg.AssetCheckResult:
    """The ranking's mean reciprocal rank is no lower than that of full-text or dense search alone.

    A row is asked for by one of its paraphrases; where no row has two, nothing can be measured.
    """
    facts = lake.manifest_of("retrieval_scores").facts
    if not facts["asked_questions"]:
        return dg.AssetCheckResult(
            passed=True, description="not measurable: no validation row has two questions"
        )
    figures = {name: float(facts[f"mrr_{name}"]) for name in ("full_text", "dense", "ranked")}
    return dg.AssetCheckResult(
        passed=figures["ranked"] >= max(figures["full_text"], figures["dense"]),
        severity=dg.AssetCheckSeverity.WARN,
        description="MRR: " + ", ".join(f"{name} {value:.3f}" for name, value in figures.items()),
        metadata=figures,
    )


@dg.asset_check(asset="retrieval_scores", automation_condition=ON_CHANGE)
def answers_can_be_trusted(lake: LakeDoor) -> dg.AssetCheckResult:
    """No figure of trust lies significantly below that of the version before.

    It warns where the upper end of an interval is lower than the earlier figure.
    """
    newest, *earlier = reversed(lake.history_of("retrieval_scores"))
    measured = [name for name in TRUST_INTERVALS if name in newest.facts]
    before = earlier[0].facts if earlier else {}
    fallen = [
        f"{name} {float(newest.facts[name]):.3f}, {float(before[name]):.3f} before"
        for name in measured
        if name in before and float(newest.facts[f"{name}_high"]) < float(before[name])
    ]
    return dg.AssetCheckResult(
        passed=not fallen,
        severity=dg.AssetCheckSeverity.WARN,
        description="; ".join(fallen) or None,
        metadata={name: float(newest.facts[name]) for name in measured},
    )


@dg.asset_check(asset="leaderboard", automation_condition=ON_CHANGE)
def newest_is_not_worse(lake: LakeDoor) -> dg.AssetCheckResult:
    """The newest experiment is not significantly worse than the best one so far.

    Judged by a paired bootstrap over the questions that both were asked.
    """
    facts = lake.manifest_of("leaderboard").facts
    if "compared_with" not in facts:
        return dg.AssetCheckResult(passed=True, description="there is nothing to compare with")
    high, fallen = float(facts["difference_high"]), -float(facts["difference"])
    names = ("compared_with", "difference", "difference_low", "difference_high", "p_better")
    return dg.AssetCheckResult(
        passed=high >= 0,
        severity=dg.AssetCheckSeverity.WARN,
        description=None if high >= 0 else f"{fallen:.4f} below {facts['compared_with']}",
        metadata={name: facts[name] for name in names},
    )
