"""What the documents say of settings and profiles, written from the code that defines them.

What belongs here: from a section's class to its lines on the page. What does not: any setting.
`docs/hooks.py` puts the lines into the site, so that they are never older than the code.
"""

import inspect
import json
import re
import types
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal, Union, get_args, get_origin

import yaml
from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import to_jsonable_python

from hansol_assets.cli.models import profile_table
from hansol_assets.profile_files import PROFILES_DIRECTORY
from hansol_assets.settings import ENVIRONMENT_PREFIX, Settings, load_settings
from hansol_assets.settings_model import marked_shaping_nothing

INTRODUCTION = """\
# Settings

Every setting of a run, with its default. This page is written from the code whenever the documents
are built.

A value comes from the first of these that names it:

1. the launchpad of the web UI, for one run;
2. the environment: `HANSOL_SECTION__FIELD`, one pair of underscores a level, as
   `HANSOL_TRAINING__EPOCHS=3`. Lists and mappings are JSON:
   `HANSOL_TRAINING__REPORT_TO='["wandb"]'`;
3. the profile that `HANSOL_PROFILE` names (a shipped one by name, your own by the path of a YAML
   file) and, below it, the profiles that it extends;
4. the default.

An unknown name is an error that names the nearest valid one. A run makes anew what reads a changed
setting, and what is made from that; set back, everything is found again.

A profile of your own says only what differs:

```yaml
extends: tiny
training:
  epochs: 2
verdicts:
  review_below: 0.65
```

Where a shipped profile sets a value, it is named beside the default. `tiny` is used where
`HANSOL_PROFILE` says nothing.
"""

_PLAIN = {
    bool: "`true` or `false`",
    int: "whole number",
    float: "number",
    str: "text",
    types.NoneType: "null",
}
_BOUNDS = {"ge": "at least", "gt": "above", "le": "at most", "lt": "below"}
_CODE = re.compile(r"(`[^`]*`)")
_MARKDOWN = re.compile(r"([\\*_<>\[\]|])")
_SHOWN_DEFAULT = 400


@dataclass(frozen=True)
class Setting:
    """One setting.

    Attributes:
        path: Its name below its sections, such as `("training", "epochs")`.
        field: As the section's class defines it.
    """

    path: tuple[str, ...]
    field: FieldInfo

    @property
    def name(self) -> str:
        """The name as a profile's author says it, such as `training.epochs`."""
        return ".".join(self.path)

    @property
    def variable(self) -> str:
        """The environment variable that sets it."""
        return ENVIRONMENT_PREFIX + "__".join(self.path).upper()


@dataclass(frozen=True)
class Section:
    """A group of settings.

    Attributes:
        path: Its name below its sections; empty for what stands in none.
        about: What it is for.
        settings: Those that are its own; nested sections follow as sections.
    """

    path: tuple[str, ...]
    about: str
    settings: tuple[Setting, ...]

    @property
    def name(self) -> str:
        """The name as a profile's author says it."""
        return ".".join(self.path)


def sections(model: type[BaseModel] = Settings) -> Iterator[Section]:
    """Yields every section in the order of the code, each nested one behind its parent.

    Args:
        model: The class at the top.
    """
    yield from _sections(model, (), "What stands in no section.")


def page() -> str:
    """Returns the page as markdown."""
    own = _profile_values()
    return "\n".join([INTRODUCTION, *(_section_text(section, own) for section in sections())])


def memory_table() -> str:
    """Returns the memory that each shipped profile is estimated to need, as a markdown table."""
    names = sorted(path.stem for path in PROFILES_DIRECTORY.glob("*.yaml"))
    rows = profile_table({name: load_settings(profile=name) for name in names})
    lines = [
        f"| `{row.profile}` | {row.weights} | {row.training_gib:.1f} | {row.generation_gib:.1f} |"
        for row in rows
        if row.training_gib is not None
    ]
    head = "| profile | weights | training, GiB | generation, GiB |\n| --- | --- | ---: | ---: |"
    return "\n".join([head, *lines])


def _sections(model: type[BaseModel], path: tuple[str, ...], about: str) -> Iterator[Section]:
    plain, nested = [], []
    for name, field in model.model_fields.items():
        below = _section_class(field.annotation)
        if below is None:
            plain.append(Setting((*path, name), field))
        else:
            nested.append((name, below, field))
    yield Section(path, about, tuple(plain))
    for name, below, field in nested:
        summary = (inspect.getdoc(below) or "").partition("\n\n")[0]
        text = _sentence(" ".join(summary.split()))
        if type(None) in get_args(field.annotation):
            text = f"Null unless it is set: {field.description}. {text}"
        yield from _sections(below, (*path, name), text)


