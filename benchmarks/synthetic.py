"""Synthetic question-answer tables of any size, in the competition's form.

Usage: python benchmarks/synthetic.py ROWS FOLDER [--answers N] [--questions N]

What belongs here: making `train.csv`, `test.csv` and `sample_submission.csv` that look like a real
table to every step: two paraphrases a row, ragged answers of one to four sentences, things that
many rows share and pairs of place and thing that few do. What does not: measuring
(`benchmarks/scaling.py`).

A row asks for one aspect of one thing at one place; there are about 310,000 such rows in each
building. The same rows and seed give the same bytes, and a larger table begins with the smaller
one.
"""

import argparse
import random
from collections.abc import Iterator
from itertools import count, islice
from pathlib import Path

import pandas as pd

WIDTH = 512
QUESTIONS = 130
"""Of a test, as many as the competition's."""


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


ROOMS = _words("거실 안방 작은방 주방 욕실 현관 복도 계단실 다용도실 베란다 서재 옷방")
SPOTS = _words("천장 외벽 내벽 바닥 창가 모서리 문틀 걸레받이 몰딩 기둥 아트월 수납장")
FORMS = _words("친환경 방수 방염 항균 나뭇결 대리석 무광 유광 엠보 초광폭 이중 경량")
MATERIALS = _words(
    "벽지 합지 장판 강마루 타일 줄눈 석고보드 단열재 방음재 페인트 퍼티 실리콘 시트지 우레탄폼 "
    "유리섬유 몰탈 접착제 방수막 루버 흡음판"
)

