"""The documents: that they build, ask no other host, and say of the code what the code says."""

import importlib
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from types import ModuleType
from typing import Any, get_args

import numpy as np
import pytest
import yaml
from pydantic import BaseModel

from hansol_assets.answering.trust import coverage_at, expected_calibration_error
from hansol_assets.orchestration.home import TEMPLATE
from hansol_assets.scoring.bootstrap import (
    bootstrap_interval,
    paired_bootstrap,
    parity,
)
from hansol_assets.scoring.measures import ceiling_scores, human_scores, reference_cosines
from hansol_assets.settings import Settings, load_settings
from hansol_assets_tests.assets.renewal import moves
from hansol_assets_tests.cli.test_commands import require_command

PROJECT = Path(__file__).parents[1]
DOCS = PROJECT / "docs"
PAGES = sorted(DOCS.glob("*.md"))
OPERATIONS = DOCS / "operations"


@pytest.fixture(scope="module")
def reference() -> ModuleType:
    sys.path.insert(0, str(DOCS))
    try:
        return importlib.import_module("settings_reference")
    finally:
        sys.path.remove(str(DOCS))


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(folder)]
    environment = {**os.environ, "PYTHONPATH": str(PROJECT), "PYTHONDONTWRITEBYTECODE": "1"}
    built = subprocess.run(command, cwd=PROJECT, env=environment, capture_output=True, text=True)
    assert built.returncode == 0, built.stderr
    return folder


