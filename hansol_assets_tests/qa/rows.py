"""A small training table written for the tests, as a file has it and as the project reads it."""

import pandas as pd
import pyarrow as pa

from hansol_assets.qa.table.columns import ANSWERS, CATEGORY, ID, QUESTIONS

QUESTION_NAMES = ["질문_1", "질문_2"]
ANSWER_NAMES = [f"답변_{number}" for number in range(1, 6)]
FILE_COLUMNS = ["id", *QUESTION_NAMES, "category", *ANSWER_NAMES]

ROWS = (
    (
        "실크벽지는 어떻게 닦나요?",
        "실크벽지의 때는 무엇으로 지우면 좋을까요?",
        "마감재",
        "젖은 천으로 닦습니다.",
        "물에 적신 부드러운 천으로 가볍게 닦으면 됩니다.",
        "표면이 비닐이라 젖은 걸레로 닦아도 괜찮습니다.",
        "중성 세제를 조금 푼 물로 닦고 마른 천으로 물기를 거둡니다.",
        "문지르지 말고 두드리듯 닦아 냅니다.",
    ),
    (
        "합지로 도배하면 어떤 점이 나아?",
        "합지벽지를 고르면 무엇이 좋은가요?",
        "마감재",
        "값이 쌉니다.",
        "종이라서 공기가 잘 통하고 값이 쌉니다.",
        "이음매를 겹쳐 바르므로 시공이 쉽습니다.",
        "재료비와 시공비가 모두 적게 듭니다.",
        "바탕 면이 조금 고르지 않아도 티가 덜 납니다.",
    ),
    (
        "강마루와 강화마루는 어떻게 다른가요?",
        "강마루는 강화마루와 무엇이 달라?",
        "마감재",
        "바탕 판과 시공 방법이 다릅니다.",
        "강마루는 합판을, 강화마루는 고밀도 섬유판을 씁니다.",
        "강마루는 바닥에 붙이고 강화마루는 띄워 깝니다.",
        "열은 바닥에 붙인 강마루가 더 잘 전합니다.",
        "물에는 섬유판을 쓰는 강화마루가 더 약합니다.",
    ),
    (
        "결로는 왜 생기나요?",
        "창가에 물방울이 맺히는 까닭을 알려줘",
        "마감하자",
        "표면이 이슬점보다 차갑기 때문입니다.",
        "따뜻하고 습한 공기가 찬 표면에 닿으면 물방울이 맺힙니다.",
        "단열이 끊긴 자리의 표면 온도가 낮아서 생깁니다.",
        "실내 습도가 높고 환기가 모자라면 잘 생깁니다.",
        "바깥과 안의 온도 차이가 클수록 심해집니다.",
    ),
    (
        "도배 뒤에 창문을 열어도 되나요?",
        "벽지를 바른 날 환기를 해도 괜찮을까요?",
        "시공",
        "처음 며칠은 닫아 둡니다.",
        "풀이 마르기 전에 바람을 맞으면 벽지가 터질 수 있습니다.",
        "천천히 말라야 이음매가 벌어지지 않습니다.",
        "하루 이틀은 창을 닫고 그 뒤에 조금씩 엽니다.",
        "난방도 갑자기 세게 틀지 않는 편이 좋습니다.",
    ),
    (
        "좁은 거실을 넓어 보이게 하려면?",
        "작은 거실이 커 보이게 꾸미는 방법을 알려주세요.",
        "인테리어",
        "밝은 색을 씁니다.",
        "벽과 천장을 같은 밝은 색으로 맞추면 넓어 보입니다.",
        "낮은 가구를 두어 벽이 많이 보이게 합니다.",
        "거울을 창 맞은편에 걸면 깊이가 생깁니다.",
        "바닥재를 방마다 끊지 않고 이어 깝니다.",
    ),
    (
        "내력벽이란 무엇인가요?",
        "내력벽이 뭔지 설명해줘",
        "건축구조",
        "하중을 받는 벽입니다.",
        "위층의 무게를 받아 기초로 넘기는 벽입니다.",
        "함부로 헐면 건물이 위험해집니다.",
        "구멍을 낼 때에도 구조 기술자의 검토가 필요합니다.",
        "칸만 나누는 비내력벽과 구별합니다.",
    ),
    (
        "장판이 들뜨면 어떻게 하나요?",
        "들뜬 장판을 고치는 방법이 있을까요?",
        "타 마감하자",
        "다시 붙입니다.",
        "들린 곳을 걷고 바탕을 말린 다음 다시 붙입니다.",
        "가장자리만 들떴으면 접착제를 넣고 누릅니다.",
        "습기가 올라오는 곳이면 방수부터 살핍니다.",
        "늘어난 장판은 끝을 조금 잘라 맞춥니다.",
    ),
    (
        "소화기는 몇 년마다 바꾸나요?",
        "분말 소화기의 내용 연수를 알려줘",
        "기타",
        "십 년입니다.",
        "분말 소화기는 만든 날부터 십 년을 씁니다.",
        "압력계의 바늘이 초록 칸을 벗어나면 바로 바꿉니다.",
        "성능 검사를 통과하면 조금 더 쓸 수 있습니다.",
        "한 달에 한 번은 흔들어 굳지 않게 합니다.",
    ),
    (
        "걸레받이는 왜 붙이나요?",
        "걸레받이의 쓰임새가 뭐야?",
        "마감재",
        "벽 아래를 지킵니다.",
        "청소할 때 벽 아래가 더러워지지 않게 막아 줍니다.",
        "벽과 바닥이 만나는 틈을 가려 줍니다.",
        "바퀴나 발끝에 벽지가 찢기는 것을 막습니다.",
        "바닥재가 늘고 줄 자리를 덮습니다.",
    ),
    (
        "퍼티는 언제 바르나요?",
        "페인트를 칠하기 전에 퍼티가 필요한가요?",
        "시공",
        "칠하기 전에 바릅니다.",
        "못 자국과 이음매를 메울 때 바릅니다.",
        "바탕을 평평하게 한 다음 칠해야 곱습니다.",
        "마른 뒤에는 사포로 갈아 냅니다.",
        "두 번에 나누어 얇게 바르면 덜 갈라집니다.",
    ),
    (
        "조명을 따뜻하게 하려면 어떤 색온도가 좋아?",
        "아늑한 방에는 몇 켈빈의 전구가 어울리나요?",
        "인테리어",
        "3000K쯤이 좋습니다.",
        "노란빛이 도는 2700K에서 3000K 사이를 고릅니다.",
        "색온도가 낮을수록 따뜻하게 보입니다.",
        "간접 조명을 더하면 한결 아늑해집니다.",
        "공부하는 자리에는 더 흰 빛을 씁니다.",
    ),
)


