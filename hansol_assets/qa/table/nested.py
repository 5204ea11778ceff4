"""Nested records made flat: conversations, SQuAD's paragraphs, and lists of answers.

What belongs here: shapes of question-answer data that are no plain table. What does not: the turns
of a conversation (`hansol_assets.qa.table.chats`), the format that they came in, and which column
is which (`hansol_assets.qa.table.mapping`).
"""

import ast
import io
import json
import re
import tokenize
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from math import isnan
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
from hansol_assets.qa.table.source import IsHeader, Source, cells_of
from hansol_assets.qa.table.violations import Violation

_CHATS = ("messages", "conversations", "conversation", "dialogue", "dialog", "turns", "contents")
_PARAGRAPHS = "paragraphs"
_QUESTIONS = "qas"
_TEXTS = ("content", "value", "text", "parts")
_CHOSEN = ("chosen", "preferred_output")
"""Columns of the reply that was preferred to another one."""
_GOOD = ("label", "kto_tag", "is_good")
"""Columns that say of a reply whether it is a good one."""

_LOOKS_NESTED = re.compile(r"""[\[{]\s*["'{\[].*["'}\])]\s*[\]}]""", re.DOTALL)

_OF_NUMPY = re.compile(r"array\(|['\"]\s+['\"]")

Expand = Callable[[Any], list[dict[str, Any]]]


def flatten(source: Source, is_header: IsHeader) -> Source:
    """Makes each exchange of a conversation, and each question of a paragraph, a row of its own.

    Where no column is known, a column of records, or of lists of them, takes their fields' place
    (`{"qa": {"question": …, "answer": …}}`). Rows that come of one record keep its number
    (`Source.records`), so that they can be kept together. Turns of the system are left out, and so
    are SQuAD's questions that have no answer by design (`is_impossible`).
    """
    _gather_turns(source)
    _name_unknown_roles(source)
    for name in source.header:
        if name.casefold() in _CHATS and _any(source, name, is_turns):
            told: Counter[str] = Counter()
            flat = _expanded(source, name, partial(exchange_rows, told=told))
            more = len(flat.places) - len({*flat.records})
            if more:
                flat.notes.append(
                    f"{more} further exchanges of conversations are rows of their own"
                )
            left_out = ", ".join(f"{count} {what}" for what, count in told.items() if count)
            flat.notes += [f"left out of conversations: {left_out}"] if left_out else []
            return _without_bad(flat)
    if _PARAGRAPHS in source.header:
        return flatten(_expanded(source, _PARAGRAPHS, _paragraph_rows), is_header)
    if _QUESTIONS in source.header:
        return _expanded(source, _QUESTIONS, _question_rows)
    if is_header(source.header):
        return _without_bad(source)
    records = next((name for name in source.header if _any(source, name, _is_record)), None)
    return source if records is None else flatten(_expanded(source, records, _records), is_header)


def _gather_turns(source: Source) -> None:
    """Puts into one column of turns what tools write into several.

    That is: turns written as texts; a conversation and the reply that was preferred; an instruction
    with earlier ones as its history. What was rejected is carried along and not used.
    """
    for name in source.header:
        if name.casefold() in (*_CHATS, *_CHOSEN, "input", "history"):
            place = source.header.index(name)
            cells = cells_of(source.columns[place])
            if any(not isinstance(nested_value(cell), str) for cell in cells):
                source.columns[place] = list(map(nested_value, cells))
    # {"input": {"messages": […]}, "preferred_output": […]}
    if _any_in(source, "input", _holds_messages):
        inputs = [dict(cell or {}).get("messages") for cell in _taken(source, "input")]
        _put(source, "messages", inputs)
    chat = next((name for name in source.header if name.casefold() in _CHATS), None)
    chosen = next((name for name in _CHOSEN if name in source.header), None)
    talks = chosen and (_any(source, chosen, is_turns) or _any(source, chosen, _holds_messages))
    if chosen and (chat or (talks and "prompt" not in source.header)):
        turns: Sequence[Any] = _taken(source, chat) if chat else [None] * len(source.places)
        whole = list(map(answered_by, turns, _taken(source, chosen)))
        _put(source, chat or "messages", whole)
    if {"instruction", "output"} <= set(source.header) and _any_in(source, "history", bool):
        columns = [_taken(source, name) for name in ("history", "instruction", "output")]
        if "input" in source.header:
            pairs = zip(columns[1], _taken(source, "input"), strict=True)
            columns[1] = ["\n".join(filter(None, pair)) for pair in pairs]
        _put(source, "messages", list(map(with_history, *columns)))


def _name_unknown_roles(source: Source) -> None:
    """Names the roles of turns that neither ask nor answer, with their places."""
    for name, column in zip(source.header, source.columns, strict=True):
        rows: dict[str, list[int]] = {}
        for row, cell in enumerate(() if isinstance(column, pa.ChunkedArray) else column):
            for role in sorted(unknown_roles(cell)):
                rows.setdefault(role, []).append(row)
        for role, own in rows.items():
            problem = (
                f"{source.named(own)}, column {name}: the role {role!r} is nobody's that asks "
                "or answers; its turns are left out, and what follows them is no answer"
            )
            source.notes.append(problem)
            source.doubts.append(Violation(None, "", problem, "write user or assistant there"))


def _holds_messages(cell: Any) -> bool:
    return isinstance(cell, Mapping) and "messages" in cell


def _any_in(source: Source, name: str, is_wanted: Callable[[Any], bool]) -> bool:
    return name in source.header and _any(source, name, is_wanted)


def _taken(source: Source, name: str) -> Sequence[Any]:
    """The cells of a column, which is taken out."""
    place = source.header.index(name)
    source.header.pop(place)
    return cells_of(source.columns.pop(place))


