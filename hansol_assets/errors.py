"""Errors whose message says all that a person needs: they are shown without a trace.

What belongs here: the base, and the errors that several packages raise. What does not: errors with
a package of their own, such as those of a file's contract and of the lake, which say more.
"""


class UserError(Exception):
    """The base of every error that a person can mend; its message says what is wrong and how.

    Attributes:
        passes: Whether the same may well succeed a little later, without anything mended.
    """

    passes = False


class InputError(UserError, ValueError):
    """Data, or settings, that cannot be worked with."""


class ModelError(UserError):
    """The base of every error about a model."""
