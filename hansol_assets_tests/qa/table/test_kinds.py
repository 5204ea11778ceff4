"""Kinds of files that people have, two rows each: read as meant, or refused with what to do."""

import io
import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from hansol_assets.qa.table import ContractError, TableRead, TableSettings, read_test, read_train

ROWS = [("벽지는, 왜 뜨나요?", "풀이 말라서입니다."), ("곰팡이는요?", "물을 막습니다.")]
EXPECTED = [([question], [answer]) for question, answer in ROWS]
Q, A = ROWS[0]


def read(tmp_path: Path, name: str, content: bytes | str) -> TableRead:
    path = tmp_path / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return read_train(path, TableSettings())


def texts(table: TableRead) -> list[tuple[list[str], list[str]]]:
    return list(zip(table.frame["questions"], table.frame["answers"], strict=True))


def delimited(header: str, separator: str = "\t") -> str:
    lines = [header, *(f"{question}{separator}{answer}" for question, answer in ROWS)]
    return "\n".join(lines) + "\n"


@pytest.mark.parametrize("separator", ["^", "~", "\x01", "\x1f", "¦", ":"])
def test_a_rare_separator_is_found_by_the_header(tmp_path: Path, separator: str) -> None:
    table = read(tmp_path, "train.csv", delimited(f"질문{separator}답변", separator))

    assert texts(table) == EXPECTED
    assert table.separator == separator


@pytest.mark.parametrize(
    "header",
    [
        "질문:\t답변 :", "[질문]\t(답변)", "질문*\t답변*", "질문(Question)\t답변(Answer)",
        "질문 / Question\t답변 / Answer", "질문 (필수)\t답변 (필수)", "“질문”\t'답변'",
        "【질문】\t【답변】", "질문(1)\t답변[1]", "문의사항\t답변내용", "Q:\tA:", "질문：\t답변：",
        "input\toutput", "source\ttarget", "입력\t출력", "질문\tAnswer", " Question \tANSWER",
    ],
)  # fmt: skip
def test_names_with_signs_around_them_are_recognised(tmp_path: Path, header: str) -> None:
    assert texts(read(tmp_path, "train.tsv", delimited(header))) == EXPECTED


def test_cells_behind_the_last_column_are_left_out_if_empty(tmp_path: Path) -> None:
    text = delimited("질문\t답변").replace("니다.\n", "니다.\t\t\n")

    table = read(tmp_path, "train.tsv", text)

    assert texts(table) == EXPECTED
    assert table.notes == ("empty cells behind the last column are left out of 2 rows",)


def test_a_table_in_markdown_is_read(tmp_path: Path) -> None:
    rows = "".join(f"| {question} | {answer} |\n" for question, answer in ROWS)

    assert texts(read(tmp_path, "train.md.txt", f"| 질문 | 답변 |\n| --- | :---: |\n{rows}")) == (
        EXPECTED
    )


@pytest.mark.parametrize("blank", [",,", " , ,", '"\u3000",,\u200b', '" "," "," "'])
def test_rows_without_a_sign_are_blank(tmp_path: Path, blank: str) -> None:
    rows = [f'"{question}",{answer},' for question, answer in ROWS]

    table = read(tmp_path, "train.csv", "\n".join(["질문,답변,비고", *rows, blank, blank]) + "\n")

    assert texts(table) == EXPECTED
    assert table.repairs["blank_lines"] == 2


def test_a_number_that_is_written_as_a_formula_names_its_row(tmp_path: Path) -> None:
    rows = "".join(f'"=""0000{n}""","{q}",{a}\n' for n, (q, a) in enumerate(ROWS))

    table = read(tmp_path, "train.csv", f"번호,질문,답변\n{rows}")

    assert table.frame["id"].tolist() == ["00000", "00001"]


@pytest.mark.parametrize("column", ["id", "category"])
def test_a_recognised_column_without_any_cell_is_not_used(tmp_path: Path, column: str) -> None:
    rows = "".join(f"{question}\t{answer}\t\n" for question, answer in ROWS)

    table = read(tmp_path, "train.tsv", f"질문\t답변\t{column}\n{rows}")

    assert texts(table) == EXPECTED
    assert table.notes == (f"column {column} is empty, and is not used",)
    assert (table.mapping.id, table.mapping.category) == (None, None)


