"""Hybrid search: full text and dense vectors, fused by reciprocal rank.

What belongs here: asking the index. What does not: what is in it
(`hansol_assets.retrieval.index`) and how good the answers are
(`hansol_assets.retrieval.evaluation`).
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar, cast

import numpy as np

from hansol_assets.embedding.embedder import Embedder
from hansol_assets.lake.databases import connect
from hansol_assets.lake.object_store import store_explained
from hansol_assets.qa.morphemes import content_morphemes
from hansol_assets.qa.table.columns import ANSWERS, QUESTIONS
from hansol_assets.retrieval.documents import query_vectors
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


@dataclass(frozen=True)
class Hit:
    """A row found for a question.

    Attributes:
        id: The row's id in the training table.
        row_key: Hash of the row's content.
        rank: Place among the question's hits, from 1.
        score: Reciprocal-rank score; only its order means something.
        dense_rank: Place in the dense search, from 1; None where it did not find the row.
        fts_rank: Place in the full-text search, likewise.
        questions: The paraphrases of the row's question, one or more.
        answers: The row's reference answers.
    """

    id: str
    row_key: str
    rank: int
    score: float
    dense_rank: int | None
    fts_rank: int | None
    questions: tuple[str, ...]
    answers: tuple[str, ...]


class _Fused(NamedTuple):
    row_key: str
    id: str
    score: float
    dense_rank: int | None
    fts_rank: int | None


class HybridSearcher:
    """Searches one version of the index.

    Args:
        uri: The database, a folder or an `s3://` URL.
        table_name: Table within it.
        embedder: The embedder that the index was built with.
        settings: Depth and fusion.
        version: The table's version; None for the latest.
    """

    def __init__(
        self,
        uri: str | Path,
        table_name: str,
        embedder: Embedder,
        settings: RetrievalSettings,
        version: int | None = None,
    ) -> None:
        self._uri = str(uri)
        with store_explained(self._uri):
            self._table = connect(uri).open_table(table_name)
            if version is not None:
                self._table.checkout(version)
        self._embedder = embedder
        self._settings = settings
        self._hides_rows: dict[str, bool] = {}

    @property
    def version(self) -> int:
        """The version of the table that is searched."""
        return int(self._table.version)

    def search(self, questions: Sequence[str], k: int, splits: Sequence[str]) -> list[list[Hit]]:
        """Hybrid search: both searches fused by reciprocal rank (Cormack et al. 2009).

        Args:
            questions: Any number of questions.
            k: Hits a question, at most.
            splits: Only rows of these splits are searched, before they are ranked.

        Returns:
            The hits of each question, best first.

        Raises:
            ObjectStoreError: The index is in an object store that was lost meanwhile.
        """
        with store_explained(self._uri):
            dense = self._dense_rows(questions, k, splits)
            full_text = self._full_text_rows(questions, k, splits)
            return self._hits(zip(dense, full_text, strict=True), k)

    def search_dense(
        self, questions: Sequence[str], k: int, splits: Sequence[str]
    ) -> list[list[Hit]]:
        """Search by cosine of embedding vectors alone; arguments as for `search`."""
        return self._hits(((rows, []) for rows in self._dense_rows(questions, k, splits)), k)

    def search_full_text(
        self, questions: Sequence[str], k: int, splits: Sequence[str]
    ) -> list[list[Hit]]:
        """Search by BM25 over morphemes alone; arguments as for `search`."""
        return self._hits((([], rows) for rows in self._full_text_rows(questions, k, splits)), k)

    def _dense_rows(
        self, questions: Sequence[str], k: int, splits: Sequence[str]
    ) -> list[list[Found]]:
        if not questions:
            return []
        vectors = query_vectors(questions, self._embedder, self._settings.documents)
        count = max(k, self._settings.depth)
        rows = (
            self._in_memory.search(vectors, splits, count)
            if self._is_small
            else self._nearest(vectors, splits, count)
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
            .limit(max(k, self._settings.depth))
            .select([ROW_KEY, "id", "_score"])
            .to_list()
        )
        return _ranked([{**row, "_score": -row["_score"]} for row in found], "_score")

    def _hits(self, found: Iterable[tuple[list[Found], list[Found]]], k: int) -> list[list[Hit]]:
        """The best rows of each question, with their texts."""
        fused = [self._fuse(dense, full_text)[:k] for dense, full_text in found]
        texts = self._texts(list(dict.fromkeys(one.row_key for own in fused for one in own)))
        return [
            [
                Hit(
                    id=one.id,
                    row_key=one.row_key,
                    rank=rank,
                    score=one.score,
                    dense_rank=one.dense_rank,
                    fts_rank=one.fts_rank,
                    questions=texts[one.row_key].questions,
                    answers=texts[one.row_key].answers,
                )
                for rank, one in enumerate(own, start=1)
            ]
            for own in fused
        ]

    def _fuse(self, dense: list[Found], full_text: list[Found]) -> list[_Fused]:
        id_of = {row.row_key: row.id for row in (*dense, *full_text)}
        dense_rank = {row.row_key: rank for rank, row in enumerate(dense, start=1)}
        fts_rank = {row.row_key: rank for rank, row in enumerate(full_text, start=1)}
        scores: dict[str, float] = defaultdict(float)
        for ranks, weight in ((dense_rank, self._settings.dense_weight), (fts_rank, 1.0)):
            for key, rank in ranks.items():
                scores[key] += weight / (self._settings.rrf_k + rank)
        ordered = sorted(id_of, key=lambda key: (-scores[key], id_of[key]))
        return [
            _Fused(key, id_of[key], scores[key], dense_rank.get(key), fts_rank.get(key))
            for key in ordered
        ]

    def _texts(self, keys: Sequence[str]) -> Mapping[str, RowTexts]:
        """Row key → what the row was asked and answers."""
        if self._is_small:
            return self._in_memory.texts(keys)
        if not keys:
            return {}
        query = self._table.search().where(is_among(ROW_KEY, keys)).limit(None)
        return texts_of(query.select([ROW_KEY, QUESTIONS, ANSWERS]).to_arrow())


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
