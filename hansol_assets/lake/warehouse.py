"""The DuckDB file with every table of the graph.

Each version of a table is a table of its own, `versions."<asset>@<fingerprint>"`; the view
`<asset>` shows the version that was materialised last. Connections are opened for one statement
or one transaction, and wait for each other between processes.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb
import pandas as pd
import pyarrow as pa
from tenacity import retry, retry_if_exception_message, stop_after_delay, wait_random

LOCK_WAIT_SECONDS = 120
"""How long a process waits for another one that holds the file."""


@retry(
    retry=retry_if_exception_message(match=r".*Could not set lock on file.*"),
    wait=wait_random(0.02, 0.2),
    stop=stop_after_delay(LOCK_WAIT_SECONDS),
    reraise=True,
)
def _connect(path: Path) -> duckdb.DuckDBPyConnection:
    return duckdb.connect(str(path))


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


class Warehouse:
    """Tables by asset name and fingerprint.

    Args:
        path: The DuckDB file; it is made on the first write.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    @contextmanager
    def connection(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """Yields a connection, waiting while another process holds the file.

        Raises:
            duckdb.IOException: Another process held the file for `LOCK_WAIT_SECONDS`; the message
                names it.
        """
        self.path.parent.mkdir(parents=True, exist_ok=True)
        connection = _connect(self.path)
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
        return f"versions.{_quoted(f'{asset}@{fingerprint}')}"

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
            connection.execute(f"create or replace table {table} as select * from incoming")  # noqa: S608
            connection.unregister("incoming")
            return self._checksum(connection, table)

    def read(self, asset: str, fingerprint: str) -> pd.DataFrame:
        """Returns one version of a table, in stored order."""
        with self.connection() as connection:
            return connection.execute(
                f"select * from {self.table_name(asset, fingerprint)}"  # noqa: S608
            ).df()

    def versions(self, asset: str) -> set[str]:
        """Returns the fingerprints of an asset that have a table."""
        if not self.path.exists():
            return set()
        with self.connection() as connection:
            rows = connection.execute(
                "select table_name from duckdb_tables() "
                "where schema_name = 'versions' and starts_with(table_name, ?)",
                [f"{asset}@"],
            ).fetchall()
        return {name.rpartition("@")[2] for (name,) in rows}

    def checksum(self, asset: str, fingerprint: str) -> str:
        """Returns the checksum of one version of a table, read from its rows."""
        with self.connection() as connection:
            return self._checksum(connection, self.table_name(asset, fingerprint))

    def show(self, asset: str, fingerprint: str) -> None:
        """Points the view `<asset>` at one version."""
        table = self.table_name(asset, fingerprint)
        with self.transaction() as connection:
            connection.execute(
                f"create or replace view {_quoted(asset)} as select * from {table}"  # noqa: S608
            )

    def drop(self, asset: str, fingerprint: str) -> None:
        """Removes one version of a table."""
        with self.transaction() as connection:
            connection.execute(f"drop table if exists {self.table_name(asset, fingerprint)}")

    @staticmethod
    def _checksum(connection: duckdb.DuckDBPyConnection, table: str) -> str:
        row = connection.execute(
            "select sha256(coalesce(string_agg(cast(t as varchar), chr(10) order by rowid), '')) "
            f"from {table} t"
        ).fetchone()
        assert row is not None  # noqa: S101 - an aggregate always gives one row
        return str(row[0])
