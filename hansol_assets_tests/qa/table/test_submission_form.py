from collections.abc import Callable
from pathlib import Path

import pytest

from hansol_assets.qa.table import ContractError, arrow_csv, read_submission, read_template
from hansol_assets.qa.table.submission_form import (
    UnfitTemplateError,
    VectorTable,
    require_fitting,
    submission_form,
)
from hansol_assets_tests.qa.table.test_contract import places, write


def test_template_gives_order_and_width(tmp_path: Path) -> None:
    path = write(tmp_path / "template.csv", "id,vec_0,vec_1,vec_2\nB,0,0,0\nA,0,0,0\n")

    table = read_template(path)

    assert table.width == 3
    assert table.frame["id"].tolist() == ["B", "A"]


@pytest.mark.parametrize("read", [read_template, read_submission])
def test_a_file_without_a_fault_is_read_once(
    read: Callable[[Path], VectorTable], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write(tmp_path / "vectors.csv", "id,vec_0,vec_1\nB,0,0\nA,0,0\n")
    # Only to say on which line a fault is would it be read again.
    monkeypatch.setattr(arrow_csv, "open_content", pytest.fail)

    assert read(path).frame["id"].tolist() == ["B", "A"]


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("id,vec_1,vec_0", [(1, "vec_1"), (1, "vec_0")]),
        ("id,vec_0,vec_2", [(1, "vec_2")]),
        ("id,vec_0,vec_00", [(1, "vec_00")]),
        ("vec_0,id,vec_1", [(1, "vec_0"), (1, "id")]),
        ("id,vector,text", [(1, "vector"), (1, "text")]),
    ],
)
def test_template_columns_must_be_contiguous_and_ordered(
    tmp_path: Path, header: str, expected: list[tuple[int, str]]
) -> None:
    path = write(tmp_path / "template.csv", f"{header}\nA,0,0\n")

    with pytest.raises(ContractError) as caught:
        read_template(path)

    assert places(caught.value) == expected


def test_submission_values_become_numbers(tmp_path: Path) -> None:
    path = write(tmp_path / "submission.csv", "id,vec_1,vec_0\nA,-1e-3, 2\nB,0,0.5\n")

    table = read_submission(path)

    assert table.frame[["vec_0", "vec_1"]].to_numpy().tolist() == [[2.0, -0.001], [0.5, 0.0]]
    assert list(table.frame.columns) == ["id", "vec_0", "vec_1", "file_sha256", "row_number"]


@pytest.mark.parametrize("value", ["", "nan", "inf", "-inf", "영", "1_0", "0x1", "1,0", "True"])
def test_submission_values_must_be_finite_numbers(tmp_path: Path, value: str) -> None:
    quoted = f'"{value}"'
    path = write(tmp_path / "submission.csv", f"id,vec_0,vec_1\nA,1,1\nB,1,{quoted}\n")

    with pytest.raises(ContractError) as caught:
        read_submission(path)

    assert places(caught.value) == [(3, "vec_1")]


@pytest.fixture
def template(tmp_path: Path) -> VectorTable:
    text = "id,vec_0,vec_1,vec_2\nB,0,0,0\nA,0,0,0\n"
    return read_template(write(tmp_path / "sample_submission.csv", text))


def test_a_form_is_the_templates_or_the_questions(template: VectorTable, tmp_path: Path) -> None:
    questions = template.frame[["id"]].iloc[::-1]

    assert submission_form(template, questions, 512) == (submission_form(template, questions, 3))
    assert submission_form(template, questions, 512).ids == ("B", "A")
    assert submission_form(template, questions, 512).width == 3
    assert submission_form(None, questions, 512).ids == ("A", "B")
    assert submission_form(None, questions, 512).width == 512


def test_a_template_that_fits_is_accepted(template: VectorTable) -> None:
    require_fitting(template, ["A", "B"], 3)


@pytest.mark.parametrize(
    ("ids", "dimensions", "says"),
    [
        (["A", "B"], 512, "it has 3 vector columns, and the embedder makes 512: set "
         "embedder.model_id to a model of 3 dimensions and embedder.dimensions to 3, or take "
         "sample_submission.csv away to submit vectors of 512"),
        (["A", "C"], 3, "it has rows that no question has: B"),
        (["A", "B", "C"], 3, "it lacks rows of questions: C"),
    ],
)  # fmt: skip
def test_a_template_that_does_not_fit_is_refused_with_the_settings_that_would(
    template: VectorTable, ids: list[str], dimensions: int, says: str
) -> None:
    with pytest.raises(UnfitTemplateError) as caught:
        require_fitting(template, ids, dimensions)

    assert says in str(caught.value)
    assert str(caught.value).endswith("Nothing was trained.")


@pytest.mark.real
def test_the_real_template_fits_the_real_questions(real_dir: Path) -> None:
    template = read_template(real_dir / "sample_submission.csv")

    assert template.width == 512
    require_fitting(template, template.frame["id"].tolist(), 512)
