"""What any compute does: cases that run on this machine and on a cluster alike."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import pyarrow as pa
import pytest

from hansol_assets.compute.current import Compute
from hansol_assets.errors import InputError
from hansol_assets.lake.reports import NO_FIGURES
from hansol_assets_tests.compute.works import Doubling, Inverting, Meeting, blocks_of

Case = Callable[[Compute, Path], None]


def blocks_come_back_in_their_order_each_time(compute: Compute, folder: Path) -> None:
    workers = compute.workers(Doubling(folder))
    for sizes in ((5, 1, 7, 3, 4), (2, 2)):
        blocks, rows = blocks_of(*sizes), sum(sizes)
        made = pa.concat_tables(workers.map(blocks))
        assert made["number"].to_pylist() == list(range(rows))
        assert made["doubled"].to_pylist() == list(range(0, 2 * rows, 2))
        assert set(made.column_names) == {"number", "doubled"}
        told = compute.done[-1]
        assert (told.name, told.rows, told.retries) == ("doubling", rows, 0)
        assert told.workers >= 1
        assert told.seconds > 0
        assert f"doubling: {rows} rows in" in str(told)


def nothing_is_opened_for_nothing(compute: Compute, folder: Path) -> None:
    assert list(compute.workers(Doubling(folder)).map([])) == []
    assert list(folder.iterdir()) == []


def a_poisoned_row_costs_itself_alone_and_a_refused_one_ends_it(
    compute: Compute, folder: Path
) -> None:
    """The error is meant for a person, and arrives as it was raised."""
    made = compute.workers(Inverting(refused=6)).map(blocks_of(3, 2, 2))
    first = pa.concat_tables([next(made), next(made)])
    assert first["inverse"].to_pylist() == [None, 1, 1 / 2, 1 / 3, 1 / 4]
    problems = first["problem"].to_pylist()
    assert problems == ["ZeroDivisionError: division by zero", None, None, None, None]
    with pytest.raises(InputError, match=r"^row 6 is refused$") as raised:
        next(made)
    assert type(raised.value) is InputError


def a_group_gives_what_its_first_member_made(compute: Compute, folder: Path) -> None:
    lines: list[tuple[str, dict[str, float]]] = []

    def send(line: str, figures: Mapping[str, float] = NO_FIGURES, /) -> None:
        lines.append((line, dict(figures)))

    made = compute.together(Meeting(folder), send)
    require_meeting(made, lines)
    assert (compute.done[-1].name, compute.done[-1].rows) == ("meeting", 7)


def require_meeting(
    made: Mapping[str, int], lines: Sequence[tuple[str, Mapping[str, float]]]
) -> None:
    """Each member counted, and the first alone was heard."""
    members = made["members"]
    assert made["sum"] == members * (members + 1) // 2
    assert [line for line in lines if line[0] == "met"] == [("met", {"members": float(members)})]


def a_group_raises_what_its_members_raise(compute: Compute, folder: Path) -> None:
    def silent(line: str, figures: Mapping[str, float] = NO_FIGURES, /) -> None: ...

    with pytest.raises(InputError, match=r"^no rows$"):
        compute.together(Meeting(folder, fails="no rows"), silent)


CASES: tuple[Case, ...] = (
    blocks_come_back_in_their_order_each_time,
    nothing_is_opened_for_nothing,
    a_poisoned_row_costs_itself_alone_and_a_refused_one_ends_it,
    a_group_raises_what_its_members_raise,
)
