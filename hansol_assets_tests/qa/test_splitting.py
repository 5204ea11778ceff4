import re
import unicodedata
from collections.abc import Callable
from itertools import permutations
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.joined_questions import TABLE, Case, read_cases, score
from hansol_assets.qa.connectives import (
    KINDS,
    LINE,
    NONE,
    SLASH,
    THEN,
    close_question,
    join_questions,
)
from hansol_assets.qa.korean_questions import refers_back
from hansol_assets.qa.splitting import (
    RELATION,
    REQUEST,
    QuestionMix,
    TakenApart,
    decompositions,
    question_mix,
    take_apart,
)
from hansol_assets.qa.table import TableSettings, read_test, read_train
from hansol_assets_tests.qa.rows import ROWS


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        (
            "한지 벽지는 어디에 어울리나요? 그리고 천장 몰딩은 언제 붙이나요?",
            ["한지 벽지는 어디에 어울리나요?", "천장 몰딩은 언제 붙이나요?"],
        ),
        (
            "데코타일의 약점을 알려주세요. 또한, 줄눈은 어떻게 청소하나요?",
            ["데코타일의 약점을 알려주세요.", "줄눈은 어떻게 청소하나요?"],
        ),
        # Without punctuation before the connective, or behind the second question.
        (
            "무늬목의 약점을 알려주세요 또한 합판은 왜 휘나요",
            ["무늬목의 약점을 알려주세요.", "합판은 왜 휘나요?"],
        ),
        # A comma instead of a question mark.
        (
            "욕실 천장에 벽지를 발라도 괜찮은가요, 그리고 욕실 환기는 몇 분이 알맞나요?",
            ["욕실 천장에 벽지를 발라도 괜찮은가요?", "욕실 환기는 몇 분이 알맞나요?"],
        ),
        # Three in one, and a doubled connective.
        (
            "석고보드란 무엇인가요? 그리고 합판은 왜 휘나요? 그리고 또한, 못은 어떤 것이 좋나요?",
            ["석고보드란 무엇인가요?", "합판은 왜 휘나요?", "못은 어떤 것이 좋나요?"],
        ),
        (
            "현관을 밝게 꾸미려면 무엇을 바꿔야 할까요와 붙박이장은 어떤 나무로 짜는 것이 "
            "좋은가요의 관계는 무엇인가요?",
            [
                "현관을 밝게 꾸미려면 무엇을 바꿔야 할까요?",
                "붙박이장은 어떤 나무로 짜는 것이 좋은가요?",
            ],
        ),
        # A word that only begins like a back-reference: useful, shade, all round.
        (
            "숯 벽지는 무엇인가요? 그리고 몸에 이로운 페인트가 있나요?",
            ["숯 벽지는 무엇인가요?", "몸에 이로운 페인트가 있나요?"],
        ),
        (
            "차양은 왜 다나요? 그리고 그늘진 방의 벽지는 어떤 색이 좋나요?",
            ["차양은 왜 다나요?", "그늘진 방의 벽지는 어떤 색이 좋나요?"],
        ),
        # The reference means something of its own question: a list, a clause.
        (
            "합판은 왜 휘나요? 그리고 데코타일과 강마루는 각각 어디에 까나요?",
            ["합판은 왜 휘나요?", "데코타일과 강마루는 각각 어디에 까나요?"],
        ),
        (
            "합판은 왜 휘나요? 또한, 장마철에 벽지가 축 늘어지는데, 이를 막을 수 있나요?",
            ["합판은 왜 휘나요?", "장마철에 벽지가 축 늘어지는데, 이를 막을 수 있나요?"],
        ),
        # The third leans on the second alone.
        (
            "합판은 왜 휘나요? 그리고 줄눈은 왜 갈라지나요? 또한, 이를 메우는 재료는 무엇인가요?",
            ["합판은 왜 휘나요?", "줄눈은 왜 갈라지나요? 또한, 이를 메우는 재료는 무엇인가요?"],
        ),
    ],
)
def test_safe_cuts(text: str, parts: list[str]) -> None:
    assert take_apart([text])[0].parts == tuple(parts)


