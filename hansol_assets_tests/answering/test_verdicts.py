"""What a person is told, by how probable it is that a row answers."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hansol_assets.answering.verdicts import (
    PartAnswer,
    QuotableRows,
    RankedRows,
    VerdictSettings,
    answer_parts,
    answer_record,
)

SETTINGS = VerdictSettings(answered_from=0.5, related_from=0.2, review_below=0.6)
ROWS = pd.DataFrame(
    [
        (
            "R1",
            ["결로란?", "결로의 뜻은?"],
            "하자",
            ["벽의 이슬입니다.", "이슬입니다.", "곰팡이."],
            1,
        ),
        ("R2", ["결로의 원인은?"], "하자", ["온도 차이입니다."], 2),
        ("R3", ["What is grout?"], "tiles", ["Grout fills joints."], 3),
        ("R4", ["줄눈은 왜 갈라지나요?"], "타일", ["말라서 갈라집니다."], 4),
    ],
    columns=["id", "questions", "category", "answers", "row_number"],
)
VECTORS = {
    "이슬입니다.": (1.0, 0.2),
    "벽의 이슬입니다.": (1.0, 0.0),
    "곰팡이.": (0.0, 1.0),
}
KOREAN, ENGLISH = "물방울이 왜 맺혀요?", "why are there drops?"
RANKED = [("R2", 0.7), ("R1", 0.2), ("R4", 0.04), ("R3", 0.01)]
ANSWERS = {row.id: row.answers for row in ROWS.itertuples()}


class Given:
    """An encoder that knows the vectors of some texts, and counts its calls."""

    def __init__(self) -> None:
        self.calls = 0

    def get_embedding_dimension(self) -> int:
        return 2

    def encode(self, texts: Sequence[str], /, **_: Any) -> np.ndarray:
        self.calls += 1
        return np.array([VECTORS.get(text, (1.0, 1.0)) for text in texts], dtype=np.float32)


@pytest.fixture(scope="module")
def sources() -> QuotableRows:
    return QuotableRows(ROWS, Given())


def answered(
    sources: QuotableRows, *asked: tuple[str, float, list[tuple[str, float]]]
) -> list[PartAnswer]:
    return answer_parts([RankedRows(*own) for own in asked], sources, SETTINGS)


@pytest.mark.parametrize(
    ("confidence", "verdict", "quoted"),
    [
        (1.0, "answered", ["R2"]),
        (0.5, "answered", ["R2"]),
        (0.4999, "related", ["R2", "R1"]),
        (0.2, "related", ["R2", "R1"]),
        (0.1999, "unanswered", []),
        (0.0, "unanswered", []),
    ],
)
def test_the_verdict_follows_from_the_confidence(
    sources: QuotableRows, confidence: float, verdict: str, quoted: list[str]
) -> None:
    (part,) = answered(sources, (KOREAN, confidence, RANKED))

    assert (part.verdict, part.confidence) == (verdict, confidence)
    assert [quote["source_id"] for quote in part.quotes] == quoted
    assert [row["source_id"] for row in part.nearest] == ["R2", "R1", "R4"]
    assert [row["probability"] for row in part.nearest] == [0.7, 0.2, 0.04]


def test_without_a_row_nothing_is_answered(sources: QuotableRows) -> None:
    (part,) = answered(sources, (KOREAN, 1.0, []))

    assert (part.verdict, part.quotes, part.nearest) == ("unanswered", [], [])
    assert part.text == "이 질문의 답은 표에 없습니다."


@pytest.mark.parametrize(
    ("question", "confidence", "text"),
    [
        (KOREAN, 0.9, "온도 차이입니다."),
        (ENGLISH, 0.9, "온도 차이입니다."),
        (
            KOREAN,
            0.3,
            "표에 이 질문은 없습니다. 가까운 질문의 답은 이렇습니다.\n"
            "“결로의 원인은?” — 온도 차이입니다.\n“결로란?” — 이슬입니다.",
        ),
        (
            ENGLISH,
            0.3,
            "The table has no such question. The nearest ones are answered so:\n"
            "“결로의 원인은?” — 온도 차이입니다.\n“결로란?” — 이슬입니다.",
        ),
        (
            KOREAN,
            0.1,
            "이 질문의 답은 표에 없습니다. "
            "가장 가까운 질문: “결로의 원인은?”, “결로란?”, “줄눈은 왜 갈라지나요?”.",
        ),
        (
            ENGLISH,
            0.1,
            "The table does not hold an answer to this question. "
            "The nearest questions: “결로의 원인은?”, “결로란?”, “줄눈은 왜 갈라지나요?”.",
        ),
    ],
)
def test_a_person_reads_words_of_the_questions_language(
    sources: QuotableRows, question: str, confidence: float, text: str
) -> None:
    (part,) = answered(sources, (question, confidence, RANKED))

    assert part.text == text


def test_the_answer_is_the_one_that_says_best_what_all_say(sources: QuotableRows) -> None:
    (part,) = answered(sources, (KOREAN, 0.9, [("R1", 0.9)]))

    # Between one that says less of the dew, and one about mould.
    (quote,) = part.quotes
    assert (quote["source_answer"], quote["text"], part.text) == (2, "이슬입니다.", "이슬입니다.")


def test_of_equal_answers_the_first_one_is_given() -> None:
    rows = pd.DataFrame([("A", ["q"], "", ["x", "y"], 1)], columns=ROWS.columns)

    answers = QuotableRows(rows, Given()).answers(["A"])
    assert answers == {"A": {"source_answer": 1, "text": "x"}}


def test_every_quote_names_the_question_of_its_row(sources: QuotableRows) -> None:
    for confidence in (0.9, 0.3):
        (part,) = answered(sources, (KOREAN, confidence, RANKED))
        for quote in part.quotes:
            row = ROWS.set_index("id").loc[quote["source_id"]]
            assert quote["source_question"] == row["questions"][0]
            assert quote["text"] == row["answers"][quote["source_answer"] - 1]
            assert part.verdict == "answered" or quote["source_question"] in part.text


@pytest.mark.parametrize(
    ("row_id", "number", "name"),
    [
        ("R1", 17, "R1"),
        ("row_0123456789ab", 17, "17"),
        ("row_0123456789ab_2", 18, "18"),
        ("reviewed_0123456789ab", 0, "review.csv"),
    ],
)
def test_a_person_is_told_of_a_row_by_what_the_file_has(
    row_id: str, number: int, name: str
) -> None:
    rows = pd.DataFrame([(row_id, ["q"], "", ["x"], number)], columns=ROWS.columns)
    (part,) = answered(QuotableRows(rows, Given()), ("q", 0.9, [(row_id, 0.9)]))

    assert [row["source_row"] for row in (*part.quotes, *part.nearest)] == [name, name]


def test_answers_of_many_questions_are_looked_up_at_once() -> None:
    encoder = Given()
    answered(QuotableRows(ROWS, encoder), *[(KOREAN, 0.3, RANKED)] * 5)

    assert encoder.calls == 1


class TestJoinedQuestions:
    question = "결로는 왜 생기나요? 그리고 줄눈은 왜 갈라지나요?"
    first = ("결로는 왜 생기나요?", 0.9, [("R2", 0.9), ("R1", 0.05)])
    second = ("줄눈은 왜 갈라지나요?", 0.8, [("R4", 0.8)])

    def record(self, sources: QuotableRows, *asked: tuple[str, float, Any]) -> dict[str, Any]:
        return answer_record(self.question, answered(sources, *asked), sources, SETTINGS)

    def test_answered_parts_are_joined_as_the_question_joins_them(
        self, sources: QuotableRows
    ) -> None:
        record = self.record(sources, self.first, self.second)

        assert record["answer"] == "온도 차이입니다. 그리고 말라서 갈라집니다."
        assert (record["verdict"], record["part_verdicts"]) == ("answered", ["answered"] * 2)
        assert record["confidence"] == 0.8
        assert [(quote["part"], quote["source_id"]) for quote in record["quotes"]] == [
            (0, "R2"),
            (1, "R4"),
        ]
        nearest = [(row["part"], row["source_id"]) for row in record["nearest"]]
        assert nearest == [(0, "R2"), (0, "R1"), (1, "R4")]

    def test_a_part_without_an_answer_is_named(self, sources: QuotableRows) -> None:
        record = self.record(sources, self.first, (self.second[0], 0.1, [("R3", 0.1)]))

        assert (record["verdict"], record["confidence"]) == ("related", 0.1)
        assert record["part_verdicts"] == ["answered", "unanswered"]
        assert record["answer"] == (
            "온도 차이입니다.\n“줄눈은 왜 갈라지나요?”의 답은 표에 없습니다. "
            "가장 가까운 질문: “What is grout?”."
        )

    def test_a_related_part_says_to_which_question_it_belongs(self, sources: QuotableRows) -> None:
        record = self.record(sources, (self.first[0], 0.3, [("R1", 0.3)]), self.second)

        assert record["verdict"] == "related"
        first, *_, last = record["answer"].split("\n")
        assert first.startswith("“결로는 왜 생기나요?”: 표에 이 질문은 없습니다.")
        assert last == "말라서 갈라집니다."

    @pytest.mark.parametrize(("confidence", "verdict"), [(0.3, "related"), (0.1, "unanswered")])
    def test_parts_of_one_kind_are_a_whole_of_that_kind(
        self, sources: QuotableRows, confidence: float, verdict: str
    ) -> None:
        parts = [(own[0], confidence, own[2]) for own in (self.first, self.second)]

        assert self.record(sources, *parts)["verdict"] == verdict

    @given(
        st.lists(
            st.tuples(
                st.sampled_from([KOREAN, ENGLISH]),
                st.floats(0, 1),
                st.lists(st.sampled_from(sorted(ANSWERS)), unique=True, max_size=4),
            ),
            min_size=1,
            max_size=3,
        )
    )
    def test_an_answered_part_is_the_text_of_one_row(
        self, asked: list[tuple[str, float, list[str]]]
    ) -> None:
        sources = QuotableRows(ROWS, Given())
        parts = answered(
            sources, *[(text, sure, [(key, 0.1) for key in keys]) for text, sure, keys in asked]
        )
        record = answer_record(self.question, parts, sources, SETTINGS)

        for part, (_, sure, keys) in zip(parts, asked, strict=True):
            assert (part.verdict == "answered") == (bool(keys) and sure >= SETTINGS.answered_from)
            if part.verdict == "answered":
                assert part.text in ANSWERS[keys[0]]
                assert len(part.quotes) == 1
        assert record["confidence"] == min(part.confidence for part in parts)
        assert (record["verdict"] == "answered") == all(
            part.verdict == "answered" for part in parts
        )
        assert len(record["quotes"]) <= 2 * len(parts)
