"""Examples of questions that a row answers, and of questions that none does.

Some are made of a table's rows, others ship with this package (`labelled/`).
"""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

import numpy as np
import pandas as pd

from hansol_assets.embedding.cached import Retriever
from hansol_assets.embedding.embedder import Embedder, encode
from hansol_assets.embedding.fitted import load
from hansol_assets.embedding.vectors import unit
from hansol_assets.qa.folds import TRAINING
from hansol_assets.qa.table.columns import ANSWERS, ID, QUESTIONS, numbered
from hansol_assets.retrieval.answerability import Examples
from hansol_assets.retrieval.aspects import Aspects
from hansol_assets.retrieval.features import FEATURES, PairFeatures, TermWeights
from hansol_assets.retrieval.index import DocumentSettings, FrameRows, build_index
from hansol_assets.retrieval.search import DEPTH, Hit, IndexSearcher, RowTexts

KEPT_ROWS = 10
"""Rows of a question that an example keeps: those beyond are never confused with it."""
KNOWN = "known"
KNOWN_WEIGHT = 2.0
"""Of a labelled question that a row answers: most of what people ask is known (0.85 of the parts of
the competition's test), of the labelled questions two thirds."""
NEAR_WEIGHT = 0.15
"""Of a labelled question that no row answers though it sounds so: they are picked to be hard, and
people ask fewer of them."""
TABLES = ("sample", "library", "gym")
UNRELATED_EACH = 40
LABELLED = Path(__file__).parent / "labelled"
PRIOR = LABELLED / "prior"
_THINGS = (
    "신용카드",
    "세탁기",
    "비타민",
    "커튼",
    "수영",
    "감자",
    "침대",
    "자전거",
    "콘크리트",
    "보험",
    "나사",
    "샤워기",
    "방충망",
    "페인트",
)
"""What the forms among the labelled aspects are asked of."""
_TABLE = "labelled"
_NONE = "-"
_OR = "|"

Pools = Sequence[Sequence[Hit]]


@dataclass(frozen=True)
class Prior:
    """What ships: examples of labelled questions, and what finds the aspect of a question."""

    examples: Examples
    aspects: Aspects


class Asked(NamedTuple):
    """A question with the rows found for it, of which some answer.

    Attributes:
        question: The question.
        hits: The rows found.
        answering: Ids of the rows that answer.
    """

    question: str
    hits: Sequence[Hit]
    answering: Collection[str]


def examples_of(
    asked: Sequence[Asked], features: PairFeatures, weights: Sequence[float], group: str
) -> Examples:
    """Compares questions with the rows found for them, of which the nearest become examples."""
    pools = [[RowTexts(hit.questions, hit.answers) for hit in each.hits] for each in asked]
    values_of = features.of([each.question for each in asked], pools)
    chosen = [
        _with_answering(nearest(values), each)
        for values, each in zip(values_of, asked, strict=True)
    ]
    answers = [
        each.hits[number].id in each.answering
        for each, numbers in zip(asked, chosen, strict=True)
        for number in numbers
    ]
    values = [pool[numbers] for pool, numbers in zip(values_of, chosen, strict=True)]
    return Examples(
        np.concatenate([np.zeros((0, len(FEATURES))), *values]),
        np.repeat(np.arange(len(asked)), list(map(len, chosen))),
        np.array(answers, dtype=bool),
        np.asarray(weights, dtype=np.float64),
        np.array([group] * len(asked), dtype=str),
    )


def _with_answering(numbers: np.ndarray, asked: Asked) -> np.ndarray:
    """Adds rows that answer, however far: without them none would seem to."""
    answering = [n for n, hit in enumerate(asked.hits) if hit.id in asked.answering]
    return np.concatenate([numbers, np.setdiff1d(answering, numbers).astype(numbers.dtype)])


def nearest(features: np.ndarray) -> np.ndarray:
    """The numbers of the rows that stand out by both similarities, [rows], nearest first."""
    margins = [FEATURES.index(name) for name in ("question_margin", "passage_margin")]
    return np.argsort(-features[:, margins].sum(axis=1), kind="stable")[:KEPT_ROWS]


def without_paraphrase(hits: Sequence[Hit], row_id: str, paraphrase: str) -> list[Hit]:
    """The rows found, of which one was never asked so."""
    return [
        replace(hit, questions=tuple(text for text in hit.questions if text != paraphrase))
        if hit.id == row_id
        else hit
        for hit in hits
    ]


def without_row(hits: Sequence[Hit], row_id: str) -> list[Hit]:
    """The rows found but one."""
    return [hit for hit in hits if hit.id != row_id]


