"""From any file to its columns: the reader that its content asks for.

What belongs here: picking the reader, and the header made clean. What does not: each format, and
what the columns mean.
"""

from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hansol_assets.qa.table.content import PARQUET, WORKBOOK, Content, open_content
from hansol_assets.qa.table.delimited import read_delimited
from hansol_assets.qa.table.encodings import decode
from hansol_assets.qa.table.faultless import read_faultless
from hansol_assets.qa.table.json_text import LINES_SUFFIXES, looks_like_json, read_json
from hansol_assets.qa.table.names import clean_name
from hansol_assets.qa.table.nested import flatten
from hansol_assets.qa.table.parquet import read_parquet
from hansol_assets.qa.table.repairs import NAMES, NFC, OUTER_SPACES, nfc, strip_outer
from hansol_assets.qa.table.rows_of_no_data import leave_out_rows
from hansol_assets.qa.table.source import IsHeader, Source, cells_of
from hansol_assets.qa.table.violations import ContractError, Violation
from hansol_assets.qa.table.workbook import read_workbook

_JSON_SUFFIXES = (".json", *LINES_SUFFIXES)


@dataclass(frozen=True, eq=False)
class RawTable:
    """The columns of a file under clean names.

    Attributes:
        source: The columns; its header is clean, and holds no column without name and content.
        sha256: Hex digest of the file's bytes.
        repairs: Counts of mended names by kind of repair; mending cells adds to it.
    """

    source: Source
    sha256: str
    repairs: Counter[str]


def read_columns(path: Path, sheet: str | None, is_header: IsHeader) -> RawTable:
    """Reads a file of any known format.

    Args:
        path: The file.
        sheet: Sheet of a workbook; None: the first one.
        is_header: Tells the header from the title above it.

    Raises:
        ContractError: The file is missing, is no table, cannot be decoded, or has no row of data.
    """
    raw = read_any_columns(path, sheet, is_header)
    if not raw.source.places:
        raise ContractError(path, [*raw.source.violations, _no_row(raw.source)])
    return raw


def read_any_columns(path: Path, sheet: str | None, is_header: IsHeader) -> RawTable:
    """Reads a file of any known format, which may hold a header alone.

    Args:
        path: The file.
        sheet: Sheet of a workbook; None: the first one.
        is_header: Tells the header from the title above it.

    Raises:
        ContractError: The file is missing, is no table, or cannot be decoded.
    """
    content = open_content(path)
    read = _read(content, sheet, is_header)
    leave_out_rows(read)
    source = flatten(read, is_header)
    if content.packing:
        source.notes.append(f"unpacked from {content.packing}")
    repairs: Counter[str] = Counter()
    _clean_header(source, repairs)
    return RawTable(source, content.sha256, repairs)


def _read(content: Content, sheet: str | None, is_header: IsHeader) -> Source:
    if content.kind == WORKBOOK:
        return read_workbook(content.path, content.data, sheet, is_header)
    if content.kind == PARQUET:
        return read_parquet(content.path, content.data)
    if content.suffix not in _JSON_SUFFIXES:
        source = read_faultless(content, is_header)
        if source is not None:
            return source
    text, encoding = decode(content.path, content.data)
    if content.suffix in _JSON_SUFFIXES or looks_like_json(text):
        return read_json(content.path, text, encoding, content.suffix, is_header)
    return read_delimited(text, encoding, is_header)


def _no_row(source: Source) -> Violation:
    problem = "holds a header but no data row" if source.header else "holds no row"
    if source.violations:
        return Violation(None, "", f"{problem} that can be read", "mend the rows named below")
    return Violation(None, "", problem, "add the rows")


def _clean_header(source: Source, repairs: Counter[str]) -> None:
    """Cleans the names, counts what was mended, and leaves out columns that hold nothing at all."""
    names = []
    for name in source.header:
        normal = nfc(name)
        stripped, clean = strip_outer(normal), clean_name(name)
        repairs[NFC] += normal != name
        repairs[OUTER_SPACES] += stripped != normal
        repairs[NAMES] += clean != stripped
        names.append(clean)
    blank = [place for place, name in enumerate(names) if not name]
    empty = [place for place in blank if not any(map(_holds, cells_of(source.columns[place])))]
    if empty:
        said = "1 column" if len(empty) == 1 else f"{len(empty)} columns"
        source.notes.append(
            f"{said} without name and content {'is' if len(empty) == 1 else 'are'} left out"
        )
    kept = [place for place in range(len(names)) if place not in set(empty)]
    # As pandas names a column without a name; the index that it wrote itself is one.
    source.header = [names[place] or f"Unnamed: {place}" for place in kept]
    source.columns = [source.columns[place] for place in kept]


def _holds(cell: Any) -> bool:
    return bool(cell.strip()) if isinstance(cell, str) else cell is not None
