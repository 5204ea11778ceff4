"""Which column of a header is taken for what, as a table of headers."""

from pathlib import Path

import pytest
import yaml

from hansol_assets.qa.table import ContractError, TableSettings, read_train
from hansol_assets.qa.table.column_names import clean_name
from hansol_assets.qa.table.contract import Mapper
from hansol_assets.qa.table.header import Header
from hansol_assets.qa.table.mapping import TableMapping, map_questions, map_training
from hansol_assets.qa.table.violations import Violation

SETTINGS = TableSettings()


def mapped(
    names: str, settings: TableSettings = SETTINGS, map_header: Mapper = map_training
) -> tuple[TableMapping, list[Violation]]:
    header = Header([clean_name(name) for name in names.split(",")])
    return map_header(header, settings), header.violations


@pytest.mark.parametrize(
    ("header", "questions", "answers"),
    [
        ("id,질문_1,질문_2,category,답변_1,답변_2,답변_3,답변_4,답변_5", "질문_1,질문_2",
         "답변_1,답변_2,답변_3,답변_4,답변_5"),
        ("id,질문_1,답변_1,답변_2,답변_3,답변_4,답변_5,답변_6", "질문_1",
         "답변_1,답변_2,답변_3,답변_4,답변_5,답변_6"),
        ("답변_10,답변_2,답변_1,질문", "질문", "답변_1,답변_2,답변_10"),
        ("id,question_1,question_2,category,answer_1,answer_2", "question_1,question_2",
         "answer_1,answer_2"),
        ("질문,답변", "질문", "답변"),
        ("질문1,질문2,답변1", "질문1,질문2", "답변1"),
        ("질문 1,답변 1,답변 2", "질문 1", "답변 1,답변 2"),
        ("질문＿１,답변＿１,답변＿２", "질문_1", "답변_1,답변_2"),
        ("질\u200b문_1,\ufeff답변_1", "질문_1", "답변_1"),
        ("Question,Answer", "Question", "Answer"),
        ("QUESTION 1,QUESTION 2,ANSWER 1", "QUESTION 1,QUESTION 2", "ANSWER 1"),
        ("Questions,Answers", "Questions", "Answers"),
        ("Q,A", "Q", "A"),
        ("id,q1,q2,a1,a2,a3", "q1,q2", "a1,a2,a3"),
        ("instruction,input,output", "instruction", "output"),
        ("instruction,output,text", "instruction", "output"),
        ("prompt,completion", "prompt", "completion"),
        ("prompt,response", "prompt", "response"),
        ("prompt,chosen,rejected", "prompt", "chosen"),
        ("user,question,answer", "question", "answer"),
        ("id,title,context,question,answers", "question", "answers"),
        ("질문,정답", "질문", "정답"),
        ("문의,답변,담당자", "문의", "답변"),
        ("query,answer", "query", "answer"),
        ("질문,answer", "질문", "answer"),
        ("질문,질문2,답변,답변2,답변3", "질문,질문2", "답변,답변2,답변3"),
        ("질문,답변,답변.1,답변.2", "질문", "답변,답변.1,답변.2"),
        ("질문 내용,답변내용", "질문 내용", "답변내용"),
        ("question_text,answer_text,content", "question_text", "answer_text"),
        ("question,A,B,C,D,answer", "question", "answer"),
    ],
)  # fmt: skip
def test_headers_that_people_write_are_recognised(
    header: str, questions: str, answers: str
) -> None:
    mapping, violations = mapped(header)

    assert violations == []
    assert mapping.questions == tuple(questions.split(","))
    assert mapping.answers == tuple(answers.split(","))


@pytest.mark.parametrize(
    ("header", "row_id", "category"),
    [
        ("ID,Category,질문,답변", "ID", "Category"),
        ("qid,분류,질문,답변", "qid", "분류"),
        ("질문,답변", None, None),
        ("id,question_id,질문,답변", "id", None),
        ("sub_category,id_card,질문,답변", None, None),
    ],
)
def test_ids_and_categories_are_recognised_or_absent(
    header: str, row_id: str | None, category: str | None
) -> None:
    mapping, violations = mapped(header)

    assert violations == []
    assert (mapping.id, mapping.category) == (row_id, category)


