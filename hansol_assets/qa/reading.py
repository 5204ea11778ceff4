"""From the bytes of a CSV file to records that know their line.

What belongs here: encodings, quotes and line numbers. What does not: columns, ids and values
(`hansol_assets.qa.contract`).
"""

import csv
import hashlib
import io
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from hansol_assets.qa.violations import ContractError, Violation

_UTF8_BOM = b"\xef\xbb\xbf"
_UTF16_BOMS = (b"\xff\xfe", b"\xfe\xff")
_ZIP_MAGIC = b"PK\x03\x04"
_SAVE_AS = "save it as CSV in UTF-8"
_CLOSE_QUOTES = 'close the quote that opens a cell, and write a quote inside a cell as ""'


@dataclass(frozen=True)
class Record:
    """The cells of one record and the line of the file (from 1) on which it starts."""

    line: int
    cells: list[str]

    @property
    def is_blank(self) -> bool:
        """Whether the line holds nothing; a row of commas is a row without values, not blank."""
        return len(self.cells) == 0 or (len(self.cells) == 1 and not self.cells[0].strip())


@dataclass(frozen=True, eq=False)
class CsvFile:
    """A decoded CSV file.

    Attributes:
        sha256: Hex digest of the file's bytes.
        encoding: "utf-8", "utf-8-sig" (with a byte order mark) or "cp949".
        header: The first record that is not blank.
        records: The other records that are not blank.
        blank_lines: Number of blank lines left out.
        violations: Records that are not valid CSV and hence missing from `records`.
    """

    sha256: str
    encoding: str
    header: Record
    records: list[Record]
    blank_lines: int
    violations: list[Violation]


def read_csv_file(path: Path) -> CsvFile:
    """Read and decode a CSV file.

    Raises:
        ContractError: The file is missing, empty, not text in UTF-8 or cp949, or has no data row.
    """
    if not path.is_file():
        remedy = "put the file there, or name the folder that holds it"
        raise ContractError(path, [Violation(None, "", "there is no such file", remedy)])
    data = path.read_bytes()
    _refuse_other_formats(path, data)
    text, encoding = _decode(path, data)

    violations: list[Violation] = []
    parsed = list(_parse(text, violations))
    records = [record for record in parsed if not record.is_blank]
    if len(records) < 2:
        problem = "holds a header but no data row" if records else "holds no row"
        violations.append(Violation(None, "", problem, "add the rows"))
        raise ContractError(path, violations)
    return CsvFile(
        sha256=hashlib.sha256(data).hexdigest(),
        encoding=encoding,
        header=records[0],
        records=records[1:],
        blank_lines=len(parsed) - len(records),
        violations=violations,
    )


def _refuse_other_formats(path: Path, data: bytes) -> None:
    if not data:
        raise ContractError(path, [Violation(None, "", "the file is empty", "add the table")])
    if data.startswith(_ZIP_MAGIC):
        raise ContractError(path, [Violation(None, "", "is a workbook, not a CSV file", _SAVE_AS)])
    if data.startswith(_UTF16_BOMS):
        raise ContractError(path, [Violation(None, "", "is encoded in UTF-16", _SAVE_AS)])
    if b"\0" in data:
        line = data[: data.index(b"\0")].count(b"\n") + 1
        problem = "holds a NUL byte, so it is UTF-16 without its mark, or no text"
        raise ContractError(path, [Violation(line, "", problem, _SAVE_AS)])


def _decode(path: Path, data: bytes) -> tuple[str, str]:
    """Decode as UTF-8, or as cp949 where the header is not proof of UTF-8.

    cp949 accepts most byte pairs, so a damaged UTF-8 file must not be taken for it: a header with
    Korean names that reads as UTF-8 settles the encoding of the whole file.
    """
    encoding = "utf-8-sig" if data.startswith(_UTF8_BOM) else "utf-8"
    try:
        return data.decode(encoding), encoding
    except UnicodeDecodeError:
        header = data.split(b"\n", 1)[0]
    if not header.isascii() and _decodes(header, "utf-8"):
        raise ContractError(path, _undecodable(data, "utf-8"))
    if _decodes(data, "cp949"):
        return data.decode("cp949"), "cp949"
    likelier = min(("utf-8", "cp949"), key=lambda name: len(_undecodable(data, name)))
    raise ContractError(path, _undecodable(data, likelier))


def _decodes(data: bytes, encoding: str) -> bool:
    try:
        data.decode(encoding)
    except UnicodeDecodeError:
        return False
    return True


def _undecodable(data: bytes, encoding: str) -> list[Violation]:
    problem = f"holds bytes that are not {encoding} text"
    remedy = "write the damaged text again, in UTF-8"
    return [
        Violation(line, "", problem, remedy)
        for line, content in enumerate(data.split(b"\n"), start=1)
        if not _decodes(content, encoding)
    ]


def _parse(text: str, violations: list[Violation]) -> Iterator[Record]:
    """Yield the valid records; note each broken one and go on with the line after its start."""
    lines = list(io.StringIO(text, newline=""))
    # A cell that is too long is for the contract to name, by its column.
    csv.field_size_limit(max(csv.field_size_limit(), len(text)))
    offset = 0
    while offset < len(lines):
        reader = csv.reader(islice(lines, offset, None), strict=True)
        consumed = 0
        try:
            for cells in reader:
                yield Record(line=offset + consumed + 1, cells=cells)
                consumed = reader.line_num
        except csv.Error as error:
            line = offset + consumed + 1
            violations.append(Violation(line, "", f"is not valid CSV ({error})", _CLOSE_QUOTES))
            offset = line
        else:
            return