RECORDS = [{"question": question, "answer": answer} for question, answer in ROWS]
TURNS = [
    [{"role": "user", "content": question}, {"role": "assistant", "content": answer}]
    for question, answer in ROWS
]
JSON: dict[str, Any] = {
    "deep": {"meta": {"v": 1}, "data": {"items": RECORDS}},
    "records of records": [{"qa": record} for record in RECORDS],
    "lists of records": [{"title": "벽", "qa_pairs": RECORDS}],
    "bodies of requests": [{"body": {"messages": turns}} for turns in TURNS],
    "by id": {"a1": RECORDS[0], "a2": RECORDS[1]},
    "rows under names": [["question", "answer"], *map(list, ROWS)],
    "conversations as texts": [{"messages": json.dumps(turns)} for turns in TURNS],
    "answers by number": [{"question": q, "answers": {"1": a}} for q, a in ROWS],
}


@pytest.mark.parametrize("shape", JSON)
def test_tables_are_found_in_json(tmp_path: Path, shape: str) -> None:
    text = json.dumps(JSON[shape], ensure_ascii=False)

    assert texts(read(tmp_path, "train.json", text)) == EXPECTED


def test_ids_of_records_are_kept(tmp_path: Path) -> None:
    table = read(tmp_path, "train.json", json.dumps(JSON["by id"]))

    assert table.frame["id"].tolist() == ["a1", "a2"]


def test_an_id_that_stands_twice_within_one_record_is_named(tmp_path: Path) -> None:
    twice = [{"id": "a1", **record} for record in RECORDS]
    text = json.dumps({"data": [{"paragraphs": [{"qas": twice}]}]})

    with pytest.raises(ContractError, match="row 1, column id: 'a1' already stands on row 1"):
        read(tmp_path, "train.json", text)


@pytest.mark.parametrize("indent", [None, 2])
def test_values_one_behind_the_other_are_records(tmp_path: Path, indent: int | None) -> None:
    text = "".join(json.dumps(record, indent=indent) for record in RECORDS)

    assert texts(read(tmp_path, "train.json", text)) == EXPECTED


@pytest.mark.parametrize(
    ("cell", "answers"),
    [
        ("['물.', '풀.']", ["물.", "풀."]),
        ('["물.", "풀."]', ["물.", "풀."]),
        ("{'text': ['물.'], 'answer_start': [0]}", ["물."]),
        ("[참고] 물입니다.", ["[참고] 물입니다."]),
        ("['물.', 풀]", ["['물.', 풀]"]),
    ],
)
def test_lists_in_a_cell_of_answers_are_answers(
    tmp_path: Path, cell: str, answers: list[str]
) -> None:
    table = read(tmp_path, "train.tsv", f"question\tanswers\n{Q}\t{cell}\n")

    assert table.frame["answers"].tolist() == [answers]


def test_an_answer_that_is_json_stays_as_it_is(tmp_path: Path) -> None:
    table = read(tmp_path, "train.tsv", f'question\tanswer\n{Q}\t["물.", "풀."]\n')

    assert table.frame["answers"].tolist() == [['["물.", "풀."]']]


@pytest.mark.parametrize(
    "cell",
    [
        "['물.', '풀.']", '["물.", "풀."]', "['물.' '풀.']", "['물.'\n '풀.']",
        "{'text': array(['물.', '풀.'], dtype=object), 'answer_start': array([1, 2])}",
        "{'text': ['물.', '풀.'], 'answer_start': [1, 2]}",
    ],
)  # fmt: skip
def test_a_list_in_each_cell_of_a_singular_column_is_its_texts(tmp_path: Path, cell: str) -> None:
    quoted = cell.replace('"', '""')

    table = read(tmp_path, "train.csv", f'질문,답변\n뭐?,"{quoted}"\n왜?,"{quoted}"\n')

    assert table.frame["answers"].tolist() == [["물.", "풀."]] * 2
    assert table.notes == ("a list written as a text was read as its texts in 2 cells",)


@pytest.mark.parametrize("cell", ["\\N", "<noinput>", "[없음]", "(해당없음)", "【없음】"])
def test_a_cell_that_stands_for_none_is_no_reference(tmp_path: Path, cell: str) -> None:
    table = read(tmp_path, "train.csv", f"질문,답변_1,답변_2\n왜?,물입니다.,{cell}\n")

    assert table.frame["answers"].tolist() == [["물입니다."]]


@pytest.mark.parametrize(
    "again", ["질문,답변", "\ufeff질문,답변", '\ufeff"질문","답변"', " 질문 ,답변"]
)
def test_a_header_that_stands_again_is_left_out(tmp_path: Path, again: str) -> None:
    rows = [f'"{question}",{answer}' for question, answer in ROWS]

    table = read(tmp_path, "train.csv", "\n".join(["질문,답변", rows[0], again, rows[1]]) + "\n")

    assert texts(table) == EXPECTED
    assert table.notes == ("the header stands again on line 3: left out",)
    assert table.frame["row_number"].tolist() == [1, 3]


