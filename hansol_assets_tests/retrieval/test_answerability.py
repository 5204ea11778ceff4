"""Which row answers, if any: on features made by hand."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hansol_assets.embedding.fitted import load, save
from hansol_assets.retrieval.answerability import Answerability, Examples
from hansol_assets.retrieval.features import FEATURES

SIMILARITY = FEATURES.index("passage_similarity")
OPPOSITE = FEATURES.index("not_opposite")
IDENTITY = [0.0, 1.0, 0.0]
PLAIN = Answerability(
    means=np.zeros(len(FEATURES)),
    slopes=np.eye(len(FEATURES))[SIMILARITY],
    none=0.0,
    calibration=np.array(IDENTITY),
)
"""Log odds are the similarity."""


def row(similarity: float, **others: float) -> np.ndarray:
    features = np.zeros(len(FEATURES))
    features[SIMILARITY] = similarity
    for name, value in others.items():
        features[FEATURES.index(name)] = value
    return features


def examples(
    pools: Sequence[Sequence[np.ndarray]],
    answering: Sequence[int | None],
    group: str = "table",
    weight: float = 1.0,
) -> Examples:
    """Questions with the rows found, and the place of the one that answers."""
    return Examples(
        np.array([features for pool in pools for features in pool]).reshape(-1, len(FEATURES)),
        np.repeat(np.arange(len(pools)), list(map(len, pools))),
        np.array(
            [
                place == right
                for pool, right in zip(pools, answering, strict=True)
                for place in range(len(pool))
            ],
            dtype=bool,
        ),
        np.full(len(pools), weight),
        np.array([group] * len(pools), dtype=str),
    )


NOTHING = examples([], [])


def drawn(count: int, seed: int, group: str = "table") -> Examples:
    """Half of the questions have a row that answers, which is nearer than all others."""
    generator = np.random.default_rng(seed)
    pools, answering = [], []
    for number in range(count):
        pool = [row(own) for own in generator.normal(0.5, 0.1, 4)]
        right = int(generator.integers(4)) if number % 2 else None
        if right is not None:
            pool[right] = row(generator.normal(0.9, 0.05))
        pools.append(pool)
        answering.append(right)
    return examples(pools, answering, group)


def whole(model: Answerability, pool: Sequence[np.ndarray]) -> np.ndarray:
    return model.probabilities([np.array(pool).reshape(-1, len(FEATURES))])[0]


@pytest.fixture(scope="module")
def model() -> Answerability:
    learned = Examples.together([drawn(120, seed, str(seed)) for seed in range(3)])
    return Answerability.fit(learned, NOTHING)


def test_a_near_row_answers_and_far_ones_do_not(model: Answerability) -> None:
    known = whole(model, [row(0.5), row(0.9), row(0.4)])
    unknown = whole(model, [row(0.5), row(0.52), row(0.4)])

    assert known.argmax() == 1
    assert known[1] > 0.9
    assert unknown.sum() < 0.1
    confident = [model.confidence(sorted(own, reverse=True)) for own in (known, unknown)]
    assert confident[0] > 0.8
    assert confident[1] < 0.2


def test_twins_share_what_they_are_sure_of(model: Answerability) -> None:
    (alone,) = whole(model, [row(0.9)])
    twins = whole(model, [row(0.9), row(0.9)])

    assert twins[0] == twins[1] < alone
    assert twins.sum() > alone


def test_probabilities_follow_from_log_odds() -> None:
    found = whole(PLAIN, [row(np.log(2)), row(np.log(5))])

    assert found == pytest.approx([2 / 8, 5 / 8])
    # Left as it is, confidence is the probability that any row answers.
    assert PLAIN.confidence([5 / 8, 2 / 8]) == pytest.approx(7 / 8)


def test_the_share_of_the_first_row_counts_where_calibration_says_so() -> None:
    sharing = Answerability(PLAIN.means, PLAIN.slopes, 0.0, np.array([0.0, 1.0, 1.0]))

    assert sharing.confidence([0.45, 0.45]) < sharing.confidence([0.9])
    assert PLAIN.confidence([0.45, 0.45]) == pytest.approx(PLAIN.confidence([0.9]))


def test_without_a_row_there_is_no_confidence(model: Answerability) -> None:
    assert model.confidence([]) == 0
    assert [own.tolist() for own in model.probabilities([np.zeros((0, len(FEATURES)))])] == [[]]
    assert model.probabilities([]) == []


@settings(max_examples=50)
@given(st.lists(st.floats(-60, 60), max_size=8))
def test_probabilities_are_in_the_order_of_the_log_odds(logits: list[float]) -> None:
    found = whole(PLAIN, [row(own) for own in logits])

    assert ((found >= 0) & (found <= 1)).all()
    assert found.sum() <= 1 + 1e-12
    order = np.argsort(logits, kind="stable")
    assert (np.diff(found[order]) >= 0).all()
    assert 0 <= PLAIN.confidence(-np.sort(-found)) <= 1


@settings(max_examples=10)
@given(st.integers(0, 2**32 - 1), st.booleans())
def test_no_likeness_ever_counts_against_a_row(seed: int, is_inverse: bool) -> None:
    generator = np.random.default_rng(seed)
    pools = [list(generator.normal(size=(3, len(FEATURES)))) for _ in range(20)]
    if is_inverse:
        # The row that answers is the one least like the question.
        answering = [int(np.argmin(np.sum(pool, axis=1))) for pool in pools]
    else:
        answering = generator.integers(3, size=20).tolist()
    slopes = Answerability.fit(examples(pools, answering), NOTHING).slopes

    assert (slopes >= 0).all()


@pytest.mark.parametrize("answering", [0, 1])
def test_the_opposite_counts_against_a_row_whatever_the_examples_say(answering: int) -> None:
    pools = [[row(0.8, not_opposite=-2.0), row(0.8)] for _ in range(30)]

    model = Answerability.fit(examples(pools, [answering] * 30), NOTHING)

    assert model.slopes[OPPOSITE] >= 2
    opposite, other = model.probabilities([np.array(pools[0])])[0]
    assert opposite < other / 50


def test_with_nothing_to_calibrate_on_probabilities_are_left_as_they_are() -> None:
    # One group alone: keeping it back would leave nothing to learn from.
    fitted = Answerability.fit(drawn(40, 0), NOTHING)

    assert fitted.calibration.tolist() == pytest.approx(IDENTITY, abs=1e-6)


def test_a_model_that_is_too_sure_is_calibrated_down() -> None:
    learned = drawn(80, 0)
    # Of the questions that look known, half are not.
    pools = [[row(0.9), row(0.5)] for _ in range(60)]
    flattering = examples(pools, [0, None] * 30, "other")
    plain, honest = (Answerability.fit(learned, own) for own in (NOTHING, flattering))

    probabilities = whole(plain, pools[0])
    assert plain.confidence(probabilities) > 0.85
    assert honest.confidence(probabilities) < 0.75
    assert whole(honest, pools[0]).tolist() == probabilities.tolist()


def test_a_group_that_is_kept_back_calibrates() -> None:
    together = Examples.together([drawn(80, seed, str(seed)) for seed in range(2)])
    pools = [[row(0.9), row(0.5)] for _ in range(60)]
    odd = examples(pools, [0, None] * 30, "odd")

    calibrated = Answerability.fit(Examples.together([together, odd]), NOTHING)
    assert calibrated.calibration.tolist() != pytest.approx(IDENTITY, abs=1e-2)


def test_weights_say_how_much_a_question_counts() -> None:
    pools = [[row(0.7)], [row(0.7)]]

    def fitted(known: float, unknown: float) -> float:
        parts = (
            examples(pools[:1], [0], weight=known),
            examples(pools[1:], [None], weight=unknown),
        )
        return whole(Answerability.fit(Examples.together(parts), NOTHING), pools[0])[0]

    assert fitted(3, 1) == pytest.approx(0.75, abs=0.01)
    assert fitted(1, 3) == pytest.approx(0.25, abs=0.01)


def test_examples_can_be_put_together_and_taken_apart() -> None:
    parts = [drawn(6, seed, str(seed)) for seed in range(3)]
    together = Examples.together(parts)
    taken = together.of(together.group == "1")

    assert len(together.weights) == 18
    assert (np.diff(together.question) >= 0).all()
    for name, value in vars(parts[1]).items():
        assert np.array_equal(vars(taken)[name], value), name


def test_a_model_is_kept(model: Answerability, tmp_path: Path) -> None:
    save(model, tmp_path)
    loaded = load(Answerability, tmp_path)

    assert loaded.none == model.none
    pool = [row(0.5), row(0.8)]
    assert whole(loaded, pool).tolist() == whole(model, pool).tolist()
    assert loaded.confidence([0.5, 0.1]) == model.confidence([0.5, 0.1])
