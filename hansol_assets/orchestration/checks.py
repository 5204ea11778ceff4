"""Asset checks: what must hold of an asset before others build on it.

See https://docs.dagster.io/guides/test/asset-checks
"""

from collections.abc import Callable, Mapping
from functools import wraps
from itertools import chain
from typing import Any

import dagster as dg
import pandas as pd

from hansol_assets.answering.parts import VISIBLE_SPLITS
from hansol_assets.answering.training_tables import READ, text_keys
from hansol_assets.answering.trust import TRUST_INTERVALS
from hansol_assets.lake.handles import History, Table
from hansol_assets.modeling.hyperparameters import memorises
from hansol_assets.orchestration.automation import ON_CHANGE
from hansol_assets.orchestration.metadata import table_values
from hansol_assets.orchestration.resources import LakeResource, user_errors_as_failures
from hansol_assets.qa.answer_form import broken_limits
from hansol_assets.qa.folds import TRAINING, find_leaks, held_out_texts
from hansol_assets.qa.table.row_warnings import DROPPED_ROWS, WARNED_ROWS, WARNINGS

LakeDoor = dg.ResourceParam[LakeResource]
SHOWN = 20
PART = 20_000
"""Rows that are looked at together."""
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


Body = Callable[[LakeResource], dg.AssetCheckResult]


def _check(asset: str, *, blocking: bool = False) -> Callable[[Body], dg.AssetChecksDefinition]:
    """Declares a check that runs with each change, and fails with an error's message alone."""

    def declare(body: Body) -> dg.AssetChecksDefinition:
        @wraps(body)
        def run(lake: LakeDoor) -> dg.AssetCheckResult:
            with user_errors_as_failures():
                return body(lake)

        declared = dg.asset_check(asset=asset, blocking=blocking, automation_condition=ON_CHANGE)
        return declared(run)

    return declare


def _table(lake: LakeResource, asset: str) -> Table:
    return Table.pin(lake.store, asset)


def _warning(problem: str | None, metadata: Mapping[str, Any]) -> dg.AssetCheckResult:
    """What warns of a problem, and passes without one."""
    return dg.AssetCheckResult(
        passed=not problem,
        severity=dg.AssetCheckSeverity.WARN,
        description=problem or None,
        metadata=dict(metadata),
    )


@_check("raw_qa")
def rows_look_sound(lake: LakeDoor) -> dg.AssetCheckResult:
    """No row contradicts itself, breaks off, asks again, or drifts into another language.

    It warns with the rows' ids; whether such rows are dropped is the profile's `table.drop_rows`.
    """
    manifest = lake.store.live("raw_qa")
    warned, dropped = manifest.facts[WARNED_ROWS], manifest.facts[DROPPED_ROWS]
    problem = f"{warned} rows look wrong, {dropped} of them are dropped" if warned else None
    # A table of an earlier release has none.
    rows = table_values({WARNINGS: manifest.tables.get(WARNINGS, [])})
    return _warning(problem, {WARNED_ROWS: warned, DROPPED_ROWS: dropped, **rows})


@_check("qa_folds", blocking=True)
def folds_do_not_leak(lake: LakeDoor) -> dg.AssetCheckResult:
    """No question and no answer stands in two splits."""
    folds = pd.concat(_table(lake, "qa_folds").chunks(("id", "split"), PART))
    leaks = find_leaks(_table(lake, "raw_qa").read_columnar(), folds, lake.settings.folds)
    return dg.AssetCheckResult(
        passed=not leaks,
        metadata={"leaks": len(leaks), "first": [" | ".join(leak) for leak in leaks[:SHOWN]]},
    )


@_check("paired_questions", blocking=True)
def pairs_are_from_training_rows(lake: LakeDoor) -> dg.AssetCheckResult:
    """No training example is made from a calibration or validation row, or holds its text.

    The base model, the adapter and the embedder see training rows through this table and through
    the same split, so the check holds for them too.
    """
    folds = _table(lake, "qa_folds").read_columnar()
    held_out = frozenset(folds.loc[folds["split"] != TRAINING, "id"])
    texts = frozenset(held_out_texts(folds, lake.settings.folds))
    count, rows, shared = 0, set[str](), set[str]()
    for pairs in _table(lake, "paired_questions").chunks(
        ("source_ids", "question", "answer"), PART
    ):
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


