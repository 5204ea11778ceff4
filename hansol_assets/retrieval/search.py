"""Finding rows by full text and by dense vectors; of a small index every row is held in memory."""

from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, Self, TypeVar, cast

import numpy as np
import pyarrow as pa

from hansol_assets.embedding.cached import Retriever
from hansol_assets.embedding.vectors import from_arrow, highest
from hansol_assets.lake.databases import connect
from hansol_assets.lake.object_store import store_explained
from hansol_assets.qa.morphemes import content_morphemes, for_search
from hansol_assets.qa.table.columns import ANSWERS, QUESTIONS
from hansol_assets.retrieval.index import EXACT_ROWS, MORPHEMES, ROW_KEY, VECTOR, is_among

if TYPE_CHECKING:
    from lancedb.query import LanceQueryBuilder, LanceVectorQueryBuilder
    from lancedb.table import Table

_Query = TypeVar("_Query", bound="LanceQueryBuilder")

DEPTH = 20
"""Rows that each of the two searches gives to the ranking."""
_PROBES = 112
"""Partitions of the index over vectors that a question looks at; more finds more."""
_QUERIES_AT_ONCE = 4
_CHUNK = 128
"""Queries compared at a time: 100,000 rows then take 50 MB."""
_DECIMALS = 6
"""Of a cosine: its last bits depend on the queries beside it, and must not decide an order."""


@dataclass(frozen=True)
class Hit:
    """A row found for a question.

    Attributes:
        row_key: Hash of the row's content.
        rank: Among the question's hits, from 1.
        probability: That this row answers the question, 0 to 1; those of all rows of the table and
            that of no row add up to 1. 0 of a hit that was not ranked yet.
        dense_rank: Rank in the dense search, from 1; None where it did not find the row.
        fts_rank: Rank in the full-text search, likewise.
    """

    id: str
    row_key: str
    rank: int
    probability: float
    dense_rank: int | None
    fts_rank: int | None
    questions: tuple[str, ...]
    answers: tuple[str, ...]


class RowTexts(NamedTuple):
    """What a row was asked, and its reference answers."""

    questions: tuple[str, ...]
    answers: tuple[str, ...]


class _Match(NamedTuple):
    """A row that one of the searches found, by the hash of its content and its id."""

    row_key: str
    id: str


def _texts_of(rows: pa.Table) -> dict[str, RowTexts]:
    columns = (rows[name].to_pylist() for name in (ROW_KEY, QUESTIONS, ANSWERS))
    return {
        key: RowTexts(tuple(questions), tuple(answers))
        for key, questions, answers in zip(*columns, strict=True)
    }


@dataclass
class _RowsInMemory:
    """Rows with their vectors, in the order of their ids, in which equals are found."""

    rows: pa.Table
    matches: list[_Match]
    splits: np.ndarray
    vectors: np.ndarray

    @cached_property
    def _number_of(self) -> dict[str, int]:
        return {match.row_key: number for number, match in enumerate(self.matches)}

    @classmethod
    def load(cls, table: "Table") -> Self:
        columns = [ROW_KEY, "id", "split", QUESTIONS, ANSWERS, VECTOR]
        rows = table.search().select(columns).limit(None).to_arrow()
        rows = rows.combine_chunks().sort_by("id")
        width = rows.schema.field(VECTOR).type.list_size
        matches = list(map(_Match, rows[ROW_KEY].to_pylist(), rows["id"].to_pylist()))
        splits = np.array(rows["split"].to_pylist(), dtype=object)
        texts = rows.select([ROW_KEY, QUESTIONS, ANSWERS])
        return cls(texts, matches, splits, from_arrow(rows[VECTOR], width))

    def texts(self, keys: Sequence[str]) -> dict[str, RowTexts]:
        numbers = pa.array([self._number_of[key] for key in keys], pa.int64())
        return _texts_of(self.rows.take(numbers))

    def search(self, queries: np.ndarray, splits: Sequence[str], count: int) -> list[list[_Match]]:
        """Finds the rows with the highest cosine to queries of length 1, nearest first."""
        visible = np.flatnonzero(np.isin(self.splits, list(splits)))
        count = min(count, len(visible))
        if not count:
            return [[] for _ in queries]
        vectors = self.vectors if len(visible) == len(self.vectors) else self.vectors[visible]
        nearest: list[list[_Match]] = []
        for start in range(0, len(queries), _CHUNK):
            asked = queries[start : start + _CHUNK].astype(np.float32)
            rows = visible[highest((asked @ vectors.T).round(_DECIMALS), count)]
            nearest += [[self.matches[number] for number in numbers] for numbers in rows]
        return nearest


