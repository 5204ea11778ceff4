from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hansol_assets.qa.answer_form import answer_quality, clean_answer
from hansol_assets.qa.sentences import has_repeated_sentence, is_finished
from hansol_assets.qa.table import TableSettings, read_train
from hansol_assets.qa.table.columns import answers_of

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


@pytest.mark.parametrize(
    ("text", "cleaned"),
    [
        ("천으로 닦습니다.", "천으로 닦습니다."),
        ("닦습니다.<end_of_turn>또 닦습니다.", "닦습니다."),
        ("  천으로 \n 닦습니다. ", "천으로 닦습니다."),
        ("천으로 닦습니다. 말립니다. 천으로  닦습니다.", "천으로 닦습니다. 말립니다."),
        ("닦습니다. 물기를 거두고", "닦습니다."),
        ("닦습니다. 1.", "닦습니다."),
        ("닦습니다. 물기를 거둡니다", "닦습니다. 물기를 거둡니다."),
        ("물기를 거둡니다", "물기를 거둡니다."),
        ("물기를 거두고", "물기를 거두고"),
        ("닦습니다. 합지벽지보다", "닦습니다."),
        ("닦습니다. 말립니다. 닦습니다", "닦습니다. 말립니다."),
        ("들뜸이 심합니다. 재시공이 필요함", "들뜸이 심합니다. 재시공이 필요함"),
        ("닦습니다. 말립니다！", "닦습니다. 말립니다！"),
        ("닦습니다. 값이 듭니다（약간）", "닦습니다. 값이 듭니다（약간）."),
        ("", ""),
        ("<eos>", ""),
    ],
)
def test_repairs(text: str, cleaned: str) -> None:
    assert clean_answer(text) == cleaned


def test_joined_answers_keep_their_connective() -> None:
    text = "천으로 닦습니다. 또한, 이음매를 누릅니다. 그리고 말립니다."

    assert clean_answer(text) == text


PIECES = st.sampled_from(
    [
        "천으로 닦습니다.",
        "천으로  닦습니다",
        "또한, 말립니다!",
        "그리고",
        "물기를",
        "왜요?",
        "1.",
        "3.5mm",
        "벽지보다",
        "…",
        "<bos>",
        "<end_of_turn>",
        '"',
        ")",
        ".",
        "\n",
    ]
)


@given(
    pieces=st.lists(PIECES, max_size=10),
    separator=st.sampled_from(["", " "]),
)
def test_cleaned_answers_are_clean(pieces: list[str], separator: str) -> None:
    cleaned = clean_answer(separator.join(pieces))

    assert clean_answer(cleaned) == cleaned
    assert not has_repeated_sentence(cleaned)
    assert "<end_of_turn>" not in cleaned


@given(st.text(max_size=60))
def test_any_text_is_cleaned_once_and_for_all(text: str) -> None:
    cleaned = clean_answer(text)

    assert clean_answer(cleaned) == cleaned


@pytest.mark.real
def test_human_answers_are_left_alone(real_dir: Path) -> None:
    answers = answers_of(read_train(real_dir / "train.csv", TableSettings()).frame)
    cleaned = [clean_answer(answer) for answer in answers]

    spaced = [" ".join(answer.split()) for answer in answers]
    assert np.mean(np.array(cleaned) != spaced) < 0.01
    assert all(map(is_finished, cleaned))
