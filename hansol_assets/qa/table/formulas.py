"""Cells that a spreadsheet would run, written so that it does not.

What belongs here: the mark that such a cell is given, and taking it off again. What does not: which
files are written for people (`hansol_assets.answering.reviewing`).
See https://owasp.org/www-community/attacks/CSV_Injection
"""

MARK = "'"
_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def guarded(cell: str) -> str:
    """Marks a cell that would be taken for a formula; any other is returned as it is."""
    return f"{MARK}{cell}" if cell.startswith(_STARTS) else cell


def unguarded(cell: str) -> str:
    """Returns a cell as it was before `guarded`."""
    bare = cell.removeprefix(MARK)
    return bare if bare.startswith(_STARTS) else cell
