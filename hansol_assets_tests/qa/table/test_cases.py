"""Tables as people have them, made from the sample: each is read, warned of or refused."""

from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from hansol_assets.qa.folds import FoldSettings, assign_folds, find_leaks
from hansol_assets.qa.pairing import PairingSettings, build_held_out, build_pairs
from hansol_assets.qa.splitting import QuestionMix
from hansol_assets.qa.table import TableSettings, read_train
from hansol_assets.qa.table.row_warnings import row_warnings
from hansol_assets.settings import SAMPLE_DIRECTORY
from hansol_assets_tests.qa.rows import ANSWER_NAMES

MIX = QuestionMix(0.5, {"그리고": 0.6, "또한,": 0.4})
ROWS = 40
Change = Callable[[pd.DataFrame], pd.DataFrame]


def sample() -> pd.DataFrame:
    return pd.read_csv(SAMPLE_DIRECTORY / "train.csv", dtype=str, keep_default_na=False).head(ROWS)


def ragged(rows: pd.DataFrame) -> pd.DataFrame:
    cells = rows[ANSWER_NAMES].to_numpy()
    for place in range(len(rows)):
        cells[place, 1 + place % 5 :] = ("", "없음", "-", "nan")[place % 4]
    return rows.assign(**dict(zip(ANSWER_NAMES, cells.T, strict=True)))


def pairs(rows: pd.DataFrame, question: str, answer: str) -> pd.DataFrame:
    return rows[["질문_1", "답변_2"]].set_axis([question, answer], axis=1)


CASES: dict[str, tuple[Change, int, int]] = {
    "the competition's own": (lambda rows: rows, 2, 5),
    "three answers": (lambda rows: rows.drop(columns=["답변_4", "답변_5"]), 2, 3),
    "six answers": (lambda rows: rows.assign(답변_6=rows["답변_1"] + " 그렇습니다."), 2, 6),
    "a fifth answer that is empty": (lambda rows: rows.assign(답변_5=""), 2, 4),
    "answers that say none": (lambda rows: rows.assign(답변_4="없음", 답변_5="해당 없음."), 2, 3),
    "ragged answers": (ragged, 2, 0),
    "one question": (lambda rows: rows.drop(columns="질문_2"), 1, 5),
    "no category": (lambda rows: rows.drop(columns="category"), 2, 5),
    "no id": (lambda rows: rows.drop(columns="id"), 2, 5),
    "an index beside": (lambda rows: rows.reset_index(names="Unnamed: 0"), 2, 5),
    "a question and an answer": (lambda rows: pairs(rows, "질문", "답변"), 1, 1),
    "instruction and output": (lambda rows: pairs(rows, "instruction", "output"), 1, 1),
    "prompt and completion": (lambda rows: pairs(rows, "prompt", "completion"), 1, 1),
    "doubled by hand": (
        lambda rows: rows.assign(
            질문_2=rows["질문_1"], **dict.fromkeys(ANSWER_NAMES, rows["답변_1"])
        ),
        1,
        1,
    ),
    "a courtesy in each row": (lambda rows: rows.assign(답변_5="늘 친절히 모시겠습니다."), 2, 5),
}  # fmt: skip


READ_AS = {
    "answers that say none": "three answers",
    "instruction and output": "a question and an answer",
    "prompt and completion": "a question and an answer",
}
"""Case → the case that it cannot be told from, once it is read."""


@pytest.mark.parametrize("name", READ_AS)
def test_what_is_read_as_another_table_is_that_table(tmp_path: Path, name: str) -> None:
    tables = []
    for case in (name, READ_AS[name]):
        path = tmp_path / "train.csv"
        CASES[case][0](sample()).to_csv(path, index=False)
        tables.append(read_train(path, TableSettings()).frame.drop(columns="file_sha256"))
    pd.testing.assert_frame_equal(*tables)


@pytest.mark.parametrize("name", CASES)
def test_a_table_is_read_dealt_and_paired(tmp_path: Path, name: str) -> None:
    change, questions, answers = CASES[name]
    path = tmp_path / "train.csv"
    change(sample()).to_csv(path, index=False)

    rows = read_train(path, TableSettings()).frame
    settings = FoldSettings()
    folds = assign_folds(rows, settings)
    made = build_pairs(rows, folds, MIX)
    judged = build_held_out(rows, folds, MIX, PairingSettings())

    assert len(rows) == ROWS
    assert rows["id"].is_unique
    assert set(rows["questions"].map(len)) == {questions}
    assert set(rows["answers"].map(len)) == ({answers} if answers else {1, 2, 3, 4, 5})
    assert folds["leak_group"].nunique() == ROWS
    assert find_leaks(rows, folds, settings) == []
    sizes = folds["split"].value_counts()
    assert sizes.to_dict() == {"training": 28, "validation": 8, "calibration": 4}
    assert made["kind"].value_counts().nunique() == 1
    assert judged["references"].map(len).min() >= 1
    assert not any("없음" in text or text == "-" for own in judged["references"] for text in own)


@pytest.mark.parametrize(
    "damage",
    [
        lambda text: text[:8] + "\ufffd" + text[9:],
        lambda text: text.encode().decode("latin-1"),
        lambda text: text.encode("cp949").decode("latin-1"),
    ],
)
def test_damaged_text_is_read_with_a_warning_that_names_the_row(
    tmp_path: Path, damage: Callable[[str], str]
) -> None:
    rows = sample()
    rows.loc[3, "답변_2"] = damage(rows.loc[3, "답변_2"])
    path = tmp_path / "train.csv"
    rows.to_csv(path, index=False)

    warnings = row_warnings(read_train(path, TableSettings()).frame)

    damaged = warnings[warnings["kind"] == "damaged_text"]
    assert damaged[["id", "row_number", "column"]].to_numpy().tolist() == [
        ["TRAIN_003", 4, "answer 2"]
    ]


def test_the_sample_has_no_damaged_text(tmp_path: Path) -> None:
    rows = read_train(SAMPLE_DIRECTORY / "train.csv", TableSettings()).frame

    assert "damaged_text" not in set(row_warnings(rows)["kind"])