def test_a_header_in_another_order_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ContractError, match="line 3: is a header again, with its columns in anoth"):
        read(tmp_path, "train.csv", "질문,답변\n왜?,풀.\n답변,질문\n물.,뭐?\n")


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("train.jsonl", '{"question": "a", "answer": "b", "answer": "c"}\n{"question": "d"}\n'),
        ("train.json", '[{"question": "a",\n "answer": "b", "answer": "c"}]'),
    ],
)
def test_a_key_that_stands_twice_is_named(tmp_path: Path, name: str, text: str) -> None:
    with pytest.raises(ContractError, match=r"line [12], column answer: stands more than once"):
        read(tmp_path, name, text)


def test_a_byte_order_mark_within_json_lines_is_none_of_a_record(tmp_path: Path) -> None:
    lines = [json.dumps({"question": q, "answer": a}) for q, a in ROWS]

    assert texts(read(tmp_path, "train.jsonl", "\n\ufeff".join(lines))) == EXPECTED


Fill = Callable[[Any], None]


def workbook(fill: Fill) -> bytes:
    book = openpyxl.Workbook()
    fill(book)
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


def cover(book: Any) -> None:
    book.active.append(["이 파일을 읽는 법"])
    sheet = book.create_sheet("문답")
    for row in [("질문", "답변"), *ROWS]:
        sheet.append(row)


def spread_header(book: Any) -> None:
    for row in [("질문", "답변"), (None, "1차", "2차"), *((q, a, "없음") for q, a in ROWS)]:
        book.active.append(row)
    book.active.merge_cells("B1:C1")
    book.active.merge_cells("A1:A2")


def blank_lead(book: Any) -> None:
    for row in [(), (), (None, None, "질문", "답변"), *((None, None, *row) for row in ROWS)]:
        book.active.append(row)


@pytest.mark.parametrize("fill", [cover, spread_header, blank_lead])
def test_sheets_are_read_as_people_lay_them_out(tmp_path: Path, fill: Fill) -> None:
    assert texts(read(tmp_path, "train.xlsx", workbook(fill))) == EXPECTED


def test_merged_cells_hold_their_value_in_every_row(tmp_path: Path) -> None:
    def fill(book: Any) -> None:
        for row in [("분류", "질문", "답변"), ("벽", *ROWS[0]), (None, *ROWS[1])]:
            book.active.append(row)
        book.active.merge_cells("A2:A3")

    assert read(tmp_path, "train.xlsx", workbook(fill)).frame["category"].tolist() == ["벽", "벽"]


def test_an_archive_may_hold_a_note_beside_the_table(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("data/train.csv", delimited("질문\t답변"))
        archive.writestr("readme.txt", "x")

    assert texts(read(tmp_path, "train.zip", buffer.getvalue())) == EXPECTED


@pytest.mark.parametrize("answer", [".", "...", "---", "/", "#N/A", "#REF!", "무응답", "<NA>"])
def test_what_people_write_for_nothing_is_no_answer(tmp_path: Path, answer: str) -> None:
    table = read(tmp_path, "train.tsv", f"질문\t답변1\t답변2\n{Q}\t{A}\t{answer}\n")

    assert table.frame["answers"].tolist() == [[A]]


@pytest.mark.parametrize(
    ("header", "question"),
    [
        ("text", "text"),
        ("id\t문장", "문장"),
        ("id\t고객 말씀", "고객 말씀"),
        ("utterance\tnote", "utterance"),
    ],
)
def test_the_one_text_of_a_test_file_is_the_question(
    tmp_path: Path, header: str, question: str
) -> None:
    path = tmp_path / "test.tsv"
    columns = header.split("\t")
    cells = [Q if name == question else "7" for name in columns]
    path.write_text("\t".join(columns) + "\n" + "\t".join(cells) + "\n", encoding="utf-8")

    table = read_test(path, TableSettings())

    assert table.mapping.questions == (question,)
    assert table.frame["question"].tolist() == [Q]


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("train.tsv", "\n".join("\t".join(row) for row in ROWS),
         "line 1: no column is known to hold questions; .* the line reads like a row: put a"),
        ("train.csv", "질문,답변\n".encode().decode("latin-1") + "a,b\n",
         "the names look decoded wrongly: save the file from its source again, in UTF-8"),
        ("train.json", json.dumps({"train": RECORDS, "dev": RECORDS}),
         "holds several lists under the keys train, dev, not a table"),
        ("train.csv", "원문,대답글\na,b\n", r"questions: \[원문\](.|\n)*answers: \[대답글\]"),
    ],
)  # fmt: skip
def test_a_refusal_says_what_may_be_behind_it(
    tmp_path: Path, name: str, content: str, says: str
) -> None:
    with pytest.raises(ContractError, match=says):
        read(tmp_path, name, content)
