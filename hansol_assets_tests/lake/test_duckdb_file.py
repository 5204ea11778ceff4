"""One file, opened over and over in a process, and the others that want it."""

import multiprocessing
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import duckdb
import pytest

from hansol_assets.lake.duckdb_file import attached

HELD = "import duckdb, sys; duckdb.connect(sys.argv[1]).execute('select 1')"


def add(path: Path, number: int) -> None:
    with attached(path) as connection:
        connection.execute("create table if not exists numbers (number int)")
        connection.execute("insert into numbers values (?)", [number])


def numbers(path: Path) -> list[int]:
    with attached(path) as connection:
        return [one for (one,) in connection.execute("from numbers order by 1").fetchall()]


def other_process_opens(path: Path) -> bool:
    return subprocess.run([sys.executable, "-c", HELD, path], capture_output=True).returncode == 0


def test_all_that_have_the_file_at_a_time_see_the_same(tmp_path: Path) -> None:
    path = tmp_path / "it's.duckdb"
    with attached(path) as first, attached(path) as second:
        first.execute("create table numbers as select 7 as number")
        assert second.execute("from numbers").fetchall() == [(7,)]
        second.begin()
        second.execute("insert into numbers values (8)")
        assert first.execute("from numbers").fetchall() == [(7,)]
    # What was not committed is gone with its connection.
    assert numbers(path) == [7]


def test_threads_add_side_by_side(tmp_path: Path) -> None:
    path = tmp_path / "file.duckdb"
    add(path, 0)
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda number: add(path, number), range(1, 20)))
    assert numbers(path) == list(range(20))


def test_the_file_is_free_between_two_uses_and_held_within_one(tmp_path: Path) -> None:
    path = tmp_path / "file.duckdb"
    add(path, 1)
    assert other_process_opens(path)
    with attached(path):
        assert not other_process_opens(path)
    assert not path.with_name("file.duckdb.wal").exists()
    assert other_process_opens(path)


def test_another_file_comes_between(tmp_path: Path) -> None:
    one, other = tmp_path / "one.duckdb", tmp_path / "other.duckdb"
    with attached(one) as held:
        add(other, 2)
        held.execute("create table numbers as select 1 as number")
    assert (numbers(one), numbers(other), numbers(one)) == ([1], [2], [1])


def test_an_error_is_behind_us_with_the_next_use(tmp_path: Path) -> None:
    path = tmp_path / "file.duckdb"
    add(path, 1)
    with pytest.raises(duckdb.CatalogException), attached(path) as connection:
        connection.execute("from nothing")
    assert numbers(path) == [1]


def test_a_file_that_was_replaced_is_read_anew(tmp_path: Path) -> None:
    path, copy = tmp_path / "file.duckdb", tmp_path / "copy.duckdb"
    add(path, 1)
    add(copy, 2)
    copy.replace(path)
    assert numbers(path) == [2]


def test_a_forked_process_has_an_engine_of_its_own(tmp_path: Path) -> None:
    path = tmp_path / "file.duckdb"
    add(path, 1)
    forked = multiprocessing.get_context("fork").Process(target=add, args=(path, 2))
    forked.start()
    forked.join(60)
    assert forked.exitcode == 0
    assert numbers(path) == [1, 2]
