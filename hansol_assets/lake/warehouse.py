"""The DuckDB file with every table of the graph.

Each data version of a table is a table of its own, `versions."<asset>@<version>"`; the view
`<asset>` shows the one that was materialised last. Connections are opened for one statement or one
transaction, and wait for each other between processes.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import chain
from pathlib import Path

import duckdb
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from hansol_assets.lake.duckdb_file import is_corrupt, opened, opens, quoted
from hansol_assets.lake.table_checksum import BATCH, has_checksum, table_checksum

DAMAGED_PREFIX = "damaged "
"""Before the name of a table whose rows are not the ones that were written."""


class Warehouse:
    """Tables by asset name and data version, in a DuckDB file that the first write makes."""

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
    def table_name(asset: str, version: str) -> str:
        """Returns the quoted, qualified name of one version of a table."""
        return f"versions.{quoted(f'{asset}@{version}')}"

    def write(self, asset: str, version: str, frame: pd.DataFrame) -> str:
        """Stores one version of a table, and returns the checksum of its rows."""
        rows = pa.Table.from_pandas(frame, preserve_index=False)
        return self._write(asset, version, rows.to_reader())

    def write_blocks(self, asset: str, version: str, blocks: Sequence[Path]) -> str:
        """Stores one version from Parquet files, one in memory at a time; returns its checksum.

        A column without any value in one file has its type from the others.
        """
        schemas = [pq.read_schema(path).remove_metadata() for path in blocks]
        schema = pa.unify_schemas(schemas, promote_options="permissive")
        tables = (pq.read_table(path).select(schema.names).cast(schema) for path in blocks)
        batches = chain.from_iterable(table.to_batches() for table in tables)
        return self._write(asset, version, pa.RecordBatchReader.from_batches(schema, batches))

    def _write(self, asset: str, version: str, rows: pa.RecordBatchReader) -> str:
        """Stores rows in one statement: what several insert is held in memory until they commit."""
        name = self.table_name(asset, version)
        with self.transaction() as connection:
            connection.execute("create schema if not exists versions")
            connection.register("incoming", rows)
            connection.execute(f"create or replace table {name} as select * from incoming")
            connection.unregister("incoming")
            return table_checksum(connection, name)

    def rename(self, asset: str, version: str, name: str) -> None:
        """Gives one version of a table another name, in the place of what has it."""
        target = quoted(f"{asset}@{name}")
        with self.transaction() as connection:
            connection.execute(f"drop table if exists versions.{target}")
            connection.execute(f"alter table {self.table_name(asset, version)} rename to {target}")

    def select(
        self,
        asset: str,
        version: str,
        columns: Sequence[str],
        where: tuple[str, Sequence[str]] | None,
    ) -> pd.DataFrame:
        """Returns a part of one version of a table, in the order of its rows.

        All columns where none is named; `where` names a column, and the values of its rows.
        """
        shown = ", ".join(map(quoted, columns)) or "*"
        condition, values = "", pa.table({"value": pa.array([], pa.string())})
        if where is not None:
            condition = f"where {quoted(where[0])} in (select value from requested)"
            values = pa.table({"value": pa.array(list(where[1]), pa.string())})
        with self.connection() as connection:
            connection.register("requested", values)
            rows = connection.sql(
                f"select {shown} from {self.table_name(asset, version)} {condition} order by rowid"
            )
            return rows.df()

    def chunks(
        self, asset: str, version: str, columns: Sequence[str], size: int
    ) -> Iterator[pd.DataFrame]:
        """Yields some columns of one version of a table, so many rows at a time, in their order.

        One thread scans in that order by itself; to sort, DuckDB would hold the whole table.
        """
        shown = ", ".join(map(quoted, columns))
        with self.connection() as connection:
            rows = connection.sql(f"select {shown} from {self.table_name(asset, version)}")
            for batch in rows.to_arrow_reader(size):
                yield batch.to_pandas()

    def columnar(self, asset: str, version: str) -> pd.DataFrame:
        """Returns one version of a table in Arrow's columns, without a Python object for a cell.

        Nothing proves it whole.
        """
        with self.connection() as connection:
            rows = connection.sql(f"select * from {self.table_name(asset, version)}")
            # Many small pieces: one of a whole table may have more text than Arrow's strings hold.
            return rows.to_arrow_reader(BATCH).read_all().to_pandas(types_mapper=pd.ArrowDtype)

    def columns(self, asset: str, version: str) -> dict[str, str]:
        """Returns column → DuckDB type of one version of a table."""
        with self.connection() as connection:
            described = connection.sql(f"describe {self.table_name(asset, version)}")
            return {name: str(kind) for name, kind, *_ in described.fetchall()}

    def versions(self, asset: str) -> set[str]:
        """Returns the data versions of an asset that have a table."""
        return {version for name, version in self.tables() if name == asset}

    def tables(self) -> list[tuple[str, str]]:
        """Returns asset and data version of every table, by name; damaged ones too."""
        if not self.path.exists():
            return []
        with self.connection() as connection:
            rows = connection.execute(
                "select table_name from duckdb_tables() where schema_name = 'versions' order by 1"
            ).fetchall()
        names = (name.rpartition("@") for (name,) in rows)
        return [(asset, version) for asset, _, version in names]

    def holds(self, asset: str, version: str, checksum: str) -> bool:
        """Whether one version of a table is there, can be read, and has these very rows."""
        if not self.path.exists():
            return False
        with self.connection() as connection:
            return self._holds(connection, self.table_name(asset, version), checksum)

    def read_whole(self, asset: str, version: str, checksum: str) -> pd.DataFrame | None:
        """Returns one version of a table, or None where its rows have another checksum."""
        if not self.path.exists():
            return None
        table = self.table_name(asset, version)
        with self.connection() as connection:
            if not self._holds(connection, table, checksum):
                return None
            return connection.execute(f"select * from {table}").df()

    @staticmethod
    def _holds(connection: duckdb.DuckDBPyConnection, table: str, checksum: str) -> bool:
        try:
            return has_checksum(connection, table, checksum)
        except duckdb.CatalogException:
            return False
        except duckdb.Error as error:
            if is_corrupt(error):
                return False
            raise

    def size(self, asset: str, version: str) -> int:
        """Returns the bytes that the rows of one version take in memory."""
        with self.connection() as connection:
            table = connection.sql(f"select * from {self.table_name(asset, version)}")
            return sum(batch.nbytes for batch in table.to_arrow_reader(BATCH))

    def show(self, asset: str, version: str) -> None:
        """Points the view `<asset>` at one version."""
        table = self.table_name(asset, version)
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

    def set_aside(self, asset: str, version: str) -> str:
        """Renames one version of a table so that nothing reads it any more.

        Returns:
            The new name.
        """
        aside = DAMAGED_PREFIX + f"{asset}@{version}"
        with self.transaction() as connection:
            connection.execute("create schema if not exists versions")
            connection.execute(f"drop table if exists versions.{quoted(aside)}")
            connection.execute(
                f"alter table if exists {self.table_name(asset, version)} rename to {quoted(aside)}"
            )
        return aside

    def drop(self, asset: str, version: str) -> None:
        """Removes one version of a table."""
        with self.transaction() as connection:
            connection.execute(f"drop table if exists {self.table_name(asset, version)}")
