"""The DuckDB file with every table of the graph.

Each version of a table is a table of its own, `versions."<asset>@<fingerprint>"`; the view
`<asset>` shows the version that was materialised last. Connections are opened for one statement
or one transaction, and wait for each other between processes.
"""

import hashlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import chain
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from hansol_assets.lake.duckdb_file import is_corrupt, opened, opens, quoted

_BATCH = 8_192
"""Rows that are looked at together where a table is read through."""

DAMAGED_PREFIX = "damaged "
"""Before the name of a table whose rows are not the ones that were written."""


class Warehouse:
    """Tables by asset name and fingerprint.

    Args:
        path: The DuckDB file; it is made on the first write.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def is_readable(self) -> bool:
        """Whether the file, if there is one, can be opened; nothing is changed."""
        return not self.path.exists() or opens(self.path)

    @contextmanager
    def connection(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """Yields a connection, waiting while another process holds the file.

        A file that is damaged beyond opening is set aside, and an empty one takes its place.

        Raises:
            BusyLakeError: Another process held the file for too long; the message names it.
        """
        with opened(self.path) as connection:
            yield connection

    @contextmanager
    def transaction(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """Yields a connection whose statements take effect together or not at all."""
        with self.connection() as connection:
            connection.begin()
            try:
                yield connection
            except BaseException:
                connection.rollback()
                raise
            connection.commit()

    @staticmethod
    def table_name(asset: str, fingerprint: str) -> str:
        """Returns the quoted, qualified name of one version of a table."""
        return f"versions.{quoted(f'{asset}@{fingerprint}')}"

    def write(self, asset: str, fingerprint: str, frame: pd.DataFrame) -> str:
        """Stores one version of a table.

        Args:
            asset: The asset's name.
            fingerprint: The version's name.
            frame: The rows, in the order in which they are kept.

        Returns:
            The checksum of the stored rows.
        """
        rows = pa.Table.from_pandas(frame, preserve_index=False)
        return self._write(asset, fingerprint, rows.to_reader())

    def write_blocks(self, asset: str, fingerprint: str, blocks: Sequence[Path]) -> str:
        """Stores one version of a table from Parquet files, one of them in memory at a time.

        Args:
            asset: The asset's name.
            fingerprint: The version's name.
            blocks: The rows, in the order in which they are kept; a column without any value in
                one file has its type from the others.

        Returns:
            The checksum of the stored rows.
        """
        schemas = [pq.read_schema(path).remove_metadata() for path in blocks]
        schema = pa.unify_schemas(schemas, promote_options="permissive")
        tables = (pq.read_table(path).select(schema.names).cast(schema) for path in blocks)
        batches = chain.from_iterable(table.to_batches() for table in tables)
        reader = pa.RecordBatchReader.from_batches(schema, batches)
        return self._write(asset, fingerprint, reader)

    def _write(self, asset: str, fingerprint: str, rows: pa.RecordBatchReader) -> str:
        """Stores rows in one statement: what several insert is held in memory until they commit."""
        name = self.table_name(asset, fingerprint)
        with self.transaction() as connection:
            connection.execute("create schema if not exists versions")
            connection.register("incoming", rows)
            connection.execute(f"create or replace table {name} as select * from incoming")
            connection.unregister("incoming")
            return table_checksum(connection, name)

    def select(
        self,
        asset: str,
        fingerprint: str,
        columns: Sequence[str],
        where: tuple[str, Sequence[str]] | None,
    ) -> pd.DataFrame:
        """Returns a part of one version of a table, in the order of its rows.

        Args:
            asset: The asset's name.
            fingerprint: The version's name.
            columns: Which columns; all of them where none is named.
            where: A column, and the values of it that the rows have; None for all rows.
        """
        shown = ", ".join(map(quoted, columns)) or "*"
        condition, values = "", pa.table({"value": pa.array([], pa.string())})
        if where is not None:
            condition = f"where {quoted(where[0])} in (select value from wanted)"
            values = pa.table({"value": pa.array(list(where[1]), pa.string())})
        with self.connection() as connection:
            connection.register("wanted", values)
            found = connection.sql(
                f"select {shown} from {self.table_name(asset, fingerprint)} {condition} "
                "order by rowid"
            )
            return found.df()

    def chunks(
        self, asset: str, fingerprint: str, columns: Sequence[str], size: int
    ) -> Iterator[pd.DataFrame]:
        """Yields some columns of one version of a table, so many rows at a time, in their order.

        One thread scans in that order by itself; to sort, DuckDB would hold the whole table.
        """
        shown = ", ".join(map(quoted, columns))
        with self.connection() as connection:
            rows = connection.sql(f"select {shown} from {self.table_name(asset, fingerprint)}")
            for batch in rows.to_arrow_reader(size):
                yield batch.to_pandas()

    def columnar(self, asset: str, fingerprint: str) -> pd.DataFrame:
        """Returns one version of a table in Arrow's columns, without a Python object for a cell.

        Nothing proves it whole.
        """
        with self.connection() as connection:
            rows = connection.sql(f"select * from {self.table_name(asset, fingerprint)}")
            # Many small pieces: one of a whole table may have more text than Arrow's strings hold.
            return rows.to_arrow_reader(_BATCH).read_all().to_pandas(types_mapper=pd.ArrowDtype)

    def columns(self, asset: str, fingerprint: str) -> dict[str, str]:
        """Returns column → DuckDB type of one version of a table."""
        with self.connection() as connection:
            described = connection.sql(f"describe {self.table_name(asset, fingerprint)}")
            return {name: str(kind) for name, kind, *_ in described.fetchall()}

    def versions(self, asset: str) -> set[str]:
        """Returns the fingerprints of an asset that have a table."""
        return {fingerprint for name, fingerprint in self.tables() if name == asset}

    def tables(self) -> list[tuple[str, str]]:
        """Returns asset and fingerprint of every table, by name; damaged ones too."""
        if not self.path.exists():
            return []
        with self.connection() as connection:
            rows = connection.execute(
                "select table_name from duckdb_tables() where schema_name = 'versions' order by 1"
            ).fetchall()
        names = (name.rpartition("@") for (name,) in rows)
        return [(asset, fingerprint) for asset, _, fingerprint in names]

    def checksum(self, asset: str, fingerprint: str) -> str | None:
        """Returns the checksum of one version of a table, read from its rows.

        None means that there is no such table, or that its rows cannot be read.
        """
        if not self.path.exists():
            return None
        with self.connection() as connection:
            return self._checksum(connection, self.table_name(asset, fingerprint))

    def read_whole(self, asset: str, fingerprint: str, checksum: str) -> pd.DataFrame | None:
        """Returns one version of a table, or None where its rows have another checksum."""
        if not self.path.exists():
            return None
        table = self.table_name(asset, fingerprint)
        with self.connection() as connection:
            if self._checksum(connection, table) != checksum:
                return None
            return connection.execute(f"select * from {table}").df()

    @staticmethod
    def _checksum(connection: duckdb.DuckDBPyConnection, table: str) -> str | None:
        try:
            return table_checksum(connection, table)
        except duckdb.CatalogException:
            return None
        except duckdb.Error as error:
            if is_corrupt(error):
                return None
            raise

    def size(self, asset: str, fingerprint: str) -> int:
        """Returns the bytes that the rows of one version take in memory."""
        with self.connection() as connection:
            table = connection.sql(f"select * from {self.table_name(asset, fingerprint)}")
            return sum(batch.nbytes for batch in table.to_arrow_reader(_BATCH))

    def show(self, asset: str, fingerprint: str) -> None:
        """Points the view `<asset>` at one version."""
        table = self.table_name(asset, fingerprint)
        with self.transaction() as connection:
            connection.execute(f"create or replace view {quoted(asset)} as select * from {table}")

    def shown(self) -> dict[str, str]:
        """Returns the version that each view shows."""
        if not self.path.exists():
            return {}
        with self.connection() as connection:
            views = connection.execute(
                "select view_name, regexp_extract(sql, '@([0-9a-f]+)\"', 1) from duckdb_views() "
                "where not internal"
            ).fetchall()
        return dict(views)

    def set_aside(self, asset: str, fingerprint: str) -> str:
        """Renames one version of a table so that nothing reads it any more.

        Returns:
            The new name.
        """
        aside = DAMAGED_PREFIX + f"{asset}@{fingerprint}"
        with self.transaction() as connection:
            connection.execute("create schema if not exists versions")
            connection.execute(f"drop table if exists versions.{quoted(aside)}")
            connection.execute(
                f"alter table if exists {self.table_name(asset, fingerprint)} "
                f"rename to {quoted(aside)}"
            )
        return aside

    def drop(self, asset: str, fingerprint: str) -> None:
        """Removes one version of a table."""
        with self.transaction() as connection:
            connection.execute(f"drop table if exists {self.table_name(asset, fingerprint)}")


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
        # Lengths (-1 for no vector), then values, little-endian.
        for column in _batches(connection, f"select {quoted(name)} from {table}"):
            lengths = column.value_lengths().fill_null(-1).to_numpy(zero_copy_only=False)
            digest.update(lengths.astype("<i8").tobytes())
        for column in _batches(connection, f"select {quoted(name)} from {table}"):
            values = column.flatten().fill_null(np.nan).to_numpy(zero_copy_only=False)
            digest.update(values.astype("<f8", copy=False).tobytes())
    return digest.hexdigest()


def _text_digest(connection: duckdb.DuckDBPyConnection, table: str, without: list[str]) -> str:
    """Hashes the rows as text, each with its place, a line a row."""
    excluded = ", ".join(quoted(name) for name in without)
    shown = f"* exclude ({excluded})" if without else "*"
    # A rowid is another one while its transaction is open; the place in the scan is not.
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
    """The one column of a query, some rows at a time, in the order in which they were written.

    One thread scans in that order by itself. To sort, or to count within an order, DuckDB would
    hold the whole table: 9 GB for the answers to 100,000 questions with all their candidates.
    """
    for batch in connection.sql(query).to_arrow_reader(_BATCH):
        yield batch.column(0)
