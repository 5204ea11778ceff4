import copy
from pathlib import Path

import pytest

from hansol_assets.compute.protocol import Outcome, spared
from hansol_assets.errors import InputError, UserError
from hansol_assets.lake.errors import CorruptArtifactError, MissingInputError


def inverses(numbers: list[int]) -> list[float]:
    return [1 / number for number in numbers]


def test_rows_are_worked_on_together() -> None:
    calls: list[list[int]] = []

    def doubled(rows: list[int]) -> list[int]:
        calls.append(rows)
        return [2 * row for row in rows]

    assert spared(doubled, [1, 2]) == [Outcome(2, None), Outcome(4, None)]
    assert calls == [[1, 2]]


def test_a_poisoned_row_is_told_and_the_others_are_made() -> None:
    assert spared(inverses, [2, 0, 4]) == [
        Outcome(0.5, None),
        Outcome(None, "ZeroDivisionError: division by zero"),
        Outcome(0.25, None),
    ]


def test_a_row_alone_may_be_the_poisoned_one() -> None:
    assert spared(inverses, [0]) == [Outcome(None, "ZeroDivisionError: division by zero")]


def test_work_that_fails_for_every_row_fails() -> None:
    with pytest.raises(ZeroDivisionError):
        spared(inverses, [0, 0])


@pytest.mark.parametrize("rows", [[1, 2], [1]])
def test_an_error_for_a_person_is_no_matter_of_a_row(rows: list[int]) -> None:
    def refuse(rows: list[int]) -> list[int]:
        raise InputError("out of memory")

    with pytest.raises(InputError, match="out of memory"):
        spared(refuse, rows)


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