ASPECTS: dict[str, tuple[str, tuple[str, ...], tuple[str, ...]]] = {
    "뜻": (
        "마감재",
        ("{}란 무엇인가요?", "{}에 대해 알려 주세요.", "{}는 어떤 자재인가요?"),
        (
            "{}는 실내 마감에 쓰는 자재입니다.",
            "{}는 바탕면을 덮어 보호하고 꾸미는 층입니다.",
            "제품마다 두께와 밀도가 달라 쓰임새도 나뉩니다.",
            "표면층과 바탕층이 서로 다른 재료로 되어 있습니다.",
            "보통 폭과 길이가 정해진 규격으로 나옵니다.",
        ),
    ),
    "장점": (
        "마감재",
        ("{}의 장점은 무엇인가요?", "{}를 쓰면 무엇이 좋은가요?", "{}의 좋은 점이 궁금합니다."),
        (
            "{}의 장점은 손질이 쉽고 오래 간다는 것입니다.",
            "{}는 습기에 강해 형태가 잘 변하지 않습니다.",
            "색과 무늬가 다양해 다른 자재와 어울리기 쉽습니다.",
            "현장에서 자르기 쉬워 공사 기간이 짧아집니다.",
            "소리를 어느 정도 줄여 주어 생활이 조용해집니다.",
        ),
    ),
    "단점": (
        "마감재",
        ("{}의 단점은 무엇인가요?", "{}를 쓸 때 나쁜 점이 있나요?", "{}의 약점을 알려 주세요."),
        (
            "{}의 단점은 충격에 긁히거나 눌리기 쉽다는 것입니다.",
            "{}는 값이 비싼 편이어서 예산을 따져 보아야 합니다.",
            "이음매가 눈에 띄어 꼼꼼한 마무리가 필요합니다.",
            "햇빛을 오래 받으면 빛깔이 바랠 수 있습니다.",
            "한번 붙이면 떼어 내기가 번거롭습니다.",
        ),
    ),
    "시공": (
        "시공",
        ("{}는 어떻게 시공하나요?", "{} 시공 순서를 알려 주세요.", "{}를 붙이는 방법이 궁금해요."),
        (
            "{}는 바탕을 고르고 마른 뒤에 붙입니다.",
            "{} 시공은 치수를 재고 기준선을 긋는 일로 시작합니다.",
            "접착제를 고르게 펴 바르고 가운데에서 바깥으로 눌러 줍니다.",
            "이음매를 맞춘 다음 남는 부분을 칼로 잘라 냅니다.",
            "하루쯤 말린 뒤에 가구를 들여놓는 것이 좋습니다.",
        ),
    ),
    "들뜸": (
        "마감하자",
        ("{}가 들뜨는 까닭은 무엇인가요?", "{} 들뜸은 왜 생기나요?", "{}가 뜨면 어떻게 하나요?"),
        (
            "{}가 들뜨는 것은 바탕에 습기가 남아 있기 때문입니다.",
            "{} 들뜸은 접착제가 모자라거나 먼지가 낀 곳에서 생깁니다.",
            "들뜬 자리를 칼로 가르고 접착제를 넣어 다시 눌러 줍니다.",
            "넓게 떴다면 그 부분을 떼어 내고 새로 붙여야 합니다.",
            "환기를 자주 해 습도를 낮추면 다시 생기지 않습니다.",
        ),
    ),
    "곰팡이": (
        "마감하자",
        ("{}에 곰팡이가 피면 어떻게 하나요?", "{} 곰팡이를 없애려면?", "{}에 곰팡이가 왜 생겨요?"),
        (
            "{}의 곰팡이는 결로로 젖은 면에서 자랍니다.",
            "{}에 핀 곰팡이는 마른 천으로 닦고 소독액을 뿌립니다.",
            "벽과 가구 사이를 띄워 바람이 통하게 합니다.",
            "단열이 약한 곳이라면 단열재를 덧대야 합니다.",
            "깊이 스몄다면 자재를 걷어 내고 말려야 합니다.",
        ),
    ),
    "청소": (
        "인테리어",
        ("{}는 어떻게 청소하나요?", "{} 얼룩은 무엇으로 지우나요?", "{} 관리 방법을 알려 주세요."),
        (
            "{}는 부드러운 천에 미지근한 물을 묻혀 닦습니다.",
            "{}의 얼룩은 중성 세제를 옅게 풀어 문지릅니다.",
            "거친 솔이나 센 약품은 표면을 상하게 합니다.",
            "닦은 뒤에는 마른걸레로 물기를 거둡니다.",
            "먼지는 한 주에 한 번 털어 주면 넉넉합니다.",
        ),
    ),
    "비용": (
        "기타",
        ("{} 비용은 얼마나 드나요?", "{} 견적은 어떻게 내나요?", "{}에 드는 돈이 궁금합니다."),
        (
            "{} 비용은 면적과 등급에 따라 달라집니다.",
            "{}의 견적은 자재값에 품삯과 철거비를 더해 냅니다.",
            "여러 곳에서 견적을 받아 견주어 보는 것이 좋습니다.",
            "바탕을 손보아야 하면 값이 더 올라갑니다.",
            "적은 면적은 기본 출장비가 따로 붙기도 합니다.",
        ),
    ),
    "수명": (
        "건축구조",
        ("{}는 얼마나 오래 쓰나요?", "{} 교체 시기는 언제인가요?", "{}의 수명을 알고 싶어요."),
        (
            "{}의 수명은 쓰는 곳에 따라 다섯 해에서 열 해쯤입니다.",
            "{}는 빛이 바래거나 갈라지면 바꿀 때가 된 것입니다.",
            "습한 곳에서는 수명이 짧아지므로 자주 살펴야 합니다.",
            "부분만 바꿀 수 있는 제품이면 비용을 아낄 수 있습니다.",
            "정기적으로 손질하면 더 오래 쓸 수 있습니다.",
        ),
    ),
}  # fmt: skip
OPENINGS = ("", "먼저 말씀드리면 ", "일반적으로 ", "현장에서는 ", "대체로 ")


