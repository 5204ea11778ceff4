"""Errors whose message says all that a person needs: they are shown without a trace."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any


class UserError(Exception):
    """The base of every error that a person can mend; its message says what is wrong and how.

    Attributes:
        passes: Whether the same may well succeed a little later, without anything mended.
    """

    passes = False

    def __reduce__(self) -> tuple[Any, ...]:
        """Lets an error come back from another process, whatever it was made of."""
        return _again, (type(self), self.args, vars(self))


def _again(
    kind: type[UserError], args: tuple[Any, ...], attributes: Mapping[str, Any]
) -> UserError:
    error = kind.__new__(kind)
    error.args = args
    vars(error).update(attributes)
    return error


class InputError(UserError, ValueError):
    """Data, or settings, that cannot be worked with."""


class OutdatedResultError(InputError):
    """A result that another release wrote in another form."""

    def __init__(self, path: Path) -> None:
        super().__init__(
            f"{path} is not as this release writes it: make it anew with hansol refresh"
        )


class ModelError(UserError):
    """The base of every error about a model."""
