from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from hansol_assets.answering.candidates import (
    CANDIDATE_COLUMNS,
    GREEDY,
    Answered,
    answer_requests,
    collect_candidates,
    vectors_of,
)
from hansol_assets.answering.parts import Part
from hansol_assets.compute.current import Compute
from hansol_assets.embedding.embedder import encode
from hansol_assets.embedding.muse import MuseEmbedder
from hansol_assets.lake.cache import RowCache
from hansol_assets.lake.warehouse import Warehouse
from hansol_assets.modeling.base.loading import LoadingSettings
from hansol_assets.modeling.generation import AnswerPrompts, GenerationRequest
from hansol_assets.modeling.hyperparameters import GenerationSettings
from hansol_assets.retrieval.search import Hit
from hansol_assets_tests.modeling.conftest import PAIRS, base_dir, documents, examples, train, user

ANSWER = "벽지는 풀로 붙입니다."
REQUESTS = [GenerationRequest(f"Q{place}", user(pair[0])) for place, pair in enumerate(PAIRS)]


def part(number: int, *hits: tuple[str, list[str]]) -> Part:
    found = (Hit(key, key, 1, 0.5, 1, None, (), tuple(texts)) for key, texts in hits)
    return Part("TEST_000", number, "무엇인가요?", tuple(found), 0.5, REQUESTS[number])


def generated(*texts: str) -> pd.DataFrame:
    """Greedy answers to the first request."""
    answers = pd.DataFrame({"text": texts, "sample": range(len(texts))})
    facts = {"prompt_tokens": 9, "new_tokens": 5, "seconds": 0.1, "finished": True}
    return answers.assign(key=REQUESTS[0].key, origin=GREEDY, **facts)


def test_every_candidate_says_where_it_is_from() -> None:
    embedder = MuseEmbedder()
    parts = [part(0), part(1, ("TRAIN_007", [ANSWER, "풀이 마르면 붙습니다."]))]
    table = collect_candidates(parts, generated(ANSWER), embedder)

    assert table.columns.tolist() == CANDIDATE_COLUMNS
    assert table["origin"].tolist() == ["greedy", "retrieved", "retrieved"]
    assert table["part"].tolist() == [0, 1, 1]
    assert table["rank"].tolist() == [1, 1, 2]
    assert table["source_id"].tolist() == [None, "TRAIN_007", "TRAIN_007"]
    assert table["source_answer"].fillna(0).tolist() == [0, 1, 2]
    assert table["new_tokens"].fillna(0).tolist() == [5, 0, 0]
    assert table["probability"].fillna(0).tolist() == [0, 0.5, 0.5]
    assert np.array_equal(
        vectors_of(table, 128), encode(embedder, [ANSWER, ANSWER, "풀이 마르면 붙습니다."])
    )


def test_an_empty_generation_is_no_candidate() -> None:
    table = collect_candidates([part(0)], generated(" ", ""), MuseEmbedder())

    assert table.empty
    assert "vector" in table
    assert vectors_of(table, 128).shape == (0, 128)


def test_of_a_rows_answers_the_shortest_are_candidates_in_their_order() -> None:
    answers = ["셋째로 짧은 답입니다.", "둘째입니다.", "짧다."]
    asked = [part(0, ("TRAIN_1", answers), ("TRAIN_2", ["하나."]))]
    found = collect_candidates(asked, pd.DataFrame(), MuseEmbedder())

    columns = found[["source_id", "source_answer", "rank"]]
    assert list(columns.itertuples(index=False, name=None)) == [
        ("TRAIN_1", 2, 1),
        ("TRAIN_1", 3, 2),
        ("TRAIN_2", 1, 3),
    ]


pytestmark = pytest.mark.slow

__all__ = ["base_dir", "documents", "examples"]

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
    workers = Compute().workers(work)
    return lambda asked: answer_requests(
        asked, cache, "scope", lambda: (work, workers), lambda line, *_: lines.append(line)
    )


def test_a_prompt_that_cannot_be_answered_costs_itself_alone(ask: Ask, lines: list[str]) -> None:
    wanted = ask(REQUESTS).generations.drop(columns="seconds")
    lines.clear()
    answered = ask([REQUESTS[0], POISON, *REQUESTS[1:]])
    assert answered.generations.drop(columns="seconds").equals(wanted)
    assert (answered.unanswered, answered.cached, len(answered.asked)) == (1, 8, 1)
    assert [line for line in lines if "could not be answered" in line]


def test_a_poisoned_prompt_takes_nothing_from_its_batch(ask: Ask, lines: list[str]) -> None:
    answered = ask([POISON, *REQUESTS])
    assert (answered.unanswered, len(answered.generations)) == (1, 2 * len(REQUESTS))
    again = ask([POISON, *REQUESTS])
    assert (again.unanswered, again.cached, again.asked) == (1, 8, {"poison"})


def test_work_that_answers_nothing_fails(ask: Ask) -> None:
    twins = [POISON, GenerationRequest("other", POISON.messages)]
    with pytest.raises(TypeError, match="TextEncodeInput"):
        ask(twins)
