"""Training material of the models: examples with their prompts.

What belongs here: which examples an adapter is trained on, and which retrieved rows their prompts
show. What does not: which questions and answers make an example (`hansol_assets.qa.pairing`), the
base model's documents (`hansol_assets.answering.corpus`), how long examples are held still
(`hansol_assets.answering.holding`), and how a model is trained.
"""

import json
from collections.abc import Mapping, Sequence

import pandas as pd

from hansol_assets.answering.holding import READ, RECIPE, text_keys
from hansol_assets.lake.fingerprint import canonical_json
from hansol_assets.qa.folds import CALIBRATION, TRAINING, VALIDATION
from hansol_assets.qa.pairing import PairingSettings
from hansol_assets.qa.prompts import ContextRow, PromptSettings, build_messages, neutralise
from hansol_assets.qa.seeded_draws import chance, draw
from hansol_assets.qa.table.columns import ANSWERS, ID, QUESTIONS
from hansol_assets.retrieval.hits import Hit
from hansol_assets.retrieval.index import RetrievalSettings
from hansol_assets.retrieval.ranking import RowSearcher
from hansol_assets.settings_model import SettingsModel

MOST_SOURCES = 2
"""Rows that one example is made of at most; as many hits may have to be left out."""

EXAMPLE_IDENTITY = (RECIPE, "split", "question", "answer")
EXAMPLE_COLUMNS = (*EXAMPLE_IDENTITY, "messages", READ)


class ExampleSettings(SettingsModel):
    """All settings that an adapter's examples depend on."""

    pairing: PairingSettings
    prompt: PromptSettings
    retrieval: RetrievalSettings
    max_examples: int | None
    max_held_out: int
    known_share: float
    seed: int


def context_rows(hits: Sequence[Hit], question: str) -> list[ContextRow]:
    """Returns retrieved rows as a prompt shows them: a question of theirs, the shortest answer.

    Args:
        hits: The rows.
        question: What is asked: where a row was asked in these words, another question is shown.
    """
    return [ContextRow(_other(hit.questions, question), min(hit.answers, key=len)) for hit in hits]


def _other(questions: Sequence[str], asked: str) -> str:
    return next((text for text in questions if text not in asked), questions[0])


def training_examples(
    pairs: pd.DataFrame,
    searcher: RowSearcher,
    prompt: PromptSettings,
    splits: Sequence[str] = (TRAINING,),
    known_share: float = 0.0,
) -> pd.DataFrame:
    """Gives each training example its prompt, with the rows retrieved for it.

    Args:
        pairs: `source_ids, question, answer` of every example.
        searcher: Finds and ranks rows.
        prompt: The form of a prompt.
        splits: Splits of the rows that prompts may show.
        known_share: Share of the examples, drawn by their question, whose prompt may show the rows
            that they were made of, as that of a question that the table knows does.

    Returns:
        `messages, answer, shown_ids`, one row an example; the last are the rows that it shows.
    """
    questions = list(dict.fromkeys(pairs["question"]))
    found = searcher.search(questions, prompt.context_rows + MOST_SOURCES, splits)
    hits = dict(zip(questions, found, strict=True))
    hidden = [
        set() if chance("known", question) < known_share else set(sources)
        for question, sources in zip(pairs["question"], pairs["source_ids"], strict=True)
    ]
    shown = [
        [hit for hit in hits[question] if hit.id not in own][: prompt.context_rows]
        for question, own in zip(pairs["question"], hidden, strict=True)
    ]
    messages = [
        build_messages(question, context_rows(own, question), prompt)
        for question, own in zip(pairs["question"], shown, strict=True)
    ]
    # An answer is data, too: no row may teach a turn that ends early or a turn of its own.
    answers = pairs["answer"].map(neutralise).tolist()
    shown_ids = [[hit.id for hit in own] for own in shown]
    return pd.DataFrame({"messages": messages, "answer": answers, "shown_ids": shown_ids})


def drawn_examples(
    pairs: pd.DataFrame, held_out: pd.DataFrame, settings: ExampleSettings, recipe: str
) -> pd.DataFrame:
    """Draws the examples of an adapter, and those that guide and judge its training.

    Args:
        pairs: `id, source_ids, question, answer` of every training example there could be.
        held_out: `id, split, source_ids, question, references` of the held-out questions; empty
            where all rows train.
        settings: How many are drawn.
        recipe: From `recipe_of`.

    Returns:
        `recipe, split, source_ids, question, answer`: training ones, then those of the calibration
        and validation rows with their first reference.
    """
    answered = held_out.assign(answer=held_out["references"].str[0])
    drawn = [_drawn(pairs, settings.max_examples, settings.seed).assign(split=TRAINING)]
    for split in (CALIBRATION, VALIDATION):
        own = answered[answered["split"] == split]
        drawn.append(_drawn(own, settings.max_held_out, settings.seed))
    columns = ["split", "source_ids", "question", "answer"]
    return pd.concat([own[columns] for own in drawn], ignore_index=True).assign(recipe=recipe)


def adapter_table(
    drawn: pd.DataFrame,
    rows: pd.DataFrame,
    searcher: RowSearcher,
    settings: ExampleSettings,
    splits: Sequence[str] = (TRAINING,),
) -> pd.DataFrame:
    """Gives the examples of an adapter their prompts, and says what training ones were read from.

    Args:
        drawn: What `drawn_examples` returned.
        rows: The rows of `qa_folds`.
        searcher: Finds and ranks rows.
        settings: The form of a prompt, and how many show the rows of their own question.
        splits: Splits of the rows that prompts may show.

    Returns:
        `EXAMPLE_COLUMNS`, one row an example. `answer` is as the table has it, `messages` is JSON.
    """
    examples = training_examples(drawn, searcher, settings.prompt, splits, settings.known_share)
    made_of = list(zip(drawn["split"], drawn["source_ids"], examples["shown_ids"], strict=True))
    read_rows = {row for _, sources, shown in made_of for row in (*sources, *shown)}
    keys = _keys_of_rows(rows[rows[ID].isin(read_rows)])
    read = [
        sorted({key for row in (*sources, *shown) for key in keys[row]})
        if split == TRAINING
        else []
        for split, sources, shown in made_of
    ]
    messages = examples["messages"].map(canonical_json)
    table = drawn.assign(messages=messages, read=pd.Series(read, dtype=object))
    return table[list(EXAMPLE_COLUMNS)]


def examples_of(table: pd.DataFrame, split: str) -> pd.DataFrame:
    """Returns `messages, answer` of a split's examples, as training takes them.

    Args:
        table: `EXAMPLE_COLUMNS`.
        split: The split of the rows that they were made of.
    """
    own = table[table["split"] == split].reset_index(drop=True)
    examples = own.assign(
        messages=own["messages"].map(json.loads), answer=own["answer"].map(neutralise)
    )
    return examples[["messages", "answer"]]


def no_examples() -> pd.DataFrame:
    """Returns the table of an adapter that is trained on nothing."""
    return pd.DataFrame({column: pd.Series([], dtype=object) for column in EXAMPLE_COLUMNS})


def _drawn(examples: pd.DataFrame, count: int | None, seed: int) -> pd.DataFrame:
    return examples.iloc[draw(examples[ID].tolist(), count, seed, "examples")]


def _keys_of_rows(rows: pd.DataFrame) -> Mapping[str, Sequence[str]]:
    texts = zip(rows[ID], rows[QUESTIONS], rows[ANSWERS], strict=True)
    return {row: text_keys([*questions, *answers]) for row, questions, answers in texts}
