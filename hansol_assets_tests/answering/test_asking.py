"""A question asked by hand is answered as the same question in a file."""

import pytest

from hansol_assets.answering.asking import LONGEST_QUESTION, Asker
from hansol_assets.errors import InputError
from hansol_assets_tests.graph import GraphRun

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def asker(graph: GraphRun) -> Asker:
    return Asker.open(graph.lake, graph.settings.verdicts)


def test_a_question_of_the_file_gets_the_files_answer(graph: GraphRun, asker: Asker) -> None:
    for row in graph.table("generated_answers").to_dict("records"):
        answer = asker.ask(row["question"])
        assert (answer.answer, answer.verdict) == (row["answer"], row["verdict"])
        assert answer.confidence == pytest.approx(row["confidence"])
        assert answer.needs_review == row["needs_review"]
        assert answer.parts == list(row["parts"])
        assert answer.category == row["nearest_category"]
        nearest = [(item["source_id"], item["part"]) for item in row["nearest"]]
        assert [(item["source_id"], item["part"]) for item in answer.nearest] == nearest
    assert asker.searcher.ranker.features.embedder.embedded == 0


def test_an_answer_names_its_sources_and_versions(graph: GraphRun, asker: Asker) -> None:
    rows = graph.table("raw_qa").set_index("id")
    answer = asker.ask(rows["questions"].iloc[2][0])

    assert answer.verdict == "answered"
    (quote,) = answer.quotes
    row = rows.loc[quote["source_id"]]
    assert answer.answer == quote["text"] == row["answers"][quote["source_answer"] - 1]
    assert quote["source_question"] == row["questions"][0]
    assert set(answer.versions) == {"retrieval_index", "answerability"}
    for asset, version in answer.versions.items():
        assert graph.data_versions[asset] == version


def test_what_is_off_the_subject_is_not_answered(asker: Asker) -> None:
    for question in ("자동차 엔진오일은 언제 교체하나요?", "How do I renew my passport?"):
        answer = asker.ask(question)
        assert answer.verdict == "unanswered"
        assert answer.needs_review
        assert answer.quotes == []
        assert len(answer.nearest) == 3
        assert answer.nearest[0]["source_question"] in answer.answer


@pytest.mark.parametrize(
    ("question", "said"), [(" ", "no question"), ("가" * (LONGEST_QUESTION + 1), "shorten it")]
)
def test_what_is_no_question_is_refused(asker: Asker, question: str, said: str) -> None:
    with pytest.raises(InputError, match=said):
        asker.ask(question)
