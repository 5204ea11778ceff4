"""What is recognised of a file, in lines for a person.

What belongs here: the description that a command prints. What does not: recognising
(`hansol_assets.qa.table.mapping`).
"""

from pathlib import Path

from hansol_assets.qa.table.contract import TableRead, read_test, read_train
from hansol_assets.qa.table.delimited import SEPARATOR_NAMES
from hansol_assets.qa.table.settings import TableSettings
from hansol_assets.qa.table.violations import ContractError


def describe_train(path: Path, settings: TableSettings) -> list[str]:
    """Says what a training file was taken for, or what keeps it from being read."""
    try:
        read = read_train(path, settings)
    except ContractError as error:
        return str(error).splitlines()
    answers = read.frame["answers"].map(len)
    counts = (
        f"{answers.min()} to {answers.max()}" if answers.min() < answers.max() else answers.max()
    )
    return [f"{len(read.frame)} rows, {counts} answers a row", *_lines(read)]


def describe_test(path: Path, settings: TableSettings) -> list[str]:
    """Says what a file of test questions was taken for, or what keeps it from being read."""
    try:
        read = read_test(path, settings)
    except ContractError as error:
        return str(error).splitlines()
    return [f"{len(read.frame)} questions", *_lines(read)]


def _lines(read: TableRead) -> list[str]:
    separator = SEPARATOR_NAMES.get(read.separator, read.separator)
    how = [read.form, read.encoding, f"separated by {separator}s" if separator else ""]
    mapped = [f"{name}: {text}" for name, text in read.mapping.facts().items()]
    return [f"read as {', '.join(filter(None, how))}", *mapped, *read.notes]
