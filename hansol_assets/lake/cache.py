"""Row caches: results that are found again by content, whichever asset asks.

A cache is committed as the work goes on, so that a crash costs at most the rows in flight. A scope
names everything but the content (a model and its settings); a key is a hash of the content.
"""

from collections.abc import Sequence

import duckdb
import pandas as pd
import pyarrow as pa

from hansol_assets.lake.duckdb_file import is_corrupt
from hansol_assets.lake.warehouse import Warehouse

EMBEDDINGS = "embeddings"
"""Vectors; a scope is an embedder's fingerprint."""

GENERATIONS = "generations"
"""Generated answers; a scope is a hash of models and decoding settings."""


class RowCache:
    """Rows by scope and key, in the warehouse's schema `cache`.

    Args:
        warehouse: Where the rows are kept.
        name: The cache's table name.
    """

    def __init__(self, warehouse: Warehouse, name: str) -> None:
        self._warehouse = warehouse
        self._name = name

    @property
    def _table(self) -> str:
        return f"cache.{self._name}"

    def get(self, scope: str, keys: Sequence[str]) -> pd.DataFrame:
        """Returns the rows of a scope with one of the keys, in no particular order.

        The frame is empty, without columns, where nothing was ever put, or where what was put is
        damaged: then it is dropped, since it can be made again.
        """
        try:
            return self._get(scope, keys)
        except duckdb.Error as error:
            if not is_corrupt(error):
                raise
        with self._warehouse.transaction() as connection:
            connection.execute(f"drop table {self._table}")
        return pd.DataFrame()

    def _get(self, scope: str, keys: Sequence[str]) -> pd.DataFrame:
        with self._warehouse.connection() as connection:
            known = connection.execute(
                "select count(*) from duckdb_tables() "
                "where schema_name = 'cache' and table_name = ?",
                [self._name],
            ).fetchone()
            if known == (0,):
                return pd.DataFrame()
            return connection.execute(
                f"select * exclude (scope) from {self._table} "
                "where scope = ? and key in (select unnest(?::varchar[]))",
                [scope, list(keys)],
            ).df()

    def put(self, scope: str, rows: pd.DataFrame) -> None:
        """Adds rows in one transaction; rows with a key already there are replaced.

        Args:
            scope: What the rows were made with.
            rows: A column `key`, and the same further columns at every call.
        """
        incoming = pa.Table.from_pandas(rows.assign(scope=scope), preserve_index=False)
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
