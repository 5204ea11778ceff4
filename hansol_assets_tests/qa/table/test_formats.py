"""The same rows in every format that people have give the same table."""

import bz2
import gzip
import io
import json
import lzma
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pytest

from hansol_assets.qa.table import ContractError, TableSettings, read_test, read_train
from hansol_assets_tests.qa.rows import as_read, training_file

SETTINGS = TableSettings()
CANONICAL = ["id", "questions", "category", "answers"]
FILE = training_file()
TEXT = FILE.to_csv(index=False)
RECORDS = FILE.to_dict("records")
Q, A = "벽지는 왜 들뜨나요?", "풀이 말라서 들뜹니다."


def workbook(frame: pd.DataFrame, **options: Any) -> bytes:
    buffer = io.BytesIO()
    frame.to_excel(buffer, index=False, engine="openpyxl", **options)
    return buffer.getvalue()


def parquet(frame: pd.DataFrame) -> bytes:
    buffer = io.BytesIO()
    frame.to_parquet(buffer, index=False)
    return buffer.getvalue()


def zipped(name: str, content: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr(name, content)
        archive.writestr("__MACOSX/._train.csv", b"x")
    return buffer.getvalue()


def zstandard(content: bytes) -> bytes:
    sink = pa.BufferOutputStream()
    with pa.CompressedOutputStream(sink, "zstd") as stream:
        stream.write(content)
    return sink.getvalue().to_pybytes()


def dumped(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode()


LINES = "\n".join(json.dumps(record, ensure_ascii=False) for record in RECORDS).encode()
FORMATS: dict[str, bytes] = {
    "train.csv": TEXT.encode(),
    "bom.csv": TEXT.encode("utf-8-sig"),
    "cp949.csv": TEXT.encode("cp949"),
    "euc-kr.csv": TEXT.encode("euc-kr"),
    "utf-16.csv": TEXT.encode("utf-16"),
    "utf-16-le-without-mark.csv": TEXT.encode("utf-16-le"),
    "utf-16-be-without-mark.csv": TEXT.encode("utf-16-be"),
    "utf-32.csv": TEXT.encode("utf-32"),
    "semicolons.csv": FILE.to_csv(index=False, sep=";").encode(),
    "bars.txt": FILE.to_csv(index=False, sep="|").encode(),
    "tabs.tsv": FILE.to_csv(index=False, sep="\t").encode(),
    "tabs-bom.tsv": FILE.to_csv(index=False, sep="\t").encode("utf-8-sig"),
    "tabs-utf-16.csv": FILE.to_csv(index=False, sep="\t").encode("utf-16"),
    "excel-hint.csv": b"sep=;\r\n" + FILE.to_csv(index=False, sep=";").encode(),
    "title.csv": "벽지 하자 문답,,,,,,,,\n\n".encode() + TEXT.encode(),
    "train.xlsx": workbook(FILE),
    "title.xlsx": workbook(FILE, startrow=3),
    "named.csv-in-truth-xlsx.csv": workbook(FILE),
    "train.parquet": parquet(FILE),
    "list.json": dumped(RECORDS),
    "data.json": dumped({"version": "1", "data": RECORDS}),
    "lines.jsonl": LINES,
    "lines-in-truth.json": LINES,
    "blank-lines.jsonl": LINES.replace(b"\n", b"\n\n") + b"\n",
    "columns.json": dumped(FILE.to_dict("list")),
    "pandas.json": FILE.to_json(force_ascii=False).encode(),
    "split.json": FILE.to_json(orient="split", force_ascii=False).encode(),
    "train.csv.gz": gzip.compress(TEXT.encode()),
    "train.csv.bz2": bz2.compress(TEXT.encode()),
    "train.csv.xz": lzma.compress(TEXT.encode()),
    "train.csv.zst": zstandard(TEXT.encode()),
    "train.csv.zip": zipped("train.csv", TEXT.encode()),
    "lines.jsonl.gz": gzip.compress(LINES),
}


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_gives_the_same_rows(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_bytes(FORMATS[name])

    table = read_train(path, SETTINGS)

    pd.testing.assert_frame_equal(table.frame[CANONICAL], as_read(FILE))
    assert table.frame["row_number"].tolist() == list(range(1, 13))


def test_the_sheet_is_the_first_or_the_named_one(tmp_path: Path) -> None:
    path = tmp_path / "train.xlsx"
    with pd.ExcelWriter(path) as writer:
        FILE.head(3).to_excel(writer, sheet_name="하나", index=False)
        FILE.to_excel(writer, sheet_name="둘", index=False)

    first = read_train(path, SETTINGS)

    assert len(first.frame) == 3
    assert first.notes == ("sheet 하나 was read; not 둘",)
    assert len(read_train(path, TableSettings(sheet="둘")).frame) == 12
    with pytest.raises(ContractError, match="has no sheet '셋'; its sheets are 하나, 둘"):
        read_train(path, TableSettings(sheet="셋"))


def test_numbers_of_a_workbook_are_ids_as_people_see_them(tmp_path: Path) -> None:
    path = tmp_path / "train.xlsx"
    pd.DataFrame({"id": [1, 2], "질문": [Q, "왜?"], "답변": [A, 3.5]}).to_excel(path, index=False)

    table = read_train(path, SETTINGS).frame

    assert table["id"].tolist() == ["1", "2"]
    assert table["answers"].tolist() == [[A], ["3.5"]]


def test_bad_rows_of_a_workbook_are_named_by_their_row(tmp_path: Path) -> None:
    path = tmp_path / "train.xlsx"
    path.write_bytes(workbook(FILE.assign(id="TRAIN_1"), startrow=3))

    with pytest.raises(ContractError, match="row 6, column id: 'TRAIN_1' already stands on row 5"):
        read_train(path, SETTINGS)


def chat(*turns: tuple[str, str], role: str = "role", text: str = "content") -> dict[str, Any]:
    return {"messages": [{role: who, text: what} for who, what in turns]}


SYSTEM = ("system", "너는 도배 전문가다.")
SQUAD = {
    "version": "v2",
    "data": [
        {
            "title": "벽지",
            "paragraphs": [
                {
                    "context": "벽지는 풀로 붙인다.",
                    "qas": [
                        {"id": "S1", "question": Q, "answers": [{"text": A, "answer_start": 0}]},
                        {"id": "S2", "question": "누가?", "answers": [], "is_impossible": True},
                    ],
                }
            ],
        }
    ],
}
ONE = [([Q], [A])]
SHAPES: dict[str, tuple[object, list[tuple[list[str], list[str]]]]] = {
    "chat": ([chat(("user", Q), ("assistant", A))], ONE),
    "chat with a system turn": ([chat(SYSTEM, ("user", Q), ("assistant", A))], ONE),
    "chat of several exchanges": (
        [chat(SYSTEM, ("user", Q), ("assistant", A), ("user", "왜?"), ("assistant", "물입니다."))],
        [([Q], [A]), (["왜?"], ["물입니다."])],
    ),
    "chat that ends in a question": (
        [chat(("user", Q), ("assistant", A), ("user", "고맙습니다."))],
        ONE,
    ),
    "chat of two turns of one side": (
        [chat(("user", "안녕하세요."), ("user", Q), ("assistant", A))],
        [([f"안녕하세요.\n{Q}"], [A])],
    ),
    "sharegpt": (
        [
            {
                "id": "g",
                "conversations": chat(("human", Q), ("gpt", A), role="from", text="value")[
                    "messages"
                ],
            }
        ],
        ONE,
    ),
    "content in parts": (
        [
            {
                "messages": [
                    {"role": "user", "content": [{"type": "text", "text": Q}]},
                    {"role": "assistant", "content": [{"type": "text", "text": A}]},
                ]
            }
        ],
        ONE,
    ),
    "prompt and completion as turns": (
        [
            {
                "prompt": [{"role": "user", "content": Q}],
                "completion": [{"role": "assistant", "content": A}],
            }
        ],
        ONE,
    ),
    "squad": (SQUAD, ONE),
    "squad as rows": (
        [{"id": "S", "question": Q, "answers": {"text": [A, A, "풀"], "answer_start": [0, 0, 3]}}],
        [([Q], [A, "풀"])],
    ),
    "answers as a list": ([{"question": Q, "answers": [A, "", None, "물 탓입니다."]}],
                          [([Q], [A, "물 탓입니다."])]),
    "answers as records": ([{"question": Q, "answers": [{"text": A}]}], ONE),
    "questions as a list": ([{"questions": [Q, "왜?"], "answer": A}], [([Q, "왜?"], [A])]),
    "alpaca": ([{"instruction": "답해 줘", "input": Q, "output": A}], [([f"답해 줘\n{Q}"], [A])]),
    "records of different keys": (
        [{"question": Q, "answer_1": A}, {"question": "왜?", "answer_2": A}],
        [([Q], [A]), (["왜?"], [A])],
    ),
}  # fmt: skip


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("form", ["json", "jsonl", "parquet"])
def test_nested_shapes_are_flattened(tmp_path: Path, shape: str, form: str) -> None:
    value, expected = SHAPES[shape]
    records = value if isinstance(value, list) else value["data"]  # type: ignore[index]
    path = tmp_path / f"train.{form}"
    writers: dict[str, Callable[[], bytes]] = {
        "json": lambda: dumped(value),
        "jsonl": lambda: "\n".join(json.dumps(item) for item in records).encode(),
        "parquet": lambda: parquet(pd.DataFrame(records)),
    }
    path.write_bytes(writers[form]())

    table = read_train(path, SETTINGS).frame

    assert list(zip(table["questions"], table["answers"], strict=True)) == expected
    assert table["id"].is_unique


def test_exchanges_of_one_conversation_keep_its_number(tmp_path: Path) -> None:
    path = tmp_path / "train.jsonl"
    talk = {"id": "T", **chat(("user", Q), ("assistant", A), ("user", "왜?"), ("assistant", A))}
    other = {"id": "U", **chat(("user", "누가?"), ("assistant", "도배사입니다."))}
    path.write_bytes(dumped(talk) + b"\n" + dumped(other))

    table = read_train(path, SETTINGS)

    assert table.frame["id"].tolist() == ["T", "T#2", "U"]
    assert table.frame["row_number"].tolist() == [1, 1, 2]
    assert table.notes == ("1 further exchanges of conversations are rows of their own",)


def test_questions_of_conversations_can_be_asked(tmp_path: Path) -> None:
    path = tmp_path / "test.jsonl"
    path.write_bytes(dumped(chat(SYSTEM, ("user", Q))) + b"\n")

    assert read_test(path, SETTINGS).frame["question"].tolist() == [Q]


def test_nested_columns_that_are_carried_are_json(tmp_path: Path) -> None:
    path = tmp_path / "train.jsonl"
    path.write_bytes(dumped({"question": Q, "answer": A, "출처": ["가", "나"], "점수": 3.0}))

    table = read_train(path, SETTINGS).frame

    assert table["출처"].tolist() == ['["가", "나"]']
    assert table["점수"].tolist() == ["3"]


LFS = b"version https://git-lfs.github.com/spec/v1\noid sha256:0a\nsize 12\n"
REFUSED: dict[str, tuple[bytes, str]] = {
    "a pointer of git lfs": (LFS, "is a Git LFS pointer, not the file that it stands for; run git"),
    "a web page": (b"<!DOCTYPE html><html></html>", r"is a web page \(HTML\), not a table"),
    "a table of a web page": (b"\n <table><tr><td>id", r"is a web page \(HTML\)"),
    "xml": (b"<?xml version='1.0'?><rows/>", "is an XML document"),
    "pdf": (b"%PDF-1.7\n", "is a PDF document"),
    "a database": (b"SQLite format 3\0\x10", "is an SQLite database"),
    "a damaged workbook": (workbook(FILE)[:3000], "is no workbook that can be opened"),
    "a document of an office": (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600,
                                "is no workbook that can be opened"),
    "damaged parquet": (parquet(FILE)[:400], "is no Parquet file that can be opened"),
    "a damaged archive": (gzip.compress(TEXT.encode())[:90], "is packed with gzip and cannot be"),
    "an archive of pictures": (zipped("wall.png", b"x"), "that holds wall.png, not one table"),
    "an empty archive": (gzip.compress(b""), "the file is empty"),
    "json without a table": (b'{\n "message": "None"\n}', "not a table; write a list of records"),
    "a broken list": (b'[{"question": "a"', "is not valid JSON"),
    "a number": (b"[1, 2]", "holds a list, not a table"),
}  # fmt: skip


@pytest.mark.parametrize("what", REFUSED)
def test_files_that_are_no_table_say_what_they_are(tmp_path: Path, what: str) -> None:
    content, says = REFUSED[what]
    path = tmp_path / ("train.json" if content[:1] in b"{[" else "train.csv")
    path.write_bytes(content)

    with pytest.raises(ContractError, match=says):
        read_train(path, SETTINGS)


def test_every_bad_line_of_json_lines_is_named(tmp_path: Path) -> None:
    path = tmp_path / "train.jsonl"
    good = json.dumps({"question": Q, "answer": A})
    path.write_text(f'{good}\n{{"question": \n[1]\n{good[:-1]}, "answer": ""}}\n', encoding="utf-8")

    with pytest.raises(ContractError) as caught:
        read_train(path, SETTINGS)

    assert [(found.row, found.column) for found in caught.value.violations] == [
        (2, ""),
        (3, ""),
        (4, "answer"),
    ]
    assert "line 2: is not valid JSON" in str(caught.value)
    assert "line 3: holds a list, not a record" in str(caught.value)


def test_half_a_character_is_read_as_a_lost_one(tmp_path: Path) -> None:
    path = tmp_path / "train.jsonl"
    path.write_text(
        '{"question": "\\ud83c\\udfe0 왜?", "answer": "풀\\ud800입니다."}\n', encoding="utf-8"
    )

    table = read_train(path, SETTINGS).frame

    assert table["questions"].tolist() == [["🏠 왜?"]]
    assert table["answers"].tolist() == [["풀\ufffd입니다."]]


def test_one_conversation_alone_is_a_record(tmp_path: Path) -> None:
    path = tmp_path / "train.json"
    path.write_bytes(dumped(chat(SYSTEM, ("user", Q), ("assistant", A))))

    assert read_train(path, SETTINGS).frame["questions"].tolist() == [[Q]]
