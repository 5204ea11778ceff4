"""How much of a vector is of the rows that answer."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hansol_assets.embedding.fitted import load, save
from hansol_assets.embedding.vectors import unit
from hansol_assets.scoring.answer_regressor import COMPONENTS
from hansol_assets.scoring.blend import PRIOR, UNFITTED, RowShare, VectorBlend, fit_blend
from hansol_assets.scoring.measures import reference_cosines

EVEN = {"generated": 0.5, "retrieved": 0.5}


def _questions(seed: int, count: int = 60) -> tuple[dict[str, np.ndarray], list[np.ndarray]]:
    """References near `retrieved`; `generated` has nothing to do with them."""
    generator = np.random.default_rng(seed)
    truth = unit(generator.normal(size=(count, 8)))
    references = [direction + 0.1 * generator.normal(size=(3, 8)) for direction in truth]
    noise = unit(generator.normal(size=(count, 8)))
    return {"generated": noise, "retrieved": unit(truth + 0.3 * noise[::-1])}, references


def test_a_component_that_says_nothing_gets_no_weight() -> None:
    components, references = _questions(0)
    weights = fit_blend(components, references, EVEN, 0.0).weights

    assert weights["generated"] < 0.05
    assert weights["retrieved"] > 0.95


def test_a_strong_prior_is_kept() -> None:
    components, references = _questions(0)

    assert fit_blend(components, references, EVEN, 1e4).weights == pytest.approx(EVEN, abs=1e-3)


def test_two_views_that_err_apart_are_better_together() -> None:
    generator = np.random.default_rng(4)
    truth = unit(generator.normal(size=(80, 8)))
    components = {name: unit(truth + 0.3 * generator.normal(size=truth.shape)) for name in EVEN}
    references = [direction[None] for direction in truth]
    blend = fit_blend(components, references, EVEN, 0.0)
    together = reference_cosines(blend.apply(components), references).mean()

    assert all(
        together > reference_cosines(vectors, references).mean() + 0.02
        for vectors in components.values()
    )


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_weights_are_not_negative_add_up_and_do_no_worse_than_the_prior(seed: int) -> None:
    components, references = _questions(seed, count=10)
    blend = fit_blend(components, references, EVEN, 0.0)
    fitted, prior = (
        reference_cosines(one.apply(components), references).mean()
        for one in (blend, VectorBlend(EVEN))
    )

    assert min(blend.weights.values()) >= 0
    assert sum(blend.weights.values()) == pytest.approx(1)
    assert fitted >= prior - 1e-9


def test_blends_are_kept_and_ignore_what_has_no_weight(tmp_path: Path) -> None:
    blend = VectorBlend({"generated": 0.0, "retrieved": 1.0})
    save(blend, tmp_path)
    loaded = load(VectorBlend, tmp_path)

    assert loaded == blend
    assert loaded.apply({"retrieved": np.array([[0.0, 3.0]])}).tolist() == [[0.0, 1.0]]


def test_a_missing_component_is_named() -> None:
    with pytest.raises(ValueError, match="retrieved"):
        fit_blend({"generated": np.ones((1, 2))}, [np.ones((1, 2))], EVEN)


def test_the_prior_is_a_mix_of_all_components() -> None:
    assert set(PRIOR) == set(COMPONENTS)
    assert min(PRIOR.values()) >= 0
    assert sum(PRIOR.values()) == 1


HALF = RowShare(0.0, 1.0)
ROW, ESTIMATE = np.array([[1.0, 0.0]]), np.array([[0.0, 1.0]])


def asked(known: int, unknown: int) -> dict[str, list[np.ndarray] | np.ndarray]:
    """Of a known question the row's vector is right, of an unknown one the estimate."""
    count = known + unknown
    is_known = np.arange(count) < known
    return {
        "rows": np.repeat(ROW, count, axis=0),
        "estimates": np.repeat(ESTIMATE, count, axis=0),
        "confidence": np.where(is_known, 0.95, 0.1),
        "references": [ROW if own else ESTIMATE for own in is_known],
        "weights": np.ones(count),
    }


