from pathlib import Path

import pytest

from hansol_assets.compute.cluster import ClusterSettings
from hansol_assets.compute.current import LocalCompute, computing_on, current, take_done
from hansol_assets_tests.compute.contract import CASES, Case
from hansol_assets_tests.compute.works import Doubling, blocks_of


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.__name__)
def test_the_contract_holds_here(case: Case, tmp_path: Path) -> None:
    case(LocalCompute(), tmp_path)


def test_work_is_opened_once(tmp_path: Path) -> None:
    workers = LocalCompute().workers(Doubling(tmp_path))
    list(workers.map(blocks_of(1, 1)))
    (opened,) = tmp_path.glob("opened.*")
    first = opened.read_bytes()
    list(workers.map(blocks_of(1)))
    assert opened.read_bytes() == first


def test_what_was_done_is_told_once(tmp_path: Path) -> None:
    with computing_on("local", ClusterSettings(), tmp_path):
        list(current().workers(Doubling(tmp_path)).map(blocks_of(3)))
        assert [one.rows for one in take_done()] == [3]
        assert take_done() == []
