"""JSON and JSON lines: the ways to lay a table out in them, from text to columns."""

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from hansol_assets.qa.table.chats import is_turns
from hansol_assets.qa.table.raw_table import IsHeader, RawTable
from hansol_assets.qa.table.violations import LINE, ROW, ContractError, Violation, refusal

LINES_SUFFIXES = (".jsonl", ".ndjson")

_STARTS_AS_JSON = re.compile(r"[\ufeff \t\r\n]*(?:\{|\[(?:[\[{ \r\n]|\Z))")
_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")
_WRITE_RECORDS = 'write a list of records, [{"question": …, "answer": …}, …], or one a line'

_TWO_KEYS = "give each value its own key (answer_1, answer_2), or write a list of them"


def looks_like_json(text: str) -> bool:
    """Whether a text of unknown format starts as JSON does."""
    return bool(_STARTS_AS_JSON.match(text))


def read_json(path: Path, text: str, encoding: str, suffix: str, is_header: IsHeader) -> RawTable:
    """Reads JSON lines, or one JSON value that holds a table; a name or the first line decides.

    A value is a list of records; a mapping with one such list in it, however deep (`{"data":
    {"items": […]}}`); a mapping from columns to their values (a list, or pandas' `{"0": …}`), or
    from ids to records; pandas' `split` form; or rows under a row of names. Values that stand one
    behind the other are records.

    Raises:
        ContractError: The text is neither, or holds no table.
    """
    if suffix in LINES_SUFFIXES or _is_lines(text, is_header):
        return _read_lines(text, encoding)
    try:
        value = _value_of(text)
    except json.JSONDecodeError as error:
        problem = f"is not valid JSON ({error.msg}, column {error.colno})"
        broken = Violation(error.lineno, "", problem, "mend the JSON at this place")
        raise ContractError(path, [broken]) from error
    except _DoubledKeyError as error:
        doubled = Violation(error.line_in(text), error.key, str(error), _TWO_KEYS)
        raise ContractError(path, [doubled]) from error
    columns = _columns_of(value, is_header)
    if columns is None:
        problem = f"holds {_described(value)}, not a table"
        raise refusal(path, problem, _WRITE_RECORDS)
    positions = range(1, len(next(iter(columns.values()), [])) + 1)
    return RawTable.of_columns("json", columns, positions, encoding=encoding, unit=ROW)


def _columns_of_records(records: list[Mapping[str, Any]]) -> dict[str, list[Any]]:
    """The columns of records, in the order of their first appearance; None where one is absent."""
    names = dict.fromkeys(str(name) for record in records for name in record)
    return {name: [record.get(name) for record in records] for name in names}


class _DoubledKeyError(ValueError):
    """A record with a key that stands in it twice: one of the two values would be lost."""

    def __init__(self, key: str, value: Any) -> None:
        super().__init__("stands more than once in one record, with different values")
        self.key, self._value = key, value

    def line_in(self, text: str) -> int | None:
        """The line on which the later value stands, as far as it can be found again."""
        written = (json.dumps(self._value, ensure_ascii=plain) for plain in (False, True))
        start = next((at for one in written if (at := text.find(one)) >= 0), None)
        return None if start is None else text.count("\n", 0, start) + 1