@pytest.mark.parametrize(
    ("header", "says"),
    [
        ("질문,답변,question,answer", ["questions may be in 질문 or in question",
                                     "answers may be in 답변 or in answer",
                                     "table:\n  questions: [질문]\n  answers: [답변]"]),
        ("질문,질문_1,질문_2,답변", ["questions may be in 질문 or in 질문_1, 질문_2"]),
        ("instruction,output,response", ["answers may be in output or in response",
                                         "  questions: [instruction]\n  answers: [output]"]),
        ("물어본 것,알려준 것", ["no column is known to hold questions; the columns are 물어본 것, "
                            "알려준 것", 'table:\n  questions: ["물어본 것"]',
                            "no column is known to hold answers"]),
        ("질문,질문 내용,답변", ["questions may be in 질문 or in 질문 내용"]),
        ("질문,비고", ["no column is known to hold answers"]),
        ("질문_1,질문_2,답변_1,답변3,답변_2", ["column 답변3: is not a known column; the closest "
                                      "name that is missing is 답변_3; rename it to 답변_3, or"]),
        ("질믄_1,질문_2,답변_1", ["column 질믄_1", "rename it to 질문_1"]),
        ("질문,답변,categry", ["column categry", "rename it to category"]),
        ("질문_1,답변_1,답변_2,답볌_3", ["column 답볌_3", "rename it to 답변_3"]),
        ("질문,답변,답변", ["column 답변: stands more than once; keep one of these columns"]),
    ],
)  # fmt: skip
def test_what_cannot_be_told_is_an_error_that_shows_the_mapping(
    header: str, says: list[str]
) -> None:
    _, violations = mapped(header)

    said = "\n".join(map(str, violations))
    for part in says:
        assert part in said


def test_settings_come_before_what_is_recognised() -> None:
    settings = TableSettings(
        questions=("물어본 것",), answers=("답변",), id="번호", category="유형", input="상황"
    )

    mapping, violations = mapped("번호,id,유형,물어본 것,상황,질문,답변", settings)

    assert violations == []
    assert mapping == TableMapping(
        ("물어본 것",), ("답변",), "번호", "유형", "상황", carried=("id", "질문")
    )


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"questions": ["질문3"]}, "column 질문3: is missing, and table.questions names it; did "
         "you mean 질문?"),
        ({"answers": ["답"]}, "column 답: is missing, and table.answers names it"),
        ({"id": "번호"}, "column 번호: is missing, and table.id names it"),
        ({"category": "유형"}, "column 유형: is missing, and table.category names it"),
        ({"carry": ["메모"]}, "column 메모: is missing, and table.carry names it"),
        ({"input": "상황"}, "column 상황: is missing, and table.input names it"),
    ],
)  # fmt: skip
def test_a_setting_that_names_no_column_says_so(settings: dict[str, object], says: str) -> None:
    _, violations = mapped("id,질문,답변", TableSettings(**settings))

    assert says in "\n".join(map(str, violations))


def test_the_mapping_of_an_error_can_be_read_back(tmp_path: Path) -> None:
    path = tmp_path / "train.csv"
    path.write_text("instruction,output,response\n벽지는?,바릅니다.,붙입니다.\n", encoding="utf-8")
    with pytest.raises(ContractError) as caught:
        read_train(path, SETTINGS)
    said = str(caught.value)
    profile = yaml.safe_load(said[said.index("table:\n") : said.rindex("\n")])

    table = read_train(path, TableSettings(**profile["table"]))

    assert table.frame["answers"].tolist() == [["바릅니다."]]


def test_the_input_of_an_instruction_follows_it(tmp_path: Path) -> None:
    path = tmp_path / "train.csv"
    text = "instruction,input,output\n고쳐 줘,장판이 들뜸,다시 붙입니다.\n설명해 줘,,마루입니다.\n"
    path.write_text(text, encoding="utf-8")

    table = read_train(path, SETTINGS)

    assert table.frame["questions"].tolist() == [["고쳐 줘\n장판이 들뜸"], ["설명해 줘"]]
    assert table.mapping.input == "input"


@pytest.mark.parametrize(
    ("header", "question"),
    [
        ("id,질문", "질문"),
        ("질문1", "질문1"),
        ("ID,Question,비고", "Question"),
        ("prompt", "prompt"),
    ],
)
def test_a_test_file_has_one_question_column(header: str, question: str) -> None:
    mapping, violations = mapped(header, SETTINGS, map_questions)

    assert violations == []
    assert mapping.questions == (question,)


def test_a_test_file_with_two_question_columns_asks_which() -> None:
    header = "id,질문_1,질문_2"
    _, violations = mapped(header, SETTINGS, map_questions)
    (found,) = violations
    assert "2 may hold it: 질문_1, 질문_2" in found.problem
    assert found.remedy.endswith("table:\n  test_question: 질문_1")

    mapping, violations = mapped(header, TableSettings(test_question="질문_2"), map_questions)
    assert violations == []
    assert mapping.questions == ("질문_2",)
    assert mapping.carried == ("질문_1",)


