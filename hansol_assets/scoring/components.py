"""How the components of a submission vector are made, and what is chosen once for all of them.

What belongs here: their names, settings and choices. What does not: computing them
(`hansol_assets.scoring.answer_regressor`) and their weights (`hansol_assets.scoring.blend`).
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from pydantic import Field

from hansol_assets.scoring.joining import JoiningSettings, JoinMap
from hansol_assets.scoring.neighbours import NeighbourSettings
from hansol_assets.scoring.regression import RegressionSettings, Strength
from hansol_assets.settings_model import SettingsModel

GENERATED = "generated"
RETRIEVED = "retrieved"
REGRESSION = "regression"
QUESTION = "question"
KEYWORDS = "keywords"
CENTROID = "centroid"
COMPONENTS = (GENERATED, RETRIEVED, REGRESSION, QUESTION, KEYWORDS, CENTROID)

_CHOICES_FILE = "choices.json"
_JOINING_FILE = "joining.safetensors"


class ComponentSettings(SettingsModel):
    """How the components are made."""

    regression: RegressionSettings = Field(
        RegressionSettings(), description="regression from the question to the answer vector"
    )
    answers_as_questions: int = Field(
        5,
        ge=0,
        description="a row's answers, shortest first, that the regression also learns from as if "
        "they were asked: an answer says in other words what was asked",
    )
    most_rows: int = Field(
        1_200,
        ge=1,
        description="rows that the regression learns from at most, drawn by hash; all rows are "
        "known as neighbours and can be quoted",
    )
    row_answers: int = Field(
        2,
        ge=1,
        description="answers, shortest first, that stand for a row which the regression does not "
        "learn from",
    )
    most_choosing: int = Field(
        250, ge=1, description="calibration rows at most that strengths are chosen on"
    )
    neighbours: NeighbourSettings = Field(
        NeighbourSettings(), description="mixture of the nearest rows' answers"
    )
    joining: JoiningSettings = Field(
        JoiningSettings(), description="from the parts' vectors to that of a joined answer"
    )


@dataclass(frozen=True)
class Choices:
    """What was chosen on the calibration questions, once for all later fits.

    Attributes:
        strength: How strongly the regression is held back.
        temperature: How fast a row's weight falls with its distance.
        joining: What joining answers does to their vectors, learned from the training rows.
    """

    strength: Strength
    temperature: float
    joining: JoinMap

    def save(self, folder: Path) -> None:
        """Writes the choices as JSON and safetensors."""
        folder.mkdir(parents=True, exist_ok=True)
        content = {"strength": vars(self.strength), "temperature": self.temperature}
        (folder / _CHOICES_FILE).write_text(json.dumps(content, indent=1), encoding="utf-8")
        self.joining.save(folder / _JOINING_FILE)

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Reads choices."""
        content = json.loads((folder / _CHOICES_FILE).read_text(encoding="utf-8"))
        joining = JoinMap.load(folder / _JOINING_FILE)
        return cls(Strength(**content["strength"]), content["temperature"], joining)
