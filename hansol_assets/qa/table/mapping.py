"""Which column of a table is which: as the settings say, or recognised by name and content."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import product

import pyarrow.compute as pc

from hansol_assets.qa.table.cells import TextCells
from hansol_assets.qa.table.column_names import (
    ANSWER_WORDS,
    CATEGORY_WORDS,
    ID_WORDS,
    INPUT_WORDS,
    PAIRED_WORDS,
    QUESTION_WORDS,
    TEST_QUESTION_WORDS,
    Family,
    answer_families,
    closest,
    families,
    is_misspelt,
    is_numbering,
    numbers_apart,
    question_families,
    spelling,
    unused_names,
)
from hansol_assets.qa.table.columns import CATEGORY
from hansol_assets.qa.table.header import (
    Header,
    Looks,
    likely_cause,
    quoted,
    refuse_choice,
    refuse_missing,
    refuse_unknown,
    shown,
)
from hansol_assets.qa.table.table_settings import TableSettings
from hansol_assets.qa.table.violations import Violation

_UNNAMED = "Unnamed:"


@dataclass(frozen=True)
class TableMapping:
    """What each column of a file holds; every column stands in one place.

    Attributes:
        questions: Columns of the question and its paraphrases, in order.
        id: None: they are made from the content.
        category: Column that folds are stratified by; None: there is one class.
        input: Column that follows the question; None: there is none.
        carried: Columns that go along under their own names.
    """

    questions: tuple[str, ...] = ()
    answers: tuple[str, ...] = ()
    id: str | None = None
    category: str | None = None
    input: str | None = None
    carried: tuple[str, ...] = ()
    ignored: tuple[str, ...] = ()

    def facts(self) -> dict[str, str]:
        """What was recognised, for the metadata and for a person."""
        facts = {
            "questions": ", ".join(self.questions),
            "answers": ", ".join(self.answers),
            "input": self.input or "",
            "id": self.id or "made from the content",
            "category": self.category or "none: one class",
            "carried": ", ".join(self.carried),
            "ignored": ", ".join(self.ignored),
        }
        return {name: text for name, text in facts.items() if text}


def map_training(header: Header, settings: TableSettings) -> TableMapping:
    """Finds the columns of a training table: questions and answers, at least one of each.

    What is wrong is added to the header's violations; the mapping may be partial then.
    """
    _open(header, settings)
    given_questions = header.take(settings.questions or (), "questions")
    given_answers = header.take(settings.answers or (), "answers")
    row_id = header.take_word(settings.id, ID_WORDS, "id")
    category = header.take_word(settings.category, CATEGORY_WORDS, "category")
    free = header.free()
    asked = [Family("", given_questions)] if settings.questions else question_families(free)
    answered = [Family("", given_answers)] if settings.answers else answer_families(free)
    questions, answers = _pair(header, asked, answered)
    header.taken.update(questions.names, answers.names)
    _check_misspelt(header, questions, answers, category)
    following = _input(header, settings, questions)
    return _finished(
        header, settings, TableMapping(questions.names, answers.names, row_id, category, following)
    )


def map_questions(header: Header, settings: TableSettings) -> TableMapping:
    """Finds the columns of a table of test questions; answers in it are carried along."""
    _open(header, settings)
    row_id = _take_id_if_there(header, settings)
    question = _test_question(header, settings, row_id)
    header.taken.update(question.names)
    following = _input(header, settings, question)
    return _finished(header, settings, TableMapping(question.names, id=row_id, input=following))


def map_references(header: Header, settings: TableSettings) -> TableMapping:
    """Finds ids and answers of a file of references, which may be a part of a training table."""
    _open(header, settings)
    row_id = _take_id_if_there(header, settings)
    if row_id is None:
        header.refuse("id", "is missing", "add the column, so that answers find their questions")
    given = tuple(name for name in settings.answers or () if name in header.names)
    answered = [Family("", given)] if given else families(header.free(), ANSWER_WORDS)
    asked = families(header.free(), QUESTION_WORDS)
    if len(answered) > 1 and asked:
        _, answers = _pair(header, asked, answered)
    elif len(answered) > 1:
        refuse_choice(header, [], [family.names for family in answered])
        answers = answered[0]
    else:
        answers = answered[0] if answered else refuse_missing(header, "answers")
    return _finished(header, settings, TableMapping((), answers.names, row_id))


def _open(header: Header, settings: TableSettings) -> None:
    """Refuses names that stand twice, and takes the columns that settings ignore or carry."""
    for name, count in Counter(header.names).items():
        if count > 1:
            header.refuse(name, "stands more than once", "keep one of these columns")
    header.take([name for name in settings.ignore if name in header.names], "ignore")
    if settings.carry is not None:
        header.take(settings.carry, "carry")


def _take_id_if_there(header: Header, settings: TableSettings) -> str | None:
    return header.take_word(settings.id if settings.id in header.names else None, ID_WORDS, "id")


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
    questions = asked[0] if asked else refuse_missing(header, "questions")
    header.taken.update(questions.names)
    answers = answered[0] if answered else refuse_missing(header, "answers")
    return questions, answers


def _test_question(header: Header, settings: TableSettings, row_id: str | None) -> Family:
    if settings.test_question is not None:
        return Family("", header.take([settings.test_question], "test_question"))
    given = [name for name in settings.questions or () if name in header.names]
    candidates = [Family("", tuple(given))] if given else question_families(header.free())
    if not candidates:
        only = _only_text(header, has_ids=row_id is not None)
        return only or refuse_missing(header, "questions", "test_question")
    names = [name for family in candidates for name in family.names]
    if len(names) > 1:
        header.refuse(
            "",
            f"a test question stands in one column, and {len(names)} may hold it: {shown(names)}",
            f"say in the profile which one does, as in\ntable:\n  test_question: "
            f"{quoted(names[0])}",
        )
    return Family(candidates[0].word, candidates[0].names[:1])


def _only_text(header: Header, *, has_ids: bool) -> Family | None:
    """The column of a file of questions that is named a text, or is the only one beside the ids."""
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
    header: Header, questions: Family, answers: Family, category: str | None
) -> None:
    """Refuses an unknown column that nearly bears the name of one that is missing.

    So is one of a family that is written otherwise.
    """
    apart = [*numbers_apart(questions, header.free()), *numbers_apart(answers, header.free())]
    for name, meant in apart:
        _refuse_misspelt(header, name, meant)
    for name in header.free():
        missing = [*unused_names(questions, name), *unused_names(answers, name)]
        if category is None:
            missing.append(CATEGORY)
        near = next((one for one in missing if is_misspelt(name, one)), None)
        if near:
            _refuse_misspelt(header, name, near)


def _refuse_misspelt(header: Header, name: str, meant: str) -> None:
    header.taken.add(name)
    header.refuse(
        name,
        f"is not a known column; the closest name that is missing is {meant}",
        f"rename it to {meant}, or list it in table.carry or table.ignore",
    )


def _finished(header: Header, settings: TableSettings, mapping: TableMapping) -> TableMapping:
    ignored = tuple(name for name in dict.fromkeys(header.names) if name in settings.ignore)
    rest = tuple(header.free())
    if settings.carry is None:
        return replace(mapping, carried=rest, ignored=ignored)
    carried = tuple(name for name in settings.carry if name in header.names)
    return replace(mapping, carried=carried, ignored=(*ignored, *rest))


def without_empty(
    mapping: TableMapping, cells: TextCells, settings: TableSettings, notes: list[str]
) -> TableMapping:
    """The mapping without recognised ids and categories of which every cell is empty."""
    empty = {
        kind: name
        for kind in ("id", "category")
        if (name := getattr(mapping, kind)) and not getattr(settings, kind) and cells.is_empty(name)
    }
    notes += [f"column {name} is empty, and is not used" for name in empty.values()]
    row_id, category = (
        None if kind in empty else getattr(mapping, kind) for kind in ("id", "category")
    )
    return replace(mapping, id=row_id, category=category)


def numbered(mapping: TableMapping, cells: TextCells, looks: Looks) -> TableMapping:
    """The mapping with the column by which the file numbers its rows, each otherwise, as ids."""
    for name in mapping.carried:
        if is_numbering(name) and looks.holds_no_text(name):
            numbers = cells.column(name)
            is_filled = pc.min(pc.binary_length(numbers)).as_py()
            if is_filled and pc.count_distinct(numbers).as_py() == len(numbers):
                carried = tuple(other for other in mapping.carried if other != name)
                return replace(mapping, id=name, carried=carried)
    return mapping


def onto_numbers(settings: TableSettings, looks: Looks) -> Iterator[Violation]:
    """Yields a violation for each column of numbers, dates or codes that settings call texts."""
    named = (*(settings.questions or ()), *(settings.answers or ()), settings.test_question or "")
    for name in named:
        if looks.holds_no_text(name):
            problem = "holds numbers, dates or codes, and no text to train on"
            yield Violation(None, name, problem, "name the column of the texts")
