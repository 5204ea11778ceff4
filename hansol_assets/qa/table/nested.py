"""Nested records made flat: conversations, SQuAD's paragraphs, and lists of answers."""

import ast
import io
import json
import re
import tokenize
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import pyarrow as pa

from hansol_assets.qa.table.chats import (
    Exchange,
    answered_by,
    exchange_rows,
    exchanges,
    is_turns,
    unknown_roles,
    with_history,
)
from hansol_assets.qa.table.raw_table import IsHeader, RawTable, as_text, cells_of, is_list
from hansol_assets.qa.table.violations import Violation

_CHATS = ("messages", "conversations", "conversation", "dialogue", "dialog", "turns", "contents")
_PARAGRAPHS = "paragraphs"
_QUESTIONS = "qas"
_TEXTS = ("text", "answer", "content", "value", "parts")
_CHOSEN = ("chosen", "preferred_output")
"""Columns of the reply that was preferred to another one."""
_GOOD = ("label", "kto_tag", "is_good")
"""Columns that say of a reply whether it is a good one."""

_LOOKS_NESTED = re.compile(r"""[\[{]\s*["'{\[].*["'}\])]\s*[\]}]""", re.DOTALL)
_OF_NUMPY = re.compile(r"array\(|['\"]\s+['\"]")

Expand = Callable[[Any], list[dict[str, Any]]]


def flatten(table: RawTable, is_header: IsHeader) -> RawTable:
    """Makes each exchange of a conversation, and each question of a paragraph, a row.

    Where no column is known, a column of records, or of lists of them, takes their fields' place
    (`{"qa": {"question": …, "answer": …}}`). Rows that come of one record keep its number. Turns of
    the system are left out, and so are SQuAD's questions without an answer (`is_impossible`).
    """
    _gather_turns(table)
    _name_unknown_roles(table)
    for name in table.header:
        if name.casefold() in _CHATS and _any(table, name, is_turns):
            return _without_bad(_with_exchanges(table, name))
    if _PARAGRAPHS in table.header:
        return flatten(_expanded(table, _PARAGRAPHS, _records), is_header)
    if _QUESTIONS in table.header:
        return _expanded(table, _QUESTIONS, _question_rows)
    if is_header(table.header):
        return _without_bad(table)
    records = next((name for name in table.header if _any(table, name, _is_record)), None)
    return table if records is None else flatten(_expanded(table, records, _records), is_header)


def _with_exchanges(table: RawTable, name: str) -> RawTable:
    omitted: Counter[str] = Counter()
    flat = _expanded(table, name, partial(exchange_rows, omitted=omitted))
    more = len(flat.positions) - len({*flat.records})
    if more:
        flat.notes.append(f"{more} further exchanges of conversations are rows of their own")
    left_out = ", ".join(f"{count} {what}" for what, count in omitted.items() if count)
    flat.notes += [f"left out of conversations: {left_out}"] if left_out else []
    return flat


def _gather_turns(table: RawTable) -> None:
    """Puts into one column of turns what tools write into several.

    That is: turns written as texts; a conversation and the reply that was preferred; an instruction
    with earlier ones as its history.
    """
    for index, name in enumerate(table.header):
        if name.casefold() in (*_CHATS, *_CHOSEN, "input", "history"):
            cells = cells_of(table.columns[index])
            if any(not isinstance(nested_value(cell), str) for cell in cells):
                table.columns[index] = list(map(nested_value, cells))
    # {"input": {"messages": […]}, "preferred_output": […]}
    if _any(table, "input", _holds_messages):
        inputs = [dict(cell or {}).get("messages") for cell in _pop(table, "input")]
        _append(table, "messages", inputs)
    chat = next((name for name in table.header if name.casefold() in _CHATS), None)
    chosen = next((name for name in _CHOSEN if name in table.header), None)
    talks = chosen and (_any(table, chosen, is_turns) or _any(table, chosen, _holds_messages))
    if chosen and (chat or (talks and "prompt" not in table.header)):
        turns: Sequence[Any] = _pop(table, chat) if chat else [None] * len(table.positions)
        whole = list(map(answered_by, turns, _pop(table, chosen)))
        _append(table, chat or "messages", whole)
    if {"instruction", "output"} <= set(table.header) and _any(table, "history", bool):
        columns = [_pop(table, name) for name in ("history", "instruction", "output")]
        if "input" in table.header:
            pairs = zip(columns[1], _pop(table, "input"), strict=True)
            columns[1] = ["\n".join(filter(None, pair)) for pair in pairs]
        _append(table, "messages", list(map(with_history, *columns)))


def _name_unknown_roles(table: RawTable) -> None:
    for name, column in zip(table.header, table.columns, strict=True):
        rows_of: dict[str, list[int]] = {}
        for row, cell in enumerate(() if isinstance(column, pa.ChunkedArray) else column):
            for role in sorted(unknown_roles(cell)):
                rows_of.setdefault(role, []).append(row)
        for role, rows in rows_of.items():
            problem = (
                f"{table.named(rows)}, column {name}: the role {role!r} is nobody's that asks "
                "or answers; its turns are left out, and what follows them is no answer"
            )
            table.notes.append(problem)
            table.doubts.append(Violation(None, "", problem, "write user or assistant there"))


def _holds_messages(cell: Any) -> bool:
    return isinstance(cell, Mapping) and "messages" in cell


def _any(table: RawTable, name: str, test: Callable[[Any], bool]) -> bool:
    """Whether a cell of a column, if there is one, passes a test."""
    return name in table.header and any(map(test, table.cells(name)))


