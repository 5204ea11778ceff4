"""Workbooks as people have them: each cell as its sheet shows it, or named."""

import io
import unicodedata
import zipfile
from collections.abc import Callable
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from openpyxl.cell.rich_text import CellRichText, TextBlock
from openpyxl.cell.text import InlineFont
from openpyxl.styles import Font

from hansol_assets.qa.table import (
    ContractError,
    TableRead,
    TableSettings,
    read_template,
    read_train,
)
from hansol_assets.qa.table.sheet_details import shown

HEADER = ("id", "질문", "답변")
ROWS = [("1", "벽지는 왜 뜨나요?", "풀이 말라서입니다."), ("2", "곰팡이는요?", "물을 막습니다.")]
ANSWERS = [[row[2]] for row in ROWS]
Fill = Callable[[Any], None]


def read(tmp_path: Path, fill: Fill, **settings: Any) -> TableRead:
    book = openpyxl.Workbook()
    fill(book)
    path = tmp_path / "train.xlsx"
    book.save(path)
    return read_train(path, TableSettings(**settings))


def filled(sheet: Any, *rows: tuple[Any, ...]) -> None:
    for row in rows:
        sheet.append(row)


@pytest.mark.parametrize(
    ("value", "number_format", "text"),
    [
        (0.35, "0%", "35%"), (1234567, '#,##0"원"', "1,234,567원"), (1, "00000", "00001"),
        (timedelta(days=1.5), "[h]:mm", "36:00"), (date(2024, 3, 1), "mm-dd-yy", "2024-03-01"),
        (datetime(2024, 3, 1, 9, 30), 'yyyy"년" m"월" d"일"', "2024년 3월 1일"),
        (date(2024, 3, 1), "aaaa", "금요일"), (date(2024, 3, 1), "[$-412]ddd", "금"),
        (datetime(2024, 3, 1, 15, 5), "[$-412]AM/PM h:mm", "오후 3:05"),
        (0.1 + 0.2, "General", "0.3"), (202403010001.0, "General", "202403010001"),
        (True, "General", "TRUE"), (1.5, "#,##0.00", "1.50"), (3, "General", "3"),
        (-5, "#,##0_);(#,##0)", "(5)"), (1012345678, "000-0000-0000", "010-1234-5678"),
        (date(2024, 3, 1), "[$-F800]dddd, mmmm dd, yyyy", "2024년 3월 1일 금요일"),
        ("글", "0%", "글"), (None, "General", ""),
    ],
)  # fmt: skip
def test_a_value_is_shown_as_its_sheet_does(value: Any, number_format: str, text: str) -> None:
    assert shown(value, number_format) == text


def test_cells_with_a_format_are_read_as_shown(tmp_path: Path) -> None:
    def fill(book: Any) -> None:
        filled(book.active, HEADER, (1, "얼마인가요?", 0.35), (2, "얼마요?", 1234567))
        book.active["A2"].number_format = book.active["A3"].number_format = "00000"
        book.active["C2"].number_format = "0%"
        book.active["C3"].number_format = '#,##0"원"'

    frame = read(tmp_path, fill).frame
    assert frame["id"].tolist() == ["00001", "00002"]
    assert frame["answers"].tolist() == [["35%"], ["1,234,567원"]]


def test_a_number_that_the_sheet_cut_is_named(tmp_path: Path) -> None:
    def fill(book: Any) -> None:
        filled(book.active, HEADER, ("1", "번호는요?", 12345678901234567890))

    table = read(tmp_path, fill)
    assert table.frame["answers"].tolist() == [["12345678901234600000"]]
    assert table.notes[0].startswith("C2: a number of more digits than a sheet keeps")


@pytest.mark.parametrize(
    ("change", "note"),
    [
        (lambda sheet: sheet.__setitem__("D2", '=CONCATENATE("둘째", C2)'),
         "D2: a formula without a value, taken for empty"),
        (lambda sheet: _error(sheet["D3"], "#SPILL!"),
         "D3: an error of the sheet, taken for empty"),
        (lambda sheet: _error(sheet["D3"], "#N/A"), "D3: an error of the sheet, taken for empty"),
        (lambda sheet: _struck(sheet["D2"]), "D2: struck out, and left out"),
        (lambda sheet: setattr(sheet.row_dimensions[3], "hidden", True),
         "row 3: hidden, and read as others"),
    ],
)  # fmt: skip
def test_what_a_cell_does_not_show_is_named(
    tmp_path: Path, change: Callable[[Any], None], note: str
) -> None:
    def fill(book: Any) -> None:
        filled(book.active, ("id", "질문", "답변_1", "답변_2"), *ROWS)
        change(book.active)

    table = read(tmp_path, fill)
    assert table.frame["answers"].tolist() == ANSWERS
    assert table.notes == (note,)


def _error(cell: Any, error: str) -> None:
    cell.value, cell.data_type = error, "e"


