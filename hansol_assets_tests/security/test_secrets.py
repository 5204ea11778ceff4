"""A secret in the environment reaches nothing that a run writes."""

from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import pytest

from hansol_assets.definitions import build_defs
from hansol_assets_tests.faults.fixtures import Reference
from hansol_assets_tests.faults.runs import SECRET, SECRETS
from hansol_assets_tests.graph import SMALL_PROFILE

pytestmark = pytest.mark.slow


def files_below(*folders: Path) -> list[Path]:
    return [path for folder in folders for path in folder.rglob("*") if path.is_file()]


def test_no_file_of_a_run_holds_the_secret(undisturbed: Reference) -> None:
    files = files_below(undisturbed.lake, undisturbed.home)
    assert {"manifests", "warehouse.duckdb"} <= {path.name for path in undisturbed.lake.iterdir()}
    assert any("compute_logs" in path.parts for path in files)
    assert [path for path in files if SECRET.encode() in path.read_bytes()] == []
    assert SECRET not in undisturbed.ended.log
    assert SECRET not in "\n".join(undisturbed.ended.lines)
    assert SECRET not in str(undisturbed.ended.facts)


def test_no_table_holds_the_secret(undisturbed: Reference) -> None:
    """Tables are searched by their values, since their files are compressed."""
    with duckdb.connect(str(undisturbed.lake / "warehouse.duckdb"), read_only=True) as connection:
        tables = connection.sql("select schema_name, table_name from duckdb_tables()").fetchall()
        assert len(tables) > 10
        for schema, table in tables:
            query = f'select count(*) from "{schema}"."{table}" t where contains(t::varchar, ?)'
            assert connection.execute(query, [SECRET]).fetchall() == [(0,)], table
    parquet = [path for path in files_below(undisturbed.lake) if path.suffix == ".parquet"]
    assert parquet
    assert [path for path in parquet if SECRET in pd.read_parquet(path).to_string()] == []


def shown(form: Any) -> dict[str, Any]:
    """The values that the launchpad's form begins with."""
    return {
        name: shown(field.config_type)
        if hasattr(field.config_type, "fields")
        else field.default_value
        for name, field in form.fields.items()
    }


def test_the_launchpad_does_not_show_the_secret(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in SECRETS.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("HANSOL_PROFILE", str(SMALL_PROFILE))
    definitions = build_defs()
    job = definitions.resolve_job_def("refresh")
    schema = str(job.run_config_schema.config_type.__dict__) + str(job.resource_defs["lake"])
    values = shown((definitions.resources or {})["lake"].config_schema.config_type)
    assert values["generation"]["max_new_tokens"] == 12
    assert SECRET not in str(values) + schema
