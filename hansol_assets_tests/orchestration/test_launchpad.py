"""The launchpad's form: typed, described, complete, and turned back into settings."""

from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from hansol_assets.definitions import build_defs
from hansol_assets.orchestration.launchpad import launchpad_fields, settings_of
from hansol_assets.profile_files import ProfileError
from hansol_assets.settings import load_settings


def problems(config: dict[str, Any]) -> list[str]:
    """What Dagster says of a run configuration, before there is a run."""
    job = build_defs().resolve_job_def("refresh")
    result = dg.validate_run_config
    try:
        result(job, {"resources": {"lake": {"config": config}}})
    except dg.DagsterInvalidConfigError as error:
        return [item.message for item in error.errors]
    return []


@pytest.mark.parametrize(
    ("config", "says"),
    [
        ({"automation": {"interval_seconds": "often"}}, "interval_seconds"),
        ({"base_model": {"kind": "scratcch"}}, "base_model:kind not in enum"),
        ({"training": {"batch_sise": 2}}, 'Received unexpected config entry "batch_sise"'),
        ({"embeder": {}}, 'Received unexpected config entry "embeder"'),
        ({"folds": {"count": 2.5}}, "count"),
        ({"final_fit": "perhaps"}, "final_fit"),
        ({"profile": "qwen4"}, "path root:resources:lake:config:profile not in enum"),
    ],
)
def test_a_wrong_value_is_refused_before_the_run(config: dict[str, Any], says: str) -> None:
    found = problems(config)
    assert len(found) == 1
    assert says in found[0]


def test_right_values_pass() -> None:
    assert problems({"folds": {"count": 5}, "final_fit": True, "raw_dir": None}) == []
    assert problems({"profile": "gemma-7b"}) == []


def test_a_profile_of_ones_own_is_one_of_the_launchpads(tmp_path: Path) -> None:
    own = tmp_path / "mine.yaml"
    own.write_text("extends: tiny\n", encoding="utf-8")
    settings = load_settings(profile=str(own))
    field = launchpad_fields(settings)["profile"]
    assert field.default_value == settings.profile
    assert settings.profile in {value.config_value for value in field.config_type.enum_values}


def test_every_setting_has_a_description_and_the_value_that_it_has_now() -> None:
    settings = load_settings(folds={"count": 7})

    def check(fields: dict[str, dg.Field], values: dict[str, Any]) -> None:
        assert set(fields) == set(values)
        for name, field in fields.items():
            if isinstance(field.config_type, dg.Shape):
                check(field.config_type.fields, values[name])
                continue
            assert field.description, name
            assert field.default_value == values[name]

    check(launchpad_fields(settings), settings.model_dump(mode="json"))


def test_an_untouched_form_is_the_settings() -> None:
    settings = load_settings(folds={"count": 7})
    assert settings_of(settings.model_dump(mode="json"), settings) is settings


def test_a_touched_form_goes_over_them() -> None:
    settings = load_settings(folds={"count": 7})
    form = settings.model_dump(mode="json")
    form["folds"]["salt"] = "other"
    changed = settings_of(form, settings)
    assert (changed.folds.count, changed.folds.salt) == (7, "other")


def test_another_profile_brings_its_own_values() -> None:
    settings = load_settings(lake_dir="elsewhere")
    form = settings.model_dump(mode="json") | {"profile": "gemma-7b"}
    form["training"]["epochs"] = 3
    changed = settings_of(form, settings)
    assert changed.base_model.hub.model_id == "google/gemma-7b"
    assert (changed.training.epochs, str(changed.lake_dir)) == (3, "elsewhere")


def test_a_value_out_of_its_bounds_names_the_setting() -> None:
    settings = load_settings()
    form = settings.model_dump(mode="json")
    form["folds"]["count"] = 1
    with pytest.raises(ProfileError, match=r"folds\.count"):
        settings_of(form, settings)