def test_of_a_cell_that_is_struck_out_in_part_the_rest_is_read(tmp_path: Path) -> None:
    def fill(book: Any) -> None:
        filled(book.active, HEADER, *ROWS)
        old = TextBlock(InlineFont(strike=True), "옛말. ")
        book.active["C2"] = CellRichText(old, TextBlock(InlineFont(b=True), ROWS[0][2]))

    table = read(tmp_path, fill)
    assert table.frame["answers"].tolist() == ANSWERS
    assert table.notes == ("C2: in a part struck out, which is left out",)


def _struck(cell: Any) -> None:
    cell.value, cell.font = "옛 답변입니다.", Font(strike=True)


def test_a_refusal_names_the_formulas_behind_it(tmp_path: Path) -> None:
    def fill(book: Any) -> None:
        filled(book.active, HEADER, ("1", "왜?", "=B2"))

    with pytest.raises(ContractError, match=r"C2: a formula without a value.*open the file in"):
        read(tmp_path, fill)


def test_rows_of_spaces_are_blank(tmp_path: Path) -> None:
    def fill(book: Any) -> None:
        filled(book.active, HEADER, *ROWS, *[(" ", "\u3000", "\u200b")] * 3)

    table = read(tmp_path, fill)
    assert table.frame["answers"].tolist() == ANSWERS
    assert table.repairs["blank_lines"] == 3


def _cover(book: Any) -> None:
    filled(book.active, ("질문", "담당"), ("작성 문의", "품질팀"))
    filled(book.create_sheet("자료"), HEADER, *ROWS)


def _hidden_sheet(book: Any) -> None:
    filled(book.active, HEADER, ("1", "왜?", "(폐기) 옛 답변."))
    book.active.sheet_state = "hidden"
    filled(book.create_sheet("자료"), HEADER, *ROWS)


def _title(book: Any) -> None:
    filled(book.active, ("질문",), (), HEADER, *ROWS)


def _guide_and_total(book: Any) -> None:
    guide = ("필수", "고객 질문을 입력하세요", "※ 담당자 작성")
    filled(book.active, HEADER, guide, *ROWS, ("합계", "2건", ""))


@pytest.mark.parametrize(
    ("fill", "notes"),
    [
        (_cover, ("sheet 자료 was read; not Sheet",)),
        (_hidden_sheet, ("sheet 자료 was read; not Sheet (hidden)",)),
        (_title, ("1 row stands above the header and is left out",)),
        (_guide_and_total,
         ("a guide to the columns stands on row 2: left out", "a total stands on row 5: left out")),
    ],
)  # fmt: skip
def test_the_table_of_a_workbook_is_found(
    tmp_path: Path, fill: Fill, notes: tuple[str, ...]
) -> None:
    table = read(tmp_path, fill)
    assert table.frame["answers"].tolist() == ANSWERS
    assert table.notes == notes


def test_a_workbook_may_hold_a_chart_and_a_filter(tmp_path: Path) -> None:
    def fill(book: Any) -> None:
        filled(book.active, HEADER, ("1", "얼마나 걸리나요?", 0.35))
        book.active["C2"].number_format = "0%"
        book.active.auto_filter.ref = "A1:C2"
        book.create_chartsheet("그림")

    assert read(tmp_path, fill).frame["answers"].tolist() == [["35%"]]


def _two_sheets(second: tuple[Any, ...]) -> Fill:
    def fill(book: Any) -> None:
        book.active.title = "하나"
        filled(book.active, HEADER, ROWS[0])
        filled(book.create_sheet("둘"), HEADER, second)
        filled(book.create_sheet("메모"), ("담당",), ("품질팀",))

    return fill


def test_sheets_of_the_same_columns_are_one_table(tmp_path: Path) -> None:
    table = read(tmp_path, _two_sheets(ROWS[1]))
    assert table.frame["answers"].tolist() == ANSWERS
    assert table.sheet == "하나, 둘"
    assert table.notes[0] == "sheets 하나, 둘 were read; not 메모"
    for name in ("둘", unicodedata.normalize("NFD", "둘")):
        assert len(read(tmp_path, _two_sheets(ROWS[1]), sheet=name).frame) == 1


def test_ids_of_several_sheets_are_told_apart_by_them(tmp_path: Path) -> None:
    table = read(tmp_path, _two_sheets(("1", *ROWS[1][1:])))
    assert table.frame["id"].tolist() == ["하나 1", "둘 1"]


def test_an_id_clashes_with_the_one_before_it_alone(tmp_path: Path) -> None:
    path = tmp_path / "sample_submission.xlsx"
    book = openpyxl.Workbook()
    for sheet, value in ((book.active, "0"), (book.create_sheet("둘"), "1")):
        filled(sheet, ("id", "vec_0"), ("1", value))
    book.save(path)
    with pytest.raises(ContractError) as error:
        read_template(path)
    (violation,) = error.value.violations
    assert str(violation).startswith("row 2 of sheet 둘, column id: '1' already stands on row 2 of")


