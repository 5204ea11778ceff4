"""A question asked by hand is answered as the same question in a file."""

import pytest

from hansol_assets.answering.asking import Asker
from hansol_assets_tests.graph import GraphRun

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def asker(graph: GraphRun) -> Asker:
    own = graph.settings
    return Asker.open(graph.lake, own.candidate_inputs, own.choice, own.confidence, lambda _: None)


def test_a_question_of_the_file_gets_the_files_answer(graph: GraphRun, asker: Asker) -> None:
    for row in graph.table("generated_answers").to_dict("records")[:3]:
        answer = asker.ask(row["question"])
        assert answer.answer == row["answer"]
        assert answer.confidence == pytest.approx(row["confidence"])
        assert answer.needs_review == row["needs_review"]
        assert answer.nearest_rows == list(row["nearest_rows"])
    assert asker.gatherer.embedder.embedded == 0


def test_an_answer_names_its_sources_and_versions(graph: GraphRun, asker: Asker) -> None:
    answer = asker.ask("벽지에 곰팡이가 생기면 어떻게 하나요?")
    rows = graph.table("raw_qa").set_index("id")

    assert answer.answer
    assert answer.quotes
    for quote in answer.quotes:
        quoted = rows.loc[quote["source_id"], "answers"][quote["source_answer"] - 1]
        assert quote["text"].rstrip(".") in quoted
    for asset, version in answer.versions.items():
        assert graph.data_versions[asset] == version
