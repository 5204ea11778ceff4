"""How long a table that models are trained on is held still while the rows change.

What belongs here: whether the table of before still stands for the rows of now. What does not: what
is in such a table (`hansol_assets.answering.corpus`, `hansol_assets.answering.examples`).
"""

from collections.abc import Callable, Collection, Iterable

import pandas as pd

from hansol_assets.lake.fingerprint import canonical_json, config_of, text_hash
from hansol_assets.qa.text_lists import normalise
from hansol_assets.settings_model import SettingsModel

READ = "read"
"""Column: keys of all texts that a document or example is made of or shows, a list."""
RECIPE = "recipe"
"""Column: names how the rows are made; those of another recipe have all changed."""


def recipe_of(retriever: str, **sections: SettingsModel) -> str:
    """Names how rows are made: by which encoder's search, with which settings."""
    return text_hash(canonical_json({"retriever": retriever, **config_of(**sections)}))


def text_keys(texts: Iterable[str]) -> list[str]:
    """Returns keys of texts, sorted; of their letters and digits alone, as rows are dealt."""
    return sorted({text_hash(normalise(text)) for text in texts})


def drift(table: pd.DataFrame, wanted: pd.DataFrame) -> float:
    """Returns the share of the rows that changed, 0 to 1: of the larger one, what the other lacks.

    Args:
        table: What there is.
        wanted: What a table of now would be made of: columns that make a row what it is.
    """
    columns = wanted.columns.tolist()
    there, here = (set(own[columns].itertuples(index=False, name=None)) for own in (table, wanted))
    largest = max(len(there), len(here))
    return 1 - len(there & here) / largest if largest else 0.0


def held_still(
    previous: pd.DataFrame | None,
    wanted: pd.DataFrame,
    held_out: Collection[str],
    most_drift: float,
    make: Callable[[], pd.DataFrame],
) -> pd.DataFrame:
    """Returns the previous table if it still stands for the rows, else a new one.

    A model that is trained anew moves everything that is made with it, for one changed row as for
    all. What it never read is known to the index, the regressors and the composer at once.

    Args:
        previous: The table of before, with a column `read`; None where there is none.
        wanted: What a table of now would be made of: columns that make a row what it is.
        held_out: The questions and answers that nothing may be trained on now.
        most_drift: Share of the rows that may have changed, 0 to 1.
        make: Makes the table of now.
    """
    if previous is None or previous.empty or wanted.empty:
        return make()
    read = {key for own in previous[READ] for key in own}
    if not read.isdisjoint(text_keys(held_out)):
        return make()
    return make() if drift(previous, wanted) > most_drift else previous
