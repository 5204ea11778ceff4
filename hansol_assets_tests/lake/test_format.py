from pathlib import Path

import pandas as pd
import pytest

from hansol_assets.lake.lake_errors import NewerLakeError, UnusablePathError
from hansol_assets.lake.paths import FORMAT
from hansol_assets.lake.reports import TableReport, Task
from hansol_assets.lake.store import Lake
from hansol_assets_tests.lake.handmade import make_table


def test_a_lake_gets_its_format_with_the_first_result(tmp_path: Path) -> None:
    frame = pd.DataFrame({"id": ["A"]})
    lake = Lake(tmp_path, "tiny")
    assert not (tmp_path / "format").exists()
    make_table(lake, Task("raw_qa", "1", {}, {}), lambda: TableReport(frame=frame))
    assert (tmp_path / "format").read_text(encoding="utf-8") == f"{FORMAT}\n"
    assert Lake(tmp_path, "tiny").live("raw_qa").fingerprint


@pytest.mark.parametrize("text", [str(FORMAT + 1), "99\n", "2.0", "", "-1", "\u0661"])
def test_a_lake_of_another_format_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "format").write_text(text, encoding="utf-8")
    with pytest.raises(NewerLakeError) as raised:
        Lake(tmp_path, "tiny")
    assert f"this version reads up to {FORMAT}" in str(raised.value)
    assert "Update hansol-assets, or name another folder with HANSOL_LAKE_DIR" in str(raised.value)
    assert (tmp_path / "format").read_text(encoding="utf-8") == text


def test_a_path_that_duckdb_takes_for_another_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UnusablePathError, match="Nothing was written"):
        Lake(tmp_path / "a?b", "tiny")
    assert list(tmp_path.iterdir()) == []
