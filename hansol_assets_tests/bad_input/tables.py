"""Bad train.csv, test.csv and sample_submission.csv."""

import gzip
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pandas as pd

from hansol_assets.answering.publishing import fitting_submission
from hansol_assets.embedding.embedder import EmbedderSettings, fetch_embedder
from hansol_assets.qa.folds import FoldSettings, assign_folds
from hansol_assets.qa.table import (
    TableRead,
    TableSettings,
    VectorTable,
    read_template,
    read_test,
    read_train,
)
from hansol_assets.qa.table.submission_form import submission_form
from hansol_assets_tests.bad_input.place import BadInput, Place, csv_text
from hansol_assets_tests.embedding.models import static_model
from hansol_assets_tests.qa.rows import training_file, training_table

TABLE = training_file()
TEXT = csv_text(TABLE)
KEPT = "Nothing was taken from this file."
QUESTION = "벽지는 왜 들뜨나요?"


def with_cell(line: int, column: str, value: str) -> str:
    """The good table with another cell on a line of the file."""
    changed = TABLE.copy()
    changed.loc[line - 2, column] = value
    return csv_text(changed)


def of_file(name: str, read: Callable[[Path], TableRead | VectorTable]) -> Callable[..., BadInput]:
    def bad(what: str, content: bytes | str, *says: str) -> BadInput:
        def give(place: Place) -> None:
            place.load(name, content, read)

        return BadInput(f"{name}: {what}", give, (name, *says, KEPT))

    return bad


train = of_file("train.csv", lambda path: read_train(path, TableSettings()))
test = of_file("test.csv", lambda path: read_test(path, TableSettings()))
template = of_file("sample_submission.csv", read_template)

COLUMNS = [
    train(
        "a column has another name",
        csv_text(TABLE.rename(columns={"답변_3": "답변3"})),
        "line 1, column 답변3: is not a known column; the closest name that is missing is 답변_3; "
        "rename it to 답변_3, or list it in table.carry or table.ignore",
    ),
    train(
        "a column is misspelt",
        csv_text(TABLE.rename(columns={"category": "categroy"})),
        "line 1, column categroy",
        "rename it to category",
    ),
    train(
        "a column stands twice",
        TEXT.replace("답변_4", "답변_3", 1),
        "line 1, column 답변_3: stands more than once; keep one of these columns",
    ),
    train(
        "no column is known",
        csv_text(TABLE[["id", "category"]].assign(물어본_것="?", 알려준_것="!")),
        "line 1: no column is known to hold questions; the columns are id, category, 물어본_것, "
        "알려준_것",
        "say in the profile which ones do, as in\ntable:\n  questions: [물어본_것]",
        "no column is known to hold answers",
    ),
    train(
        "it may be read in two ways",
        csv_text(TABLE.assign(질문="?")),
        "line 1: can be read in more than one way: questions may be in 질문 or in 질문_1, 질문_2; "
        "say in the profile which are meant, as in\ntable:\n  questions: [질문]",
    ),
    train(
        "the header is gone",
        TABLE.to_csv(index=False, header=False),
        "line 1: no column is known to hold questions",
    ),
    test(
        "it is the training table",
        TEXT,
        "line 1: a test question stands in one column, and 2 may hold it: 질문_1, 질문_2; say in "
        "the profile which one does, as in\ntable:\n  test_question: 질문_1",
    ),
]

ENCODINGS = [
    train("UTF-16, cut", TEXT.encode("utf-16")[:-1], "starts as utf-16 text and is damaged"),
    train("a NUL byte", TEXT.replace("풀이", "풀\0이", 1), "line 6: holds a NUL byte"),
    train(
        "UTF-8 and cp949 mixed",
        TEXT.encode()[:1_200] + TEXT.encode("cp949")[900:],
        "holds bytes that are not utf-8 text; write the damaged text again, in UTF-8",
    ),
    train("cp949, damaged", TEXT.encode("cp949") + b"\xff\n", "line 14: holds bytes that are not"),
    train("cut in the middle of a character", TEXT.encode()[:-4], "line 13: holds bytes"),
    train("half a surrogate", TEXT.encode() + b"\xed\xa0\x80,\n", "line 14: holds bytes"),
    train("a damaged workbook", b"PK\x03\x04 xl/workbook.xml", "is no workbook that can be opened",
          "save it as XLSX without a password, or as CSV"),
    train("compressed, cut", gzip.compress(TEXT.encode(), mtime=0)[:80], "is packed with gzip and"),
    train("a pointer of Git LFS", b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n",
          "file: is a Git LFS pointer, not the file that it stands for; run git lfs pull"),
    train("a web page", "<html><body>", "file: is a web page (HTML), not a table"),
]  # fmt: skip

ROWS = [
    train("empty", b"", "file: the file is empty; add the table"),
    train("blank lines only", "\n\n\n", "holds no row; add the rows"),
    train(
        "the header only",
        csv_text(TABLE.head(0)),
        "file: holds a header but no data row; add the rows",
    ),
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
    test("several faults at once", "id,질문\nA,\n,나\nA,다\n", "line 2, column 질문: has no",
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
    train(
        "no question in a row",
        csv_text(TABLE.assign(질문_1="-", 질문_2=[""] + ["왜?"] * 11)),
        "line 2: has no question: 질문_1, 질문_2 are empty; fill one, or drop the row",
    ),
    train(
        "no answer but spaces and placeholders",
        csv_text(
            TABLE[["id", "질문_1"]].assign(답변_1=" \t\u3000", 답변_2="\u200b", 답변_3="없음")
        ),
        "12 violations",
        "line 13: has no answer: 답변_1, 답변_2, 답변_3 are empty; fill one, or drop the row",
    ),
    train("a category is empty", with_cell(8, "category", ""), "line 8, column category: is empty"),
    train(
        "a question is one quote",
        csv_text(TABLE[["id", "질문_1", "답변_1"]].replace({TABLE.loc[6, "질문_1"]: '"'})),
        "line 8, column 질문_1: has no question",
    ),
    train(
        "an answer of 200 kB",
        with_cell(5, "답변_2", "벽" * 70_000),
        "line 5, column 답변_2: holds 70000 characters, of 20000 at most; shorten it, or close the "
        "quote that opens it",
    ),
    test("a question is empty", "id,질문\nA,\n", "line 2, column 질문: has no question"),
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
        vectors = np.zeros((2, 512))
        form = submission_form(wanted, pd.DataFrame({"id": ["TEST_0", "TEST_1"]}), 512)
        fitting_submission(form, ["TEST_0", "TEST_1"], vectors)

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
