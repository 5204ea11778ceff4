"""Heavy work in this process, and rows that cannot be worked on."""

import copy
from pathlib import Path

import pytest

from hansol_assets.compute.cluster import ClusterSettings
from hansol_assets.compute.current import Compute, computing_on, current, take_done
from hansol_assets.compute.protocol import RowOutcome, isolate_errors
from hansol_assets.errors import InputError, UserError
from hansol_assets.lake.lake_errors import CorruptArtifactError, MissingInputError
from hansol_assets_tests.compute.contract import (
    CASES,
    Case,
    a_group_gives_what_its_first_member_made,
)
from hansol_assets_tests.compute.works import Doubling, blocks_of


@pytest.mark.parametrize(
    "case", [*CASES, a_group_gives_what_its_first_member_made], ids=lambda case: case.__name__
)
def test_the_contract_holds_here(case: Case, tmp_path: Path) -> None:
    case(Compute(), tmp_path)


def test_work_is_opened_once(tmp_path: Path) -> None:
    workers = Compute().workers(Doubling(tmp_path))
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


def inverses(numbers: list[int]) -> list[float]:
    return [1 / number for number in numbers]


def test_rows_are_worked_on_together() -> None:
    calls: list[list[int]] = []

    def doubled(rows: list[int]) -> list[int]:
        calls.append(rows)
        return [2 * row for row in rows]

    assert isolate_errors(doubled, [1, 2]) == [RowOutcome(2, None), RowOutcome(4, None)]
    assert calls == [[1, 2]]


def test_a_poisoned_row_is_told_and_the_others_are_made() -> None:
    assert isolate_errors(inverses, [2, 0, 4]) == [
        RowOutcome(0.5, None),
        RowOutcome(None, "ZeroDivisionError: division by zero"),
        RowOutcome(0.25, None),
    ]


def test_a_row_alone_may_be_the_poisoned_one() -> None:
    assert isolate_errors(inverses, [0]) == [
        RowOutcome(None, "ZeroDivisionError: division by zero")
    ]


def test_work_that_fails_for_every_row_fails() -> None:
    with pytest.raises(ZeroDivisionError):
        isolate_errors(inverses, [0, 0])


@pytest.mark.parametrize("rows", [[1, 2], [1]])
def test_an_error_for_a_person_is_no_matter_of_a_row(rows: list[int]) -> None:
    def refuse(rows: list[int]) -> list[int]:
        raise InputError("out of memory")

    with pytest.raises(InputError, match="out of memory"):
        isolate_errors(refuse, rows)


@pytest.mark.parametrize(
    "error",
    [
        InputError("row 3"),
        MissingInputError("qa_folds", "tiny", Path("lake")),
        CorruptArtifactError(Path("a"), "cut off", Path("b")),
    ],
)
def test_an_error_comes_back_from_another_process(error: UserError) -> None:
    # As pickle does, which is how processes tell each other.
    again = copy.copy(error)
    assert (type(again), str(again)) == (type(error), str(error))
    assert vars(again) == vars(error)