@pytest.mark.parametrize(
    "text",
    [
        "문틀이 뒤틀리는 까닭은 무엇인가요?",
        # The second question points back.
        "벽지가 벌어지는 까닭은 무엇인가요? 그리고 이를 막으려면 무엇을 해야 하나요?",
        "천장에 물이 새면 누가 고치나요? 그리고 이로 인해 전등이 고장 날 수 있나요?",
        "외벽에 금이 갔습니다. 그리고 이에 맞는 보수재는 무엇인가요?",
        "새 장판에서 냄새가 나나요? 또한, 그 이유는 무엇인가요?",
        "데코타일과 강마루를 알려주세요. 그리고 각각 얼마나 오래 쓰나요?",
        "붓칠과 롤러칠을 설명해주세요. 또한, 두 방법 가운데 무엇이 빠른가요?",
        "친환경 접착제란 무엇인가요? 그리고 이러한 제품은 어디에서 파나요?",
        "무늬목을 어떻게 고르나요? 또한, 해당 자재의 값은 얼마인가요?",
        "샌딩을 꼭 해야 하나요? 그리고 이때 마스크를 쓰나요?",
        "누수가 있나요? 그리고 벽과 천장이 젖었을 때 이를 말리는 방법은 무엇인가요?",
        "샌딩을 꼭 해야 하나요? 그리고 그렇지 않으면 칠이 벗겨지나요?",
        "무늬목을 어떻게 고르나요? 그리고 위의 자재는 어디에서 파나요?",
        "문을 왜 닫아 두나요와 이를 열면 벽지가 터지나요의 관계는 무엇인가요?",
        "페인트와 벽지를 비교해주세요. 그리고 서로 어떻게 다른가요?",
        # The second question has no topic of its own.
        "창틀에서 바람이 새는 원인은 무엇인가요? 그리고 예방 방법은 뭔가요?",
        "유리섬유 벽지의 특징을 알려주세요. 또한, 단점은?",
        # Two sentences without a connective, the second about each of the two.
        "데코타일과 강마루를 견주어 주세요. 각각 무엇이 약한가요?",
        # The connective joins nouns or clauses, not questions.
        "붓 그리고 롤러 가운데 무엇이 좋은가요?",
        "미장이 어떤 일인지, 그리고 조적이 무엇인지 알려주세요.",
        "누수가 났을 때 이로 인해 벽지가 상하는지, 그리고 이를 막는 방법은 무엇인가요?",
        # One thing, of which two aspects are asked.
        "도배 방법이랑 비용이 얼마인지 알려줘",
        "무늬목의 종류와 특징이 무엇인지 알려주세요",
        "샌딩 방법과 그 이유가 무엇인지 알려주세요",
        # A relation of two things is one question.
        "습도와 벽지 수축의 관계는 무엇인가요?",
        "문을 왜 닫아 두나요와 습도의 관계는 무엇인가요?",
        # A statement leads to its question, before or behind it.
        "창틀에서 물이 샜습니다. 그리고 마루가 부풀었는데 어떻게 고치나요?",
        "우리 집은 낡은 빌라입니다. 그리고 북쪽 방입니다. 벽이 차가운데 무엇을 대나요?",
        "중문을 새로 달았어요 그리고 바람이 불면 소리가 나요",
        "몰딩 값은 얼마인가요? 서른 평 아파트입니다.",
        "합판은 왜 휘나요? 벽이 젖었습니다. 줄눈은 왜 갈라지나요?",
        # The second question has only an aspect, an action, a part or a place of the first.
        "방음문 무게는? 그리고 설치 순서는?",
        "데코타일 값은 얼마인가요? 시공 기간은 얼마나 걸리나요?",
        "젯소를 꼭 칠해야 하나요? 안 칠하면 어떻게 되나요?",
        "데코타일이 뭐예요? 그리고 온돌에 써도 되나요?",
        "중문은 어떻게 다나요? 손으로 직접 해도 되나요?",
        # It asks the same of another thing, picks among two, or narrows.
        "실크벽지는 물에 강한가요? 한지 벽지는 어떤가요?",
        "무늬목 종류 알려줘. 합판도 알려줘.",
        "합판이 좋나요? 무늬목이 좋나요?",
        "합판을 쓸까요? 아니면 무늬목을 쓸까요?",
        "욕실에 페인트를 발라도 되나요? 그렇다면 어떤 페인트가 좋나요?",
        "차양을 다는 값은 얼마인가요? 차양 말고 다른 방법은 없나요?",
        # Signs within brackets and quotation marks, numbers, and slashes between nouns.
        '업체가 "왜 젖었나요?"라고 묻는데 무엇이라고 답하나요?',
        "벽에 금(실금인가요? 균열인가요?)이 갔는데 퍼티로 메우나요?",
        "합판/무늬목 차이를 알려줘",
        "습기와 더불어 곰팡이를 막는 방법은 무엇인가요?",
        "벽지를 뜯고 그리고 나서 무엇을 하나요?",
    ],
)
def test_unsafe_questions_stay_whole(text: str) -> None:
    assert take_apart([text])[0].parts == (text,)


