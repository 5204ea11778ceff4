"""The checksum of a table: of its values, however a release of DuckDB would write them."""

import hashlib
from collections import defaultdict
from collections.abc import Iterator

import duckdb
import numpy as np
import pyarrow as pa

from hansol_assets.lake.duckdb_file import quoted
from hansol_assets.lake.fingerprint import canonical_json, text_hash

BATCH = 8_192
"""Rows that are looked at together where a table is read through."""

_OF_VALUES = "values:"
"""Before a checksum of values; earlier releases wrote those of text without a mark."""


def table_checksum(connection: duckdb.DuckDBPyConnection, table: str) -> str:
    """Hashes column names and every value of a table (quoted, qualified), in the order of its rows.

    Returns:
        64 hexadecimal digits behind a mark.

    Raises:
        duckdb.Error: There is no such table, or its blocks are damaged.
    """
    # One thread scans in the order in which rows were written by itself. To sort, DuckDB would
    # hold the whole table: 9 GB for the answers to 100,000 questions with all their candidates.
    rows = connection.sql(f"select * from {table}").to_arrow_reader(BATCH)
    columns = [(name, _Column()) for name in rows.schema.names]
    for batch in rows:
        for (_, column), values in zip(columns, batch.columns, strict=True):
            column.add(values)
    return _OF_VALUES + text_hash(
        canonical_json([[name, column.digests()] for name, column in columns])
    )


def has_checksum(connection: duckdb.DuckDBPyConnection, table: str, checksum: str) -> bool:
    """Whether a table's rows are those of a checksum, also of one that an earlier release wrote."""
    of = table_checksum if checksum.startswith(_OF_VALUES) else _text_checksum
    return of(connection, table) == checksum


class _Column:
    """Hashes a column as it comes; where a batch ends makes no difference."""

    def __init__(self) -> None:
        self._streams: dict[str, hashlib._Hash] = defaultdict(hashlib.sha256)

    def digests(self) -> dict[str, str]:
        return {name: stream.hexdigest() for name, stream in self._streams.items()}

    def add(self, values: pa.Array, path: str = "") -> None:
        """Adds values; those within lists and records have streams of their own."""
        self._streams[f"{path}?"].update(_bytes(values.is_valid(), "u1"))
        present, kind = values.drop_null(), values.type
        if pa.types.is_list(kind) or pa.types.is_large_list(kind):
            self._streams[f"{path}#"].update(_bytes(present.value_lengths(), "<i8"))
            self.add(present.flatten(), f"{path}[]")
        elif pa.types.is_struct(kind):
            for field, member in zip(kind, present.flatten(), strict=True):
                self.add(member, f"{path}.{field.name}")
        elif pa.types.is_floating(kind):
            self._streams[f"{path}f"].update(_bytes(present, "<f8"))
        elif pa.types.is_signed_integer(kind) or pa.types.is_boolean(kind):
            self._streams[f"{path}i"].update(_bytes(present, "<i8"))
        else:
            texts = [str(value).encode("utf-8") for value in present.to_pylist()]
            lengths = np.fromiter(map(len, texts), "<i8", len(texts))
            self._streams[f"{path}#"].update(lengths.tobytes())
            self._streams[f"{path}t"].update(b"".join(texts))


def _bytes(values: pa.Array, kind: str) -> bytes:
    """Values without a missing one as little-endian numbers."""
    return np.asarray(values.to_numpy(zero_copy_only=False)).astype(kind, copy=False).tobytes()


def _text_checksum(connection: duckdb.DuckDBPyConnection, table: str) -> str:
    """Hashes a table as earlier releases did: rows as DuckDB writes them, vectors as numbers."""
    columns = connection.sql(f"select column_name, column_type from (describe {table})").fetchall()
    digest = hashlib.sha256(repr(columns).encode())
    vectors = [name for name, kind in columns if kind.startswith(("FLOAT[", "DOUBLE["))]
    digest.update(_text_digest(connection, table, vectors).encode())
    for name in vectors:
        # Lengths (-1 for no vector), then values, little-endian.
        for column in _batches(connection, f"select {quoted(name)} from {table}"):
            lengths = column.value_lengths().fill_null(-1)
            digest.update(_bytes(lengths, "<i8"))
        for column in _batches(connection, f"select {quoted(name)} from {table}"):
            digest.update(_bytes(column.flatten().fill_null(np.nan), "<f8"))
    return digest.hexdigest()


def _text_digest(connection: duckdb.DuckDBPyConnection, table: str, without: list[str]) -> str:
    """Hashes the rows as text, each with its number, a line a row."""
    excluded = ", ".join(quoted(name) for name in without)
    shown = f"* exclude ({excluded})" if without else "*"
    # A rowid is another one while its transaction is open; its number in the scan is not.
    lines = (
        "select cast(t as varchar) from "
        f"(select {shown}, row_number() over () as place from {table}) t"
    )
    digest, between = hashlib.sha256(), b""
    for column in _batches(connection, lines):
        digest.update(between + "\n".join(column.to_pylist()).encode())
        between = b"\n"
    return digest.hexdigest()


def _batches(connection: duckdb.DuckDBPyConnection, query: str) -> Iterator[pa.Array]:
    """The one column of a query, some rows at a time, in the order in which they were written."""
    for batch in connection.sql(query).to_arrow_reader(BATCH):
        yield batch.column(0)