def _record(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    record: dict[str, Any] = dict(pairs)
    if len(record) < len(pairs):
        for key, value in pairs:
            if value != record[key]:
                raise _DoubledKeyError(key, record[key])
    return record


_DECODER = json.JSONDecoder(object_pairs_hook=_record)


def _loads(text: str) -> Any:
    """Parses JSON; half of an escaped character, which no text can hold, becomes U+FFFD."""
    value = _DECODER.decode(text)
    return _whole(value) if _SURROGATE.search(text) else value


def _value_of(text: str) -> Any:
    bare = text.removeprefix("\ufeff").strip()
    try:
        return _loads(bare)
    except json.JSONDecodeError as error:
        if not bare.startswith("{") or error.msg != "Extra data":
            raise
    values, end = [], 0
    while end < len(bare):
        try:
            value, end = _DECODER.raw_decode(bare, end)
        except json.JSONDecodeError as error:
            raise json.JSONDecodeError(error.msg, text, error.pos + text.index(bare)) from None
        values.append(_whole(value))
        end += len(bare[end:]) - len(bare[end:].lstrip(", \t\r\n"))
    return values


def _whole(value: Any) -> Any:
    if isinstance(value, str):
        return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if isinstance(value, list):
        return [_whole(item) for item in value]
    if isinstance(value, dict):
        return {_whole(name): _whole(item) for name, item in value.items()}
    return value


def _is_lines(text: str, is_header: IsHeader) -> bool:
    """Whether the first line is a whole record, with more after it."""
    first, _, rest = text.lstrip("\ufeff \t\r\n").partition("\n")
    if not first.startswith("{"):
        return False
    try:
        value = _loads(first)
    except ValueError:
        # A record that is broken, in a file whose next line is a record again.
        return rest.lstrip().startswith("{") and first.rstrip().endswith(("}", "},"))
    is_record = _columns_of(value, is_header) is None and not list(_lists_of_records(value))
    return bool(rest.strip()) or is_record


def _read_lines(text: str, encoding: str) -> RawTable:
    records: list[Mapping[str, Any]] = []
    positions: list[int] = []
    violations: list[Violation] = []
    blank = 0
    # splitlines would also cut at the line separators that JSON allows inside a text.
    for line, raw in enumerate(text.split("\n"), start=1):
        content = raw.lstrip("\ufeff")  # files put one behind the other have one each
        if not content.strip():
            blank += 1
            continue
        try:
            record = _loads(content)
        except json.JSONDecodeError as error:
            problem = f"is not valid JSON ({error.msg}, column {error.colno})"
            violations.append(Violation(line, "", problem, "write one record, {…}, a line"))
            continue
        except _DoubledKeyError as error:
            violations.append(Violation(line, error.key, str(error), _TWO_KEYS))
            continue
        if isinstance(record, Mapping):
            records.append(record)
            positions.append(line)
        else:
            problem = f"holds {_described(record)}, not a record"
            violations.append(Violation(line, "", problem, "write one record, {…}, a line"))
    return RawTable.of_columns(
        "jsonl",
        _columns_of_records(records),
        positions,
        encoding=encoding,
        unit=LINE,
        # The end of the last line is no blank line.
        blank_rows=blank - text.endswith("\n"),
        violations=violations,
    )


def _columns_of(value: Any, is_header: IsHeader) -> dict[str, list[Any]] | None:
    if isinstance(value, list):
        if _is_records(value) or not value:
            return _columns_of_records(value)
        return _rows_form(value, is_header)
    if not isinstance(value, Mapping):
        return None
    if {"columns", "data"} <= set(value) and isinstance(value["data"], list):
        return _columns_of_rows([*map(str, value["columns"])], value["data"])
    if any(is_turns(item) for item in value.values()):
        return _columns_of_records([value])
    lists = list(_lists_of_records(value))
    if lists:
        return _columns_of_records(lists[0]) if len(lists) == 1 else None
    return _index_form(value, is_header) or _column_form(value)


def _is_records(value: Any) -> bool:
    return (
        isinstance(value, list) and bool(value) and all(isinstance(item, Mapping) for item in value)
    )


def _lists_of_records(value: Mapping[str, Any]) -> Iterator[list[Mapping[str, Any]]]:
    """The lists of records in a mapping, those within records left aside."""
    for item in value.values():
        if _is_records(item):
            yield item
        elif isinstance(item, Mapping):
            yield from _lists_of_records(item)


def _rows_form(value: list[Any], is_header: IsHeader) -> dict[str, list[Any]] | None:
    """Rows under a row of names: `[["question", "answer"], […], …]`."""
    names, *rows = value
    is_named = isinstance(names, list) and all(isinstance(name, str) for name in names)
    return _columns_of_rows(names, rows) if is_named and is_header(names) else None


def _columns_of_rows(names: list[str], rows: list[Any]) -> dict[str, list[Any]] | None:
    if not all(isinstance(row, list) and len(row) == len(names) for row in rows):
        return None
    return {name: [row[index] for row in rows] for index, name in enumerate(names)}


def _index_form(value: Mapping[str, Any], is_header: IsHeader) -> dict[str, list[Any]] | None:
    """A mapping from ids to records: `{"a1": {"question": …, "answer": …}, …}`."""
    records = list(value.values())
    if not _is_records(records) or not all(is_header(list(map(str, one))) for one in records):
        return None
    columns = _columns_of_records(records)
    return columns if "id" in columns else {"id": list(map(str, value)), **columns}


def _column_form(value: Mapping[str, Any]) -> dict[str, list[Any]] | None:
    parts = list(value.values())
    if parts and all(isinstance(part, list) for part in parts):
        columns = {str(name): list(part) for name, part in value.items()}
    elif parts and all(isinstance(part, Mapping) for part in parts):
        keys = list(dict.fromkeys(key for part in parts for key in part))
        columns = {str(name): [part.get(key) for key in keys] for name, part in value.items()}
    else:
        return None
    return columns if len({len(column) for column in columns.values()}) == 1 else None


def _described(value: Any) -> str:
    if isinstance(value, Mapping) and len(list(_lists_of_records(value))) > 1:
        return f"several lists under the keys {', '.join(list(map(str, value))[:8])}"
    if isinstance(value, Mapping):
        return f"a mapping with the keys {', '.join(list(map(str, value))[:8])}"
    return f"a {type(value).__name__}"
