"""One row that cannot be worked on, which must not cost the others of its block."""

from collections.abc import Callable, Sequence
from typing import Generic, NamedTuple, TypeVar

from hansol_assets.errors import UserError

Row = TypeVar("Row")
Made = TypeVar("Made")


class Outcome(NamedTuple, Generic[Made]):
    """What became of a row.

    Attributes:
        made: What was made of it; None where it could not be worked on.
        problem: Why not; None where it could.
    """

    made: Made | None
    problem: str | None


def spared(work: Callable[[list[Row]], Sequence[Made]], rows: Sequence[Row]) -> list[Outcome[Made]]:
    """Works on rows together and, where that fails, on each alone.

    `work`: makes one thing of each row, in their order.

    Raises:
        UserError: The work cannot go on, as with an outgrown memory.
        Exception: No row of several could be worked on, so it is the work that fails.
    """
    try:
        return [Outcome(made, None) for made in work(list(rows))]
    except UserError:
        raise
    except Exception:
        alone = [_alone(work, row) for row in rows]
        if len(rows) > 1 and all(outcome.problem for outcome in alone):
            raise
        return alone


def _alone(work: Callable[[list[Row]], Sequence[Made]], row: Row) -> Outcome[Made]:
    try:
        (made,) = work([row])
    except UserError:
        raise
    except Exception as error:
        return Outcome(None, f"{type(error).__name__}: {error}")
    return Outcome(made, None)
