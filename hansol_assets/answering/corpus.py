"""The corpus that a base model is trained on from nothing.

What belongs here: which examples become documents. What does not: the prompt of an example
(`hansol_assets.answering.examples`), how long a corpus stands (`hansol_assets.answering.holding`)
and the training (`hansol_assets.modeling.base`).
"""

import pandas as pd

from hansol_assets.answering.holding import READ, RECIPE, text_keys
from hansol_assets.modeling.base.tokenizer_training import render_document
from hansol_assets.qa.seeded_draws import draw
from hansol_assets.qa.table.columns import ID

CORPUS_IDENTITY = (RECIPE, "question", "answer")
CORPUS_COLUMNS = (*CORPUS_IDENTITY, "text", READ)


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
    row = pairs["source_ids"].str[0]
    question, answer = (_place_in_row(row, pairs[column]) for column in ("question", "answer"))
    questions = pairs.groupby(row)["question"].transform("nunique")
    return pairs[answer % questions == question].reset_index(drop=True)


def _place_in_row(row: pd.Series, texts: pd.Series) -> pd.Series:
    """Which of its row's different texts each is, from 0."""
    by_appearance = texts.groupby([row, texts], sort=False).ngroup()
    return by_appearance.groupby(row).rank("dense").astype("int64") - 1


def drawn_documents(pairs: pd.DataFrame, most: int) -> pd.DataFrame:
    """Draws so many of the pairs by their ids, or keeps all where they are fewer."""
    return pairs.iloc[draw(pairs[ID].tolist(), most, "documents")].reset_index(drop=True)


def corpus_table(pairs: pd.DataFrame, examples: pd.DataFrame) -> pd.DataFrame:
    """Returns the corpus: each example as one document in Gemma's turns.

    Args:
        pairs: `recipe, question, answer` of every example, as the table has them. The rows that
            prompts show are training rows, too, and stand among them.
        examples: `messages, answer` of the same examples, as they are trained on.

    Returns:
        `CORPUS_COLUMNS`: what a document is made of, and the document.
    """
    texts = [
        render_document(messages, answer)
        for messages, answer in zip(examples["messages"], examples["answer"], strict=True)
    ]
    read = [text_keys(own) for own in zip(pairs["question"], pairs["answer"], strict=True)]
    table = pairs.assign(text=pd.Series(texts, dtype=object), read=pd.Series(read, dtype=object))
    return table[list(CORPUS_COLUMNS)]


def no_corpus() -> pd.DataFrame:
    """Returns the corpus of a released model, which is trained on none here."""
    return pd.DataFrame({column: pd.Series([], dtype=object) for column in CORPUS_COLUMNS})