def _put(source: Source, name: str, cells: Sequence[Any]) -> None:
    source.header.append(name)
    source.columns.append(cells)


def _without_bad(source: Source) -> Source:
    """The source without the replies that a column marks as bad, as a set for KTO does."""
    marks = next((name for name in source.header if name.casefold() in _GOOD), None)
    if marks is None:
        return source
    cells = [
        as_text(cell).casefold() for cell in cells_of(source.columns[source.header.index(marks)])
    ]
    known = {*cells} - {""}
    is_of_kto = marks.casefold() == "kto_tag" or "completion" in source.header
    if known and known <= ({"true", "false", "0", "1"} if is_of_kto else {"true", "false"}):
        bad = [row for row, cell in enumerate(cells) if cell in ("false", "0")]
        if bad:
            source.notes.append(f"{len(bad)} replies that column {marks} marks as bad are left out")
            source.without_rows(bad)
    return source


def nested_value(cell: Any) -> Any:
    """What a text holds that is a list or a mapping, written as JSON or as Python shows it.

    A table that is saved as CSV has such cells; any other text is returned as it is.
    """
    if not isinstance(cell, str) or not _LOOKS_NESTED.fullmatch(cell.strip()):
        return cell
    for read in (json.loads, _shown_by_python):
        try:
            value = read(cell.strip())
        except (ValueError, SyntaxError, MemoryError, RecursionError, tokenize.TokenError):
            continue
        return value if _is_list(value) or isinstance(value, Mapping) else cell
    return cell


def is_texts(value: Any) -> bool:
    """Whether a value is a list of texts, or a mapping that holds one as Hugging Face has it."""
    if isinstance(value, Mapping):
        return is_texts(value.get("text"))
    return _is_list(value) and bool(value) and all(isinstance(item, str) for item in value)


def _shown_by_python(text: str) -> Any:
    """The value that Python shows as a text.

    numpy writes an array's name around its items and no commas between them, so that Python would
    take two texts for one.
    """
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

    Args:
        value: A cell.
        asks: Of a list of turns, whether the question is wanted, and not the answer.
    """
    if isinstance(value, str):
        return [value]
    if isinstance(value, Mapping):
        return _texts_of_mapping(value)
    if is_turns(value):
        found = list(exchanges(value, Counter()))
        last = found[-1] if found else Exchange("", "")
        return [last.question if asks else last.answer]
    if _is_list(value):
        return [text for item in value for text in texts_of(item)]
    text = as_text(value)
    return [text] if text else []


def as_text(value: Any) -> str:
    """A cell as text: nothing is "", a whole number has no decimals, what is nested is JSON."""
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        return "" if isnan(value) else str(int(value)) if value.is_integer() else repr(value)
    if isinstance(value, Mapping) or _is_list(value):
        return json.dumps(value, ensure_ascii=False, default=str)
    return str(value)


def _texts_of_mapping(value: Mapping[str, Any]) -> list[str]:
    if not {"text", "answer", *_TEXTS}.isdisjoint(value):
        found = next((value[key] for key in ("text", "answer", *_TEXTS) if value.get(key)), None)
        return [] if found is None else texts_of(found)
    # {"1": "…", "2": "…"}
    return [item for item in value.values() if isinstance(item, str)]


def _is_list(value: Any) -> bool:
    return isinstance(value, Sequence) and not isinstance(value, str | bytes)


def _is_record(value: Any) -> bool:
    """Whether a cell holds a record, or a list of them."""
    items = value if _is_list(value) else [value]
    return bool(items) and all(isinstance(item, Mapping) for item in items)


def _records(value: Any) -> list[dict[str, Any]]:
    return _paragraph_rows(value if _is_list(value) else [value])


def _any(source: Source, name: str, is_wanted: Callable[[Any], bool]) -> bool:
    return any(map(is_wanted, cells_of(source.columns[source.header.index(name)])))


def _paragraph_rows(value: Any) -> list[dict[str, Any]]:
    return [dict(item) for item in value or [] if isinstance(item, Mapping)]


def _question_rows(value: Any) -> list[dict[str, Any]]:
    return [row for row in _paragraph_rows(value) if row.get("is_impossible") is not True]


def _expanded(source: Source, name: str, expand: Expand) -> Source:
    """The source with one column replaced by what each of its cells expands to."""
    place = source.header.index(name)
    rows = [expand(cell) for cell in cells_of(source.columns[place])]
    origins = [origin for origin, own in enumerate(rows) for _ in own]
    flat = [row for own in rows for row in own]
    made = dict.fromkeys(str(key) for row in flat for key in row)
    kept = {
        other: [cells[origin] for origin in origins]
        for other, cells in zip(source.header, map(cells_of, source.columns), strict=True)
        if other != name
    }
    if "id" in kept and "id" not in made:
        kept["id"] = _told_apart([as_text(cell) for cell in kept["id"]], origins)
    columns = kept | {key: [row.get(key) for row in flat] for key in made}
    return Source(
        source.form,
        list(columns),
        list(columns.values()),
        [source.places[origin] for origin in origins],
        header_place=source.header_place,
        unit=source.unit,
        encoding=source.encoding,
        sheet=source.sheet,
        records=[source.records[origin] for origin in origins],
        blank_rows=source.blank_rows,
        violations=source.violations,
        notes=list(source.notes),
        doubts=source.doubts,
    )


def _told_apart(ids: list[str], origins: list[int]) -> list[str]:
    """Ids of rows that come of one record, from the second on with a number."""
    seen: dict[int, int] = {}
    told = []
    for row_id, origin in zip(ids, origins, strict=True):
        seen[origin] = seen.get(origin, 0) + 1
        told.append(f"{row_id}#{seen[origin]}" if row_id and seen[origin] > 1 else row_id)
    return told
