"""Row caches: rows that are looked up by content, whichever asset asks.

A cache is committed as the work goes on, so that a crash costs at most the rows in flight. A scope
names everything but the content (a model and its settings), the model's data version first; a key
is a hash of the content.
"""

from collections.abc import Collection, Sequence

import duckdb
import pandas as pd
import pyarrow as pa

from hansol_assets.lake.duckdb_file import can_be_written, is_corrupt
from hansol_assets.lake.fingerprint import FINGERPRINT_LENGTH
from hansol_assets.lake.warehouse import Warehouse

EMBEDDINGS = "embeddings"
"""Vectors; the model is the embedder."""

GENERATIONS = "generations"
"""Generated answers; the model is the adapter, and the base model and decoding follow."""

READINGS = "readings"
"""Morphemes; no model of the lake makes them, so pruning leaves them."""

MODEL_CACHES = (EMBEDDINGS, GENERATIONS)


class RowCache:
    """Rows by scope and key, in a table of the warehouse's schema `cache`."""

    def __init__(self, warehouse: Warehouse, name: str) -> None:
        self._warehouse = warehouse
        self._name = name
        self._table = f"cache.{name}"

    def get(self, scope: str, keys: Sequence[str]) -> pd.DataFrame:
        """Returns the rows of a scope with one of the keys, in no particular order.

        The frame is empty, without columns, where nothing was ever put, or where the table is
        damaged: then it is dropped, since it can be made again.
        """
        return self.get_arrow(scope, keys).to_pandas()

    def get_arrow(self, scope: str, keys: Sequence[str]) -> pa.Table:
        """Returns the same rows as an Arrow table, in which a vector is no Python object."""
        try:
            return self._get(scope, keys)
        except duckdb.Error as error:
            if not is_corrupt(error):
                raise
        with self._warehouse.transaction() as connection:
            connection.execute(f"drop table {self._table}")
        return pa.table({})

    def _get(self, scope: str, keys: Sequence[str]) -> pa.Table:
        with self._warehouse.connection() as connection:
            connection.register("requested", pa.table({"key": pa.array(keys, pa.string())}))
            try:
                rows = connection.sql(
                    f"select * exclude (scope) from {self._table} "
                    "where scope = ? and key in (select key from requested)",
                    params=[scope],
                )
            except duckdb.CatalogException:  # nothing was ever put
                return pa.table({})
            return rows.to_arrow_table()

    def remove_other_models(self, versions: Collection[str]) -> int:
        """Removes the rows that other models than these made, and returns how many they were."""
        if not self._warehouse.path.exists():
            return 0
        with self._warehouse.transaction() as connection:
            tables = connection.execute(
                "select 1 from duckdb_tables() where schema_name = 'cache' and table_name = ?",
                [self._name],
            )
            if not tables.fetchall():
                return 0
            removed = connection.execute(
                f"delete from {self._table} where left(scope, ?) not in "
                "(select unnest(?::varchar[])) returning 1",
                [FINGERPRINT_LENGTH, list(versions)],
            ).fetchall()
        return len(removed)

    def put(self, scope: str, rows: pd.DataFrame | pa.Table) -> None:
        """Adds rows in one transaction; rows with a key already there are replaced.

        In a lake that cannot be written nothing is: the rows can be made again. They have a column
        `key`, and the same further columns at every call.
        """
        if not can_be_written(self._warehouse.path):
            return
        table = (
            rows if isinstance(rows, pa.Table) else pa.Table.from_pandas(rows, preserve_index=False)
        )
        incoming = table.append_column("scope", pa.array([scope] * len(table), pa.string()))
        with self._warehouse.transaction() as connection:
            connection.execute("create schema if not exists cache")
            connection.register("incoming", incoming)
            connection.execute(
                f"create table if not exists {self._table} as select * from incoming limit 0"
            )
            connection.execute(
                f"delete from {self._table} where scope = ? and key in (select key from incoming)",
                [scope],
            )
            connection.execute(f"insert into {self._table} by name select * from incoming")
