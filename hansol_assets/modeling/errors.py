"""What can be wrong with a model, said to the person who can mend it.

What belongs here: the one base of these errors, by which a caller shows the message without a
trace. What does not: each error, which stands beside the code that raises it.
"""


class ModelError(Exception):
    """The base of every error about a model that a person can mend; its message says how."""