def _rows(seed: int) -> Iterator[tuple[str, str]]:
    """Every thing and aspect, in an order drawn by the seed."""
    places = [
        (room, spot, form, material)
        for room in ROOMS
        for spot in SPOTS
        for form in FORMS
        for material in MATERIALS
    ]
    random.Random(seed).shuffle(places)  # noqa: S311 - a draw, no secret
    for building in count(1):
        where = f"{building}동 " if building > 1 else ""
        for turn in range(len(ASPECTS)):
            for number, (room, spot, form, material) in enumerate(places):
                aspect = list(ASPECTS)[(number + turn) % len(ASPECTS)]
                yield f"{where}{room} {spot} {form} {material}", aspect


def _answer(draw: random.Random, thing: str, sentences: tuple[str, ...]) -> str:
    first, *rest = draw.sample(sentences[:2], 2)
    others = draw.sample([*rest, *sentences[2:]], draw.randrange(4))
    placed = [f"{draw.choice(ROOMS)} {draw.choice(SPOTS)}에서는 {text}" for text in others]
    return draw.choice(OPENINGS) + " ".join(text.format(thing) for text in (first, *placed))


def synthetic_table(rows: int, answers: int = 5, seed: int = 0, start: int = 0) -> pd.DataFrame:
    """Makes a training table.

    Args:
        rows: How many.
        answers: References of a row at most; a row in eight has fewer.
        seed: Of every draw.
        start: Rows of the table that are left out at its beginning.

    Returns:
        `id, 질문_1, 질문_2, category, 답변_1 …`, as the competition's.
    """
    records = []
    for number, (thing, aspect) in islice(enumerate(_rows(seed)), start, start + rows):
        draw = random.Random(f"{seed} {number}")  # noqa: S311
        category, questions, sentences = ASPECTS[aspect]
        first, second = draw.sample(questions, 2)
        wanted = answers if draw.random() < 7 / 8 else draw.randint(1, answers)
        texts = list(dict.fromkeys(_answer(draw, thing, sentences) for _ in range(wanted)))
        records.append(
            {
                "id": f"TRAIN_{number:06}",
                "질문_1": first.format(thing),
                "질문_2": second.format(thing),
                "category": category,
                **{f"답변_{place}": text for place, text in enumerate(texts, start=1)},
            }
        )
    return pd.DataFrame(records)


def synthetic_questions(count: int, table: pd.DataFrame, seed: int = 0) -> pd.DataFrame:
    """Makes a test table, `id, 질문`: questions of the table, half of them two at once."""
    draw = random.Random(f"{seed} test")  # noqa: S311
    questions = table["질문_2"].tolist()
    rows = []
    for number in range(count):
        text = draw.choice(questions)
        if number % 2:
            text = f"{text} 그리고 {draw.choice(questions)}"
        rows.append({"id": f"TEST_{number:06}", "질문": text})
    return pd.DataFrame(rows)


def write_raw_files(folder: Path, rows: int, answers: int = 5, questions: int = QUESTIONS) -> None:
    """Writes the three files of a competition into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    table = synthetic_table(rows, answers)
    test = synthetic_questions(questions, table)
    table.to_csv(folder / "train.csv", index=False)
    test.to_csv(folder / "test.csv", index=False)
    vectors = pd.DataFrame(
        0.0, index=test.index, columns=[f"vec_{place}" for place in range(WIDTH)]
    )
    template = pd.concat([test[["id"]], vectors], axis=1)
    template.to_csv(folder / "sample_submission.csv", index=False)


def write_static_model(folder: Path) -> None:
    """Writes an embedder of one random vector a word: what is around an embedder is seen then."""
    from hansol_assets_tests.embedding.models import static_model

    words = tuple(dict.fromkeys((*ROOMS, *SPOTS, *FORMS, *MATERIALS)))
    static_model(WIDTH, words).save_pretrained(str(folder), create_model_card=False)


def main() -> None:
    """Writes a table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("rows", type=int)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--answers", type=int, default=5, help="references of a row at most")
    parser.add_argument("--questions", type=int, default=QUESTIONS, help="questions of the test")
    options = parser.parse_args()
    write_raw_files(options.folder, options.rows, options.answers, options.questions)


if __name__ == "__main__":
    main()
