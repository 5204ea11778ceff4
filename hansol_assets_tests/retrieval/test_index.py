from pathlib import Path

import lancedb
import numpy as np
import pandas as pd
import pytest
from lancedb.query import MatchQuery

from hansol_assets.embedding.cached import Retriever
from hansol_assets.embedding.embedder import Embedder
from hansol_assets.retrieval.index import (
    DocumentSettings,
    FrameRows,
    IndexReport,
    build_index,
)
from hansol_assets_tests.retrieval.conftest import DOCUMENTS


def _build(uri: Path, rows: pd.DataFrame, folds: pd.DataFrame, retriever: Retriever) -> IndexReport:
    return build_index(uri, "rows", FrameRows(rows, folds), retriever, "retriever-1", DOCUMENTS)


def _table(uri: Path) -> pd.DataFrame:
    table = lancedb.connect(str(uri)).open_table("rows").to_pandas()
    return table.sort_values("id").set_index("id")


def test_every_row_is_there_once_with_its_content(
    tmp_path: Path, rows: pd.DataFrame, folds: pd.DataFrame, retriever: Retriever
) -> None:
    report = _build(tmp_path, rows, folds, retriever)
    table = _table(tmp_path)

    assert (report.rows, report.inserted, report.unchanged) == (5, 5, 0)
    assert table.index.tolist() == rows["id"].tolist()
    assert table["split"].tolist() == folds["split"].tolist()
    assert table["answers"].map(list).tolist() == rows["answers"].tolist()
    assert np.linalg.norm(np.stack(table["vector"]), axis=1) == pytest.approx(np.ones(5))


def test_the_same_rows_leave_the_table_as_it_was(
    tmp_path: Path, rows: pd.DataFrame, folds: pd.DataFrame, retriever: Retriever
) -> None:
    first = _build(tmp_path, rows, folds, retriever)
    again = _build(tmp_path, rows.iloc[::-1], folds, retriever)

    assert again == IndexReport(5, 0, 0, 0, 5, first.version)


def test_one_changed_answer_merges_one_row(
    tmp_path: Path, rows: pd.DataFrame, folds: pd.DataFrame, retriever: Retriever
) -> None:
    first = _build(tmp_path, rows, folds, retriever)
    before = _table(tmp_path)
    rows.loc[1, "answers"][0] = "벽이 차가우면 이슬이 맺힙니다."
    report = _build(tmp_path, rows, folds, retriever)
    after = _table(tmp_path)

    assert (report.updated, report.unchanged, report.rows) == (1, 4, 5)
    assert report.version > first.version
    assert (before["row_key"] != after["row_key"]).tolist() == [False, True, False, False, False]
    assert after.loc["TRAIN_2", "answers"][0] == "벽이 차가우면 이슬이 맺힙니다."


def test_rows_come_and_go(
    tmp_path: Path, rows: pd.DataFrame, folds: pd.DataFrame, retriever: Retriever
) -> None:
    _build(tmp_path, rows.iloc[:4], folds, retriever)
    report = _build(tmp_path, rows.iloc[1:], folds, retriever)

    assert (report.inserted, report.deleted, report.unchanged, report.rows) == (1, 1, 3, 4)
    assert _table(tmp_path).index.tolist() == rows["id"].tolist()[1:]


def test_another_fold_retriever_or_document_is_a_change(
    tmp_path: Path, rows: pd.DataFrame, folds: pd.DataFrame, retriever: Retriever
) -> None:
    _build(tmp_path, rows, folds, retriever)
    folds.loc[0, "split"] = "validation"
    assert _build(tmp_path, rows, folds, retriever).updated == 1
    report = build_index(
        tmp_path, "rows", FrameRows(rows, folds), retriever, "retriever-2", DOCUMENTS
    )
    assert report.updated == 5
    other = DocumentSettings(answer_characters=0)
    report = build_index(tmp_path, "rows", FrameRows(rows, folds), retriever, "retriever-2", other)
    assert report.updated == 5


def test_a_row_without_a_fold_is_refused(
    tmp_path: Path, rows: pd.DataFrame, folds: pd.DataFrame, retriever: Retriever
) -> None:
    with pytest.raises(ValueError, match="1 rows have no fold"):
        _build(tmp_path, rows, folds.iloc[1:], retriever)


