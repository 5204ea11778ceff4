"""The tables that models are trained on: the corpus of a base model, the examples of an adapter.

A model that is trained anew moves everything that is made with it, for one changed row as for all.
So the table of before is reused until it has drifted too far from the rows of now.
"""

import json
from collections.abc import Callable, Collection, Iterable, Sequence

import pandas as pd

from hansol_assets.lake.fingerprint import canonical_json, config_of, text_hash
from hansol_assets.modeling.base.tokenizer import render_document
from hansol_assets.qa.folds import CALIBRATION, TRAINING, VALIDATION
from hansol_assets.qa.pairing import PairingSettings
from hansol_assets.qa.prompts import ContextRow, PromptSettings, build_messages, neutralise
from hansol_assets.qa.seeded_draws import chance, draw
from hansol_assets.qa.table.columns import ANSWERS, ID, QUESTIONS
from hansol_assets.qa.text_lists import normalise
from hansol_assets.retrieval.ranking import RowSearcher
from hansol_assets.retrieval.search import Hit
from hansol_assets.settings_model import SettingsModel

MOST_SOURCES = 2
"""Rows that one example is made of at most; as many hits may have to be left out."""

MOST_DOCUMENTS = 2_500
"""Of a base model's corpus; its steps read no more of them than they have time for."""
READ = "read"
"""Column: keys of all texts that a document or example is made of or shows, a list."""
RECIPE = "recipe"
"""Column: names how the rows are made; those of another recipe have all changed."""

CORPUS_IDENTITY = [RECIPE, "question", "answer"]
CORPUS_COLUMNS = [*CORPUS_IDENTITY, "text", READ]
EXAMPLE_IDENTITY = [RECIPE, "split", "question", "answer"]
EXAMPLE_COLUMNS = [*EXAMPLE_IDENTITY, "messages", READ]


class ExampleSettings(SettingsModel):
    """All settings that an adapter's examples depend on."""

    pairing: PairingSettings
    prompt: PromptSettings
    max_examples: int | None
    max_held_out: int
    known_share: float
    seed: int


def recipe_of(retriever: str, **sections: SettingsModel) -> str:
    """Names how rows are made: by which encoder's search, with which settings."""
    return text_hash(canonical_json({"retriever": retriever, **config_of(**sections)}))


def text_keys(texts: Iterable[str]) -> list[str]:
    """Returns keys of texts, sorted; of their letters and digits alone, as rows are dealt."""
    return sorted({text_hash(normalise(text)) for text in texts})


def empty_table(columns: Sequence[str]) -> pd.DataFrame:
    """Returns the table of a model that is trained on nothing here."""
    return pd.DataFrame({column: pd.Series([], dtype=object) for column in columns})


def drift(table: pd.DataFrame, identity: pd.DataFrame) -> float:
    """Returns the share of the rows that changed, 0 to 1: of the larger one, what the other lacks.

    `identity` has the columns that make a row of a table of now what it is.
    """
    columns = identity.columns.tolist()
    there, here = (
        set(frame[columns].itertuples(index=False, name=None)) for frame in (table, identity)
    )
    largest = max(len(there), len(here))
    return 1 - len(there & here) / largest if largest else 0.0


def reuse_or_make(
    previous: pd.DataFrame | None,
    identity: pd.DataFrame,
    held_out: Collection[str],
    most_drift: float,
    make: Callable[[], pd.DataFrame],
) -> pd.DataFrame:
    """Returns the previous table if it is near enough to the rows of now, else makes a new one.

    What the table never read is known to the index, the regressors and the composer at once.

    `identity` has the columns that make a row what it is, of a table of now; `held_out` are texts
    that nothing may be trained on now; `most_drift` is the share of rows that may have changed.
    """
    if previous is None or previous.empty or identity.empty:
        return make()
    read = {key for keys in previous[READ] for key in keys}
    if not read.isdisjoint(text_keys(held_out)):
        return make()
    return make() if drift(previous, identity) > most_drift else previous


def asked_once(pairs: pd.DataFrame) -> pd.DataFrame:
    """Keeps one question of each answer: a row's questions take its answers in turn.

    A small model that reads every answer once with each paraphrase learns the answers by heart,
    and nothing more, in twice the time.

    `pairs` has `source_ids, question, answer` of single questions; a row's questions and answers
    stand in the row's order. Every question of a row is kept if it has as many answers, and every
    answer is.
    """
    row = pairs["source_ids"].str[0]
    question, answer = (_number_in_row(row, pairs[column]) for column in ("question", "answer"))
    questions = pairs.groupby(row)["question"].transform("nunique")
    return pairs[answer % questions == question].reset_index(drop=True)


def _number_in_row(row: pd.Series, texts: pd.Series) -> pd.Series:
    """Which of its row's different texts each is, from 0."""
    by_appearance = texts.groupby([row, texts], sort=False).ngroup()
    return by_appearance.groupby(row).rank("dense").astype("int64") - 1


def drawn_documents(pairs: pd.DataFrame, most: int = MOST_DOCUMENTS) -> pd.DataFrame:
    """Draws so many of the pairs by their ids, or all where they are fewer."""
    return pairs.iloc[draw(pairs[ID].tolist(), most, "documents")].reset_index(drop=True)


