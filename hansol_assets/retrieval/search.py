"""Finding rows by full text and by dense vectors.

What belongs here: asking the index. What does not: what is in it (`hansol_assets.retrieval.index`)
and the order in which rows answer (`hansol_assets.retrieval.ranking`).
"""

from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, cast

import numpy as np

from hansol_assets.embedding.retriever import Retriever
from hansol_assets.lake.databases import connect
from hansol_assets.lake.object_store import store_explained
from hansol_assets.qa.morphemes import content_morphemes, for_search
from hansol_assets.qa.table.columns import ANSWERS, QUESTIONS
from hansol_assets.retrieval.hits import Hit
from hansol_assets.retrieval.index import (
    MORPHEMES,
    ROW_KEY,
    VECTOR,
    RetrievalSettings,
    is_among,
)
from hansol_assets.retrieval.rows_in_memory import Found, RowsInMemory, RowTexts, texts_of

if TYPE_CHECKING:
    from lancedb.query import LanceQueryBuilder, LanceVectorQueryBuilder

_Query = TypeVar("_Query", bound="LanceQueryBuilder")

_QUERIES_AT_ONCE = 4


class IndexSearcher:
    """Searches one version of the index.

    Args:
        uri: The database, a folder or an `s3://` URL.
        table_name: Table within it.
        retriever: The encoder that the index was built with.
        settings: How many rows are looked at.
        version: The table's version; None for the latest.
    """

    def __init__(
        self,
        uri: str | Path,
        table_name: str,
        retriever: Retriever,
        settings: RetrievalSettings,
        version: int | None = None,
    ) -> None:
        self._uri = str(uri)
        with store_explained(self._uri):
            self._table = connect(uri).open_table(table_name)
            if version is not None:
                self._table.checkout(version)
        self._retriever = retriever
        self._settings = settings
        self._hides_rows: dict[str, bool] = {}

    @property
    def version(self) -> int:
        """The version of the table that is searched."""
        return int(self._table.version)

    def pools(self, questions: Sequence[str], depth: int, splits: Sequence[str]) -> list[list[Hit]]:
        """The rows that either search finds for each question, not ranked yet.

        Args:
            questions: Any number of questions.
            depth: Rows that each search gives, at most.
            splits: Only rows of these splits are searched.

        Raises:
            ObjectStoreError: The index is in an object store that was lost meanwhile.
        """
        with store_explained(self._uri):
            dense = self._dense_rows(questions, depth, splits)
            full_text = self._full_text_rows(questions, depth, splits)
            return self._hits(zip(dense, full_text, strict=True))

    def dense(self, questions: Sequence[str], k: int, splits: Sequence[str]) -> list[list[Hit]]:
        """Search by cosine of vectors alone; arguments as for `pools`."""
        return self._hits((rows, []) for rows in self._dense_rows(questions, k, splits))

    def full_text(self, questions: Sequence[str], k: int, splits: Sequence[str]) -> list[list[Hit]]:
        """Search by BM25 over morphemes alone; arguments as for `pools`."""
        return self._hits(([], rows) for rows in self._full_text_rows(questions, k, splits))

    def _dense_rows(
        self, questions: Sequence[str], k: int, splits: Sequence[str]
    ) -> list[list[Found]]:
        if not questions:
            return []
        vectors = self._retriever.queries(list(map(for_search, questions)))
        rows = (
            self._in_memory.search(vectors, splits, k)
            if self._is_small
            else self._nearest(vectors, splits, k)
        )
        # Signs alone ask for nothing, though a sentence model has a vector for them, too.
        has_words = [any(map(str.isalnum, question)) for question in questions]
        known = np.any(vectors != 0, axis=1) & np.array(has_words)
        return [own if is_known else [] for own, is_known in zip(rows, known, strict=True)]

    @cached_property
    def _is_small(self) -> bool:
        """Whether every row is compared with a question."""
        return bool(self._table.count_rows() <= self._settings.exact_rows)

    @cached_property
    def _in_memory(self) -> RowsInMemory:
        return RowsInMemory.load(self._table)

    def _nearest(self, vectors: np.ndarray, splits: Sequence[str], count: int) -> list[list[Found]]:
        """Searches by the index over vectors, which the table has once it is that large."""
        query = cast(
            "LanceVectorQueryBuilder",
            self._table.search(list(vectors), vector_column_name=VECTOR),
        )
        found = (
            _among(query, self._condition(splits))
            .distance_type("cosine")
            .nprobes(self._settings.probes)
            .limit(count)
            .select([ROW_KEY, "id", "_distance"])
            .to_list()
        )
        return [_ranked(own, "_distance") for own in _by_query(found, len(vectors))]

    def _condition(self, splits: Sequence[str]) -> str | None:
        """What the rows of the splits fulfil; None where all do, since to look slows a search."""
        condition = is_among("split", splits)
        if condition not in self._hides_rows:
            visible = self._table.count_rows(condition)
            self._hides_rows[condition] = visible < self._table.count_rows()
        return condition if self._hides_rows[condition] else None

    def _full_text_rows(
        self, questions: Sequence[str], k: int, splits: Sequence[str]
    ) -> list[list[Found]]:
        # LanceDB has no full-text search of a batch; one query at a time leaves a core idle.
        with ThreadPoolExecutor(_QUERIES_AT_ONCE) as pool:
            match = partial(self._match, k=k, condition=self._condition(splits))
            return list(pool.map(match, content_morphemes(questions)))

    def _match(self, morphemes: str, k: int, condition: str | None) -> list[Found]:
        from lancedb.query import MatchQuery

        if not morphemes:
            return []
        words = MatchQuery(morphemes, MORPHEMES)  # type: ignore[call-arg]
        # A MatchQuery is taken as words, so nothing in a question can be query syntax.
        found = (
            _among(self._table.search(words, query_type="fts"), condition)
            .limit(k)
            .select([ROW_KEY, "id", "_score"])
            .to_list()
        )
        return _ranked([{**row, "_score": -row["_score"]} for row in found], "_score")

    def _hits(self, found: Iterable[tuple[list[Found], list[Found]]]) -> list[list[Hit]]:
        """The rows of each question with their texts, those of the dense search first."""
        named = [(dense, full_text) for dense, full_text in found]
        keys = dict.fromkeys(row.row_key for own in named for row in (*own[0], *own[1]))
        texts = self._texts(list(keys))
        return [_pool(dense, full_text, texts) for dense, full_text in named]

    def _texts(self, keys: Sequence[str]) -> Mapping[str, RowTexts]:
        """Row key → what the row was asked and answers."""
        if self._is_small:
            return self._in_memory.texts(keys)
        if not keys:
            return {}
        query = self._table.search().where(is_among(ROW_KEY, keys)).limit(None)
        return texts_of(query.select([ROW_KEY, QUESTIONS, ANSWERS]).to_arrow())


