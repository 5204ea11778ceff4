from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from hansol_assets.embedding.vectors import unit
from hansol_assets.scoring.blend import BlendSettings, VectorBlend, fit_blend
from hansol_assets.scoring.cosine import reference_cosines

EVEN = BlendSettings(prior={"generated": 0.5, "retrieved": 0.5}, prior_strength=0.0)


def _questions(seed: int, count: int = 60) -> tuple[dict[str, np.ndarray], list[np.ndarray]]:
    """References near `retrieved`; `generated` has nothing to do with them."""
    generator = np.random.default_rng(seed)
    truth = unit(generator.normal(size=(count, 8)))
    references = [direction + 0.1 * generator.normal(size=(3, 8)) for direction in truth]
    noise = unit(generator.normal(size=(count, 8)))
    return {"generated": noise, "retrieved": unit(truth + 0.3 * noise[::-1])}, references


def test_a_component_that_says_nothing_gets_no_weight() -> None:
    components, references = _questions(0)
    weights = fit_blend(components, references, EVEN).weights

    assert weights["generated"] < 0.05
    assert weights["retrieved"] > 0.95


def test_a_strong_prior_is_kept() -> None:
    components, references = _questions(0)
    held = BlendSettings(prior=EVEN.prior, prior_strength=1e4)

    assert fit_blend(components, references, held).weights == pytest.approx(EVEN.prior, abs=1e-3)


def test_two_views_that_err_apart_are_better_together() -> None:
    generator = np.random.default_rng(4)
    truth = unit(generator.normal(size=(80, 8)))
    components = {
        name: unit(truth + 0.3 * generator.normal(size=truth.shape)) for name in EVEN.prior
    }
    references = [direction[None] for direction in truth]
    blend = fit_blend(components, references, EVEN)
    together = reference_cosines(blend.apply(components), references).mean()

    assert all(
        together > reference_cosines(vectors, references).mean() + 0.02
        for vectors in components.values()
    )


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_weights_are_not_negative_add_up_and_do_no_worse_than_the_prior(seed: int) -> None:
    components, references = _questions(seed, count=10)
    blend = fit_blend(components, references, EVEN)
    fitted, prior = (
        reference_cosines(one.apply(components), references).mean()
        for one in (blend, VectorBlend(EVEN.prior))
    )

    assert min(blend.weights.values()) >= 0
    assert sum(blend.weights.values()) == pytest.approx(1)
    assert fitted >= prior - 1e-9


def test_blends_are_kept_and_ignore_what_has_no_weight(tmp_path: Path) -> None:
    blend = VectorBlend({"generated": 0.0, "retrieved": 1.0})
    blend.save(tmp_path / "blend.json")
    loaded = VectorBlend.load(tmp_path / "blend.json")

    assert loaded == blend
    assert loaded.apply({"retrieved": np.array([[0.0, 3.0]])}).tolist() == [[0.0, 1.0]]


def test_an_ablation_leaves_the_others_in_proportion() -> None:
    blend = VectorBlend({"generated": 0.5, "retrieved": 0.3, "regression": 0.2})

    assert blend.without("generated").weights == pytest.approx(
        {"retrieved": 0.6, "regression": 0.4}
    )
    with pytest.raises(ValueError, match="nothing is left"):
        VectorBlend({"generated": 1.0, "retrieved": 0.0}).without("generated")


def test_a_missing_component_is_named() -> None:
    with pytest.raises(ValueError, match="retrieved"):
        fit_blend({"generated": np.ones((1, 2))}, [np.ones((1, 2))], EVEN)


@pytest.mark.parametrize(
    ("prior", "message"),
    [
        ({"guessed": 1.0}, "unknown components"),
        ({"generated": 0.5}, "add up to 1"),
        ({"generated": -0.5, "retrieved": 1.5}, "must not be negative"),
    ],
)
def test_a_prior_that_cannot_be_meant_is_refused(prior: dict[str, float], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        BlendSettings(prior=prior)
