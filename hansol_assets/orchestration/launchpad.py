"""The launchpad's form: Dagster's typed configuration, derived from the settings classes.

See https://docs.dagster.io/guides/operate/configuration/run-configuration
"""

from collections.abc import Mapping
from pathlib import Path
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

import dagster as dg
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from hansol_assets.profile_files import merged, profile_names
from hansol_assets.settings import Settings, load_settings

LOCATIONS = ("raw_dir", "lake_dir", "compute")
"""Settings that say where things are, which another profile does not change."""

_SCALARS: dict[Any, Any] = {bool: bool, int: int, float: float, str: str, Path: str}


def launchpad_fields(settings: Settings) -> dict[str, dg.Field]:
    """Returns one field a setting, with its description, type and the value that it has now.

    The profile is a shipped one or the one that runs start from; any other is refused.

    Raises:
        TypeError: A setting has a type that has no form.
    """
    values = settings.model_dump(mode="json")
    known = dict.fromkeys([*profile_names(), settings.profile])
    profile = dg.Field(
        dg.Enum("profile", list(map(dg.EnumValue, known))),
        default_value=settings.profile,
        description=f"{type(settings).model_fields['profile'].description}, as HANSOL_PROFILE "
        "named it when the code location was loaded",
    )
    return {**_fields(type(settings), values, ()), "profile": profile}


def settings_of(form: Mapping[str, Any], base: Settings) -> Settings:
    """Returns the settings of a run.

    `form`: the filled form; what was left as it is has its default.

    Raises:
        ProfileError: A value is wrong.
    """
    values = base.model_dump(mode="json")
    changed = _changed(form, values)
    if not changed:
        return base
    base_values = {name: values[name] for name in LOCATIONS} if "profile" in changed else values
    return load_settings(**merged(base_values, changed))


def _changed(form: Mapping[str, Any], values: Mapping[str, Any]) -> dict[str, Any]:
    changed = {}
    for name, value in form.items():
        known = values.get(name)
        if isinstance(value, Mapping) and isinstance(known, Mapping):
            below = _changed(value, known)
            if below:
                changed[name] = below
        elif value != known:
            changed[name] = value
    return changed


def _fields(
    model: type[BaseModel], values: Mapping[str, Any], path: tuple[str, ...]
) -> dict[str, dg.Field]:
    return {
        name: _field(info, values[name], (*path, name)) for name, info in model.model_fields.items()
    }


def _field(info: FieldInfo, value: Any, path: tuple[str, ...]) -> dg.Field:
    model = _model(info.annotation)
    if model is not None:
        # Its fields have defaults of their own.
        shape = dg.Shape(_fields(model, value, path))
        return dg.Field(shape, is_required=False, description=info.description)
    config_type = _config_type(info.annotation, path)
    return dg.Field(config_type, default_value=value, description=info.description)


def _model(annotation: Any) -> type[BaseModel] | None:
    bare = get_args(annotation)[0] if get_origin(annotation) is Annotated else annotation
    is_model = isinstance(bare, type) and issubclass(bare, BaseModel)
    return bare if is_model else None


def _config_type(annotation: Any, path: tuple[str, ...]) -> Any:
    origin, arguments = get_origin(annotation), get_args(annotation)
    if annotation in _SCALARS:
        return _SCALARS[annotation]
    if origin is Annotated:
        return _config_type(arguments[0], path)
    if origin is Literal:
        return dg.Enum("_".join(path), [dg.EnumValue(str(item)) for item in arguments])
    if origin in (Union, UnionType) and NoneType in arguments:
        (bare,) = (item for item in arguments if item is not NoneType)
        model = _model(bare)
        return dg.Noneable(_optional_shape(model, path) if model else _config_type(bare, path))
    lists = [item for item in arguments if get_origin(item) in (tuple, list)]
    if origin in (Union, UnionType) and len(lists) == 1:
        # A word or a list of words: Dagster has no enumeration beside a list.
        return dg.ScalarUnion(str, _config_type(lists[0], path))
    if origin in (tuple, list, set, frozenset):
        return dg.Array(_config_type(arguments[0], path))
    if origin in (dict, Mapping):
        return dg.Map(str, _config_type(arguments[1], path))
    msg = f"setting {'.'.join(path)} has a type without a form: {annotation}"
    raise TypeError(msg)


def _optional_shape(model: type[BaseModel], path: tuple[str, ...]) -> dg.Shape:
    """A section that may be absent as a whole: what is required in it has no default."""
    fields = {
        name: dg.Field(
            _config_type(info.annotation, (*path, name)),
            is_required=info.is_required(),
            description=info.description,
            **({} if info.is_required() else {"default_value": info.get_default()}),
        )
        for name, info in model.model_fields.items()
    }
    return dg.Shape(fields)
