"""Examples of a table's own rows, and those that ship."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from benchmarks.answerability_prior import save_prior
from hansol_assets.embedding.cached import Retriever
from hansol_assets.embedding.embedder import Embedder
from hansol_assets.embedding.muse import MuseEmbedder
from hansol_assets.retrieval import examples
from hansol_assets.retrieval.answerability import Answerability
from hansol_assets.retrieval.examples import (
    KEPT_ROWS,
    KNOWN,
    KNOWN_WEIGHT,
    NEAR_WEIGHT,
    TABLES,
    UNRELATED_EACH,
    Prior,
    labelled_table,
    load_prior,
    make_prior,
    nearest,
    questions_of_rows,
    unrelated_questions,
    without_paraphrase,
    without_row,
)
from hansol_assets.retrieval.features import FEATURES
from hansol_assets.retrieval.fitting import UNRELATED, UNSEEN_UNRELATED
from hansol_assets.retrieval.index import DocumentSettings
from hansol_assets.retrieval.search import Hit
from hansol_assets_tests.retrieval.conftest import ANSWERS, QUESTIONS

HITS = [
    Hit(key, key, rank, 0.0, rank, None, QUESTIONS[key], ANSWERS[key])
    for rank, key in enumerate(QUESTIONS, start=1)
]
MARGINS = [FEATURES.index(name) for name in ("question_margin", "passage_margin")]


@pytest.fixture(scope="module")
def prior() -> Prior:
    return load_prior()


def labelled(name: str) -> pd.DataFrame:
    path = examples.LABELLED / f"{name}.tsv"
    return pd.read_csv(path, sep="\t", dtype=str, keep_default_na=False)


def test_a_row_does_not_show_the_paraphrase_that_asks_for_it() -> None:
    first, second = QUESTIONS["TRAIN_2"]
    hits = without_paraphrase(HITS, "TRAIN_2", second)

    assert hits[1].questions == (first,)
    assert [hit for hit in hits if hit.id != "TRAIN_2"] == [*HITS[:1], *HITS[2:]]
    assert HITS[1].questions == (first, second)


def test_a_row_can_be_taken_out() -> None:
    assert [hit.id for hit in without_row(HITS, "TRAIN_2")] == [
        key for key in QUESTIONS if key != "TRAIN_2"
    ]
    assert without_row(HITS, "elsewhere") == HITS


def test_rows_are_asked_for_by_a_paraphrase_and_without_themselves(rows: pd.DataFrame) -> None:
    rows.at[0, "questions"] = rows.at[0, "questions"][:1]
    rows.at[1, "questions"] = rows.at[1, "questions"][:1] * 2
    asked: list[str] = []

    def search(texts: Sequence[str]) -> list[list[Hit]]:
        asked.extend(texts)
        return [HITS] * len(texts)

    known, unknown = questions_of_rows(rows, search)

    assert asked == [own[-1] for own in rows["questions"]]
    # A row with one question, however often it is written down, has no other to be found by.
    assert [own.answering for own in known] == [("TRAIN_3",), ("TRAIN_4",), ("TRAIN_5",)]
    for own in known:
        (hit,) = (hit for hit in own.hits if hit.id in own.answering)
        assert own.question not in hit.questions
        assert hit.questions
    assert [own.question for own in unknown] == asked
    assert [{*QUESTIONS} - {hit.id for hit in own.hits} for own in unknown] == [
        {key} for key in QUESTIONS
    ]


def test_an_example_keeps_the_rows_that_stand_out() -> None:
    features = np.zeros((30, len(FEATURES)))
    features[:, MARGINS[0]] = np.arange(30)

    assert nearest(features).tolist() == list(range(29, 29 - KEPT_ROWS, -1))
    assert nearest(features[:2]).tolist() == [1, 0]
    assert nearest(features[:0]).tolist() == []


def test_labels_name_rows_that_there_are_and_kinds_that_are_weighed() -> None:
    for name in TABLES:
        ids, questions = set(labelled_table(name)["id"]), labelled(name)
        assert set(questions["kind"]) == {KNOWN, "near"}
        for kind, meant in zip(questions["kind"], questions["rows"], strict=True):
            assert (meant == "-") == (kind == "near")
            assert meant == "-" or set(meant.split("|")) <= ids


def test_labelled_questions_say_it_in_other_words_than_the_table() -> None:
    for name in TABLES:
        shown = {text for own in labelled_table(name)["questions"] for text in own}
        assert shown.isdisjoint(labelled(name)["question"])


def test_what_ships_was_made_of_every_labelled_question(prior: Prior) -> None:
    questions = prior.examples
    for name in TABLES:
        asked, own = labelled(name), questions.of(questions.group == name)
        assert len(own.weights) == len(asked) + UNRELATED_EACH
        kinds = [*asked["kind"], *["off"] * UNRELATED_EACH]
        weights = {KNOWN: KNOWN_WEIGHT, "near": NEAR_WEIGHT, "off": 1}
        weighed = [np.float32(weights[kind]) for kind in kinds]
        assert own.weights.tolist() == pytest.approx(weighed)
        answered = np.bincount(own.question, own.answers, len(kinds)) > 0
        is_known = np.array(kinds) == KNOWN
        assert not answered[~is_known].any()
        # A row that answers is nearly always among those that an example keeps.
        assert answered[is_known].mean() > 0.9
    assert questions.features.shape == (len(questions.question), len(FEATURES))
    assert set(questions.group) == set(TABLES)


def test_what_ships_alone_tells_known_from_unknown(prior: Prior) -> None:
    """By a model that has seen two of the tables, on the third one."""
    for name in TABLES:
        kept_back = prior.examples.group == name
        learned, unseen = prior.examples.of(~kept_back), prior.examples.of(kept_back)
        model = Answerability.fit(learned, learned.of(np.zeros(len(learned.weights), dtype=bool)))
        places = range(1, len(unseen.weights))
        pools = np.split(unseen.features, np.searchsorted(unseen.question, places))
        answers = np.split(unseen.answers, np.searchsorted(unseen.question, places))
        found = model.probabilities(pools)
        known = np.array([own.any() for own in answers])
        first = [own[np.argmax(values)] for own, values in zip(answers, found, strict=True)]
        # Rows that were not among the nearest count as wrong, too.
        assert np.mean(np.array(first)[known]) > 0.7, name
        sure = np.array([model.confidence(-np.sort(-own)) for own in found])
        off = sure[-UNRELATED_EACH:]
        assert (sure[known][:, None] > off).mean() > 0.95, name
        # The others are chosen to be near the subject.
        assert (sure[known][:, None] > sure[~known]).mean() > 0.85, name
        assert (off < 0.5).mean() > 0.95, name


def test_unrelated_questions_are_many_of_both_languages_and_each_stands_once() -> None:
    table = labelled("unrelated")
    texts = unrelated_questions()

    assert len(texts) == len(table) >= 200
    assert len(set(texts)) == len(texts)
    counts = table["language"].value_counts()
    assert set(counts.index) == {"ko", "en"}
    assert counts.min() >= 80


def test_what_judges_was_never_learned_from() -> None:
    assert len(TABLES) * UNRELATED_EACH == UNRELATED.start
    assert UNRELATED.stop == UNSEEN_UNRELATED.start
    assert len(unrelated_questions()[UNSEEN_UNRELATED]) >= 50


def test_what_judges_is_of_both_languages() -> None:
    languages = labelled("unrelated")["language"]

    for own in (slice(0, UNRELATED.start), UNRELATED, UNSEEN_UNRELATED):
        assert languages[own].value_counts(normalize=True).reindex(["ko", "en"]).min() > 0.25


def test_what_ships_is_kept_as_it_is(prior: Prior, tmp_path: Path) -> None:
    save_prior(prior, tmp_path)

    kept, shipped = (
        {path.relative_to(folder): path.read_bytes() for path in folder.rglob("*.*")}
        for folder in (tmp_path, examples.PRIOR)
    )
    assert kept == shipped


SOME = 6
"""Questions of each kind that are embedded to compare with what ships."""


@pytest.mark.slow
def test_what_ships_is_what_its_labels_give(
    prior: Prior, e5: Retriever, embedder: MuseEmbedder, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = labelled("gym")
    chosen = [*range(SOME), *asked.index[asked["kind"] == "near"][:SOME]]
    given = {"gym.tsv": asked.iloc[chosen]}
    read = examples._labelled

    def some(name: str) -> pd.DataFrame:
        return given[name] if name in given else read(name)

    monkeypatch.setattr(examples, "_labelled", some)
    made = examples._examples_of_table(
        "gym", TABLES.index("gym"), e5, embedder, prior.aspects, DocumentSettings()
    )
    shipped = prior.examples.of(prior.examples.group == "gym")
    is_chosen = np.zeros(len(shipped.weights), dtype=bool)
    is_chosen[[*chosen, *range(len(asked), len(shipped.weights))]] = True
    wanted = shipped.of(is_chosen)

    assert made.weights.tolist() == pytest.approx(wanted.weights)
    assert made.question.tolist() == wanted.question.tolist()
    # Neighbours of one rank may change places in another processor's rounding.
    assert (made.answers == wanted.answers).mean() > 0.99
    assert np.median(np.abs(made.features - wanted.features)) < 1e-3
    assert (np.abs(made.features - wanted.features) < 5e-3).mean() > 0.97


class Words:
    """An encoder of bags of letters, by which any two encoders have a prior."""

    def get_embedding_dimension(self) -> int:
        return 64

    def encode(self, texts: Sequence[str], /, **_: object) -> np.ndarray:
        vectors = np.zeros((len(texts), 64), dtype=np.float32)
        for own, text in zip(vectors, texts, strict=True):
            np.add.at(own, [ord(letter) % 64 for letter in text], 1)
        return vectors


def test_a_prior_can_be_made_of_any_two_encoders(
    prior: Prior, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(examples, "TABLES", ("library",))
    words: Embedder = Words()
    monkeypatch.setattr(examples, "DEPTH", 5)
    made = make_prior(Retriever(words), words, DocumentSettings())

    assert made.aspects.names == prior.aspects.names
    assert len(made.examples.weights) == len(labelled("library")) + UNRELATED_EACH
    assert np.isfinite(made.examples.features).all()
    save_prior(made, tmp_path)
    monkeypatch.setattr(examples, "PRIOR", tmp_path)
    kept = load_prior()
    assert kept.examples.answers.tolist() == made.examples.answers.tolist()
    assert kept.examples.features == pytest.approx(made.examples.features, abs=2e-3)
