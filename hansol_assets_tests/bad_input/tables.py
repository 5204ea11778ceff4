"""Bad train.csv, test.csv and sample_submission.csv."""

import gzip
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pandas as pd

from hansol_assets.answering.submission import submission_frame, submission_problems
from hansol_assets.assets.submission import SubmissionError
from hansol_assets.embedding.embedder import EmbedderSettings, fetch_embedder
from hansol_assets.qa.contract import TableRead, read_template, read_test, read_train
from hansol_assets.qa.folds import FoldSettings, assign_folds
from hansol_assets_tests.bad_input.place import BadInput, Place, csv_text
from hansol_assets_tests.embedding.models import static_model
from hansol_assets_tests.qa.table import training_table

TABLE = training_table()
TEXT = csv_text(TABLE)
KEPT = "Nothing was taken from this file."
QUESTION = "벽지는 왜 들뜨나요?"


def with_cell(line: int, column: str, value: str) -> str:
    """The good table with another cell on a line of the file."""
    changed = TABLE.copy()
    changed.loc[line - 2, column] = value
    return csv_text(changed)


def of_file(name: str, read: Callable[[Path], TableRead]) -> Callable[..., BadInput]:
    def bad(what: str, content: bytes | str, *says: str) -> BadInput:
        def give(place: Place) -> None:
            place.load(name, content, read)

        return BadInput(f"{name}: {what}", give, (name, *says, KEPT))

    return bad


train = of_file("train.csv", read_train)
test = of_file("test.csv", read_test)
template = of_file("sample_submission.csv", read_template)

COLUMNS = [
    train(
        "a column is missing",
        csv_text(TABLE.drop(columns="답변_3")),
        "line 1, column 답변_3: is missing; add the column",
    ),
    train(
        "a column is unknown",
        csv_text(TABLE.assign(비고="없음")),
        "line 1, column 비고: is not a known column; remove the column",
    ),
    train(
        "a column has another name",
        csv_text(TABLE.rename(columns={"답변_3": "답변3"})),
        "line 1, column 답변3: is not a known column; the closest name that is missing is 답변_3; "
        "rename it to 답변_3",
    ),
    train(
        "a column stands in capitals",
        csv_text(TABLE.rename(columns={"id": "ID"})),
        "line 1, column ID",
        "rename it to id",
    ),
    train(
        "a column stands twice",
        TEXT.replace("답변_4", "답변_3", 1),
        "line 1, column 답변_3: stands more than once; keep one of these columns",
        "column 답변_4: is missing",
    ),
    train(
        "the row numbers were saved too",
        TABLE.to_csv(),
        'line 1, column "": is not a known column; name the column, or remove it',
    ),
    train(
        "the header is gone",
        TABLE.to_csv(index=False, header=False),
        "line 1, column id: is missing; add the column",
    ),
    train(
        "columns are separated by semicolons",
        TEXT.replace(",", ";"),
        "line 1: has one column only; its names are separated by semicolons; "
        "separate columns by commas",
    ),
    train(
        "columns are separated by tabs",
        TABLE.to_csv(index=False, sep="\t"),
        "separated by tabs; separate columns by commas",
    ),
    test("an answer column is in it", f"id,질문,답변_1\nA,{QUESTION},네.\n", "column 답변_1"),
    test("it is the training table", TEXT, "column 질문", "column category"),
]

ENCODINGS = [
    train(
        "UTF-16",
        TEXT.encode("utf-16"),
        "file: is encoded in UTF-16; save it as CSV in UTF-8",
    ),
    train("UTF-16 without its mark", TEXT.encode("utf-16-le"), "line 1: holds a NUL byte"),
    train("a NUL byte", TEXT.replace("풀이", "풀\0이", 1), "line 6: holds a NUL byte"),
    train(
        "UTF-8 and cp949 mixed",
        TEXT.encode()[:1_200] + TEXT.encode("cp949")[900:],
        "holds bytes that are not utf-8 text; write the damaged text again, in UTF-8",
    ),
    train("cp949, damaged", TEXT.encode("cp949") + b"\xff\n", "line 14: holds bytes that are not"),
    train("cut in the middle of a character", TEXT.encode()[:-4], "line 13: holds bytes"),
    train("half a surrogate", TEXT.encode() + b"\xed\xa0\x80,\n", "line 14: holds bytes"),
    train("a workbook", b"PK\x03\x04 xl/workbook.xml", "is a workbook, not a CSV file; save it as"),
    train("compressed", gzip.compress(TEXT.encode(), mtime=0), "holds a NUL byte"),
]

ROWS = [
    train("empty", b"", "file: the file is empty; add the table"),
    train("blank lines only", "\n\n\n", "holds no row; add the rows"),
    train(
        "the header only",
        csv_text(TABLE.head(0)),
        "file: holds a header but no data row; add the rows",
    ),
    train("a web page", "<html>", "holds a header but no data row"),
    train(
        "a row is too short",
        f"{TEXT}TRAIN_999,{QUESTION}\n",
        "line 14: has 2 cells where the header has 9; give each column one cell, and quote cells "
        "that hold commas",
    ),
    train(
        "a comma that is not quoted",
        TEXT.replace("\nTRAIN_004,", "\nTRAIN_004,예,"),
        "line 6: has 10 cells where the header has 9",
    ),
    train(
        "a quote that is not closed",
        TEXT.replace("TRAIN_003,", 'TRAIN_003,"'),
        'line 5: is not valid CSV (unexpected end of data); close the quote that opens a cell',
    ),
    train(
        "a quote that is closed rows later",
        TEXT.replace("TRAIN_003,", 'TRAIN_003,"').replace("TRAIN_006,", 'TRAIN_006",'),
        "line 5",
        "quote",
    ),
    train(
        "text after a closed quote",
        TEXT.replace("TRAIN_003,", '"TRAIN_003"x,'),
        "line 5: is not valid CSV",
    ),
    test("several faults at once", "id,질문\nA,\n,나\nA,다\n", "line 2, column 질문: is empty",
         "line 3, column id: is empty", "line 4, column id: 'A' already stands on line 2",
         "3 violations"),
]  # fmt: skip