def _full_text_scores(uri: Path) -> dict[str, float]:
    table = lancedb.connect(str(uri)).open_table("rows")
    found = table.search(MatchQuery("결로 벽 방법 생기", "morphemes"), query_type="fts").to_list()
    return {row["id"]: row["_score"] for row in found}


def test_scores_do_not_depend_on_the_tables_past(
    tmp_path: Path, rows: pd.DataFrame, folds: pd.DataFrame, retriever: Retriever
) -> None:
    changed = rows.assign(
        questions=[["벽에 결로가 왜 생기나요?", *own[1:]] for own in rows["questions"]]
    )
    _build(tmp_path / "old", changed, folds, retriever)
    _build(tmp_path / "old", rows.iloc[1:], folds, retriever)
    _build(tmp_path / "old", rows, folds, retriever)
    _build(tmp_path / "new", rows, folds, retriever)
    assert _full_text_scores(tmp_path / "old") == _full_text_scores(tmp_path / "new") != {}


@pytest.mark.parametrize("call", ["optimize", "create_index"])
def test_an_index_that_was_broken_off_is_finished(
    tmp_path: Path,
    rows: pd.DataFrame,
    folds: pd.DataFrame,
    retriever: Retriever,
    monkeypatch: pytest.MonkeyPatch,
    call: str,
) -> None:
    def break_off(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    for uri in (tmp_path / "fresh", tmp_path / "changed"):
        if uri.name == "changed":
            _build(uri, rows.iloc[:3], folds, retriever)
        with monkeypatch.context() as patch:
            patch.setattr(lancedb.table.LanceTable, call, break_off)
            with pytest.raises(KeyboardInterrupt):
                _build(uri, rows, folds, retriever)
        _build(uri, rows, folds, retriever)
    whole = tmp_path / "whole"
    _build(whole, rows, folds, retriever)
    for uri in (tmp_path / "fresh", tmp_path / "changed"):
        assert _full_text_scores(uri) == _full_text_scores(whole) != {}


def test_old_versions_stay_readable(
    tmp_path: Path, rows: pd.DataFrame, folds: pd.DataFrame, retriever: Retriever
) -> None:
    first = _build(tmp_path, rows.iloc[:3], folds, retriever)
    _build(tmp_path, rows, folds, retriever)
    table = lancedb.connect(str(tmp_path)).open_table("rows")
    table.checkout(first.version)
    assert sorted(table.to_pandas()["id"]) == rows["id"].tolist()[:3]


class Failing:
    """An embedder that breaks after so many calls."""

    def __init__(self, embedder: Embedder, calls: int) -> None:
        self._embedder = embedder
        self._calls = calls
        self.texts = 0

    def get_embedding_dimension(self) -> int | None:
        return self._embedder.get_embedding_dimension()

    def encode(self, texts: list[str], /, *, show_progress_bar: bool) -> np.ndarray:
        if not self._calls:
            raise KeyboardInterrupt
        self._calls -= 1
        self.texts += len(texts)
        return np.asarray(self._embedder.encode(texts, show_progress_bar=show_progress_bar))


def test_many_rows_are_merged_some_at_a_time_and_a_killed_run_goes_on(
    tmp_path: Path,
    rows: pd.DataFrame,
    folds: pd.DataFrame,
    retriever: Retriever,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    _build(tmp_path / "at once", rows, folds, retriever)
    wanted = _table(tmp_path / "at once")
    monkeypatch.setattr("hansol_assets.retrieval.index.CHUNK", 2)
    # A chunk is embedded in one call.
    killed = Failing(retriever.embedder, calls=2)
    with pytest.raises(KeyboardInterrupt):
        _build(tmp_path / "killed", rows, folds, Retriever(killed))
    assert len(_table(tmp_path / "killed")) == 4
    resumed = Failing(retriever.embedder, calls=9)
    report = _build(tmp_path / "killed", rows, folds, Retriever(resumed))
    assert (report.inserted, report.unchanged, report.rows) == (1, 4, 5)
    assert resumed.texts == 1
    pd.testing.assert_frame_equal(_table(tmp_path / "killed"), wanted)
