"""Training as work that a group of processes can do together."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from hansol_assets.compute.protocol import Member
from hansol_assets.modeling.base.loading import LoadingSettings
from hansol_assets.modeling.training.adapter import AdapterReport, TrainingSettings, train_adapter


@dataclass(frozen=True)
class TrainAdapter:
    """Trains an adapter; the attributes are `train_adapter`'s arguments."""

    base_dir: Path
    examples: pd.DataFrame
    held_out: pd.DataFrame
    settings: TrainingSettings
    out_dir: Path
    checkpoint_dir: Path
    loading: LoadingSettings
    judged: pd.DataFrame
    data: Mapping[str, str]
    tracking_dir: Path
    name: str = "training"

    @property
    def rows(self) -> int:
        """Examples that are trained on, over all epochs."""
        return self.settings.steps(len(self.examples)) * self.settings.batch_examples

    def may_have(self, members: int) -> bool:
        """Whether the batch can be divided among so many."""
        return self.settings.batch_examples % members == 0

    def run(self, member: Member) -> AdapterReport:
        """Trains as one process of the group, from the group's last whole checkpoint on."""
        return train_adapter(
            self.base_dir,
            self.examples,
            self.held_out,
            self.settings,
            self.out_dir,
            self.checkpoint_dir,
            member.send,
            self.loading,
            judged=self.judged,
            data=self.data,
            tracking_dir=self.tracking_dir,
            member=member,
        )