def questions_of_rows(
    rows: pd.DataFrame, search: Callable[[Sequence[str]], Pools]
) -> tuple[list[Asked], list[Asked]]:
    """Asks for rows by a paraphrase that they do not show, and for rows that are not there.

    `rows` has `id, questions`; of a row with one question only the second kind is asked.

    Returns:
        Questions that their row answers, each row's last paraphrase, and the same questions with
        their row taken out.
    """
    last = [paraphrases[-1] for paraphrases in rows[QUESTIONS]]
    searched = list(zip(rows[ID], rows[QUESTIONS], last, search(last), strict=True))
    known = [
        Asked(text, without_paraphrase(hits, key, text), (key,))
        for key, asked, text, hits in searched
        if len(set(asked)) > 1
    ]
    unknown = [Asked(text, without_row(hits, key), ()) for key, _, text, hits in searched]
    return known, unknown


@lru_cache(maxsize=1)
def unrelated_questions() -> tuple[str, ...]:
    """Questions about other things than any table's, Korean and English, that ship."""
    return tuple(_labelled("unrelated.tsv")["question"])


def load_prior() -> Prior:
    """Reads what ships: for e5 as the retriever beside muse."""
    prior = load(Prior, PRIOR)
    features = prior.examples.features.astype(np.float64)
    return replace(prior, examples=replace(prior.examples, features=features))


def make_prior(retriever: Retriever, embedder: Embedder, documents: DocumentSettings) -> Prior:
    """Makes the prior of any two encoders from the labelled tables and questions that ship."""
    texts, asked = _labelled_aspects()
    aspects = Aspects.fit(retriever.queries(texts), unit(encode(embedder, texts)), asked)
    parts = [
        _examples_of_table(name, number, retriever, embedder, aspects, documents)
        for number, name in enumerate(TABLES)
    ]
    return Prior(Examples.together(parts), aspects)


def _examples_of_table(
    name: str,
    number: int,
    retriever: Retriever,
    embedder: Embedder,
    aspects: Aspects,
    documents: DocumentSettings,
) -> Examples:
    rows, questions = labelled_table(name), _labelled(f"{name}.tsv")
    start = number * UNRELATED_EACH
    unrelated = pd.DataFrame(
        {"question": unrelated_questions()[start : start + UNRELATED_EACH], "rows": _NONE}
    ).assign(kind="off")
    questions = pd.concat([questions, unrelated], ignore_index=True)
    folds = pd.DataFrame({ID: rows[ID], "fold": 0, "split": TRAINING})
    with TemporaryDirectory() as folder:
        build_index(folder, _TABLE, FrameRows(rows, folds), retriever, _TABLE, documents)
        searcher = IndexSearcher(folder, _TABLE, retriever)
        pools = searcher.pools(questions["question"].tolist(), DEPTH, [TRAINING])
    asked = [
        Asked(text, hits, () if meant == _NONE else meant.split(_OR))
        for text, hits, meant in zip(questions["question"], pools, questions["rows"], strict=True)
    ]
    features = PairFeatures(
        retriever, embedder, TermWeights.fit(rows[QUESTIONS]), aspects, documents
    )
    weights = questions["kind"].map({KNOWN: KNOWN_WEIGHT, "near": NEAR_WEIGHT, "off": 1.0}).tolist()
    return examples_of(asked, features, weights, name)


def labelled_table(name: str) -> pd.DataFrame:
    """Reads a table that ships: `id, questions, category, answers`."""
    path = LABELLED.parent.parent / "sample" / "train.csv" if name == "sample" else None
    table = pd.read_csv(path or LABELLED / f"{name}.csv", dtype=str).fillna("")
    asked = numbered(table.columns, "질문_") or ["question"]
    said = numbered(table.columns, "답변_") or ["answer"]
    return pd.DataFrame(
        {
            ID: table["id"],
            QUESTIONS: table[asked].values.tolist(),
            "category": "",
            ANSWERS: [list(filter(None, texts)) for texts in table[said].values.tolist()],
        }
    )


def _labelled_aspects() -> tuple[list[str], list[str]]:
    """Questions with their aspects; a form is asked of every thing, so that no thing means one."""
    aspect_of = {
        text.format(thing): aspect
        for aspect, text in _labelled("aspects.tsv").itertuples(index=False)
        for thing in _THINGS
    }
    return list(aspect_of), list(aspect_of.values())


def _labelled(name: str) -> pd.DataFrame:
    return pd.read_csv(LABELLED / name, sep="\t", dtype=str, keep_default_na=False)
