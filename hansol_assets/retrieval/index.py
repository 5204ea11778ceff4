"""The retrieval index: a LanceDB table with a row for each training row, updated row by row."""

import hashlib
import json
from collections.abc import Collection, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from pydantic import Field

from hansol_assets.embedding.cached import Retriever
from hansol_assets.embedding.embedder import width_of
from hansol_assets.lake.databases import connect
from hansol_assets.qa.morphemes import content_morphemes, for_search
from hansol_assets.qa.table.columns import ANSWERS, QUESTIONS, shortest
from hansol_assets.settings_model import SettingsModel

if TYPE_CHECKING:
    from lancedb.table import Table

ROW_KEY = "row_key"
VECTOR = "vector"
MORPHEMES = "morphemes"
INDEXED = "indexed"
INDEXED_COLUMNS = ("id", "category", "fold", "split", QUESTIONS, ANSWERS)
CHUNK = 20_000
"""Rows that are worked on at a time: their texts and vectors take about 150 MB."""
KEEP_VERSIONS = timedelta(days=36_500)
"""LanceDB would remove versions after a week, and artifacts name old ones."""
EXACT_ROWS = 200_000
"""Rows up to which the dense search compares a question with every row; of more, an index over the
vectors names those that are compared."""
PARTITION_ROWS = 2_048
"""Rows a partition of the index over vectors: with LanceDB's own 8,192 a question that compares as
large a share of a million rows takes 1.7 times as long (`benchmarks/stages/retrieval.py`)."""


class DocumentSettings(SettingsModel):
    """What stands for a row in the dense search."""

    answer_characters: int = Field(
        300,
        ge=0,
        description="of a row's shortest answer, behind its first question, in the passage that "
        "is embedded for it; 0 embeds the question alone, in a third of the time",
    )


class IndexSettings(SettingsModel):
    """How rows are indexed."""

    documents: DocumentSettings = Field(
        DocumentSettings(), description="what stands for a row in the dense search"
    )


class IndexedRows(Protocol):
    """Rows with the columns `INDEXED_COLUMNS`, in one order, read without holding all of them."""

    def __iter__(self) -> Iterator[pd.DataFrame]:
        """Yields all rows, some at a time; as often as it is asked."""

    def of(self, ids: Sequence[str]) -> pd.DataFrame:
        """Returns the rows with these ids, in their order."""


class FrameRows:
    """Rows (`id, questions, category, answers`) and their folds (`id, fold, split`) in memory."""

    def __init__(self, rows: pd.DataFrame, folds: pd.DataFrame) -> None:
        joined = rows.merge(folds[["id", "fold", "split"]], on="id", validate="one_to_one")
        if len(joined) != len(rows):
            msg = f"{len(rows) - len(joined)} rows have no fold"
            raise ValueError(msg)
        self._rows = joined[list(INDEXED_COLUMNS)]

    def __iter__(self) -> Iterator[pd.DataFrame]:
        """Yields all rows, some at a time."""
        for start in range(0, len(self._rows), CHUNK):
            yield self._rows.iloc[start : start + CHUNK]

    def of(self, ids: Sequence[str]) -> pd.DataFrame:
        """Returns the rows with these ids, in their order."""
        return self._rows[self._rows["id"].isin(ids)]


def passage(questions: Sequence[str], answers: Sequence[str], settings: DocumentSettings) -> str:
    """The passage that is embedded for a row: its first question, and how its answer begins.

    A question finds such a passage more often than the question or the answer alone.
    """
    (answer,) = shortest(answers, 1)
    return for_search(f"{questions[0]} {answer[: settings.answer_characters]}").strip()


def document_texts(rows: pd.DataFrame) -> list[str]:
    """The rows' questions as one text each; a paraphrase that is the same text counts once.

    Answers stay out of the full-text search: neighbouring rows share most of their words.
    """
    return [for_search(" ".join(dict.fromkeys(texts))) for texts in rows[QUESTIONS]]


@dataclass(frozen=True)
class IndexReport:
    """What bringing the index up to date did; rows and version are those of the table afterwards.

    A row is updated if its content, fold or embedder changed.
    """

    rows: int
    inserted: int
    updated: int
    deleted: int
    unchanged: int
    version: int


def build_index(
    uri: str | Path,
    table_name: str,
    rows: IndexedRows,
    retriever: Retriever,
    retriever_id: str,
    documents: DocumentSettings,
) -> IndexReport:
    """Brings the index to exactly these rows, touching only those that changed.

    A row's key is a hash of its content, so the same rows leave the table at the same version, and
    a changed answer embeds and merges one row. Many rows are merged some at a time, so that memory
    does not grow with them and a run that is killed goes on from what it merged; readers open a
    version, and see none of that. What searches fast is built of all rows in the end.

    The database (a folder or an `s3://` URL) and the table are made if missing. Another retriever
    (`retriever_id` is its fingerprint) or another choice of documents embeds all rows again. Up to
    `EXACT_ROWS` rows the vectors need no index of their own.
    """
    made_by = f"{retriever_id} {documents.model_dump_json()}"
    target = _row_keys(rows, made_by)
    database = connect(uri)
    if table_name not in database.list_tables().tables:
        table = database.create_table(table_name, schema=_schema(retriever))
    else:
        table = database.open_table(table_name)
    current = table.search().select(["id", ROW_KEY]).limit(None).to_arrow()
    report = _compare(current, target, table.version)
    fresh = target.filter(pc.invert(pc.is_in(target[ROW_KEY], current[ROW_KEY])))["id"].to_pylist()
    is_gone = pc.invert(pc.is_in(current[ROW_KEY], target[ROW_KEY]))
    gone = current.filter(is_gone)[ROW_KEY].to_pylist()
    if fresh or gone:
        for start in range(0, max(len(fresh), 1), CHUNK):
            chunk = _keyed(rows.of(fresh[start : start + CHUNK]), made_by)
            embedded = _embedded(chunk, retriever, documents, table.schema)
            _merge(table, gone if not start else [], embedded)
    _index_columns(table, has_vector_index=len(target) > EXACT_ROWS)
    return replace(report, version=table.version)