def fields(model: type[BaseModel], path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Every setting that is no section, found without what writes the page."""
    for name, field in model.model_fields.items():
        classes = [field.annotation, *get_args(field.annotation)]
        below = [item for item in classes if isinstance(item, type) and issubclass(item, BaseModel)]
        if below:
            yield from fields(below[0], (*path, name))
        else:
            yield (*path, name)


class Loaded(HTMLParser):
    """What a page has a browser load; links are only followed by people."""

    def __init__(self) -> None:
        super().__init__()
        self.addresses: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        self.addresses += [given[name] for name in ("src", "data", "poster") if name in given]
        self.addresses += re.split(r"[\s,]+", given.get("srcset", ""))
        if tag not in ("a", "area"):
            self.addresses.append(given.get("href", ""))
        self.addresses += styled(given.get("style", ""))


def styled(css: str) -> list[str]:
    """What a style sheet loads."""
    named = re.findall(r"url\(\s*['\"]?([^'\")]+)", css)
    return named + re.findall(r"@import\s+['\"]([^'\"]+)", css)


def is_elsewhere(address: str) -> bool:
    return bool(re.match(r"(?!data:)(?:[a-z][a-z0-9+.-]*:|//)", address.strip(), re.IGNORECASE))


def test_what_is_loaded_from_another_host_is_found() -> None:
    page = Loaded()
    page.feed(
        '<link href="https://a/x.css"><script src=//b/x.js></script><a href="https://c">'
        '<img src="d.png" srcset="e.png 1x, http://f/g.png 2x"><p style="background: url(//h/i)">'
    )
    assert [address for address in page.addresses if is_elsewhere(address)] == [
        "https://a/x.css", "//b/x.js", "http://f/g.png", "//h/i",
    ]  # fmt: skip


def test_the_page_of_settings_says_which_change_no_result(reference: ModuleType) -> None:
    lines = [line for line in reference.page().splitlines() if "changes no result" in line]
    named = {line.partition("`")[2].partition("`")[0] for line in lines}
    marked = {move.name for move in moves() if move.shapes_nothing}
    assert named == {f"HANSOL_{name.replace('.', '__').upper()}" for name in marked}


def test_every_page_is_built_and_loads_nothing_from_another_host(site: Path) -> None:
    pages = {path.stem: path.read_text(encoding="utf-8") for path in site.glob("*.html")}
    assert pages.keys() >= {path.stem for path in PAGES} | {"settings"}
    for name, text in pages.items():
        page = Loaded()
        page.feed(text)
        own = [address for address in page.addresses if address and not is_elsewhere(address)]
        assert len(own) >= 5, name
        assert [address for address in page.addresses if is_elsewhere(address)] == [], name
        # The theme would fetch Mermaid for such an element.
        assert 'class="mermaid"' not in text, name
    for sheet in (*site.rglob("*.css"), *site.rglob("*.svg")):
        found = styled(sheet.read_text(encoding="utf-8"))
        assert not any(map(is_elsewhere, found)), sheet


def test_the_start_page_leads_to_the_readme_and_its_pages(site: Path) -> None:
    start = (site / "index.html").read_text(encoding="utf-8")
    for name in ("overview", "overview.ko", "asking", "explaining", "reviewing", "exporting"):
        assert f'href="{name}.html"' in start, name
    for name, figure in (("overview", "parity"), ("overview.ko", "갱신")):
        text = (site / f"{name}.html").read_text(encoding="utf-8")
        assert figure in text
        assert 'href="tables.html"' in text
        assert "docs/" not in "".join(re.findall(r'(?:href|src)="([^"]+)"', text))


def test_everything_that_a_page_names_in_the_site_is_there(site: Path) -> None:
    for path in (item for item in site.glob("*.html") if item.stem != "404"):
        page = Loaded()
        page.feed(path.read_text(encoding="utf-8"))
        for address in page.addresses:
            if address and not address.startswith(("data:", "#")):
                assert (path.parent / address.partition("?")[0]).exists(), (path.name, address)


def test_the_built_page_has_every_setting(site: Path) -> None:
    text = (site / "settings.html").read_text(encoding="utf-8")
    names = list(fields(Settings))
    assert len(names) > 100
    for path in names:
        assert f"HANSOL_{'__'.join(path).upper()}<" in text, path
        assert f'id="{"-".join(path)}"' in text, path


def test_every_setting_and_section_is_described(reference: ModuleType) -> None:
    sections = list(reference.sections())
    settings = [setting for section in sections for setting in section.settings]
    assert [setting.path for setting in settings if not setting.field.description] == []
    assert {setting.path for setting in settings} == set(fields(Settings))
    assert all(section.about.endswith(".") for section in sections)


def test_every_variable_of_the_page_sets_its_setting(
    reference: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The values of a profile that differs, given through the environment alone."""
    wanted = load_settings(profile="gemma-3-4b", scores={"judge": {"kind": "muse"}})
    given: dict[tuple[str, ...], Any] = {}
    for section in reference.sections():
        for setting in section.settings:
            value: Any = wanted.model_dump(mode="json")
            for name in setting.path:
                value = value[name]
            if value is not None and setting.path != ("profile",):
                text = value if isinstance(value, str) else json.dumps(value)
                monkeypatch.setenv(setting.variable, text)
                given[setting.path] = value
    assert len(given) > 80
    found = load_settings(profile="tiny").model_dump(mode="json")
    for path, value in given.items():
        read: Any = found
        for name in path:
            read = read[name]
        assert read == value, path


def test_values_of_profiles_stand_beside_defaults(reference: ModuleType) -> None:
    page = reference.page()
    assert (
        "whole number or null, at least 1; default `null`; `gemma-3-270m`: `60`; `tiny`: `8`"
        in page
    )
    assert "`fp16` or `bf16`" in page
    assert "list of texts or null; default `null`" in page
    assert "number, at least 0, below 1; default `0.05`; `tiny`: `0.0`" in page


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.stem)
def test_pages_name_commands_that_there_are(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    named = re.findall(r"(?:^\$ |`|&& )(hansol(?: [a-z][a-z-]*)+)", text, flags=re.MULTILINE)
    for words in named:
        require_command(words)


def test_pages_name_settings_that_there_are() -> None:
    sections = {path[0] for path in fields(Settings)}
    known = {".".join(path[:count]) for path in fields(Settings) for count in range(1, 5)}
    for page in PAGES:
        for name in re.findall(r"`([a-z_]+(?:\.[a-z_]+)+)(?::[^`]*)?`", page.read_text("utf-8")):
            is_setting = name.partition(".")[0] in sections - {"retrieval"}
            assert not is_setting or name in known, (page.name, name)


def test_diagrams_have_pictures_and_pictures_diagrams() -> None:
    sys.path.insert(0, str(DOCS))
    try:
        wanted = importlib.import_module("draw_diagrams").diagrams()
    finally:
        sys.path.remove(str(DOCS))
    assert {f"pictures/{path.name}" for path in DOCS.glob("pictures/*.svg")} == set(wanted)


def test_the_example_of_dagster_yaml_differs_in_its_storage_alone() -> None:
    example = yaml.safe_load((OPERATIONS / "dagster.yaml").read_text(encoding="utf-8"))
    assert example.pop("storage") == {"postgres": {"postgres_url": {"env": "DAGSTER_POSTGRES_URL"}}}
    assert example == yaml.safe_load(TEMPLATE.read_text(encoding="utf-8"))


def test_the_example_environment_is_one_that_settings_read(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    lines = (OPERATIONS / "hansol.env").read_text(encoding="utf-8").splitlines()
    given = dict(line.split("=", 1) for line in lines if not line.startswith("#"))
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    assert str(load_settings().lake_dir) == given["HANSOL_LAKE_DIR"]


def test_units_start_what_is_installed_and_share_one_environment() -> None:
    units = sorted(OPERATIONS.glob("*.service"))
    assert len(units) == 3
    for unit in units:
        text = unit.read_text(encoding="utf-8")
        assert "EnvironmentFile=/etc/hansol/hansol.env\n" in text
        for program in re.findall(
            r"^ExecStart(?:Pre)?=/opt/hansol-assets/.venv/bin/(\S+)", text, re.M
        ):
            assert program == "hansol" or (Path(sys.executable).parent / program).exists()
        assert not re.search(r"-h (?!127\.0\.0\.1)", text)


class TestTheWorkedExample:
    """Figures of docs/scores.md."""

    references = (np.array([[1, 0], [0.8, 0.6], [0.6, 0.8]]),)

    @staticmethod
    def said(figure: str) -> float:
        assert f"**{figure}**" in (DOCS / "scores.md").read_text(encoding="utf-8")
        return float(figure)

    def score(self, *vector: float) -> float:
        return float(reference_cosines(np.array([vector]), self.references)[0])

    def test_scores_and_parity(self) -> None:
        human = float(human_scores(self.references)[0])
        centroid = self.score(0, 1)
        assert self.score(0.96, 0.28) == pytest.approx(self.said("0.899"), abs=5e-4)
        assert human == pytest.approx(self.said("0.787"), abs=5e-4)
        assert float(ceiling_scores(self.references)[0]) == pytest.approx(
            self.said("0.926"), abs=5e-4
        )
        of_vector = parity(self.score(0.96, 0.28), centroid, human)
        of_text = parity(self.score(0.28, 0.96), centroid, human)
        assert of_vector == pytest.approx(self.said("1.35"), abs=5e-3)
        assert of_text == pytest.approx(self.said("0.64"), abs=5e-3)

    def test_intervals(self) -> None:
        low, high = bootstrap_interval(np.array([0.6, 0.8]))
        assert (low, high) == pytest.approx((0.6, 0.8))
        paired = paired_bootstrap(np.array([0.1, 0.3, -0.1]), np.zeros(3))
        assert paired.difference == pytest.approx(0.1)
        assert paired.p_better == pytest.approx(23 / 27, abs=0.02)
        assert paired.low < 0 < paired.high

    def test_confidence(self) -> None:
        confidence, is_right = np.array([0.9, 0.8, 0.6, 0.2]), np.array([True, True, False, False])
        assert expected_calibration_error(confidence, is_right, bins=2) == pytest.approx(
            self.said("0.125")
        )
        assert coverage_at(0.95, confidence, is_right) == pytest.approx(self.said("0.5"))
