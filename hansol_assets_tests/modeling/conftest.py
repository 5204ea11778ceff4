"""A base model so small that it trains in a second, and the examples around it."""

from collections.abc import Mapping
from pathlib import Path

import pandas as pd
import pytest

from hansol_assets.lake.reports import NO_FIGURES
from hansol_assets.modeling import runtime
from hansol_assets.modeling.base.base_model import BaseModelSettings, train_base_model
from hansol_assets.modeling.base.loading import LoadingSettings
from hansol_assets.modeling.base.scratch import ScratchSettings
from hansol_assets.modeling.base.tokenizer import render_document
from hansol_assets.modeling.hyperparameters import TrainingSettings
from hansol_assets.modeling.training.adapter import AdapterReport, TrainAdapter

PAIRS = (
    ("벽지 모서리가 들떴어요.", "들뜬 곳에 풀을 얇게 바르고 롤러로 눌러 말리면 됩니다."),
    ("욕실 줄눈이 까맣게 변했습니다.", "곰팡이를 닦아 낸 뒤 줄눈을 새로 채우는 것이 좋습니다."),
    ("장판이 울퉁불퉁합니다.", "바닥의 수분을 확인하고, 마른 뒤에 다시 펴서 붙입니다."),
    (
        "실크 벽지와 합지의 차이는 무엇인가요?",
        "실크 벽지는 물걸레로 닦을 수 있고, 합지는 더 쌉니다.",
    ),
    ("페인트가 벗겨지는 까닭은 무엇인가요?", "바탕면에 먼지나 습기가 남으면 도막이 떨어집니다."),
    ("단열재 두께는 어떻게 정하나요?", "지역의 기준 열관류율에 맞추어 두께를 계산합니다."),
    ("문틀에 틈이 생겼어요.", "틈에 실리콘을 채우고, 하루 동안 열고 닫지 않습니다."),
    ("마루 사이가 벌어졌습니다.", "겨울에 건조해서 생기므로 먼저 습도를 맞춥니다."),
)


def user(text: str) -> list[dict[str, str]]:
    return [{"role": "user", "content": text}]


def small_base_settings(**changes: object) -> BaseModelSettings:
    shape = {
        "vocab_size": 420,
        "hidden_size": 32,
        "layers": 2,
        "sequence_length": 64,
        "steps": 60,
    }
    return BaseModelSettings(scratch=ScratchSettings.model_validate({**shape, **changes}))


def small_training_settings(**changes: object) -> TrainingSettings:
    small = {
        "rank": 2,
        "lora_alpha": 4,
        "per_device_batch_size": 2,
        "gradient_accumulation": 2,
        "epochs": 5,
        "max_steps": 6,
        "max_length": 96,
        "learning_rate": 1e-2,
        "optimizer": "adamw_torch",
        "precision": "fp32",
        "gradient_checkpointing": False,
        "save_steps": 3,
        "evaluations": 2,
    }
    return TrainingSettings.model_validate({**small, **changes})


KNOWN = slice(4, 6)
"""Examples to measure by that are trained on as well: their loss falls, so weights are kept."""


def train(
    base_dir: Path,
    examples: pd.DataFrame,
    out: Path,
    held_out: slice = KNOWN,
    **changes: object,
) -> AdapterReport:
    return TrainAdapter(
        base_dir,
        examples.iloc[:6],
        examples.iloc[held_out],
        small_training_settings(**changes),
        out,
        out.with_name(f"{out.name}-checkpoints"),
        LoadingSettings(),
    ).run()


def ignore(line: str, figures: Mapping[str, float] = NO_FIGURES, /) -> None:
    """Takes a progress line and does nothing with it."""


@pytest.fixture(autouse=True)
def every_line(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lets no line of progress be left out."""
    monkeypatch.setattr(runtime, "PROGRESS_SECONDS", 0)


@pytest.fixture(scope="session")
def documents() -> list[str]:
    return [render_document(user(question), answer) for question, answer in PAIRS]


@pytest.fixture(scope="session")
def base_dir(tmp_path_factory: pytest.TempPathFactory, documents: list[str]) -> Path:
    directory = tmp_path_factory.mktemp("base_model") / "small"
    train_base_model(documents, small_base_settings().scratch, directory, ignore)
    return directory


@pytest.fixture(scope="session")
def examples() -> pd.DataFrame:
    rows = [(user(question), answer) for question, answer in PAIRS]
    return pd.DataFrame(rows, columns=["messages", "answer"])


@pytest.fixture
def loading() -> LoadingSettings:
    return LoadingSettings()
