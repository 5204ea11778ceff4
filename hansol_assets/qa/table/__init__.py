"""Any question-answer table: found, read, recognised, checked, and made canonical.

What belongs here: everything between a file that a person has and the table that the rest of the
project reads. What does not: what is made of the rows (`hansol_assets.qa`).
"""

from hansol_assets.qa.table.contract import (
    TableRead,
    no_questions,
    read_references,
    read_test,
    read_train,
)
from hansol_assets.qa.table.submission_form import VectorTable, read_submission, read_template
from hansol_assets.qa.table.table_settings import TableSettings
from hansol_assets.qa.table.violations import ContractError, Violation

__all__ = [
    "ContractError",
    "TableRead",
    "TableSettings",
    "VectorTable",
    "Violation",
    "no_questions",
    "read_references",
    "read_submission",
    "read_template",
    "read_test",
    "read_train",
]
