"""The questions as people ask them: that they name rows that there are, and are enough."""

from pathlib import Path

import pandas as pd
import pytest

from hansol_assets.qa.splitting import take_apart

FOLDER = Path(__file__).parent
QUESTIONS = {"hansol": 150, "product_faq": 40, "help_desk": 40}
"""File → questions at least."""
TABLES = ("product_faq", "help_desk")
EVERY = pytest.mark.parametrize("name", QUESTIONS)


def asked(name: str) -> pd.DataFrame:
    return pd.read_csv(FOLDER / f"{name}.tsv", sep="\t", dtype=str, keep_default_na=False)


def table(name: str) -> pd.DataFrame:
    return pd.read_csv(FOLDER / f"{name}.csv", dtype=str, keep_default_na=False)


def parts_of(rows: str) -> list[set[str]]:
    return [set(part.split("|")) for part in rows.split("+")] if rows != "-" else []


def normal(text: str) -> str:
    return "".join(letter for letter in text.lower() if letter.isalnum())


@EVERY
def test_there_are_enough_questions_of_every_kind(name: str) -> None:
    questions = asked(name)

    assert questions.columns.tolist() == ["kind", "rows", "question", "set"]
    assert len(questions) >= QUESTIONS[name]
    counts = questions["kind"].value_counts()
    assert set(counts.index) == {"known", "near", "off"}
    assert counts["known"] > len(questions) / 2
    assert counts.min() >= 6


@EVERY
def test_known_questions_alone_name_rows(name: str) -> None:
    questions = asked(name)

    assert ((questions["rows"] != "-") == (questions["kind"] == "known")).all()


@EVERY
def test_a_third_was_looked_at_while_tuning(name: str) -> None:
    questions = asked(name)

    assert set(questions["set"]) == {"first", "second"}
    for _, own in questions.groupby("kind"):
        assert (own["set"] == "first").mean() == pytest.approx(1 / 3, abs=0.17)


@EVERY
def test_every_question_is_asked_once(name: str) -> None:
    texts = asked(name)["question"].map(normal)

    assert texts.all()
    assert texts.is_unique


@pytest.mark.parametrize("name", TABLES)
def test_rows_are_of_the_table_and_said_in_other_words(name: str) -> None:
    rows, questions = table(name), asked(name)
    ids = set(rows["id"])

    assert 40 <= len(rows) <= 60
    assert rows["id"].is_unique
    for own in questions["rows"]:
        for part in parts_of(own):
            assert part <= ids
    columns = [column for column in rows if column.startswith(("질문_", "question"))]
    shown = {normal(text) for column in columns for text in rows[column] if text}
    assert shown.isdisjoint(questions["question"].map(normal))


@pytest.mark.parametrize("name", TABLES)
def test_questions_of_two_rows_are_two_questions(name: str) -> None:
    questions = asked(name)
    joined = questions[questions["rows"].str.contains("+", regex=False)]
    parts = [len(own.parts) for own in take_apart(joined["question"].tolist())]

    assert len(joined)
    assert all(len(parts_of(rows)) == 2 for rows in joined["rows"])
    assert max(parts, default=2) <= 2