def test_a_share_follows_the_probability() -> None:
    assert HALF.of(np.array([0.1, 0.5, 0.8])) == pytest.approx([0.1, 0.5, 0.8])
    assert RowShare(-1.0, 0.0).of(np.array([0.0, 1.0])) == pytest.approx([0.2689] * 2, abs=1e-4)


def test_without_a_row_the_estimate_is_submitted() -> None:
    nothing = np.zeros((1, 2))

    assert HALF.mix(nothing, ESTIMATE, np.array([0.9])).tolist() == ESTIMATE.tolist()


@given(
    st.floats(-5, 5),
    st.floats(0, 5),
    st.lists(st.floats(0, 1), min_size=1, max_size=9),
)
def test_a_surer_row_never_has_less_of_the_vector(
    intercept: float, slope: float, confidence: list[float]
) -> None:
    sure = np.sort(confidence)
    share = RowShare(intercept, slope)
    count = len(sure)
    mixed = share.mix(np.repeat(ROW, count, axis=0), np.repeat(ESTIMATE, count, axis=0), sure)

    assert (np.diff(share.of(sure)) >= 0).all()
    assert (np.diff(mixed[:, 0]) >= -1e-12).all()
    assert np.linalg.norm(mixed, axis=1) == pytest.approx(np.ones(count))


def test_known_and_unknown_questions_are_told_apart() -> None:
    fitted = RowShare.fit(**asked(20, 20))  # type: ignore[arg-type]
    known, unknown = fitted.of(np.array([0.95, 0.1]))

    assert known > 0.8
    assert unknown < 0.2
    assert fitted.slope >= 0


def test_what_is_rare_weighs_less() -> None:
    told = asked(20, 20) | {"confidence": np.full(40, 0.5)}
    known = RowShare.fit(**told | {"weights": np.repeat([1.0, 0.1], 20)})  # type: ignore[arg-type]
    unknown = RowShare.fit(**told | {"weights": np.repeat([0.1, 1.0], 20)})  # type: ignore[arg-type]

    half = np.array([0.5])
    assert known.of(half)[0] > 0.6 > 0.4 > unknown.of(half)[0]


def test_parameters_are_kept(tmp_path: Path) -> None:
    save(UNFITTED, tmp_path)

    assert load(RowShare, tmp_path) == UNFITTED
    assert UNFITTED.slope > 0


class Flags:
    """Knows joined texts from others."""

    def encode(self, texts: list[str], **_: object) -> np.ndarray:
        return np.array(
            [[1.0, 0.0] if text == "벽입니다. 그리고 문입니다." else [0.5, 0.5] for text in texts]
        )


def test_joined_references_have_the_share_of_all_parts() -> None:
    answers = [[["벽입니다"], ["문입니다."]], [["벽입니다"]], [["벽입니다"], []]]
    sure = [np.array([0.8, 0.5]), np.array([0.9]), np.array([0.9, 0.9])]
    wholes = np.repeat(ESTIMATE, 3, axis=0)
    mixed = HALF.mix_joined(wholes, answers, sure, Flags())  # type: ignore[arg-type]

    # 0.8 times 0.5 of the joined references; one part, or a part without a row, stays as it is.
    assert mixed[0] == pytest.approx(np.array([0.4, 0.6]) / np.hypot(0.4, 0.6))
    assert mixed[1:].tolist() == wholes[1:].tolist()
    assert wholes.tolist() == np.repeat(ESTIMATE, 3, axis=0).tolist()


def test_unsure_parts_are_not_embedded() -> None:
    unsure = [np.array([0.1, 0.1])]
    mixed = HALF.mix_joined(ESTIMATE, [[["벽입니다"], ["문입니다."]]], unsure, None)  # type: ignore[arg-type]

    assert mixed is ESTIMATE