def corpus_table(pairs: pd.DataFrame, examples: pd.DataFrame) -> pd.DataFrame:
    """Returns the corpus (`CORPUS_COLUMNS`): each example as one document in Gemma's turns.

    Of each, `pairs` has `recipe, question, answer` as the table has them, `examples` has `messages,
    answer` as they are trained on. The rows that prompts show are training rows, too, and stand
    among the pairs.
    """
    texts = [
        render_document(messages, answer)
        for messages, answer in zip(examples["messages"], examples["answer"], strict=True)
    ]
    read = [text_keys(pair) for pair in zip(pairs["question"], pairs["answer"], strict=True)]
    table = pairs.assign(text=pd.Series(texts, dtype=object), read=pd.Series(read, dtype=object))
    return table[CORPUS_COLUMNS]


def context_rows(hits: Sequence[Hit], question: str) -> list[ContextRow]:
    """Returns retrieved rows as a prompt shows them: a question of theirs, the shortest answer.

    Where a row was asked in the words of the question, another question of the row is shown.
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
    """Gives each training example (`source_ids, question, answer`) its prompt, with retrieved rows.

    Prompts show rows of some splits. In a share of the examples, drawn by their question, they may
    show the rows that the example was made of, as that of a question that the table knows does.

    Returns:
        `messages, answer, shown_ids`, one row an example; the last are the rows that it shows.
    """
    questions = list(dict.fromkeys(pairs["question"]))
    ranked = searcher.search(questions, prompt.context_rows + MOST_SOURCES, splits)
    hits = dict(zip(questions, ranked, strict=True))
    shown = []
    for question, sources in zip(pairs["question"], pairs["source_ids"], strict=True):
        hidden = set() if chance("known", question) < known_share else set(sources)
        visible = [hit for hit in hits[question] if hit.id not in hidden]
        shown.append(visible[: prompt.context_rows])
    messages = [
        build_messages(question, context_rows(rows, question), prompt)
        for question, rows in zip(pairs["question"], shown, strict=True)
    ]
    # An answer is data, too: no row may teach a turn that ends early or a turn of its own.
    answers = pairs["answer"].map(neutralise).tolist()
    shown_ids = [[hit.id for hit in rows] for rows in shown]
    return pd.DataFrame({"messages": messages, "answer": answers, "shown_ids": shown_ids})


def drawn_examples(
    pairs: pd.DataFrame, held_out: pd.DataFrame, settings: ExampleSettings, recipe: str
) -> pd.DataFrame:
    """Draws the examples of an adapter, and those that guide and judge its training.

    `pairs` (`id, source_ids, question, answer`) are all training examples there are; `held_out`
    (`id, split, source_ids, question, references`) is empty where all rows train.

    Returns:
        `recipe, split, source_ids, question, answer`: training ones, then those of the calibration
        and validation rows with their first reference.
    """
    answered = held_out.assign(answer=held_out["references"].str[0])
    drawn = [_drawn(pairs, settings.max_examples, settings.seed).assign(split=TRAINING)]
    drawn += [
        _drawn(answered[answered["split"] == split], settings.max_held_out, settings.seed)
        for split in (CALIBRATION, VALIDATION)
    ]
    columns = ["split", "source_ids", "question", "answer"]
    return pd.concat([part[columns] for part in drawn], ignore_index=True).assign(recipe=recipe)


def _drawn(examples: pd.DataFrame, count: int | None, seed: int) -> pd.DataFrame:
    return examples.iloc[draw(examples[ID].tolist(), count, seed, "examples")]


def adapter_table(
    drawn: pd.DataFrame,
    rows: pd.DataFrame,
    searcher: RowSearcher,
    settings: ExampleSettings,
    splits: Sequence[str] = (TRAINING,),
) -> pd.DataFrame:
    """Gives the examples that were drawn their prompts, and says what training ones were read from.

    Returns:
        `EXAMPLE_COLUMNS`, one row an example. `answer` is as the table has it, `messages` is JSON.
    """
    examples = training_examples(drawn, searcher, settings.prompt, splits, settings.known_share)
    read_ids = [
        [*sources, *shown]
        for sources, shown in zip(drawn["source_ids"], examples["shown_ids"], strict=True)
    ]
    read_rows = rows[rows[ID].isin({key for ids in read_ids for key in ids})]
    texts = zip(read_rows[ID], read_rows[QUESTIONS], read_rows[ANSWERS], strict=True)
    keys = {row: text_keys([*questions, *answers]) for row, questions, answers in texts}
    read = [
        sorted({key for row in ids for key in keys[row]}) if split == TRAINING else []
        for split, ids in zip(drawn["split"], read_ids, strict=True)
    ]
    messages = examples["messages"].map(canonical_json)
    table = drawn.assign(messages=messages, read=pd.Series(read, dtype=object))
    return table[EXAMPLE_COLUMNS]


def examples_of(table: pd.DataFrame, split: str) -> pd.DataFrame:
    """Returns `messages, answer` of the examples made of a split's rows, as training takes them."""
    rows = table[table["split"] == split].reset_index(drop=True)
    examples = rows.assign(
        messages=rows["messages"].map(json.loads), answer=rows["answer"].map(neutralise)
    )
    return examples[["messages", "answer"]]
