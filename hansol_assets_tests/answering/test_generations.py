from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from hansol_assets.answering.generations import Answered, answer_requests
from hansol_assets.compute.current import LocalCompute
from hansol_assets.lake.cache import RowCache
from hansol_assets.lake.warehouse import Warehouse
from hansol_assets.modeling.base.loading import LoadingSettings
from hansol_assets.modeling.generation import AnswerPrompts, GenerationRequest
from hansol_assets.modeling.hyperparameters import GenerationSettings
from hansol_assets_tests.modeling.conftest import PAIRS, base_dir, documents, examples, user
from hansol_assets_tests.modeling.training.test_adapter import train

pytestmark = pytest.mark.slow

__all__ = ["base_dir", "documents", "examples"]

REQUESTS = [GenerationRequest(f"Q{place}", user(pair[0])) for place, pair in enumerate(PAIRS)]
POISON = GenerationRequest("poison", user("half of a character: \ud83d"))

Ask = Callable[[list[GenerationRequest]], Answered]


@pytest.fixture(scope="module")
def work(
    base_dir: Path, examples: pd.DataFrame, tmp_path_factory: pytest.TempPathFactory
) -> AnswerPrompts:
    folder = tmp_path_factory.mktemp("adapter")
    train(base_dir, examples, folder / "adapter")
    settings = GenerationSettings(max_new_tokens=8, batch_size=6, samples=1)
    return AnswerPrompts(base_dir, folder / "adapter", settings, LoadingSettings())


@pytest.fixture
def lines() -> list[str]:
    return []


@pytest.fixture
def ask(work: AnswerPrompts, tmp_path: Path, lines: list[str]) -> Ask:
    cache = RowCache(Warehouse(tmp_path / "warehouse.duckdb"), "generations")
    workers = LocalCompute().workers(work)
    return lambda asked: answer_requests(
        asked, cache, "scope", lambda: (work, workers), lambda line, *_: lines.append(line)
    )


def test_a_prompt_that_cannot_be_answered_costs_itself_alone(ask: Ask, lines: list[str]) -> None:
    wanted = ask(REQUESTS).generations.drop(columns="seconds")
    lines.clear()
    answered = ask([REQUESTS[0], POISON, *REQUESTS[1:]])
    assert answered.generations.drop(columns="seconds").equals(wanted)
    assert (answered.unanswered, answered.found, len(answered.asked)) == (1, 8, 1)
    assert [line for line in lines if "could not be answered" in line]


def test_a_poisoned_prompt_takes_nothing_from_its_batch(ask: Ask, lines: list[str]) -> None:
    answered = ask([POISON, *REQUESTS])
    assert (answered.unanswered, len(answered.generations)) == (1, 2 * len(REQUESTS))
    again = ask([POISON, *REQUESTS])
    assert (again.unanswered, again.found, again.asked) == (1, 8, {"poison"})


def test_work_that_answers_nothing_fails(ask: Ask) -> None:
    twins = [POISON, GenerationRequest("other", POISON.messages)]
    with pytest.raises(TypeError, match="TextEncodeInput"):
        ask(twins)