def training_file() -> pd.DataFrame:
    """Twelve rows over the seven categories, every question and answer different, as a file."""
    cells = [(f"TRAIN_{number:03d}", *row) for number, row in enumerate(ROWS)]
    return pd.DataFrame(cells, columns=FILE_COLUMNS)


def training_table() -> pd.DataFrame:
    """The rows of `training_file` as the project reads them."""
    return canonical(training_file())


def canonical(file: pd.DataFrame) -> pd.DataFrame:
    """The rows of a file with the competition's names as the project reads them."""
    return pd.DataFrame(
        {
            ID: file["id"],
            QUESTIONS: _filled(file, "질문"),
            CATEGORY: file.get("category", ""),
            ANSWERS: _filled(file, "답변"),
        }
    )


def as_read(file: pd.DataFrame) -> pd.DataFrame:
    """The rows of a file with the competition's names, in Arrow's columns as they are read."""
    return arrow_backed(canonical(file), len(file))


def _filled(file: pd.DataFrame, prefix: str) -> list[list[str]]:
    cells = file[[name for name in file if name.startswith(prefix)]].to_numpy().tolist()
    return [[text for text in own if text] for own in cells]


def arrow_backed(frame: pd.DataFrame, chunk: int, schema: pa.Schema | None = None) -> pd.DataFrame:
    """The frame with Arrow's columns, in chunks of so many rows."""
    table = pa.Table.from_pandas(frame, schema=schema, preserve_index=False)
    pieces = [table.slice(start, chunk) for start in range(0, max(len(frame), 1), chunk)]
    return pa.concat_tables(pieces).to_pandas(types_mapper=pd.ArrowDtype)
