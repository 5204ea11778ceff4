"""How messages show columns, and the lines of a profile that would settle which is which.

What belongs here: words for a person about a header. What does not: what is wrong with it
(`hansol_assets.qa.table.mapping`).
"""

from collections.abc import Sequence

from hansol_assets.qa.table.damaged_text import damage_in

_EXAMPLES = 8
"""Columns that a message names at most."""
_LONGEST_NAME = 40
_SHORT = 8
_SENTENCE_ENDS = ("?", ".", "!", "다", "요")


def mapping_yaml(
    questions: Sequence[str],
    answers: Sequence[str],
    row_id: str | None = None,
    category: str | None = None,
) -> str:
    """The lines of a profile that name columns."""
    lines = ["table:"]
    for setting, names in (("questions", questions), ("answers", answers)):
        if names:
            lines.append(f"  {setting}: [{', '.join(map(quoted, names))}]")
    for setting, name in (("id", row_id), ("category", category)):
        if name:
            lines.append(f"  {setting}: {quoted(name)}")
    return "\n".join(lines)


def likely_cause(names: Sequence[str]) -> str:
    """What may be behind a header of which nothing is known."""
    if any(damage_in(name) for name in names):
        return "the names look decoded wrongly: save the file from its source again, in UTF-8; or "
    if any(
        len(name) > _LONGEST_NAME or (len(name) > _SHORT and name.endswith(_SENTENCE_ENDS))
        for name in names
    ):
        return (
            "the line reads like a row: put a header above it, as question,answer or 질문,답변; or "
        )
    return ""


def listed(names: Sequence[str]) -> str:
    """The names, of many the first ones; long ones cut."""
    more = f" and {len(names) - _EXAMPLES} more" if len(names) > _EXAMPLES else ""
    return ", ".join(map(_shown, names[:_EXAMPLES])) + more


def _shown(name: str) -> str:
    return name if len(name) <= _LONGEST_NAME else name[:_LONGEST_NAME] + "…"


def quoted(name: str) -> str:
    """A name as YAML takes it."""
    is_plain = name.replace("_", "").isalnum() and not name[0].isdigit()
    escaped = name.replace("\\", "\\\\").replace('"', '\\"')
    return name if is_plain else f'"{escaped}"'
