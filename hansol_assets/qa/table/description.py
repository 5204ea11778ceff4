"""What is recognised of a file, in lines for a person.

What belongs here: the description that a command prints. What does not: recognising
(`hansol_assets.qa.table.mapping`).
"""

from dataclasses import replace
from pathlib import Path

from hansol_assets.qa.table.contract import TableRead, read_test, read_train
from hansol_assets.qa.table.delimited import SEPARATOR_NAMES
from hansol_assets.qa.table.settings import TableSettings


def describe_train(path: Path, settings: TableSettings) -> list[str]:
    """Says what a training file was taken for.

    Raises:
        ContractError: The file cannot be read.
    """
    read = read_train(path, settings)
    answers = read.frame["answers"].map(len)
    counts = (
        f"{answers.min()} to {answers.max()}" if answers.min() < answers.max() else answers.max()
    )
    return [f"{len(read.frame)} rows, {counts} answers a row", *_lines(read)]


def describe_test(path: Path, settings: TableSettings) -> list[str]:
    """Says what a file of test questions was taken for.

    Raises:
        ContractError: The file cannot be read.
    """
    read = read_test(path, settings)
    return [f"{len(read.frame)} questions", *_lines(read)]


def _lines(read: TableRead) -> list[str]:
    separator = SEPARATOR_NAMES.get(read.separator, read.separator)
    how = [
        read.form,
        f"sheet {read.sheet}" if read.sheet else "",
        read.encoding,
        f"separated by {separator}s" if separator else "",
    ]
    # What is carried along is told by a note.
    facts = replace(read.mapping, carried=()).facts()
    mapped = [f"{name}: {text}" for name, text in facts.items()]
    return [f"read as {', '.join(filter(None, how))}", *mapped, *read.notes]
