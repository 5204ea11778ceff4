"""A corpus that is held still while the table changes little.

What belongs here: whether what a model was fitted on still stands for the table. What does not: the
fit. A model that is fitted anew moves every vector: all texts are embedded again, and scores of
before and after are not of one measure.
"""

from collections.abc import Collection

import pandas as pd


def drift(one: Collection[str], other: Collection[str]) -> float:
    """Returns the share of the texts of either that the other lacks, the larger one."""
    first, second = set(one), set(other)
    largest = max(len(first), len(second))
    return 1 - len(first & second) / largest if largest else 0.0


def held_still(
    previous: pd.DataFrame | None,
    current: pd.DataFrame,
    held_out: Collection[str],
    most_drift: float,
) -> pd.DataFrame:
    """Returns the previous corpus if it still stands for the table, else the current one.

    Args:
        previous: `text`; None where there is none.
        current: `text`.
        held_out: Texts that nothing may be fitted on now.
        most_drift: Share of the texts that may have changed.
    """
    if previous is None or not set(previous["text"]).isdisjoint(held_out):
        return current
    return current if drift(previous["text"], current["text"]) > most_drift else previous
