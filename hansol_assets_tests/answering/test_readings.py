from pathlib import Path

import pyarrow as pa
import pytest

from hansol_assets.answering.readings import ReadMorphemes, readings_cached
from hansol_assets.compute.current import take_done
from hansol_assets.lake.cache import READINGS
from hansol_assets.lake.store import Lake
from hansol_assets.qa import morphemes
from hansol_assets.qa.morphemes import noun_terms

TEXTS = [f"{number}번 방의 강마루와 실크 벽지를 바릅니다." for number in range(50)]


def test_readings_are_kept_in_the_lake_and_are_those_of_kiwi(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = noun_terms(TEXTS)
    lake = Lake(tmp_path, "tiny")
    for read_now in (50, 0):
        monkeypatch.setattr(morphemes, "_memory", {})
        take_done()
        with readings_cached(lake):
            assert noun_terms(TEXTS) == expected
        assert sum(one.rows for one in take_done()) == read_now
    with lake.warehouse.connection() as connection:
        assert connection.sql(f"from cache.{READINGS}").df()["key"].nunique() == 50


def test_a_reading_survives_the_way_to_another_process() -> None:
    made = ReadMorphemes().open()(pa.table({"text": [*TEXTS[:3], ""]}))
    wanted = morphemes.read([*TEXTS[:3], ""])
    found = {
        row["text"]: morphemes.Reading(row["content"], row["nouns"], frozenset(row["terms"]))
        for row in made.to_pylist()
    }
    assert found == wanted