def _pop(table: RawTable, name: str) -> Sequence[Any]:
    index = table.header.index(name)
    table.header.pop(index)
    return cells_of(table.columns.pop(index))


def _append(table: RawTable, name: str, cells: Sequence[Any]) -> None:
    table.header.append(name)
    table.columns.append(cells)


def _without_bad(table: RawTable) -> RawTable:
    """The table without the replies that a column marks as bad, as a set for KTO does."""
    marks = next((name for name in table.header if name.casefold() in _GOOD), None)
    if marks is None:
        return table
    cells = [as_text(cell).casefold() for cell in table.cells(marks)]
    values = {*cells} - {""}
    is_of_kto = marks.casefold() == "kto_tag" or "completion" in table.header
    if values and values <= ({"true", "false", "0", "1"} if is_of_kto else {"true", "false"}):
        bad = [row for row, cell in enumerate(cells) if cell in ("false", "0")]
        if bad:
            table.notes.append(f"{len(bad)} replies that column {marks} marks as bad are left out")
            table.drop_rows(bad)
    return table


def nested_value(cell: Any) -> Any:
    """What a text holds that is a list or a mapping, written as JSON or as Python shows it."""
    if not isinstance(cell, str) or not _LOOKS_NESTED.fullmatch(cell.strip()):
        return cell
    for read in (json.loads, _shown_by_python):
        try:
            value = read(cell.strip())
        except (ValueError, SyntaxError, MemoryError, RecursionError, tokenize.TokenError):
            continue
        return value if is_list(value) or isinstance(value, Mapping) else cell
    return cell


def is_texts(value: Any) -> bool:
    """Whether a value is a list of texts, or a mapping that holds one as Hugging Face has it."""
    if isinstance(value, Mapping):
        return is_texts(value.get("text"))
    return is_list(value) and bool(value) and all(isinstance(item, str) for item in value)


def _shown_by_python(text: str) -> Any:
    """The value that Python shows as a text; numpy writes no commas between an array's items."""
    if not _OF_NUMPY.search(text):
        return ast.literal_eval(text)
    items: list[tuple[int, str]] = []
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type == tokenize.STRING and items and items[-1][0] == tokenize.STRING:
            items.append((tokenize.OP, ","))
        if token.type != tokenize.NL:
            items.append(token[:2])
    tree = ast.parse(tokenize.untokenize(items).strip(), mode="eval")
    return ast.literal_eval(_WithoutArrays().visit(tree))


class _WithoutArrays(ast.NodeTransformer):
    """Puts the items of `array([…], dtype=object)` in its place."""

    def visit_Call(self, node: ast.Call) -> ast.AST:
        """Takes the first argument of a call; one without any is left, and refused later."""
        self.generic_visit(node)
        return node.args[0] if node.args else node


def texts_of(value: Any, asks: bool = False) -> list[str]:
    """The texts that a cell holds: one, or those of a list or of SQuAD's `{"text": […]}`.

    Of a list of turns it is the last question where `asks`, else the last answer.
    """
    if isinstance(value, str):
        return [value]
    if isinstance(value, Mapping):
        return _texts_of_mapping(value)
    if is_turns(value):
        talk = list(exchanges(value, Counter()))
        last = talk[-1] if talk else Exchange("", "")
        return [last.question if asks else last.answer]
    if is_list(value):
        return [text for item in value for text in texts_of(item)]
    text = as_text(value)
    return [text] if text else []


def _texts_of_mapping(value: Mapping[str, Any]) -> list[str]:
    if not set(_TEXTS).isdisjoint(value):
        item = next((value[key] for key in _TEXTS if value.get(key)), None)
        return [] if item is None else texts_of(item)
    # {"1": "…", "2": "…"}
    return [item for item in value.values() if isinstance(item, str)]


def _is_record(value: Any) -> bool:
    items = value if is_list(value) else [value]
    return bool(items) and all(isinstance(item, Mapping) for item in items)


def _records(value: Any) -> list[dict[str, Any]]:
    items = value if is_list(value) else [value]
    return [dict(item) for item in items if isinstance(item, Mapping)]


def _question_rows(value: Any) -> list[dict[str, Any]]:
    return [row for row in _records(value) if row.get("is_impossible") is not True]


def _expanded(table: RawTable, name: str, expand: Expand) -> RawTable:
    """The table with one column replaced by what each of its cells expands to."""
    rows = [expand(cell) for cell in table.cells(name)]
    origins = [origin for origin, made in enumerate(rows) for _ in made]
    flat = [row for made in rows for row in made]
    new = dict.fromkeys(str(key) for row in flat for key in row)
    columns = {
        other: [cells[origin] for origin in origins]
        for other, cells in zip(table.header, map(cells_of, table.columns), strict=True)
        if other != name
    }
    if "id" in columns and "id" not in new:
        columns["id"] = _numbered([as_text(cell) for cell in columns["id"]], origins)
    columns |= {key: [row.get(key) for row in flat] for key in new}
    return replace(
        table,
        header=list(columns),
        columns=list(columns.values()),
        positions=[table.positions[origin] for origin in origins],
        records=[table.records[origin] for origin in origins],
    )


def _numbered(ids: list[str], origins: list[int]) -> list[str]:
    """Ids of rows that come of one record, from the second on with a number."""
    seen: Counter[int] = Counter()
    result = []
    for row_id, origin in zip(ids, origins, strict=True):
        seen[origin] += 1
        result.append(f"{row_id}#{seen[origin]}" if row_id and seen[origin] > 1 else row_id)
    return result
