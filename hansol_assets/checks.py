"""Asset checks: what must hold of an asset before others build on it.

What belongs here: one verdict a check, with its figures in the metadata. What does not: what is
measured, which stands in the domain packages.
See https://docs.dagster.io/guides/test/asset-checks
"""

import dagster as dg

from hansol_assets.qa.folds import TRAINING, find_leaks
from hansol_assets.resources import LakeResource

SHOWN_LEAKS = 20


@dg.asset_check(asset="qa_folds", blocking=True)
def folds_do_not_leak(lake: LakeResource) -> dg.AssetCheckResult:
    """No question and no answer stands in two splits."""
    rows, folds = lake.table_of("raw_qa"), lake.table_of("qa_folds")
    leaks = find_leaks(rows, folds)
    return dg.AssetCheckResult(
        passed=not leaks,
        metadata={
            "leaks": len(leaks),
            "first_leaks": [" | ".join(leak) for leak in leaks[:SHOWN_LEAKS]],
        },
    )


@dg.asset_check(asset="paired_questions", blocking=True)
def pairs_are_from_training_rows(lake: LakeResource) -> dg.AssetCheckResult:
    """No training example is made from a calibration or validation row, or holds its text."""
    rows, folds = lake.table_of("raw_qa"), lake.table_of("qa_folds")
    pairs = lake.table_of("paired_questions")
    held_out = set(folds.loc[folds["split"] != TRAINING, "id"])
    sources = {source for own in pairs["source_ids"] for source in own}
    texts = rows[rows["id"].isin(held_out)].filter(regex="^(질문|답변)_").to_numpy().ravel()
    examples = set(pairs["question"]) | set(pairs["answer"])
    shared = sorted(examples & set(texts))
    return dg.AssetCheckResult(
        passed=not (sources & held_out or shared),
        metadata={
            "examples": len(pairs),
            "rows_of_other_splits": sorted(sources & held_out),
            "texts_of_other_splits": shared[:SHOWN_LEAKS],
        },
    )
