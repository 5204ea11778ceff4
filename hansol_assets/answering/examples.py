"""Training material of the models: the prompts of examples.

What belongs here: which retrieved rows a training prompt shows. What does not: which questions and
answers make an example (`hansol_assets.qa.pairing`), the base model's documents
(`hansol_assets.answering.corpus`), and how a model is trained.
"""

from collections.abc import Collection, Sequence

import pandas as pd

from hansol_assets.qa.control_tokens import neutralise
from hansol_assets.qa.folds import TRAINING
from hansol_assets.qa.prompts import ContextRow, PromptSettings, build_messages
from hansol_assets.retrieval.search import Hit, HybridSearcher

MOST_SOURCES = 2
"""Rows that one example is made of at most; as many hits may have to be left out."""


def context_rows(hits: Sequence[Hit], left_out: Collection[str] = ()) -> list[ContextRow]:
    """Returns retrieved rows as a prompt shows them: first question, shortest answer.

    Args:
        hits: The rows found, best first.
        left_out: Ids of rows that must not be shown.
    """
    return [
        ContextRow(hit.questions[0], min(hit.answers, key=len))
        for hit in hits
        if hit.id not in left_out
    ]


def training_examples(
    pairs: pd.DataFrame,
    searcher: HybridSearcher,
    prompt: PromptSettings,
    splits: Sequence[str] = (TRAINING,),
) -> pd.DataFrame:
    """Gives each training example its prompt, with retrieved rows but its own.

    Args:
        pairs: `source_ids, question, answer` of every example.
        searcher: The retrieval index.
        prompt: The form of a prompt.
        splits: Splits of the rows that prompts may show.

    Returns:
        `messages, answer`, one row an example.
    """
    questions = list(dict.fromkeys(pairs["question"]))
    found = searcher.search(questions, prompt.context_rows + MOST_SOURCES, splits)
    hits = dict(zip(questions, found, strict=True))
    messages = [
        build_messages(question, context_rows(hits[question], set(sources)), prompt)
        for question, sources in zip(pairs["question"], pairs["source_ids"], strict=True)
    ]
    # An answer is data, too: no row may teach a turn that ends early or a turn of its own.
    return pd.DataFrame({"messages": messages, "answer": pairs["answer"].map(neutralise).tolist()})


def held_out_examples(
    questions: pd.DataFrame, searcher: HybridSearcher, prompt: PromptSettings
) -> pd.DataFrame:
    """Gives each held-out question its prompt and its first reference, for the held-out loss.

    Args:
        questions: `source_ids, question, references` of every question.
        searcher: The retrieval index.
        prompt: The form of a prompt.

    Returns:
        `messages, answer`, one row a question.
    """
    pairs = questions.assign(answer=[references[0] for references in questions["references"]])
    return training_examples(pairs, searcher, prompt)
