"""Parquet: its columns as they are.

What belongs here: opening the file. What does not: lists and structures in it, which are flattened
the same whatever format they came in (`hansol_assets.qa.table.nested`).
"""

from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from hansol_assets.qa.table.source import Column, Source
from hansol_assets.qa.table.violations import ROW, refusal


def read_parquet(path: Path, data: bytes) -> Source:
    """Reads a Parquet file.

    Raises:
        ContractError: The file cannot be opened.
    """
    try:
        table = pq.read_table(pa.BufferReader(data))
    except (pa.ArrowException, OSError) as error:
        problem = f"is no Parquet file that can be opened ({error})"
        raise refusal(path, problem, "write it again, or copy it again") from error
    columns = [_cells(table.column(place)) for place in range(table.num_columns)]
    places = range(1, table.num_rows + 1)
    return Source("parquet", [str(name) for name in table.column_names], columns, places, unit=ROW)


def _cells(column: pa.ChunkedArray) -> Column:
    if not pa.types.is_string(column.type) and not pa.types.is_large_string(column.type):
        return column.to_pylist()
    return pc.fill_null(column, "").cast(pa.string())
