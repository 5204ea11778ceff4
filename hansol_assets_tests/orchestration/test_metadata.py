"""Rows as the web UI draws them, which Dagster's log remembers."""

from hansol_assets.orchestration.metadata import table_value


def test_no_personal_number_is_told_to_dagster() -> None:
    shown = table_value([{"id": "R1", "answers": "문의: 010-1234-5678", "row_number": 1}])

    record = {"id": "R1", "answers": "문의: ***-****-****", "row_number": 1}
    assert [dict(row.data) for row in shown.records] == [record]