def test_settings_of_the_training_table_serve_the_test_file() -> None:
    settings = TableSettings(questions=("물어본 것",), answers=("답",), id="번호")

    mapping, violations = mapped("번호,물어본 것", settings, map_questions)

    assert violations == []
    assert (mapping.id, mapping.questions) == ("번호", ("물어본 것",))


TICKETS = "T-{n};Delivery;{q};{a};2024-03-0{n}"
PROPOSED = {
    "a help desk's export": (
        "Ticket #;Topic;Customer says;Agent says;Closed on",
        TICKETS, "Customer says", "Agent says",
    ),
    "the closed date first": (
        "Closed on;Ticket #;Said by us;Said by them",
        "2024-03-0{n};{n}00{n};{a};{q}", "Said by them", "Said by us",
    ),
    "a title and a body": ("번호;제목;내용;답변", "{n};{q};자세히 알려 주세요.;{a}", "제목", None),
    "texts that do not ask": ("순서;앞말;뒷말", "{n};벽지 {n}번이 떴습니다;{a}", "앞말", "뒷말"),
    "a date beside": ("질문;등록일;처리 내역", "{q};2024. 3. {n}.;{a}", None, "처리 내역"),
}  # fmt: skip


def exported(path: Path, header: str, row: str) -> Path:
    asked = [
        "벽지가 왜 뜨나요?",
        "Where is my parcel?",
        "곰팡이는 왜 생기나요?",
        "장판은 어떤가요?",
        "타일이 깨졌는데 어떻게 하나요?",
        "문이 뻑뻑한데 왜 그런가요?",
    ]
    lines = [
        row.format(n=n, q=text, a=f"{n}번 안내입니다. 바탕을 말리고 다시 붙이면 됩니다.")
        for n, text in enumerate(asked, start=1)
    ]
    path.write_text("\n".join([header, *lines]) + "\n", encoding="utf-8")
    return path


@pytest.mark.parametrize("name", PROPOSED)
def test_a_proposal_can_be_copied_and_names_the_texts(tmp_path: Path, name: str) -> None:
    header, row, question, answer = PROPOSED[name]
    path = exported(tmp_path / "train.csv", header, row)
    with pytest.raises(ContractError) as caught:
        read_train(path, SETTINGS)
    said = str(caught.value)
    assert said.count("table:\n") == 1
    block = said.partition("table:\n")[2].partition("\n  - ")[0].partition("\nNothing")[0]

    table = read_train(path, TableSettings(**yaml.safe_load(block)))

    assert len(table.frame) == 6
    assert table.mapping.questions == (question or "질문",)
    assert table.mapping.answers == (answer or "답변",)


def test_nothing_is_proposed_where_the_content_does_not_say(tmp_path: Path) -> None:
    path = exported(tmp_path / "train.csv", "번호;등급;날짜", "{n};상;2024-03-0{n}")

    with pytest.raises(
        ContractError, match=r"name the ones that do with table\.questions"
    ) as caught:
        read_train(path, SETTINGS)

    assert "table:\n" not in str(caught.value)


@pytest.mark.parametrize("column", ["Ticket #", "Closed on"])
def test_a_mapping_onto_numbers_or_dates_is_refused_by_name(tmp_path: Path, column: str) -> None:
    header, row, *_ = PROPOSED["a help desk's export"]
    path = exported(tmp_path / "train.csv", header, row)
    settings = TableSettings(questions=(column,), answers=("Topic",))

    with pytest.raises(ContractError, match=f"column {column}: holds numbers, dates or codes"):
        read_train(path, settings)


@pytest.mark.parametrize(
    ("column", "numbers", "is_id"),
    [
        ("번호", "12", True), ("No.", "34", True), ("Ticket #", "56", True),
        ("접수번호", "78", True), ("번호", "11", False), ("비고", "12", False),
        ("전화번호", "12", False),
    ],
)  # fmt: skip
def test_rows_are_named_by_the_number_that_the_file_gives_them(
    tmp_path: Path, column: str, numbers: str, is_id: bool
) -> None:
    path = tmp_path / "train.csv"
    rows = "".join(f"{number},왜 {n}?,풀 {n}.\n" for n, number in enumerate(numbers))
    path.write_text(f"{column},질문,답변\n{rows}", encoding="utf-8")

    table = read_train(path, SETTINGS)

    assert (table.frame["id"].tolist() == list(numbers)) is is_id
    assert (table.mapping.carried == ()) is is_id