def _row_keys(rows: IndexedRows, made_by: str) -> pa.Table:
    """Every row's id and key."""
    schema = pa.schema([("id", pa.string()), (ROW_KEY, pa.string())])
    parts = [
        pa.table({"id": part["id"], ROW_KEY: _keyed(part, made_by)[ROW_KEY]}, schema=schema)
        for part in rows
    ]
    return pa.concat_tables([schema.empty_table(), *parts])


def _keyed(rows: pd.DataFrame, made_by: str) -> pd.DataFrame:
    frame = rows[["id", "category", "fold", "split"]].copy()
    # A warehouse gives lists back as arrays.
    for column in (QUESTIONS, ANSWERS):
        frame[column] = rows[column].map(list)
    keys = [_row_key(record, made_by) for record in frame.to_dict("records")]
    return frame.assign(**{ROW_KEY: keys})


def _row_key(record: Mapping[Hashable, Any], made_by: str) -> str:
    content = json.dumps([record, made_by], ensure_ascii=False, sort_keys=True)
    return hashlib.sha256(content.encode()).hexdigest()


def _schema(retriever: Retriever) -> pa.Schema:
    width = width_of(retriever.embedder)
    texts = [ROW_KEY, "id", "category", "split", MORPHEMES]
    return pa.schema(
        [
            *(pa.field(name, pa.string(), nullable=False) for name in texts),
            pa.field("fold", pa.int64(), nullable=False),
            pa.field(QUESTIONS, pa.list_(pa.string()), nullable=False),
            pa.field(ANSWERS, pa.list_(pa.string()), nullable=False),
            pa.field(VECTOR, pa.list_(pa.float32(), width), nullable=False),
        ]
    )


def _compare(current: pa.Table, target: pa.Table, version: int) -> IndexReport:
    unchanged = pc.sum(pc.is_in(target[ROW_KEY], current[ROW_KEY])).as_py() or 0
    shared = pc.sum(pc.is_in(target["id"], current["id"])).as_py() or 0
    return IndexReport(
        rows=len(target),
        inserted=len(target) - shared,
        updated=shared - unchanged,
        deleted=len(current) - shared,
        unchanged=unchanged,
        version=version,
    )


def is_among(column: str, values: Iterable[str]) -> str:
    """The condition, in LanceDB's SQL, that a column has one of the values."""
    quoted = ", ".join("'{}'".format(value.replace("'", "''")) for value in values)
    return f"{column} IN ({quoted})"


def _merge(table: "Table", gone: Collection[str], fresh: pa.Table) -> None:
    """Adds rows, none of which the table has, and drops others, in one commit."""
    if not gone:
        # A merge would join with every row of the table: 7 GB at 900,000 of them.
        table.add(fresh)
        return
    merge = table.merge_insert(ROW_KEY).when_not_matched_insert_all()
    merge = merge.when_not_matched_by_source_delete(is_among(ROW_KEY, gone))
    merge.execute(fresh)


def _embedded(
    frame: pd.DataFrame, retriever: Retriever, settings: DocumentSettings, schema: pa.Schema
) -> pa.Table:
    """The rows as the table holds them."""
    if frame.empty:
        return schema.empty_table()
    texts = zip(frame[QUESTIONS], frame[ANSWERS], strict=True)
    vectors = retriever.passages([passage(asked, said, settings) for asked, said in texts])
    columns = {
        **{name: pa.array(frame[name], schema.field(name).type) for name in frame.columns},
        MORPHEMES: pa.array(content_morphemes(document_texts(frame))),
        VECTOR: pa.FixedSizeListArray.from_arrays(
            pa.array(vectors.astype(np.float32).ravel()), vectors.shape[1]
        ),
    }
    return pa.table([columns[name] for name in schema.names], schema=schema)


def _index_columns(table: "Table", *, has_vector_index: bool) -> None:
    """Indexes the text, and the vectors, of the table's rows anew, unless this version has that.

    An index that is only added to still counts the rows that are gone, so that its scores, and
    with them the order of what is found, would depend on the table's past.
    """
    if _indexed_version(table) == table.version:
        return
    table.optimize(cleanup_older_than=KEEP_VERSIONS)
    _create_text_index(table)
    if has_vector_index:
        _create_vector_index(table)
    if _indexed_version(table) is None:
        table.tags.create(INDEXED, table.version)
    else:
        table.tags.update(INDEXED, table.version)


def _indexed_version(table: "Table") -> int | None:
    """The version whose rows the full-text index was made of; a killed run leaves an older one."""
    tag = table.tags.list().get(INDEXED)
    return int(tag["version"]) if tag else None


def _create_text_index(table: "Table") -> None:
    from lancedb.index import FTS

    # The text is tokenised already; a stemmer or a list of stop words would be English.
    config = FTS(
        base_tokenizer="whitespace",
        stem=False,
        remove_stop_words=False,
        ascii_folding=False,
        with_position=False,
    )
    table.create_index(MORPHEMES, config=config, replace=True)


def _create_vector_index(table: "Table") -> None:
    from lancedb.index import IvfFlat

    # Vectors are kept whole: quantised ones found a quarter to two thirds of the nearest ten.
    config = IvfFlat(distance_type="cosine", target_partition_size=PARTITION_ROWS)
    table.create_index(VECTOR, config=config, replace=True)
