import pytest
from pydantic import ValidationError

from hansol_assets.modeling.hyperparameters import FitSettings, memorises

SETTINGS = FitSettings(most_gap=1.5)


@pytest.mark.parametrize(("training", "held_out"), [(2.5, 2.5), (2.5, 4.0), (4.0, 2.5), (0.0, 1.5)])
def test_losses_that_lie_together_are_no_complaint(training: float, held_out: float) -> None:
    assert memorises(training, held_out, SETTINGS) is None


def test_a_model_that_knows_its_answers_by_heart_is_named() -> None:
    said = memorises(1.19, 6.20, SETTINGS)
    assert said is not None
    assert "6.20" in said
    assert "1.19" in said
    assert "5.01 more" in said
    assert "1.5 are expected" in said


@pytest.mark.parametrize("held_out", [float("nan"), float("inf")])
def test_a_loss_that_is_no_number_is_named(held_out: float) -> None:
    assert "diverged" in (memorises(1.0, held_out, SETTINGS) or "")


def test_a_gap_of_nothing_is_no_setting() -> None:
    with pytest.raises(ValidationError):
        FitSettings(most_gap=0)