def _pool(
    dense: Sequence[Found], full_text: Sequence[Found], texts: Mapping[str, RowTexts]
) -> list[Hit]:
    dense_rank = {row.row_key: rank for rank, row in enumerate(dense, start=1)}
    fts_rank = {row.row_key: rank for rank, row in enumerate(full_text, start=1)}
    id_of = {row.row_key: row.id for row in (*dense, *full_text)}
    return [
        Hit(
            key, row_key, rank, 0.0, dense_rank.get(row_key), fts_rank.get(row_key), *texts[row_key]
        )
        for rank, (row_key, key) in enumerate(id_of.items(), start=1)
    ]


def _among(query: _Query, condition: str | None) -> _Query:
    """Searches only what fulfils the condition, before it is ranked."""
    return query.where(condition, prefilter=True) if condition else query


def _by_query(found: list[dict[str, Any]], count: int) -> list[list[dict[str, Any]]]:
    # LanceDB numbers the rows of a batch by query, and leaves the number out for a batch of one.
    rows: list[list[dict[str, Any]]] = [[] for _ in range(count)]
    for row in found:
        rows[row.get("query_index", 0)].append(row)
    return rows


def _ranked(rows: list[dict[str, Any]], column: str) -> list[Found]:
    # Ties are broken by id, or their order would depend on how the table's files lie.
    ordered = sorted(rows, key=lambda row: (row[column], row["id"]))
    return [Found(row[ROW_KEY], row["id"]) for row in ordered]
