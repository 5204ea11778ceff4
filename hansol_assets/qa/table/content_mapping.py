"""What the cells say of a mapping that the header gave: columns that are empty, or no text, or ids.

What belongs here: changes and refusals for what stands in a column. What does not: names
(`hansol_assets.qa.table.mapping`).
"""

from collections.abc import Iterator
from dataclasses import replace

import pyarrow.compute as pc

from hansol_assets.qa.table.cells import TextCells
from hansol_assets.qa.table.looks import Looks
from hansol_assets.qa.table.mapping import TableMapping
from hansol_assets.qa.table.names import is_numbering
from hansol_assets.qa.table.settings import TableSettings
from hansol_assets.qa.table.violations import Violation


def without_empty(
    mapping: TableMapping, cells: TextCells, settings: TableSettings, notes: list[str]
) -> TableMapping:
    """The mapping without recognised ids and categories of which every cell is empty.

    One that the settings name must be filled.
    """
    found = {"id": mapping.id, "category": mapping.category}
    empty = {
        kind: name
        for kind, name in found.items()
        if name is not None and getattr(settings, kind) is None and cells.is_empty(name)
    }
    notes += [f"column {name} is empty, and is not used" for name in empty.values()]
    return replace(
        mapping,
        id=None if "id" in empty else mapping.id,
        category=None if "category" in empty else mapping.category,
    )


def numbered(mapping: TableMapping, cells: TextCells, looks: Looks) -> TableMapping:
    """The mapping with the column by which the file numbers its rows, each otherwise, as ids."""
    for name in mapping.carried:
        if is_numbering(name) and looks.holds_no_text(name):
            numbers = cells.column(name)
            is_filled = pc.min(pc.binary_length(numbers)).as_py()
            if is_filled and pc.count_distinct(numbers).as_py() == len(numbers):
                carried = tuple(other for other in mapping.carried if other != name)
                return replace(mapping, id=name, carried=carried)
    return mapping


def onto_numbers(settings: TableSettings, looks: Looks) -> Iterator[Violation]:
    """Yields a violation for each column of numbers, dates or codes that the settings call texts.

    A column that the table itself calls an answer may hold numbers.
    """
    named = (*(settings.questions or ()), *(settings.answers or ()), settings.test_question or "")
    for name in named:
        if looks.holds_no_text(name):
            problem = "holds numbers, dates or codes, and no text to train on"
            yield Violation(None, name, problem, "name the column of the texts")
