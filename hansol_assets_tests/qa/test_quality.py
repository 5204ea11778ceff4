import pytest

from hansol_assets.qa.answer_form import answer_quality

REFERENCES = [
    "천으로 닦습니다.",
    "물에 적신 천으로 가볍게 닦으면 됩니다.",
    "중성 세제로 닦고 물기를 거둡니다.",
]


def test_figures_of_mixed_answers() -> None:
    answers = [
        "천으로 닦습니다.",
        "말립니다. 말립니다.",
        "",
        "중성 세제로 닦고",
        "First you should wipe the wall with a cloth.",
    ]

    quality = answer_quality(answers, REFERENCES)

    assert quality["finished_share"] == pytest.approx(3 / 5)
    assert quality["empty_count"] == 1
    assert quality["repeated_count"] == 1
    assert quality["latin_run_count"] == 1
    assert quality["length_median"] == 9
    assert quality["reference_length_median"] == 19
    assert quality["length_ratio"] == pytest.approx(9 / 19)
    assert quality["outside_length_share"] == pytest.approx(4 / 5)


def test_references_measured_against_themselves() -> None:
    quality = answer_quality(REFERENCES * 20, REFERENCES * 20)

    assert quality["finished_share"] == quality["length_ratio"] == 1
    assert quality["outside_length_share"] == 0


@pytest.mark.parametrize(("answers", "references"), [([], REFERENCES), (REFERENCES, [])])
def test_nothing_to_measure_is_an_error(answers: list[str], references: list[str]) -> None:
    with pytest.raises(ValueError, match="at least one"):
        answer_quality(answers, references)