@pytest.mark.parametrize(
    ("text", "parts", "joins"),
    [
        (
            "차양은 왜 다나요? 아울러 무늬목의 약점을 알려 주시기 바랍니다.",
            ("차양은 왜 다나요?", "무늬목의 약점을 알려 주시기 바랍니다."),
            ("아울러",),
        ),
        (
            "차양 종류가 뭐야 그리고 무늬목 값은 얼마야",
            ("차양 종류가 뭐야?", "무늬목 값은 얼마야?"),
            ("그리고",),
        ),
        (
            "차양은 왜 달아? 그럼 합판은 왜 휘어?",
            ("차양은 왜 달아?", "합판은 왜 휘어?"),
            (THEN,),
        ),
        (
            "무늬목 단점은? 데코타일 장점은? 합판 두께는?",
            ("무늬목 단점은?", "데코타일 장점은?", "합판 두께는?"),
            (NONE, NONE),
        ),
        ("차양이 뭐야 합판은 뭐로 만들어", ("차양이 뭐야?", "합판은 뭐로 만들어?"), (NONE,)),
        (
            "무늬목 손질법 / 차양 설치 순서 / 합판 보관 방법",
            ("무늬목 손질법?", "차양 설치 순서?", "합판 보관 방법?"),
            (SLASH, SLASH),
        ),
        (
            "1. 합판은 왜 휘나요?\n2. 차양은 왜 다나요?",
            ("합판은 왜 휘나요?", "차양은 왜 다나요?"),
            (LINE,),
        ),
        (
            "창틀에서 물이 샜습니다. 누가 고치나요? 그리고 무늬목은 무엇으로 닦나요?",
            ("창틀에서 물이 샜습니다. 누가 고치나요?", "무늬목은 무엇으로 닦나요?"),
            ("그리고",),
        ),
        (
            "합판은 왜 휘나요? 그리고 창틀에서 물이 샜습니다. 창틀은 누가 고치나요?",
            ("합판은 왜 휘나요?", "창틀에서 물이 샜습니다. 창틀은 누가 고치나요?"),
            ("그리고",),
        ),
        (
            "문은 왜 닫나요와 합판은 왜 휘나요의 관계는 무엇인가요?",
            ("문은 왜 닫나요?", "합판은 왜 휘나요?"),
            (RELATION,),
        ),
        # One request for two things, of each something of its own.
        (
            "붓의 종류하고 무늬목이 뭔지 알려주세요",
            ("붓의 종류 알려주세요.", "무늬목이 뭔지 알려주세요."),
            (REQUEST,),
        ),
        (
            "장판 까는 방법이랑 합판은 왜 휘는지 설명해 줘",
            ("장판 까는 방법 설명해 줘.", "합판은 왜 휘는지 설명해 줘."),
            (REQUEST,),
        ),
    ],
)
def test_kinds_of_joining(text: str, parts: tuple[str, ...], joins: tuple[str, ...]) -> None:
    assert take_apart([text]) == [TakenApart(parts, joins)]


