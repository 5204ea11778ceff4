"""Which column of a table is which: as the settings say, or recognised by name.

What belongs here: from a header to questions, answers, id, category and what is carried along, and
what is said where that cannot be told. What does not: the names that are known
(`hansol_assets.qa.table.names`) and the cells (`hansol_assets.qa.table.contract`).
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import product

from hansol_assets.qa.table.alike import closest, is_misspelt
from hansol_assets.qa.table.families import Family, families, numbers_apart, unused_names
from hansol_assets.qa.table.names import (
    ANSWER_WORDS,
    CATEGORY_NAME,
    CATEGORY_WORDS,
    ID_WORDS,
    INPUT_WORDS,
    PAIRED_WORDS,
    QUESTION_WORDS,
    SECOND_ANSWER_WORDS,
    SECOND_QUESTION_WORDS,
    TEST_QUESTION_WORDS,
    spelling,
)
from hansol_assets.qa.table.settings import TableSettings
from hansol_assets.qa.table.violations import Violation
from hansol_assets.qa.table.wording import likely_cause, listed, mapping_yaml, quoted

_UNNAMED = "Unnamed:"


@dataclass(frozen=True)
class TableMapping:
    """What each column of a file holds; every column stands in one place.

    Attributes:
        questions: Columns of the question and its paraphrases, in order.
        answers: Columns of the reference answers, in order.
        id: Column of the ids; None: they are made from the content.
        category: Column that folds are stratified by; None: there is one class.
        input: Column that follows the question; None: there is none.
        carried: Columns that go along under their own names.
        ignored: Columns that are left out.
    """

    questions: tuple[str, ...] = ()
    answers: tuple[str, ...] = ()
    id: str | None = None
    category: str | None = None
    input: str | None = None
    carried: tuple[str, ...] = ()
    ignored: tuple[str, ...] = ()

    def as_yaml(self) -> str:
        """The mapping as a profile would say it."""
        return mapping_yaml(self.questions, self.answers, self.id, self.category)

    def facts(self) -> dict[str, str]:
        """What was recognised, for the metadata and for a person."""
        said = {
            "questions": ", ".join(self.questions),
            "answers": ", ".join(self.answers),
            "input": self.input or "",
            "id": self.id or "made from the content",
            "category": self.category or "none: one class",
            "carried": ", ".join(self.carried),
            "ignored": ", ".join(self.ignored),
        }
        return {name: text for name, text in said.items() if text}


@dataclass
class _Header:
    """A header, and what is already known of its columns."""

    line: int
    unit: str
    names: list[str]
    violations: list[Violation] = field(default_factory=list)
    taken: set[str] = field(default_factory=set)

    def free(self) -> list[str]:
        return [name for name in dict.fromkeys(self.names) if name not in self.taken]

    def refuse(self, column: str, problem: str, remedy: str) -> None:
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


def map_training(
    names: Sequence[str], line: int, unit: str, settings: TableSettings
) -> tuple[TableMapping, list[Violation]]:
    """Finds the columns of a training table: questions and answers, at least one of each.

    Args:
        names: The clean names of the header.
        line: Where the header stands.
        unit: What `line` counts.
        settings: What the profile says of them.

    Returns:
        The mapping, and what is wrong with the header; with a violation the mapping may be partial.
    """
    header = _opened(names, line, unit, settings)
    fixed = (settings.questions, settings.answers)
    given_questions = header.take(settings.questions or (), "questions")
    given_answers = header.take(settings.answers or (), "answers")
    row_id = header.take_word(settings.id, ID_WORDS, "id")
    category = header.take_word(settings.category, CATEGORY_WORDS, "category")
    free = header.free()
    asked = [Family("", given_questions)] if fixed[0] else _asked(free)
    answered = [Family("", given_answers)] if fixed[1] else _answered(free)
    questions, answers = _pair(header, asked, answered)
    header.taken.update(questions.names, answers.names)
    _check_misspelt(header, questions, answers, category)
    return _finished(
        header,
        settings,
        TableMapping(
            questions.names, answers.names, row_id, category, _input(header, settings, questions)
        ),
    )


def map_questions(
    names: Sequence[str], line: int, unit: str, settings: TableSettings
) -> tuple[TableMapping, list[Violation]]:
    """Finds the columns of a table of test questions: one question a row; else as `map_training`.

    Answers that stand in it are carried along and not looked at.
    """
    header = _opened(names, line, unit, settings)
    row_id = header.take_word(_if_there(settings.id, names), ID_WORDS, "id")
    question = _test_question(header, settings, row_id)
    header.taken.update(question.names)
    return _finished(
        header,
        settings,
        TableMapping(question.names, id=row_id, input=_input(header, settings, question)),
    )


def map_references(
    names: Sequence[str], line: int, unit: str, settings: TableSettings
) -> tuple[TableMapping, list[Violation]]:
    """Finds ids and answers of a file of references, which may be a part of a training table."""
    header = _opened(names, line, unit, settings)
    row_id = header.take_word(_if_there(settings.id, names), ID_WORDS, "id")
    if row_id is None:
        header.refuse("id", "is missing", "add the column, so that answers find their questions")
    given = tuple(name for name in settings.answers or () if name in names)
    answered = [Family("", given)] if given else families(header.free(), ANSWER_WORDS)
    asked = families(header.free(), QUESTION_WORDS)
    if len(answered) > 1 and asked:
        _, answers = _pair(header, asked, answered)
    elif len(answered) > 1:
        _refuse_choice(header, [], [family.names for family in answered])
        answers = answered[0]
    else:
        answers = answered[0] if answered else _missing(header, "answers", ANSWER_WORDS)
    return _finished(header, settings, TableMapping((), answers.names, row_id))


def _opened(names: Sequence[str], line: int, unit: str, settings: TableSettings) -> _Header:
    header = _Header(line, unit, list(names))
    for name, count in Counter(names).items():
        if count > 1:
            header.refuse(name, "stands more than once", "keep one of these columns")
    header.take([name for name in settings.ignore if name in names], "ignore")
    if settings.carry is not None:
        header.take(settings.carry, "carry")
    return header


def _asked(names: Sequence[str]) -> list[Family]:
    return families(names, QUESTION_WORDS) or families(names, SECOND_QUESTION_WORDS)


def _answered(names: Sequence[str]) -> list[Family]:
    return families(names, ANSWER_WORDS) or families(names, SECOND_ANSWER_WORDS)


def _if_there(name: str | None, names: Sequence[str]) -> str | None:
    return name if name in names else None


def _pair(header: _Header, asked: list[Family], answered: list[Family]) -> tuple[Family, Family]:
    """The one pair of question and answer columns; says so where there is none, or several."""
    pairs = [
        (one, other)
        for one, other in product(asked, answered)
        if not (one.word and other.word) or other.word in PAIRED_WORDS.get(one.word, ())
    ] or list(product(asked, answered))
    if len(pairs) > 1:
        _refuse_choice(
            header,
            list(dict.fromkeys(one.names for one, _ in pairs)),
            list(dict.fromkeys(other.names for _, other in pairs)),
        )
    if pairs:
        return pairs[0]
    if not asked and not answered:
        _refuse_unknown(header)
        return Family("", ()), Family("", ())
    questions = asked[0] if asked else _missing(header, "questions", QUESTION_WORDS)
    header.taken.update(questions.names)
    answers = answered[0] if answered else _missing(header, "answers", ANSWER_WORDS)
    return questions, answers


def _refuse_choice(
    header: _Header, questions: list[tuple[str, ...]], answers: list[tuple[str, ...]]
) -> None:
    said = [
        f"{what} may be in {' or in '.join(listed(names) for names in choices)}"
        for what, choices in (("questions", questions), ("answers", answers))
        if len(choices) > 1
    ]
    yaml = mapping_yaml(questions[0] if questions else (), answers[0] if answers else ())
    header.refuse(
        "",
        f"can be read in more than one way: {'; '.join(said)}",
        f"say in the profile which are meant, as in\n{yaml}",
    )


def _missing(
    header: _Header, setting: str, words: Sequence[str], shown: str | None = None
) -> Family:
    """Says that a table has no column of a kind, and which one may be meant.

    Args:
        header: The header; what is wrong is added to it.
        setting: The setting that names such columns.
        words: What they may be called.
        shown: Another setting to show, of one column.
    """
    guess = quoted(_guess(header, words))
    line = f"{shown}: {guess}" if shown else f"{setting}: [{guess}]"
    _refuse_missing(header, setting, f"table:\n  {line}")
    return Family("", ())


def _refuse_unknown(header: _Header) -> None:
    """Says that nothing is known of a header, and shows the whole mapping that is wanted."""
    question = _guess(header, QUESTION_WORDS)
    # People write the answer behind its question.
    behind = header.names[header.names.index(question) + 1 :] if question in header.names else []
    answer = _guess(header, ANSWER_WORDS, [name for name in behind if name in header.free()])
    _refuse_missing(header, "questions", mapping_yaml([question], [answer]))
    _refuse_missing(header, "answers", f"table:\n  answers: [{quoted(answer)}]")


def _guess(header: _Header, words: Sequence[str], first: Sequence[str] = ()) -> str:
    """The column that may be meant by some words; one that is nearly called so is named as such."""
    wanted = [words[0], f"{words[0]}_1", words[1], f"{words[1]}_1"]
    near = {name: closest(name, wanted) for name in header.free()}
    meant = {name: close for name, close in near.items() if close}
    for name, close in meant.items():
        problem = f"is not a known column; the closest name that is missing is {close}"
        header.refuse(name, problem, f"rename it to {close}")
    guess = next(iter([*meant, *first, *header.free()]), words[0])
    header.taken.add(guess)
    return guess


def _refuse_missing(header: _Header, setting: str, yaml: str) -> None:
    header.refuse(
        "",
        f"no column is known to hold {setting}; the columns are {listed(header.names)}",
        f"{likely_cause(header.names)}say in the profile which ones do, as in\n{yaml}",
    )


def _test_question(header: _Header, settings: TableSettings, row_id: str | None) -> Family:
    if settings.test_question is not None:
        return Family("", header.take([settings.test_question], "test_question"))
    given = [name for name in settings.questions or () if name in header.names]
    found = [Family("", tuple(given))] if given else _asked(header.free())
    if not found:
        only = _only_text(header, has_ids=row_id is not None)
        return only or _missing(header, "questions", QUESTION_WORDS, "test_question")
    names = [name for family in found for name in family.names]
    if len(names) > 1:
        header.refuse(
            "",
            f"a test question stands in one column, and {len(names)} may hold it: {listed(names)}",
            f"say in the profile which one does, as in\ntable:\n  test_question: "
            f"{quoted(names[0])}",
        )
    return Family(found[0].word, found[0].names[:1])


def _only_text(header: _Header, *, has_ids: bool) -> Family | None:
    """The column of a file of questions that is named a text, or is the only one beside the ids.

    Without ids, nothing would tell the name of an only column from a question.
    """
    texts = families(header.free(), TEST_QUESTION_WORDS)
    if len(texts) == 1:
        return texts[0]
    free = [name for name in header.free() if not name.startswith(_UNNAMED)]
    if not has_ids or len(free) != 1 or likely_cause(free) or closest(free[0], QUESTION_WORDS):
        return None
    return Family("", (free[0],))


def _input(header: _Header, settings: TableSettings, questions: Family) -> str | None:
    """The column that follows the question: only an instruction has one by its name alone."""
    if settings.input is not None:
        return next(iter(header.take([settings.input], "input")), None)
    is_instruction = any(spelling(name).word == "instruction" for name in questions.names)
    return header.take_word(None, INPUT_WORDS, "input") if is_instruction else None


def _check_misspelt(
    header: _Header,
    questions: Family,
    answers: Family,
    category: str | None,
) -> None:
    """Refuses a column that is not known but nearly bears the name of one that is missing.

    A column that the settings name is known; so is one of a family that is written otherwise.
    """
    apart = [*numbers_apart(questions, header.free()), *numbers_apart(answers, header.free())]
    for name, meant in apart:
        header.taken.add(name)
        _refuse_misspelt(header, name, meant)
    for name in header.free():
        wanted = [*unused_names(questions, name), *unused_names(answers, name)]
        if category is None:
            wanted.append(CATEGORY_NAME)
        meant_name = next((one for one in wanted if is_misspelt(name, one)), None)
        if meant_name:
            header.taken.add(name)
            _refuse_misspelt(header, name, meant_name)


def _refuse_misspelt(header: _Header, name: str, meant: str) -> None:
    header.refuse(
        name,
        f"is not a known column; the closest name that is missing is {meant}",
        f"rename it to {meant}, or list it in table.carry or table.ignore",
    )


def _finished(
    header: _Header, settings: TableSettings, mapping: TableMapping
) -> tuple[TableMapping, list[Violation]]:
    ignored = tuple(name for name in dict.fromkeys(header.names) if name in settings.ignore)
    rest = header.free()
    carried = tuple(settings.carry) if settings.carry is not None else tuple(rest)
    if settings.carry is not None:
        ignored = (*ignored, *rest)
    whole = TableMapping(
        mapping.questions,
        mapping.answers,
        mapping.id,
        mapping.category,
        mapping.input,
        tuple(name for name in carried if name in header.names),
        ignored,
    )
    return whole, header.violations
