"""The checksum of a table's rows, in their stored order.

Vectors are hashed as bytes: written out as text, they would take longer than the work they prove.
"""

import hashlib

import duckdb
import numpy as np
import pyarrow as pa

from hansol_assets.lake.duckdb_file import quoted


def table_checksum(connection: duckdb.DuckDBPyConnection, table: str) -> str:
    """Hashes column names, types and every value of a table.

    Args:
        connection: An open connection.
        table: The table's quoted, qualified name.

    Returns:
        64 hexadecimal digits.

    Raises:
        duckdb.Error: There is no such table, or its blocks are damaged.
    """
    columns = connection.sql(f"select column_name, column_type from (describe {table})").fetchall()
    digest = hashlib.sha256(repr(columns).encode())
    vectors = [name for name, kind in columns if kind.startswith(("FLOAT[", "DOUBLE["))]
    digest.update(_text_digest(connection, table, vectors).encode())
    for name in vectors:
        values = connection.sql(f"select {quoted(name)} from {table} order by rowid")
        digest.update(_vector_bytes(values.to_arrow_table().column(0)))
    return digest.hexdigest()


def _text_digest(connection: duckdb.DuckDBPyConnection, table: str, without: list[str]) -> str:
    excluded = ", ".join(quoted(name) for name in without)
    shown = f"* exclude ({excluded})" if without else "*"
    # A rowid is another one while its transaction is open; its rank is not.
    ((digest,),) = connection.sql(
        "select sha256(coalesce(string_agg(cast(t as varchar), chr(10) order by place), '')) from "
        f"(select {shown}, row_number() over (order by rowid) as place from {table}) t"
    ).fetchall()
    return str(digest)


def _vector_bytes(column: pa.ChunkedArray) -> bytes:
    """Lengths (-1 for no vector) and values of a column of vectors, little-endian."""
    lengths = column.combine_chunks().value_lengths().fill_null(-1).to_numpy(zero_copy_only=False)
    values = pa.chunked_array([chunk.flatten() for chunk in column.chunks] or [pa.array([])])
    missing = np.float64("nan")
    return (
        lengths.astype("<i8").tobytes()
        + values.fill_null(missing).to_numpy().astype("<f8", copy=False).tobytes()
    )