@_check("adapter_examples", blocking=True)
def kept_examples_are_of_training_rows(lake: LakeDoor) -> dg.AssetCheckResult:
    """No example holds a text of a row that is held out now, however long the examples are kept."""
    held_out = held_out_texts(_table(lake, "qa_folds").read(), lake.settings.folds)
    examples = _table(lake, "adapter_examples").read()
    read = {key for keys in examples[READ] for key in keys}
    shared = read.intersection(text_keys(held_out))
    return dg.AssetCheckResult(
        passed=not shared, metadata={"examples": len(examples), "held_out_texts": len(shared)}
    )


@_check("lora_adapter")
def answers_are_trained_whole(lake: LakeDoor) -> dg.AssetCheckResult:
    """Every training answer fits into an example, and is learnt to its end.

    Of one that is too long the first sentences are learnt; one without a sentence that fits is left
    out. None is cut in the middle.
    """
    facts = lake.store.live("lora_adapter").facts
    names = ("shortened_answers", "left_out_answers", "longest_answer")
    return _warning(str(facts["answers_warning"]), {name: facts[name] for name in names})


@_check("lora_adapter")
def adapter_does_not_memorise(lake: LakeDoor) -> dg.AssetCheckResult:
    """The loss on answers that the adapter never saw is not far above that on its own.

    It warns with both losses; how far is far, `memorises` says.
    """
    facts = lake.store.live("lora_adapter").facts
    names = ("training_loss", "held_out_loss")
    if not all(name in facts for name in names):
        return dg.AssetCheckResult(passed=True, description="not measured: nothing is held out")
    training, held_out = (float(facts[name]) for name in names)
    problem = memorises(training, held_out)
    return _warning(problem, {"training_loss": training, "held_out_loss": held_out})


@_check("validation_candidates", blocking=True)
def candidates_are_from_visible_rows(lake: LakeDoor) -> dg.AssetCheckResult:
    """No candidate comes from a row that its question's split must not see."""
    split_of_row = _table(lake, "qa_folds").read().set_index("id")["split"]
    split_of_question = _table(lake, "held_out_questions").read().set_index("id")["split"]
    retrieved = _table(lake, "validation_candidates").read().dropna(subset=["source_id"])
    pairs = {
        (question, source)
        for question, source in zip(retrieved["question_id"], retrieved["source_id"], strict=True)
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
    facts = lake.store.live(asset).facts
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


@_check("generated_answers", blocking=True)
def generated_answers_are_well_formed(lake: LakeDoor) -> dg.AssetCheckResult:
    """The answers to be submitted end, do not repeat, stay Korean, and are of a usual length.

    It warns, or keeps the answers from the submission where the profile says so.
    """
    return _quality_result(lake, "generated_answers")


@_check("validation_answers", blocking=True)
def validation_answers_are_well_formed(lake: LakeDoor) -> dg.AssetCheckResult:
    """The answers that are judged end, do not repeat, stay Korean, and are of a usual length."""
    return _quality_result(lake, "validation_answers")


@_check("retrieval_scores")
def ranking_beats_its_parts(lake: LakeDoor) -> dg.AssetCheckResult:
    """The ranking's mean reciprocal rank is no lower than that of full-text or dense search alone.

    A row is asked for by one of its paraphrases; where no row has two, nothing can be measured.
    """
    facts = lake.store.live("retrieval_scores").facts
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


@_check("retrieval_scores")
def answers_can_be_trusted(lake: LakeDoor) -> dg.AssetCheckResult:
    """No figure of trust lies significantly below that of the version before.

    It warns where the upper end of an interval is lower than the earlier figure.
    """
    newest = History.pin(lake.store, "retrieval_scores")
    measured = [name for name in TRUST_INTERVALS if name in newest.facts]
    before = newest.earlier[-1].facts if newest.earlier else {}
    fallen = [
        f"{name} {float(newest.facts[name]):.3f}, {float(before[name]):.3f} before"
        for name in measured
        if name in before and float(newest.facts[f"{name}_high"]) < float(before[name])
    ]
    return _warning("; ".join(fallen), {name: float(newest.facts[name]) for name in measured})


@_check("leaderboard")
def newest_is_not_worse(lake: LakeDoor) -> dg.AssetCheckResult:
    """The newest experiment is not significantly worse than the best one so far.

    Judged by a paired bootstrap over the questions that both were asked.
    """
    facts = lake.store.live("leaderboard").facts
    if "compared_with" not in facts:
        return dg.AssetCheckResult(passed=True, description="there is nothing to compare with")
    high, fallen = float(facts["difference_high"]), -float(facts["difference"])
    names = ("compared_with", "difference", "difference_low", "difference_high", "p_better")
    problem = None if high >= 0 else f"{fallen:.4f} below {facts['compared_with']}"
    return _warning(problem, {name: facts[name] for name in names})
