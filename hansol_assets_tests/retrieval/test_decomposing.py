"""Questions taken apart where the table answers both parts."""

from hansol_assets.retrieval.decomposing import find_parts
from hansol_assets.retrieval.ranking import RowSearcher
from hansol_assets_tests.retrieval.conftest import ALL


def found(question: str, searcher: RowSearcher, splits: tuple[str, ...] = ALL) -> list[str]:
    (parts,) = find_parts([question], searcher, 3, splits)
    return [part.hits[0].id for part in parts]


def test_two_questions_of_which_each_has_a_row_are_two(searcher: RowSearcher) -> None:
    question = "결로는 왜 생기고 강마루는 어떻게 까나요?"

    assert found(question, searcher) == ["TRAIN_2", "TRAIN_3"]
    (parts,) = find_parts([question], searcher, 3, ALL)
    assert [part.question for part in parts] == ["결로는 왜 생기고?", "강마루는 어떻게 까나요?"]
    assert min(part.confidence for part in parts) > 0.9


def test_one_stays_whole_where_a_part_has_no_row(searcher: RowSearcher) -> None:
    assert len(found("결로는 왜 생기고 여권은 어디서 만드나요?", searcher)) == 1
    # The row of the second part is not visible.
    assert (
        len(found("결로는 왜 생기고 줄눈이 갈라지면 어떻게 하나요?", searcher, ("training",))) == 1
    )


def test_one_stays_whole_where_one_row_answers_both_parts(searcher: RowSearcher) -> None:
    assert found("실크벽지의 때와 얼룩은 어떻게 지우나요?", searcher) == ["TRAIN_1"]


def test_questions_are_found_alike_in_any_company(searcher: RowSearcher) -> None:
    questions = [
        "결로는 왜 생기고 강마루는 어떻게 까나요?",
        "단열재의 종류를 알고 싶어요.",
        "결로는 왜 생기나요? 그리고 강마루는 어떻게 까나요?",
    ]
    together = find_parts(questions, searcher, 3, ALL)

    assert list(map(len, together)) == [2, 1, 2]
    assert together == [find_parts([own], searcher, 3, ALL)[0] for own in questions]
