"""How long a table that models are trained on is held still while the rows change.

What belongs here: whether the table of before still stands for the rows of now. What does not: what
is in such a table (`hansol_assets.answering.corpus`, `hansol_assets.answering.examples`).
"""

from collections.abc import Collection, Iterable, Sequence

import pandas as pd

from hansol_assets.lake.fingerprint import text_hash
from hansol_assets.qa.folds import normalise

READ = "read"
"""Column: keys of all texts that a document or example is made of or shows, a list."""


def text_keys(texts: Iterable[str]) -> list[str]:
    """Returns keys of texts, sorted; of their letters and digits alone, as rows are dealt."""
    return sorted({text_hash(normalise(text)) for text in texts})


def drift(previous: pd.DataFrame, current: pd.DataFrame, identity: Sequence[str]) -> float:
    """Returns the share of the rows that changed, 0 to 1.

    Args:
        previous: The table of before.
        current: The table of now.
        identity: The columns that make a row what it is.

    Returns:
        The share of the rows of the larger one that the other lacks. An example that shows another
        row than before has changed, and so have all after a change of the prompt.
    """
    before, now = (
        set(table[list(identity)].itertuples(index=False, name=None))
        for table in (previous, current)
    )
    largest = max(len(before), len(now))
    return 1 - len(before & now) / largest if largest else 0.0


def held_still(
    previous: pd.DataFrame | None,
    current: pd.DataFrame,
    identity: Sequence[str],
    held_out: Collection[str],
    most_drift: float,
) -> pd.DataFrame:
    """Returns the previous table if it still stands for the rows, else the current one.

    A model that is trained anew moves everything that is made with it, for one changed row as for
    all. What it never read is known to the index, the regressors and the composer at once.

    Args:
        previous: The table of before, with a column `read`; None where there is none.
        current: The table of now.
        identity: The columns that make a row what it is.
        held_out: The questions and answers that nothing may be trained on now.
        most_drift: Share of the rows that may have changed, 0 to 1.
    """
    if previous is None or previous.empty or current.empty:
        return current
    read = {key for own in previous[READ] for key in own}
    if not read.isdisjoint(text_keys(held_out)):
        return current
    return current if drift(previous, current, identity) > most_drift else previous