CELLS = [
    train(
        "an id stands twice",
        with_cell(5, "id", "TRAIN_002"),
        "line 5, column id: 'TRAIN_002' already stands on line 4; give each row its own id",
    ),
    train("an id differs by a space only", with_cell(5, "id", " TRAIN_002 "), "line 5, column id"),
    train("an id is missing", with_cell(5, "id", ""), "line 5, column id: is empty; fill the cell"),
    train("a question is empty", with_cell(3, "질문_2", ""), "line 3, column 질문_2: is empty"),
    train(
        "an answer is white space", with_cell(3, "답변_5", " \t\u3000"), "column 답변_5: is empty"
    ),
    train("an answer is a zero-width space", with_cell(3, "답변_1", "\u200b"), "column 답변_1: is"),
    train("a category is empty", with_cell(8, "category", ""), "line 8, column category: is empty"),
    train(
        "a question is one quote", with_cell(8, "질문_1", '"'), "line 8, column 질문_1: is empty"
    ),
    train(
        "an answer of 200 kB",
        with_cell(5, "답변_2", "벽" * 70_000),
        "line 5, column 답변_2: holds 70000 characters, of 20000 at most; shorten it, or close the "
        "quote that opens it",
    ),
    test("a question is empty", "id,질문\nA,\n", "line 2, column 질문: is empty; fill the cell"),
]

TEMPLATES = [
    template("no vectors", "id\nA\n", "line 1, column vec_0: is missing; add the column"),
    template("a gap in the columns", "id,vec_0,vec_2\nA,0,0\n", "rename it to vec_1"),
    template(
        "columns in another order",
        "id,vec_1,vec_0\nA,0,0\n",
        "line 1, column vec_1: stands where vec_0 is expected; put the columns in the order id, "
        "vec_0, vec_1 …",
    ),
    template("the id comes last", "vec_0,id\n0,A\n", "column vec_0: stands where id is expected"),
    template("a column too many", "id,vec_0,score\nA,0,1\n", "column score: is not a known column"),
    template("an id stands twice", "id,vec_0\nA,0\nA,0\n", "line 3, column id: 'A' already stands"),
    template("an id is missing", "id,vec_0\nA,0\n,0\n", "line 3, column id: is empty"),
    template("no row", "id,vec_0\n", "holds a header but no data row; add the rows"),
]


def unfit(what: str, ids: list[str], width: int, *says: str) -> BadInput:
    """A template that is valid and does not fit vectors of TEST_0 and TEST_1 with 512 values."""

    def give(place: Place) -> None:
        path = place.folder / "sample_submission.csv"
        columns = {f"vec_{number}": [0.0] * len(ids) for number in range(width)}
        pd.DataFrame({"id": ids, **columns}).to_csv(path, index=False)
        wanted = read_template(path)
        frame = submission_frame(wanted.frame, ["TEST_0", "TEST_1"], np.zeros((2, 512)))
        problems = submission_problems(frame, wanted.frame, wanted.width)
        if problems:
            raise SubmissionError(problems)

    fit = "does not fit sample_submission.csv"
    stays = "Nothing was written; the last good submission stays in place. Check that test.csv and"
    return BadInput(f"template: {what}", give, (fit, *says, stays))


UNFIT_TEMPLATES = [
    unfit("384 columns", ["TEST_0", "TEST_1"], 384, "have 512 dimensions, the template 384"),
    unfit("1024 columns", ["TEST_0", "TEST_1"], 1024, "have 512 dimensions, the template 1024"),
    unfit("an id that no question has", ["TEST_0", "TEST_1", "TEST_2"], 512, "missing: TEST_2"),
    unfit("a question that it lacks", ["TEST_0"], 512, "unknown to the template: TEST_1"),
    unfit("ids in another form", ["TEST_000", "TEST_001"], 512, "2 ids are missing: TEST_000"),
]


def few_rows(count: int) -> BadInput:
    """A table that is valid and too small for its folds."""

    def give(place: Place) -> None:
        assign_folds(training_table().head(count), FoldSettings())

    return BadInput(
        f"train.csv: {count} rows only",
        give,
        (f"{count} rows in {count} groups without shared texts leave no row for", "add rows"),
    )


def narrow_embedder(place: Place) -> None:
    static_model(512).save_pretrained(str(place.folder / "wide"), create_model_card=False)
    settings = EmbedderSettings(kind="hub", model_id=str(place.folder / "wide"), dimensions=384)
    fetch_embedder(settings, place.folder / "narrow")


OF_NO_USE = [
    few_rows(1),
    few_rows(2),
    BadInput(
        "embedder: of another width",
        narrow_embedder,
        ("makes vectors of 512 dimensions, not 384", "set embedder.dimensions to 512"),
    ),
]


def bad_tables() -> Iterator[BadInput]:
    for group in (COLUMNS, ENCODINGS, ROWS, CELLS, TEMPLATES, UNFIT_TEMPLATES, OF_NO_USE):
        yield from group