def _section_class(annotation: Any) -> type[BaseModel] | None:
    """The class of a nested section, also where it may be null."""
    for item in (annotation, *get_args(annotation)):
        if inspect.isclass(item) and issubclass(item, BaseModel):
            return item
    return None


def _section_text(section: Section, own: Mapping[str, Mapping[str, Any]]) -> str:
    level = "#" * min(4, 1 + max(1, len(section.path)))
    title = f"`{section.name}`" if section.path else "At the top"
    anchor = section.name.replace(".", "-") if section.path else "top"
    lines = [f"{level} {title} {{ #{anchor} }}", "", _escaped(section.about), ""]
    for setting in section.settings:
        lines += _setting_lines(setting, own)
    return "\n".join(lines)


def _setting_lines(setting: Setting, own: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    field = setting.field
    kind = readable_type(field.annotation, field.metadata)
    default = "required" if field.is_required() else f"default {_value(field.default)}"
    set_by = [
        f"`{profile}`: {_value(values[setting.name])}"
        for profile, values in own.items()
        if setting.name in values
    ]
    yield f"`{setting.path[-1]}` {{ #{setting.name.replace('.', '-')} }}"
    yield f":   {_escaped(_sentence(field.description or '-'))}"
    yield ""
    effect = ["changes no result"] if marked_shaping_nothing(field) else []
    yield f"    `{setting.variable}`: {'; '.join([kind, default, *effect, *set_by])}"
    yield ""


def readable_type(annotation: Any, metadata: Iterable[Any] = ()) -> str:
    """Says in words what a setting may hold.

    Args:
        annotation: The type, as the class has it.
        metadata: Its bounds, as pydantic keeps them.
    """
    named = _named_type(annotation)
    bounds = [
        f"{words} {getattr(bound, mark):g}"
        for bound in metadata
        for mark, words in _BOUNDS.items()
        if hasattr(bound, mark)
    ]
    if any(getattr(bound, "min_length", 0) for bound in metadata):
        bounds.append("not empty")
    return ", ".join([named, *bounds])


def _named_type(annotation: Any) -> str:
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin in (Union, types.UnionType):
        return " or ".join(map(_named_type, arguments))
    if origin is Literal:
        return " or ".join(f"`{item}`" for item in arguments)
    if origin is tuple:
        if arguments[-1] is Ellipsis:
            return f"list of {_plural(arguments[0])}"
        return f"list of {len(arguments)} {_plural(arguments[0])}"
    if origin is dict:
        return f"mapping of {_named_type(arguments[0])} to {_named_type(arguments[1])}"
    if hasattr(annotation, "__metadata__"):
        return _named_type(arguments[0])
    return _PLAIN.get(annotation, "path")


def _plural(annotation: Any) -> str:
    named = _named_type(annotation)
    return "texts" if named == "text" else f"{named}s"


def _value(value: Any) -> str:
    """A value as YAML and JSON both read it."""
    text = json.dumps(to_jsonable_python(value), ensure_ascii=False)
    return f"`{text}`" if len(text) <= _SHOWN_DEFAULT else f"`{text[:_SHOWN_DEFAULT]} …`"


def _profile_values() -> dict[str, dict[str, Any]]:
    """Profile → the values that its own file sets, by name; what it extends has its own lines."""
    known = {setting.name for section in sections() for setting in section.settings}
    return {
        path.stem: dict(_flat(yaml.safe_load(path.read_text(encoding="utf-8")), "", known))
        for path in sorted(PROFILES_DIRECTORY.glob("*.yaml"))
    }


def _flat(values: Mapping[str, Any], prefix: str, known: set[str]) -> Iterator[tuple[str, Any]]:
    for name, value in values.items():
        path = prefix + name
        if path in known and path != "description":
            yield path, value
        elif isinstance(value, Mapping):
            yield from _flat(value, f"{path}.", known)


def _sentence(text: str) -> str:
    """A text that begins large, unless with a value that it explains, and ends with a full stop."""
    ended = text if text.endswith((".", "…")) else f"{text}."
    return ended if re.match(r"[a-z_]+:", text) else ended[:1].upper() + ended[1:]


def _escaped(text: str) -> str:
    """A text whose signs are no markdown, save what stands between backticks."""
    parts = _CODE.split(text)
    return "".join(part if part.startswith("`") else _MARKDOWN.sub(r"\\\1", part) for part in parts)