class IndexSearcher:
    """Searches a version (None: the latest) of the index, with the encoder it was built with."""

    def __init__(
        self,
        uri: str | Path,
        table_name: str,
        retriever: Retriever,
        version: int | None = None,
    ) -> None:
        self._uri = str(uri)
        with store_explained(self._uri):
            self._table = connect(uri).open_table(table_name)
            if version is not None:
                self._table.checkout(version)
        self._retriever = retriever
        self._hides_rows: dict[str, bool] = {}

    @property
    def version(self) -> int:
        """The version of the table that is searched."""
        return int(self._table.version)

    def pools(self, questions: Sequence[str], depth: int, splits: Sequence[str]) -> list[list[Hit]]:
        """The rows of some splits that either search finds for each question, not ranked yet.

        Each search gives `depth` rows at most.

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
    ) -> list[list[_Match]]:
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
        asks = np.any(vectors != 0, axis=1) & np.array(has_words)
        return [matches if asked else [] for matches, asked in zip(rows, asks, strict=True)]

    @cached_property
    def _is_small(self) -> bool:
        """Whether every row is compared with a question."""
        return bool(self._table.count_rows() <= EXACT_ROWS)

    @cached_property
    def _in_memory(self) -> _RowsInMemory:
        return _RowsInMemory.load(self._table)

    def _nearest(
        self, vectors: np.ndarray, splits: Sequence[str], count: int
    ) -> list[list[_Match]]:
        """Searches by the index over vectors, which the table has once it is that large."""
        query = cast(
            "LanceVectorQueryBuilder",
            self._table.search(list(vectors), vector_column_name=VECTOR),
        )
        rows = (
            _among(query, self._condition(splits))
            .distance_type("cosine")
            .nprobes(_PROBES)
            .limit(count)
            .select([ROW_KEY, "id", "_distance"])
            .to_list()
        )
        return [_ranked(matches, "_distance") for matches in _by_query(rows, len(vectors))]

    def _condition(self, splits: Sequence[str]) -> str | None:
        """What the rows of the splits fulfil; None where all do, since to look slows a search."""
        condition = is_among("split", splits)
        if condition not in self._hides_rows:
            visible = self._table.count_rows(condition)
            self._hides_rows[condition] = visible < self._table.count_rows()
        return condition if self._hides_rows[condition] else None

    def _full_text_rows(
        self, questions: Sequence[str], k: int, splits: Sequence[str]
    ) -> list[list[_Match]]:
        # LanceDB has no full-text search of a batch; one query at a time leaves a core idle.
        with ThreadPoolExecutor(_QUERIES_AT_ONCE) as pool:
            match = partial(self._match, k=k, condition=self._condition(splits))
            return list(pool.map(match, content_morphemes(questions)))

    def _match(self, morphemes: str, k: int, condition: str | None) -> list[_Match]:
        from lancedb.query import MatchQuery

        if not morphemes:
            return []
        words = MatchQuery(morphemes, MORPHEMES)  # type: ignore[call-arg]
        # A MatchQuery is taken as words, so nothing in a question can be query syntax.
        rows = (
            _among(self._table.search(words, query_type="fts"), condition)
            .limit(k)
            .select([ROW_KEY, "id", "_score"])
            .to_list()
        )
        return _ranked([{**row, "_score": -row["_score"]} for row in rows], "_score")

    def _hits(self, matches: Iterable[tuple[list[_Match], list[_Match]]]) -> list[list[Hit]]:
        """The rows of each question with their texts, those of the dense search first."""
        pairs = list(matches)
        keys = dict.fromkeys(row.row_key for dense, text in pairs for row in (*dense, *text))
        texts = self._texts(list(keys))
        return [_pool(dense, full_text, texts) for dense, full_text in pairs]

    def _texts(self, keys: Sequence[str]) -> Mapping[str, RowTexts]:
        """Row key → what the row was asked and answers."""
        if self._is_small:
            return self._in_memory.texts(keys)
        if not keys:
            return {}
        query = self._table.search().where(is_among(ROW_KEY, keys)).limit(None)
        return _texts_of(query.select([ROW_KEY, QUESTIONS, ANSWERS]).to_arrow())


def _pool(
    dense: Sequence[_Match], full_text: Sequence[_Match], texts: Mapping[str, RowTexts]
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


def _by_query(rows: list[dict[str, Any]], count: int) -> list[list[dict[str, Any]]]:
    # LanceDB numbers the rows of a batch by query, and leaves the number out for a batch of one.
    queries: list[list[dict[str, Any]]] = [[] for _ in range(count)]
    for row in rows:
        queries[row.get("query_index", 0)].append(row)
    return queries


def _ranked(rows: list[dict[str, Any]], column: str) -> list[_Match]:
    # Ties are broken by id, or their order would depend on how the table's files lie.
    ordered = sorted(rows, key=lambda row: (row[column], row["id"]))
    return [_Match(row[ROW_KEY], row["id"]) for row in ordered]
