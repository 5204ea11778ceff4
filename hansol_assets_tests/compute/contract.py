"""What any compute does: cases that run on this machine and on a cluster alike."""

from collections.abc import Callable, Mapping
from pathlib import Path

import pyarrow as pa
import pytest

from hansol_assets.compute.current import Compute
from hansol_assets.errors import InputError
from hansol_assets.lake.reports import NO_FIGURES
from hansol_assets_tests.compute.works import Doubling, Inverting, Meeting, Refusing, blocks_of

Case = Callable[[Compute, Path], None]


def blocks_come_back_in_their_order(compute: Compute, folder: Path) -> None:
    blocks = blocks_of(5, 1, 7, 3, 4)
    made = pa.concat_tables(compute.workers(Doubling(folder)).map(blocks))
    assert made["number"].to_pylist() == list(range(20))
    assert made["doubled"].to_pylist() == list(range(0, 40, 2))
    assert set(made.column_names) == {"number", "doubled"}


def nothing_is_opened_for_nothing(compute: Compute, folder: Path) -> None:
    assert list(compute.workers(Doubling(folder)).map([])) == []
    assert list(folder.iterdir()) == []


def workers_are_used_again(compute: Compute, folder: Path) -> None:
    workers = compute.workers(Doubling(folder))
    for _ in range(2):
        assert sum(map(len, workers.map(blocks_of(2, 2)))) == 4


def an_error_for_a_person_arrives_as_it_was_raised(compute: Compute, folder: Path) -> None:
    workers = compute.workers(Refusing(refused=6))
    with pytest.raises(InputError, match=r"^row 6 is refused$") as raised:
        list(workers.map(blocks_of(5, 5)))
    assert type(raised.value) is InputError


def a_poisoned_row_costs_itself_alone(compute: Compute, folder: Path) -> None:
    made = pa.concat_tables(compute.workers(Inverting()).map(blocks_of(3, 2)))
    assert made["inverse"].to_pylist() == [None, 1, 1 / 2, 1 / 3, 1 / 4]
    problems = made["problem"].to_pylist()
    assert problems == ["ZeroDivisionError: division by zero", None, None, None, None]


def it_tells_what_was_done(compute: Compute, folder: Path) -> None:
    list(compute.workers(Doubling(folder)).map(blocks_of(5, 5)))
    told = compute.done[-1]
    assert (told.name, told.rows, told.retries) == ("doubling", 10, 0)
    assert told.workers >= 1
    assert told.seconds > 0
    assert "doubling: 10 rows in" in str(told)


def a_group_gives_what_its_first_member_made(compute: Compute, folder: Path) -> None:
    lines: list[tuple[str, dict[str, float]]] = []

    def send(line: str, figures: Mapping[str, float] = NO_FIGURES, /) -> None:
        lines.append((line, dict(figures)))

    made = compute.together(Meeting(folder), send)
    members = made["members"]
    assert made["sum"] == members * (members + 1) // 2
    assert [line for line in lines if line[0] == "met"] == [("met", {"members": float(members)})]
    assert (compute.done[-1].name, compute.done[-1].rows) == ("meeting", 7)


def a_group_raises_what_its_members_raise(compute: Compute, folder: Path) -> None:
    def silent(line: str, figures: Mapping[str, float] = NO_FIGURES, /) -> None: ...

    with pytest.raises(InputError, match=r"^no rows$"):
        compute.together(Meeting(folder, fails="no rows"), silent)


CASES: tuple[Case, ...] = (
    blocks_come_back_in_their_order,
    nothing_is_opened_for_nothing,
    workers_are_used_again,
    an_error_for_a_person_arrives_as_it_was_raised,
    a_poisoned_row_costs_itself_alone,
    it_tells_what_was_done,
    a_group_gives_what_its_first_member_made,
    a_group_raises_what_its_members_raise,
)
