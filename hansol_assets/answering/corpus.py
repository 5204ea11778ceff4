"""The corpus that a base model is trained on from nothing, and how long it is held still.

What belongs here: which examples become documents, and whether an earlier corpus still stands for
the table. What does not: the prompt of an example (`hansol_assets.answering.examples`) and the
training (`hansol_assets.modeling.base`).
"""

from collections.abc import Collection

import pandas as pd

from hansol_assets.modeling.base.tokenizer_training import render_document
from hansol_assets.qa.folds import normalise

CORPUS_COLUMNS = ("question", "answer", "text")


def asked_once(pairs: pd.DataFrame) -> pd.DataFrame:
    """Keeps one question of each answer: a row's questions take its answers in turn.

    A small model that reads every answer once with each paraphrase learns the answers by heart,
    and nothing more, in twice the time.

    Args:
        pairs: `source_ids, question, answer` of single questions; a row's questions and answers
            stand in the row's order.

    Returns:
        The pairs that are kept, in their order. Every question of a row is among them if it has
        as many answers, and every answer is.
    """
    row = pairs["source_ids"].map(tuple)
    question, answer = (
        pairs.groupby(row)[column].transform(lambda texts: pd.factorize(texts)[0])
        for column in ("question", "answer")
    )
    questions = pairs.groupby(row)["question"].transform("nunique")
    return pairs[answer % questions == question].reset_index(drop=True)


def corpus_table(pairs: pd.DataFrame, examples: pd.DataFrame) -> pd.DataFrame:
    """Returns the corpus: each example as one document in Gemma's turns.

    Args:
        pairs: `question, answer` of every example, as the table has them.
        examples: `messages, answer` of the same examples, as they are trained on.

    Returns:
        `question, answer, text`: what a document was made of, and the document.
    """
    texts = [
        render_document(messages, answer)
        for messages, answer in zip(examples["messages"], examples["answer"], strict=True)
    ]
    made_of = pairs[["question", "answer"]].reset_index(drop=True)
    return made_of.assign(text=pd.Series(texts, dtype=object))


def no_corpus() -> pd.DataFrame:
    """Returns the corpus of a released model, which is trained on none here."""
    return pd.DataFrame({column: pd.Series([], dtype=object) for column in CORPUS_COLUMNS})


def drift(previous: pd.DataFrame, current: pd.DataFrame) -> float:
    """Returns the share of the documents that changed, 0 to 1.

    Args:
        previous: `text`.
        current: `text`.

    Returns:
        The share of the documents of either that the other lacks, the larger one. A document that
        shows another row than before has changed, and so have all after a change of the prompt.
    """
    before, now = set(previous["text"]), set(current["text"])
    largest = max(len(before), len(now))
    return 1 - len(before & now) / largest if largest else 0.0


def held_still(
    previous: pd.DataFrame | None,
    current: pd.DataFrame,
    held_out: Collection[str],
    most_drift: float,
) -> pd.DataFrame:
    """Returns the previous corpus if it still stands for the table, else the current one.

    A base model that is trained anew moves everything that is made with it, for one changed row
    as for all. What it never read it is taught by the adapter, which is trained at every change.

    Args:
        previous: The corpus of before, in the form of `corpus_table`; None where there is none.
        current: The corpus of now.
        held_out: The questions and answers that nothing may be trained on now. They are compared
            by their letters and digits, as rows are when they are dealt to folds.
        most_drift: Share of the documents that may have changed, 0 to 1.
    """
    if previous is None or previous.empty or current.empty:
        return current
    # The rows that prompts show are training rows, too, and stand among these columns.
    read = {normalise(text) for column in ("question", "answer") for text in previous[column]}
    if not read.isdisjoint(map(normalise, held_out)):
        return current
    return current if drift(previous, current) > most_drift else previous
