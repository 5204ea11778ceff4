"""Is the header of a CSV file the expected one, and if not, what was meant?

What belongs here: comparing column names. What does not: which names are expected
(`hansol_assets.qa.contract`).
"""

from collections import Counter
from collections.abc import Sequence
from difflib import SequenceMatcher

from hansol_assets.qa.violations import Violation

_OTHER_SEPARATORS = {";": "semicolons", "\t": "tabs", "|": "bars"}
_ALIKE = 0.5


def check_header(
    line: int, header: Sequence[str], expected: Sequence[str], ignored: frozenset[str]
) -> list[Violation]:
    """Violations of a header: columns that are missing, unknown, renamed or doubled.

    The order of the columns is free.

    Args:
        line: Line of the header in its file, from 1.
        header: The mended names in the file's order.
        expected: The names that must stand there, each once.
        ignored: Names that may stand there too.
    """
    separator = _other_separator(header, expected)
    if separator:
        problem = f"has one column only; its names are separated by {separator}"
        return [Violation(line, "", problem, "separate columns by commas")]

    doubled = [name for name, count in Counter(header).items() if count > 1]
    violations = [
        Violation(line, name, "stands more than once", "keep one of these columns")
        for name in doubled
    ]
    missing = [name for name in expected if name not in header]
    unknown = [name for name in header if name not in expected and name not in ignored]
    for name in dict.fromkeys(unknown):
        meant = _closest(name, missing)
        if meant is None:
            remedy = "remove the column" if name else "name the column, or remove it"
            violations.append(Violation(line, name or '""', "is not a known column", remedy))
            continue
        missing.remove(meant)
        problem = f"is not a known column; the closest name that is missing is {meant}"
        violations.append(Violation(line, name, problem, f"rename it to {meant}"))
    violations += [Violation(line, name, "is missing", "add the column") for name in missing]
    return violations


def _closest(name: str, candidates: Sequence[str]) -> str | None:
    """The most similar candidate, the first of equals; None where none is half alike."""
    similarity = {
        candidate: SequenceMatcher(None, name.casefold(), candidate.casefold()).ratio()
        for candidate in candidates
    }
    best = max(similarity, key=similarity.__getitem__, default=None)
    return best if best is not None and similarity[best] >= _ALIKE else None


def _other_separator(header: Sequence[str], expected: Sequence[str]) -> str | None:
    if len(header) != 1 or len(expected) == 1:
        return None
    found = (word for sign, word in _OTHER_SEPARATORS.items() if sign in header[0])
    return next(found, None)
