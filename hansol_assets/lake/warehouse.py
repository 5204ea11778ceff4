"""The DuckDB file with every table of the graph.

Each version of a table is a table of its own, `versions."<asset>@<fingerprint>"`; the view
`<asset>` shows the version that was materialised last. Connections are opened for one statement
or one transaction, and wait for each other between processes.
"""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import pyarrow as pa

from hansol_assets.lake.duckdb_file import connect, is_corrupt, opens, quoted

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
        connection = connect(self.path)
        try:
            yield connection
        finally:
            connection.close()

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
        table = self.table_name(asset, fingerprint)
        incoming = pa.Table.from_pandas(frame, preserve_index=False)
        with self.transaction() as connection:
            connection.execute("create schema if not exists versions")
            connection.register("incoming", incoming)
            connection.execute(f"create or replace table {table} as select * from incoming")
            connection.unregister("incoming")
            return table_checksum(connection, table)

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
            return int(table.to_arrow_table().nbytes)

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