@pytest.mark.parametrize(
    "written",
    [
        lambda text: text.replace("?", "？"),
        lambda text: text.replace(" 그리고", "\u200b그리고"),
        lambda text: text.replace(" 그리고 ", " \u200b그리고\u200b "),
        lambda text: text.replace("그리", "그\u200b리"),
        lambda text: text.replace(" ", "\u3000"),
        lambda text: f"\ufeff{text.replace(' ', chr(0xA0))}",
        lambda text: unicodedata.normalize("NFD", text),
        lambda text: text.replace(" 그리고", "\r\n그리고"),
    ],
)
def test_what_looks_the_same_is_cut_the_same(written: Callable[[str], str]) -> None:
    text = "차양은 왜 다나요? 그리고 합판은 왜 휘나요?"

    assert take_apart([written(text)])[0].parts == ("차양은 왜 다나요?", "합판은 왜 휘나요?")


def test_the_table_of_cases_is_cut_as_people_would() -> None:
    cases = read_cases()
    got = score(cases)

    own = sum(case.source == "own" for case in cases)
    assert len(cases) >= 80
    assert own <= len(cases) / 2
    assert got.recall >= 0.95
    assert got.precision >= 0.98


def test_questions_that_were_marked_before_they_were_cut() -> None:
    got = score(read_cases(TABLE.with_name("blind_questions.tsv")))

    assert got.recall >= 0.95
    assert got.precision >= 0.98


def test_cut_points_are_counted() -> None:
    cases = [
        Case("", "", ("차양은 왜 다나요?", " 그리고 합판은 왜 휘나요?")),
        Case("", "", ("차양은 왜 다나요? 그리고 합판은 왜 휘나요?",)),
        Case("", "", ("차양은 ", "왜 다나요?")),
    ]

    got = score(cases)

    assert (got.right, got.wrong, got.missed) == (1, 1, 1)
    assert (got.precision, got.recall) == (0.5, 0.5)


def test_many_are_taken_apart_in_their_order() -> None:
    texts = ["차양은 왜 다나요?", "차양은 왜 다나요? 그리고 합판은 왜 휘나요?", "", " 차양 "]

    taken = take_apart(texts * 2)

    assert [question.parts for question in taken[:4]] == [
        ("차양은 왜 다나요?",),
        ("차양은 왜 다나요?", "합판은 왜 휘나요?"),
        ("",),
        (" 차양 ",),
    ]
    assert taken[4:] == taken[:4]
    assert take_apart([]) == []


def test_mix_counts_joined_questions_and_their_connectives() -> None:
    questions = [
        "합판은 왜 휘나요? 그리고 줄눈은 왜 갈라지나요?",
        "줄눈은 왜 갈라지나요? 그리고 무늬목은 무엇인가요?",
        "무늬목은 무엇인가요? 또한, 합판은 왜 휘나요?",
        "문틀은 왜 뒤틀리나요와 합판은 왜 휘나요의 관계는 무엇인가요?",
        "합판은 왜 휘나요? 줄눈은 왜 갈라지나요? 무늬목은 무엇인가요?",
        "합판은 왜 휘나요?",
        "합판은 왜 휘나요? 그리고 이를 막는 방법은 무엇인가요?",
    ]

    mix = question_mix(questions)

    assert mix.joined_share == pytest.approx(5 / 7)
    assert mix.connectives == pytest.approx({"그리고": 2 / 5, "또한,": 1 / 5, "none": 2 / 5})
    assert mix.rounded() == QuestionMix(0.7, {"그리고": 0.4, "또한,": 0.2, "none": 0.4})


@pytest.mark.parametrize("questions", [[], ["합판은 왜 휘나요?"]])
def test_mix_without_joined_questions(questions: list[str]) -> None:
    assert question_mix(questions) == QuestionMix(joined_share=0.0, connectives={})


@pytest.mark.parametrize("question", ["이를 막으려면?", "장점은 무엇인가요?", "장판은?", "왜?"])
def test_leaning_questions(question: str) -> None:
    assert refers_back(question)


