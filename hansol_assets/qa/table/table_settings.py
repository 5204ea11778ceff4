"""The section `table` of the settings: what a table's columns are, where a profile says so."""

from typing import Literal

from pydantic import Field, field_validator

from hansol_assets.qa.table.column_names import clean_name
from hansol_assets.settings_model import SettingsModel, SettingsPath

PLACEHOLDERS = (
    "없음", "해당없음", "해당 사항 없음", "답변없음", "미정", "nan", "none", "null", "nil", "n/a",
    "na", "무응답", "내용없음", "-", "--", "---", ".", "..", "...", "미입력", "미작성", "미응답",
    "응답없음", "공란", "빈칸", "noinput", "empty", "blank", "undefined", "nat", "\\N", "/", "_",
    "~", "·", "#n/a", "#ref!", "#value!", "#name?", "#div/0!", "#null!", "#num!", "#spill!",
    "#calc!",
)  # fmt: skip


Kind = Literal[
    "contradiction", "other_language", "unfinished", "doubled_question", "wordless", "damaged_text"
]
"""Why a row looks wrong."""


class TableSettings(SettingsModel):
    """Which columns hold what, and where the files are; what is null is recognised by name."""

    questions: tuple[str, ...] | None = Field(
        None, description="columns of the question and its paraphrases; null: recognised"
    )
    answers: tuple[str, ...] | None = Field(
        None, description="columns of the reference answers; null: recognised"
    )
    input: str | None = Field(
        None,
        description="column whose text belongs to the question and follows it, as the input of an "
        "instruction; null: recognised",
    )
    test_question: str | None = Field(
        None, description="column of the question in the test file; null: recognised"
    )
    id: str | None = Field(
        None, description="column of the ids; null: recognised, or made from the content"
    )
    category: str | None = Field(
        None, description="column that folds are stratified by; null: recognised, or one class"
    )
    carry: tuple[str, ...] | None = Field(
        None, description="other columns to carry along; null: every one that is not ignored"
    )
    ignore: tuple[str, ...] = Field((), description="columns to leave out")
    placeholders: tuple[str, ...] = Field(
        PLACEHOLDERS,
        description="cells that stand for no text, whatever their case, spaces and full stop",
    )
    personal_data: Literal["keep", "mask"] = Field(
        "keep",
        description="resident, phone and card numbers; mask: their digits are asterisks before "
        "anything is trained. They are warned of in any case",
    )
    drop_rows: tuple[Kind, ...] = Field(
        ("wordless",),
        description="rows that look wrong are warned of; those of these kinds are dropped, too: "
        "contradiction (two questions ask for opposites, or two rows answer so), other_language (a "
        "text drifts into another one), unfinished (an answer breaks off), doubled_question (asked "
        "before; the first row stays), wordless (a text without a word), damaged_text (characters "
        "that were lost or decoded wrongly)",
    )
    sheet: str | None = Field(
        None,
        description="sheet of a workbook; null: the first one whose columns are known best, and "
        "those behind it with the same columns",
    )
    train: SettingsPath | None = Field(
        None, description="file of the table, from the raw folder; null: train.*"
    )
    test: SettingsPath | None = Field(
        None, description="file of the questions to answer, from the raw folder; null: test.*"
    )
    template: SettingsPath | None = Field(
        None,
        description="file of the submission's template, from the raw folder; null: "
        "sample_submission.*",
    )

    @field_validator("questions", "answers")
    @classmethod
    def _some(cls, names: tuple[str, ...] | None) -> tuple[str, ...] | None:
        if names is not None and (not names or len(set(names)) < len(names)):
            msg = "name one column at least, and each once; or null, so that it is recognised"
            raise ValueError(msg)
        return names

    @field_validator(
        "questions", "answers", "input", "test_question", "id", "category", "carry", "ignore"
    )
    @classmethod
    def _clean(cls, names: tuple[str, ...] | str | None) -> tuple[str, ...] | str | None:
        """Names of columns as a table's are cleaned: a person may copy either spelling."""
        if isinstance(names, tuple):
            return tuple(map(clean_name, names))
        return names and clean_name(names)
