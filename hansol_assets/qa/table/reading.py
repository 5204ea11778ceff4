"""From any file to its columns: the reader that its content asks for, and the header made clean."""

from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from hansol_assets.qa.table.arrow_csv import read_with_arrow
from hansol_assets.qa.table.column_names import clean_name
from hansol_assets.qa.table.content import PARQUET, WORKBOOK, Content, decode, open_content
from hansol_assets.qa.table.delimited import read_delimited
from hansol_assets.qa.table.json_text import LINES_SUFFIXES, looks_like_json, read_json
from hansol_assets.qa.table.nested import flatten
from hansol_assets.qa.table.raw_table import (
    Column,
    IsHeader,
    RawTable,
    cells_of,
    drop_rows_of_no_data,
)
from hansol_assets.qa.table.repairs import NAMES, NFC, OUTER_SPACES, nfc, strip_outer
from hansol_assets.qa.table.violations import ROW, ContractError, Violation, refusal
from hansol_assets.qa.table.workbook import read_workbook

_JSON_SUFFIXES = (".json", *LINES_SUFFIXES)


def read_columns(path: Path, sheet: str | None, is_header: IsHeader) -> RawTable:
    """Reads a file of any known format; None is the sheet with the best header.

    Raises:
        ContractError: The file is missing, is no table, cannot be decoded, or has no row of data.
    """
    table = read_any_columns(path, sheet, is_header)
    if not table.positions:
        raise ContractError(path, [*table.violations, _no_row(table)])
    return table


def read_any_columns(path: Path, sheet: str | None, is_header: IsHeader) -> RawTable:
    """Reads a file as `read_columns` does; it may hold a header alone.

    A column without name and content is left out.
    """
    content = open_content(path)
    read = _read(content, sheet, is_header)
    drop_rows_of_no_data(read)
    table = flatten(read, is_header)
    if content.packing:
        table.notes.append(f"unpacked from {content.packing}")
    table.sha256 = content.sha256
    _clean_header(table)
    return table


def _read(content: Content, sheet: str | None, is_header: IsHeader) -> RawTable:
    if content.kind == WORKBOOK:
        return read_workbook(content.path, content.data, sheet, is_header)
    if content.kind == PARQUET:
        return _read_parquet(content.path, content.data)
    if content.suffix not in _JSON_SUFFIXES:
        table = read_with_arrow(content, is_header)
        if table is not None:
            return table
    text, encoding = decode(content.path, content.data)
    if content.suffix in _JSON_SUFFIXES or looks_like_json(text):
        return read_json(content.path, text, encoding, content.suffix, is_header)
    return read_delimited(text, encoding, is_header)


def _read_parquet(path: Path, data: bytes) -> RawTable:
    try:
        table = pq.read_table(pa.BufferReader(data))
    except (pa.ArrowException, OSError) as error:
        problem = f"is no Parquet file that can be opened ({error})"
        raise refusal(path, problem, "write it again, or copy it again") from error
    header = [*map(str, table.column_names)]
    columns = [*map(_parquet_column, table.columns)]
    return RawTable("parquet", header, columns, range(1, table.num_rows + 1), unit=ROW)


def _parquet_column(column: pa.ChunkedArray) -> Column:
    if not pa.types.is_string(column.type) and not pa.types.is_large_string(column.type):
        return column.to_pylist()
    return pc.fill_null(column, "").cast(pa.string())


def _no_row(table: RawTable) -> Violation:
    problem = "holds a header but no data row" if table.header else "holds no row"
    if table.violations:
        return Violation(None, "", f"{problem} that can be read", "mend the rows named below")
    return Violation(None, "", problem, "add the rows")


def _clean_header(table: RawTable) -> None:
    """Cleans the names, counts what was mended, and leaves out columns that hold nothing at all."""
    names = []
    for name in table.header:
        normal = nfc(name)
        stripped, clean = strip_outer(normal), clean_name(name)
        table.repairs[NFC] += normal != name
        table.repairs[OUTER_SPACES] += stripped != normal
        table.repairs[NAMES] += clean != stripped
        names.append(clean)
    empty = [
        index
        for index, name in enumerate(names)
        if not name and not any(map(_holds, cells_of(table.columns[index])))
    ]
    if empty:
        many = "1 column" if len(empty) == 1 else f"{len(empty)} columns"
        table.notes.append(
            f"{many} without name and content {'is' if len(empty) == 1 else 'are'} left out"
        )
    rest = [index for index in range(len(names)) if index not in set(empty)]
    # As pandas names a column without a name; the index that it wrote itself is one.
    table.header = [names[index] or f"Unnamed: {index}" for index in rest]
    table.columns = [table.columns[index] for index in rest]


def _holds(cell: Any) -> bool:
    return bool(cell.strip()) if isinstance(cell, str) else cell is not None
