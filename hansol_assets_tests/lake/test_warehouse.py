import subprocess
import sys
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import pytest

from hansol_assets.lake.warehouse import Warehouse

KNOWN_CHECKSUM = "values:f85ec8cd1c2a6354bd6103b218f294d9a6bee9b8e49989ad7ea4fd44491d85cc"
CHECKSUM_OF_TEXT = "6ef0c6630d234c29d7c8790d91e35b4d09226ddd9ae8f0083992841669e4784d"
"""What release 1 of the checksum wrote of the rows of the test."""


@pytest.fixture
def warehouse(tmp_path: Path) -> Warehouse:
    return Warehouse(tmp_path / "lake" / "warehouse.duckdb")


def rows(*answers: str) -> pd.DataFrame:
    return pd.DataFrame({"id": [f"Q{i}" for i in range(len(answers))], "답변_1": list(answers)})


def test_round_trip_keeps_order_names_lists_and_vectors(warehouse: Warehouse) -> None:
    frame = rows("벽지입니다.", "장판입니다.")
    frame["source_ids"] = [["A"], ["B", "C"]]
    frame["vector"] = [np.full(3, 0.5, dtype=np.float32), np.zeros(3, dtype=np.float32)]
    checksum = warehouse.write("answers", "f1", frame)
    back = warehouse.read_whole("answers", "f1", checksum)
    assert back is not None
    assert list(back.columns) == ["id", "답변_1", "source_ids", "vector"]
    assert back["답변_1"].tolist() == frame["답변_1"].tolist()
    assert [list(ids) for ids in back["source_ids"]] == [["A"], ["B", "C"]]
    assert back["vector"].iloc[0].dtype == np.float32


def test_versions_stand_side_by_side_and_the_view_moves(warehouse: Warehouse) -> None:
    assert warehouse.versions("raw_qa") == set()
    warehouse.write("raw_qa", "f1", rows("하나"))
    warehouse.write("raw_qa", "f2", rows("둘", "셋"))
    warehouse.write("raw_qa_other", "f3", rows("넷"))
    assert warehouse.versions("raw_qa") == {"f1", "f2"}
    for version, count in (("f1", 1), ("f2", 2), ("f1", 1)):
        warehouse.show("raw_qa", version)
        with warehouse.connection() as connection:
            assert connection.execute("select count(*) from raw_qa").fetchall() == [(count,)]


def changed(column: str, value: object) -> pd.DataFrame:
    frame = pd.DataFrame(
        {
            "text": ["가", "나", None],
            "count": pd.array([1, None, 3], "Int64"),
            "share": [0.5, np.nan, -1.0],
            "is_known": [True, False, True],
            "ids": [["A"], [], ["B", "C"]],
            "vector": [np.full(3, 0.5, np.float32), None, np.ones(3, np.float32)],
            "quotes": [
                [{"row": "A", "signals": {"apt": 0.5}}],
                [],
                [{"row": None, "signals": None}],
            ],
            "at": pd.to_datetime(["2026-01-01", None, "2026-01-03"]),
        }
    )
    frame[column] = [value, *frame[column][1:]]
    return frame


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("text", "각"),
        ("text", None),
        ("text", ""),
        ("count", 2),
        ("share", 0.25),
        ("share", None),
        ("is_known", False),
        ("ids", []),
        ("ids", ["A", "A"]),
        ("vector", np.zeros(3, np.float32)),
        ("vector", None),
        ("quotes", [{"row": "B", "signals": {"apt": 0.5}}]),
        ("quotes", [{"row": "A", "signals": {"apt": 0.25}}]),
        ("quotes", [{"row": "A", "signals": {"apt": 0.5}}] * 2),
        ("at", pd.Timestamp("2026-01-02")),
    ],
)
def test_every_value_is_in_the_checksum(warehouse: Warehouse, column: str, value: object) -> None:
    same, other = changed("text", "가"), changed(column, value)
    checksum = warehouse.write("t", "a", same)
    assert warehouse.write("t", "b", same) == checksum
    assert warehouse.write("t", "c", other) != checksum
    assert warehouse.write("t", "d", same.rename(columns={column: "another"})) != checksum


def test_words_that_run_together_and_lists_that_do_have_other_checksums(
    warehouse: Warehouse,
) -> None:
    pairs = [(["가나", "다"], ["가", "나다"]), ([["A", "B"], []], [["A"], ["B"]])]
    for here, there in pairs:
        first = warehouse.write("t", "a", pd.DataFrame({"x": pd.Series(here, dtype=object)}))
        assert (
            warehouse.write("t", "b", pd.DataFrame({"x": pd.Series(there, dtype=object)})) != first
        )


def test_the_checksum_is_of_values_and_not_of_how_they_are_cut_or_written(
    warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    frame = pd.concat([changed("text", "가")] * 40, ignore_index=True)
    checksum = warehouse.write("t", "a", frame)
    monkeypatch.setattr("hansol_assets.lake.table_checksum.BATCH", 7)
    assert warehouse.holds("t", "a", checksum)
    assert warehouse.write("t", "b", frame) == checksum
    # The hash of these values, whichever release of DuckDB keeps them.
    numbers = pd.DataFrame({"n": [1, 2], "x": [0.1, 1e300], "t": ["가", None]})
    assert warehouse.write("t", "c", numbers) == KNOWN_CHECKSUM


def test_a_table_of_an_earlier_release_is_proved_by_its_text(warehouse: Warehouse) -> None:
    frame = rows("하나", "둘").assign(vector=[np.zeros(2, np.float32), None])
    warehouse.write("t", "a", frame)
    assert warehouse.holds("t", "a", CHECKSUM_OF_TEXT)
    warehouse.write("t", "a", rows("하나", "셋").assign(vector=frame["vector"]))
    assert not warehouse.holds("t", "a", CHECKSUM_OF_TEXT)


def test_checksum_follows_content_and_order(warehouse: Warehouse) -> None:
    first = warehouse.write("t", "a", rows("하나", "둘"))
    assert warehouse.write("t", "b", rows("하나", "둘")) == first
    assert warehouse.holds("t", "a", first)
    assert not warehouse.holds("t", "c", first)
    assert warehouse.write("t", "c", rows("둘", "하나")) != first


def test_a_failed_transaction_leaves_the_table(warehouse: Warehouse) -> None:
    checksum = warehouse.write("t", "a", rows("하나"))
    statements = f"delete from {warehouse.table_name('t', 'a')}; select * from nowhere"
    with pytest.raises(duckdb.Error), warehouse.transaction() as connection:
        connection.execute(statements)
    after = warehouse.read_whole("t", "a", checksum)
    assert after is not None
    assert len(after) == 1


def test_a_second_process_waits_for_the_first(warehouse: Warehouse) -> None:
    warehouse.write("t", "a", rows("하나"))
    script = (
        "import sys; from pathlib import Path; import pandas as pd\n"
        "from hansol_assets.lake.warehouse import Warehouse\n"
        "Warehouse(Path(sys.argv[1])).write('t', 'b', pd.DataFrame({'n': [1]}))\n"
    )
    with warehouse.connection():
        other = subprocess.Popen([sys.executable, "-c", script, str(warehouse.path)])
        with pytest.raises(subprocess.TimeoutExpired):
            other.wait(timeout=2.5)
    assert other.wait(timeout=30) == 0
    assert warehouse.versions("t") == {"a", "b"}
