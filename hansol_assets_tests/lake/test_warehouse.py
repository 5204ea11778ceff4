import subprocess
import sys
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import pytest

from hansol_assets.lake.warehouse import Warehouse


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


def test_checksum_follows_content_and_order(warehouse: Warehouse) -> None:
    first = warehouse.write("t", "a", rows("하나", "둘"))
    assert warehouse.write("t", "b", rows("하나", "둘")) == first
    assert warehouse.checksum("t", "a") == first
    assert warehouse.write("t", "c", rows("둘", "하나")) != first


def test_a_failed_transaction_leaves_the_table(warehouse: Warehouse) -> None:
    checksum = warehouse.write("t", "a", rows("하나"))
    statements = f"delete from {warehouse.table_name('t', 'a')}; select * from nowhere"
    with pytest.raises(duckdb.Error), warehouse.transaction() as connection:
        connection.execute(statements)
    kept = warehouse.read_whole("t", "a", checksum)
    assert kept is not None
    assert len(kept) == 1


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
