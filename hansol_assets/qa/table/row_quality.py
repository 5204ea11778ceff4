"""What becomes of doubtful rows: a setting for each reason.

What belongs here: keeping or dropping. What does not: recognising
(`hansol_assets.qa.table.row_warnings`).
"""

from typing import Literal

import pandas as pd
from pydantic import Field

from hansol_assets.qa.table.columns import ANSWERS, ID
from hansol_assets.qa.table.row_warnings import ASKED_AGAIN
from hansol_assets.settings_model import SettingsModel

Fate = Literal["keep", "drop"]


class RowQualitySettings(SettingsModel):
    """What becomes of training rows that look wrong; each is warned of in any case."""

    contradiction: Fate = Field(
        "keep", description="rows whose two questions ask for opposites (장점, 단점)"
    )
    other_language: Fate = Field(
        "keep", description="rows of which a question or answer drifts into another language"
    )
    unfinished: Fate = Field("keep", description="rows of which an answer breaks off")
    doubled_question: Fate = Field(
        "keep", description="rows whose question was asked before; the first one stays"
    )
    wordless: Fate = Field("drop", description="rows of which a question or answer holds no word")
    damaged_text: Fate = Field(
        "keep", description="rows with characters that were lost or decoded wrongly"
    )

    @property
    def dropped(self) -> frozenset[str]:
        """The kinds of warnings whose rows are dropped."""
        return frozenset(kind for kind, fate in self if fate == "drop")


def without_dropped(
    rows: pd.DataFrame, warnings: pd.DataFrame, settings: RowQualitySettings
) -> pd.DataFrame:
    """Leaves out the rows that the settings drop, and any answer that is a question of the table.

    Args:
        rows: Training table.
        warnings: What `hansol_assets.qa.table.row_warnings.row_warnings` found in it.
        settings: Which kinds are dropped.

    Returns:
        The other rows, in order.
    """
    doomed = {*warnings.loc[warnings["kind"].isin(settings.dropped), "id"]}
    again = warnings[warnings["kind"] == ASKED_AGAIN]
    if len(again):
        rows = _without_answers(rows, again)
        doomed.update(rows.loc[rows[ANSWERS].map(len) == 0, ID])
    return rows[~rows[ID].isin(doomed)].reset_index(drop=True) if doomed else rows


def _without_answers(rows: pd.DataFrame, unwanted: pd.DataFrame) -> pd.DataFrame:
    """The rows without the answers that warnings name ("answer 2")."""
    numbers = unwanted["column"].str.removeprefix("answer ").astype(int)
    gone = numbers.groupby(unwanted["id"]).agg(set).to_dict()
    kept = [
        [text for number, text in enumerate(own, start=1) if number not in gone.get(row_id, ())]
        for row_id, own in zip(rows[ID], rows[ANSWERS], strict=True)
    ]
    return rows.assign(**{ANSWERS: pd.Series(kept, rows.index, rows[ANSWERS].dtype)})
