"""A header under inspection, and what is said where it does not tell what its columns hold.

What belongs here: refusals, with the lines of a profile that settle the matter where the content
tells them. What does not: which names are known (`hansol_assets.qa.table.mapping`).
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from hansol_assets.qa.table.alike import closest
from hansol_assets.qa.table.families import Family
from hansol_assets.qa.table.looks import Looks
from hansol_assets.qa.table.names import ANSWER_WORDS, QUESTION_WORDS, spelling
from hansol_assets.qa.table.violations import Violation
from hansol_assets.qa.table.wording import likely_cause, listed, mapping_yaml, quoted


@dataclass
class Header:
    """A header, and what is already known of its columns.

    Attributes:
        line: Where it stands.
        unit: What `line` counts.
        names: Its clean names.
        looks: What the cells of its columns look like.
        violations: What is wrong with it so far.
        taken: Columns of which the meaning is known.
    """

    line: int
    unit: str
    names: list[str]
    looks: Looks
    violations: list[Violation] = field(default_factory=list)
    taken: set[str] = field(default_factory=set)

    def free(self) -> list[str]:
        """The columns of which nothing is known yet."""
        return [name for name in dict.fromkeys(self.names) if name not in self.taken]

    def refuse(self, column: str, problem: str, remedy: str) -> None:
        """Notes what is wrong."""
        self.violations.append(Violation(self.line, column, problem, remedy, self.unit))

    def take(self, names: Sequence[str], setting: str) -> tuple[str, ...]:
        """Takes columns that a setting names; each that is not there is a violation."""
        for name in names:
            if name in self.names:
                continue
            near = closest(name, self.names)
            remedy = f"did you mean {near}?" if near else f"the columns are {listed(self.names)}"
            self.refuse(name, f"is missing, and table.{setting} names it", remedy)
        found = tuple(name for name in names if name in self.names)
        self.taken.update(found)
        return found

    def take_word(self, named: str | None, words: Sequence[str], setting: str) -> str | None:
        """Takes the column that a setting names, or the first whose name is one of the words."""
        if named is not None:
            return next(iter(self.take([named], setting)), None)
        by_word = {
            spelling(name).word: name
            for name in reversed(self.free())
            if spelling(name).number is None
        }
        found = next((by_word[word] for word in words if word in by_word), None)
        if found is not None:
            self.taken.add(found)
        return found


def refuse_choice(
    header: Header, questions: list[tuple[str, ...]], answers: list[tuple[str, ...]]
) -> None:
    """Says that several columns may hold the same, and shows how to choose the likeliest."""
    said = [
        f"{what} may be in {' or in '.join(listed(names) for names in choices)}"
        for what, choices in (("questions", questions), ("answers", answers))
        if len(choices) > 1
    ]
    yaml = mapping_yaml(_likeliest(header, questions), _likeliest(header, answers))
    header.refuse(
        "",
        f"can be read in more than one way: {'; '.join(said)}",
        f"say in the profile which are meant, as in\n{yaml}",
    )


def _likeliest(header: Header, choices: list[tuple[str, ...]]) -> tuple[str, ...]:
    """The first choice whose columns hold text."""
    texts = (own for own in choices if not any(map(header.looks.holds_no_text, own)))
    return next(texts, choices[0] if choices else ())


def missing(header: Header, setting: str, shown: str | None = None) -> Family:
    """Says that a table has no column of a kind, and which one its content tells to be meant.

    Args:
        header: The header; what is wrong is added to it.
        setting: The setting that names such columns, `questions` or `answers`.
        shown: Another setting to show, of one column.
    """
    guess = _guess(header, setting)
    line = f"{shown}: {quoted(guess)}" if shown and guess else f"{setting}: [{quoted(guess or '')}]"
    _refuse_missing(header, setting, f"table:\n  {line}" if guess else "")
    return Family("", ())


def refuse_unknown(header: Header) -> None:
    """Says that nothing is known of a header, and shows the mapping that its content tells."""
    question = _guess(header, "questions")
    answer = _guess(header, "answers", after=question)
    yaml = mapping_yaml([question], [answer]) if question and answer else ""
    _refuse_missing(header, "questions", yaml)
    problem = f"no column is known to hold answers; the columns are {listed(header.names)}"
    header.refuse("", problem, "name them beside the questions")


def _guess(header: Header, setting: str, after: str | None = None) -> str | None:
    """The column that may be meant; those that are nearly called so are named as such.

    Args:
        header: The header.
        setting: `questions` or `answers`.
        after: The column of the question: people write the answer behind it.
    """
    words = QUESTION_WORDS if setting == "questions" else ANSWER_WORDS
    wanted = [words[0], f"{words[0]}_1", words[1], f"{words[1]}_1"]
    free = [name for name in header.free() if not header.looks.holds_no_text(name)]
    near = {name: close for name in free if (close := closest(name, wanted))}
    for name, close in near.items():
        problem = f"is not a known column; the closest name that is missing is {close}"
        header.refuse(name, problem, f"rename it to {close}")
    behind = header.names[header.names.index(after) + 1 :] if after else []
    ordered = [name for name in behind if name in free]
    ordered += [name for name in free if name not in ordered]
    tell = header.looks.question if setting == "questions" else header.looks.answer
    guess = next(iter(near), None) or tell(ordered)
    if guess:
        header.taken.add(guess)
    return guess


def _refuse_missing(header: Header, setting: str, yaml: str) -> None:
    which = (
        f"say in the profile which ones do, as in\n{yaml}"
        if yaml
        else (f"name the ones that do with table.{setting} in the profile")
    )
    header.refuse(
        "",
        f"no column is known to hold {setting}; the columns are {listed(header.names)}",
        f"{likely_cause(header.names)}{which}",
    )
