"""Rows as Dagster's metadata.

What belongs here: the form that the web UI draws as a table. What does not: which rows are shown
(`hansol_assets.lake.records`).
"""

from collections.abc import Mapping

import dagster as dg

from hansol_assets.lake.records import Records, Value
from hansol_assets.qa.table.text_checks import masked

_TYPES = {bool: "bool", int: "int", float: "float", str: "string"}


def table_values(tables: Mapping[str, Records]) -> dict[str, dg.TableMetadataValue]:
    """Returns each titled table that has a row."""
    return {title: table_value(rows) for title, rows in tables.items() if rows}


def table_value(rows: Records) -> dg.TableMetadataValue:
    """Returns rows as a table, each column with the type of its values.

    Args:
        rows: At least one, all with the same columns. Personal numbers are masked, whatever the
            table keeps: Dagster's log remembers what it is told.
    """
    columns = [
        dg.TableColumn(name, _type_of([row[name] for row in rows if row[name] is not None]))
        for name in rows[0]
    ]
    schema = dg.TableSchema(columns)
    shown = [{name: _without_numbers(value) for name, value in row.items()} for row in rows]
    return dg.TableMetadataValue([dg.TableRecord(row) for row in shown], schema)


def _without_numbers(value: Value) -> Value:
    return masked(value) if isinstance(value, str) else value


def _type_of(values: list[str | int | float | bool | None]) -> str:
    types = {type(value) for value in values}
    if types == {int, float}:
        return _TYPES[float]
    return _TYPES[types.pop()] if len(types) == 1 else _TYPES[str]