def test_what_is_joined_is_taken_apart_again() -> None:
    joinings = [
        (close_question(first[0]), close_question(second[1]), kind)
        for first, second in permutations(ROWS, 2)
        for kind in KINDS
    ]

    taken = take_apart([join_questions(*joining) for joining in joinings])

    assert taken == [TakenApart((first, second), (kind,)) for first, second, kind in joinings]


def letters(text: str) -> str:
    return re.sub(r"그리고|또한|아울러|그럼|[\s,.?!/]", "", text)


PIECES = st.sampled_from(
    [
        "벽지는 왜 뜨나요",
        "그리고",
        "또한,",
        "또한",
        "아울러",
        "그럼",
        "/",
        "\n",
        "?",
        ".",
        ",",
        "이를",
        "장판의 관계",
        " ",
        "알려줘",
    ]
)


@given(st.lists(PIECES, max_size=14).map(" ".join))
def test_only_connectives_are_lost(text: str) -> None:
    parts = take_apart([text])[0].parts

    assert letters("".join(parts)) == letters(text)
    assert all(part.strip() for part in parts) or not text.strip()


@pytest.mark.real
def test_real_questions(real_dir: Path) -> None:
    frame = read_test(real_dir / "test.csv", TableSettings()).frame
    questions = dict(zip(frame["id"], frame["question"], strict=True))

    whole = ["TEST_040", "TEST_070", "TEST_086", "TEST_107", "TEST_128"]
    taken = dict(zip(questions, take_apart(list(questions.values())), strict=True))
    assert [taken[key].parts for key in whole] == [(questions[key],) for key in whole]
    # Of the 70 joined by connective or relation, four more than the 66 lean on their first part.
    assert sum(len(own.parts) == 2 for own in taken.values()) == 66
    mix = question_mix(list(questions.values()))
    assert mix.connectives == pytest.approx({"그리고": 38 / 62, "또한,": 24 / 62})


@pytest.mark.real
def test_real_single_questions_stay_whole(real_dir: Path) -> None:
    rows = read_train(real_dir / "train.csv", TableSettings()).frame
    questions = [question for own in rows["questions"] for question in own]

    assert question_mix(questions) == QuestionMix(0.0, {})


@pytest.mark.parametrize(
    ("question", "first", "second"),
    [
        ("강마루랑 장판 가격이 궁금해요", "강마루 가격이 궁금해요.", "장판 가격이 궁금해요."),
        ("코르크 바닥의 장점과 단점?", "코르크 바닥의 장점?", "코르크 바닥의 단점?"),
        (
            "주방이랑 욕실 각각 몇 년 써요?",
            "주방 몇 년 써요?",
            "욕실 몇 년 써요?",
        ),
        (
            "장판은 어떻게 깔고 청소는 얼마나 자주 해요?",
            "장판은 어떻게 깔고?",
            "장판은 청소는 얼마나 자주 해요?",
        ),
        (
            "강마루는 왜 들뜨는지, 그리고 어떻게 고치는지 알려줘",
            "강마루는 왜 들뜨는지?",
            "강마루는 어떻게 고치는지 알려줘.",
        ),
        (
            "도배 비용은 얼마예요? 또 기간은 며칠 걸려요?",
            "도배 비용은 얼마예요?",
            "도배 기간은 며칠 걸려요?",
        ),
        (
            "How do I reset it, and when are you open?",
            "How do I reset it?",
            "when are you open?",
        ),
    ],
)
def test_a_question_is_read_as_two(question: str, first: str, second: str) -> None:
    assert (first, second) in [(pair.first, pair.second) for pair in decompositions(question)]


@pytest.mark.parametrize(
    "question",
    [
        "강마루와 장판의 차이가 뭐예요?",
        "강마루랑 장판 중에 뭐가 나아요?",
        "강마루를 장판과 비교하면 어때요?",
        "벽지를 뜯고 다시 발라야 하나요?",
        "결로는 왜 생기나요?",
        "How do I reset it?",
        "가" * 300 + "랑 나 가격",
        "",
    ],
)
def test_one_question_is_left_alone(question: str) -> None:
    assert decompositions(question) == []
