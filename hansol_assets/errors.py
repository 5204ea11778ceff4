"""The error of input that each part of the project may find to be of no use to it.

What belongs here: this one class. What does not: errors with a package of their own, such as those
of a file's contract, of the lake and of a model, which say more.
"""


class InputError(ValueError):
    """Data, or settings, that cannot be worked with; the message says why, and what to do."""
