"""Which column of a table is which: as the settings say, or recognised by name.

What belongs here: from a header to questions, answers, id, category and what is carried along, and
what is said where that cannot be told. What does not: the names that are known
(`hansol_assets.qa.table.names`) and the cells (`hansol_assets.qa.table.contract`).
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product

from hansol_assets.qa.table.alike import closest, is_misspelt
from hansol_assets.qa.table.families import Family, families, numbers_apart, unused_names
from hansol_assets.qa.table.header import Header, missing, refuse_choice, refuse_unknown
from hansol_assets.qa.table.looks import Looks
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
NO_LOOKS = Looks({})


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


def map_training(
    names: Sequence[str], line: int, unit: str, settings: TableSettings, looks: Looks = NO_LOOKS
) -> tuple[TableMapping, list[Violation]]:
    """Finds the columns of a training table: questions and answers, at least one of each.

    Args:
        names: The clean names of the header.
        line: Where the header stands.
        unit: What `line` counts.
        settings: What the profile says of them.
        looks: What their cells look like.

    Returns:
        The mapping, and what is wrong with the header; with a violation the mapping may be partial.
    """
    header = _opened(names, line, unit, settings, looks)
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
    names: Sequence[str], line: int, unit: str, settings: TableSettings, looks: Looks = NO_LOOKS
) -> tuple[TableMapping, list[Violation]]:
    """Finds the columns of a table of test questions: one question a row; else as `map_training`.

    Answers that stand in it are carried along and not looked at.
    """
    header = _opened(names, line, unit, settings, looks)
    row_id = header.take_word(_if_there(settings.id, names), ID_WORDS, "id")
    question = _test_question(header, settings, row_id)
    header.taken.update(question.names)
    return _finished(
        header,
        settings,
        TableMapping(question.names, id=row_id, input=_input(header, settings, question)),
    )


def map_references(
    names: Sequence[str], line: int, unit: str, settings: TableSettings, looks: Looks = NO_LOOKS
) -> tuple[TableMapping, list[Violation]]:
    """Finds ids and answers of a file of references, which may be a part of a training table."""
    header = _opened(names, line, unit, settings, looks)
    row_id = header.take_word(_if_there(settings.id, names), ID_WORDS, "id")
    if row_id is None:
        header.refuse("id", "is missing", "add the column, so that answers find their questions")
    given = tuple(name for name in settings.answers or () if name in names)
    answered = [Family("", given)] if given else families(header.free(), ANSWER_WORDS)
    asked = families(header.free(), QUESTION_WORDS)
    if len(answered) > 1 and asked:
        _, answers = _pair(header, asked, answered)
    elif len(answered) > 1:
        refuse_choice(header, [], [family.names for family in answered])
        answers = answered[0]
    else:
        answers = answered[0] if answered else missing(header, "answers")
    return _finished(header, settings, TableMapping((), answers.names, row_id))


def _opened(
    names: Sequence[str], line: int, unit: str, settings: TableSettings, looks: Looks
) -> Header:
    header = Header(line, unit, list(names), looks)
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


def _pair(header: Header, asked: list[Family], answered: list[Family]) -> tuple[Family, Family]:
    """The one pair of question and answer columns; says so where there is none, or several."""
    pairs = [
        (one, other)
        for one, other in product(asked, answered)
        if not (one.word and other.word) or other.word in PAIRED_WORDS.get(one.word, ())
    ] or list(product(asked, answered))
    if len(pairs) > 1:
        refuse_choice(
            header,
            list(dict.fromkeys(one.names for one, _ in pairs)),
            list(dict.fromkeys(other.names for _, other in pairs)),
        )
    if pairs:
        return pairs[0]
    if not asked and not answered:
        refuse_unknown(header)
        return Family("", ()), Family("", ())
    questions = asked[0] if asked else missing(header, "questions")
    header.taken.update(questions.names)
    answers = answered[0] if answered else missing(header, "answers")
    return questions, answers


def _test_question(header: Header, settings: TableSettings, row_id: str | None) -> Family:
    if settings.test_question is not None:
        return Family("", header.take([settings.test_question], "test_question"))
    given = [name for name in settings.questions or () if name in header.names]
    found = [Family("", tuple(given))] if given else _asked(header.free())
    if not found:
        only = _only_text(header, has_ids=row_id is not None)
        return only or missing(header, "questions", "test_question")
    names = [name for family in found for name in family.names]
    if len(names) > 1:
        header.refuse(
            "",
            f"a test question stands in one column, and {len(names)} may hold it: {listed(names)}",
            f"say in the profile which one does, as in\ntable:\n  test_question: "
            f"{quoted(names[0])}",
        )
    return Family(found[0].word, found[0].names[:1])


def _only_text(header: Header, *, has_ids: bool) -> Family | None:
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


def _input(header: Header, settings: TableSettings, questions: Family) -> str | None:
    """The column that follows the question: only an instruction has one by its name alone."""
    if settings.input is not None:
        return next(iter(header.take([settings.input], "input")), None)
    is_instruction = any(spelling(name).word == "instruction" for name in questions.names)
    return header.take_word(None, INPUT_WORDS, "input") if is_instruction else None


def _check_misspelt(
    header: Header,
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


def _refuse_misspelt(header: Header, name: str, meant: str) -> None:
    header.refuse(
        name,
        f"is not a known column; the closest name that is missing is {meant}",
        f"rename it to {meant}, or list it in table.carry or table.ignore",
    )


def _finished(
    header: Header, settings: TableSettings, mapping: TableMapping
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