def test_a_bad_row_is_named_with_its_sheet(tmp_path: Path) -> None:
    with pytest.raises(ContractError, match=r"row 2 of sheet 둘, column 답변: has no answer"):
        read(tmp_path, _two_sheets(("2", "곰팡이는요?", None)))


def test_a_format_without_details_names_the_cells_that_have_a_type(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    book = openpyxl.Workbook()
    filled(book.active, HEADER, ("1", "얼마인가요?", 0.35))
    book.save(buffer)
    from hansol_assets.qa.table.sheet_details import Detailer

    assert not Detailer(b"\xd0\xcf\x11\xe0").of("Sheet", [[0.35]]).is_known
    assert Detailer(buffer.getvalue()).of("Sheet", [[0.35]]).is_known


def _marked(book: Any) -> None:
    """A sheet of which the values alone say too little: all of its parts are needed."""
    sheet = book.active
    filled(sheet, ("id", "질문", "답변_1", "답변_2"), *ROWS, ("3", "얼마인가요?", 0.35))
    _struck(sheet["D2"])
    sheet["D3"] = '=CONCATENATE("둘째", C2)'
    sheet["C4"].number_format = "0%"
    old = TextBlock(InlineFont(strike=True), "옛말. ")
    sheet["D4"] = CellRichText(old, TextBlock(InlineFont(b=True), "작년에는 30%입니다."))
    sheet.row_dimensions[3].hidden = True


Swaps = dict[str, str]
STRICT = {
    "http://schemas.openxmlformats.org/spreadsheetml/2006/main":
        "http://purl.oclc.org/ooxml/spreadsheetml/main",
    "http://schemas.openxmlformats.org/officeDocument/2006/relationships":
        "http://purl.oclc.org/ooxml/officeDocument/relationships",
}  # fmt: skip


def packed(path: Path, names: Swaps, texts: Swaps) -> None:
    """Packs the marked sheet anew, with other names of its parts and other texts in them."""
    buffer = io.BytesIO()
    book = openpyxl.Workbook()
    _marked(book)
    book.save(buffer)
    with zipfile.ZipFile(buffer) as old, zipfile.ZipFile(path, "w") as new:
        for name in old.namelist():
            part = old.read(name).decode()
            for said, instead in texts.items():
                part = part.replace(said, instead)
            for said, instead in names.items():
                name = name.replace(said, instead)
            new.writestr(name, part)


SHEET, STYLES = "worksheets/sheet1.xml", "styles.xml"


@pytest.mark.parametrize(
    ("names", "texts"),
    [
        ({}, STRICT),
        ({SHEET: "worksheets/Sheet1.xml"}, {}),
        ({SHEET: "worksheets/data.xml"}, {SHEET: "worksheets/data.xml"}),
        ({STYLES: "Styles.xml"}, {}),
        ({STYLES: "looks.xml"}, {'"styles.xml': '"looks.xml', "/styles.xml": "/looks.xml"}),
        ({"xl/": "XL/"}, {}),
        ({"/": "\\"}, {}),
        ({"workbook.xml": "book.xml"}, {"workbook.xml": "book.xml"}),
        ({SHEET: "worksheets/Sheet1.xml", STYLES: "Styles.xml"}, STRICT),
    ],
)
def test_parts_are_found_by_their_relations(tmp_path: Path, names: Swaps, texts: Swaps) -> None:
    path = tmp_path / "train.xlsx"
    packed(path, names, texts)

    table = read_train(path, TableSettings())
    answers = [*ANSWERS, ["35%", "작년에는 30%입니다."]]
    assert table.frame["answers"].tolist() == answers
    assert table.notes == (
        "D3: a formula without a value, taken for empty",
        "D2: struck out, and left out",
        "D4: in a part struck out, which is left out",
        "row 3: hidden, and read as others",
    )


@pytest.mark.parametrize(
    ("names", "texts", "note"),
    [
        ({STYLES: "none.bin"}, {},
         "C4: a number or a date, read by its value and not as the sheet shows it"),
        ({}, {"<cellXfs": "<cellYfs", "</cellXfs": "</cellYfs"},
         "C4: a number or a date, read by its value and not as the sheet shows it"),
        ({}, {'s="2"': 's="99"'},
         "C4: a number or a date, read by its value and not as the sheet shows it"),
        ({}, {'s="2"': 's="zwei"'},
         "formats, formulas, hidden rows and what is struck out: not known, since the file"),
    ],
)  # fmt: skip
def test_a_part_that_is_odd_is_named_and_the_values_are_read(
    tmp_path: Path, names: Swaps, texts: Swaps, note: str
) -> None:
    path = tmp_path / "train.xlsx"
    packed(path, names, texts)

    table = read_train(path, TableSettings())
    assert table.frame["answers"].tolist()[2][0] == "0.35"
    assert [said for said in table.notes if said.startswith(note)]
