"""Dagster's web UI in a real browser: what a person materialises, reads, and is refused."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from hansol_assets_tests.graph import GraphRun
from hansol_assets_tests.orchestration.web_ui import free_port, web_ui

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Locator, Page

pytestmark = pytest.mark.slow

PATIENCE = 120_000
"""Milliseconds that a run may take to be shown as ended."""

DRAWN_COLOURS = """
image => {
  const canvas = document.createElement("canvas");
  canvas.width = image.naturalWidth; canvas.height = image.naturalHeight;
  const context = canvas.getContext("2d");
  context.drawImage(image, 0, 0);
  const data = context.getImageData(0, 0, canvas.width, canvas.height).data;
  const colours = new Set();
  for (let at = 0; at < data.length; at += 4) {
    colours.add(data[at] + "," + data[at + 1] + "," + data[at + 2]);
  }
  return colours.size;
}
"""
"""How many colours a picture has: an empty one has one."""


@pytest.fixture(scope="module")
def address(
    graph: GraphRun, raw_dir: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    """The web UI over a copy of the small lake, with no run in its history yet."""
    folder, port = tmp_path_factory.mktemp("ui"), free_port()
    lake = folder / "lake"
    shutil.copytree(graph.settings.lake_dir, lake, symlinks=True)
    with web_ui(folder, raw_dir, lake, port, HANSOL_AUTOMATION="off"):
        yield f"http://127.0.0.1:{port}"


@pytest.fixture
def page(browser: "Browser", address: str) -> "Iterator[Page]":
    opened = browser.new_page(viewport={"width": 1500, "height": 1000}, base_url=address)
    opened.set_default_timeout(PATIENCE)
    yield opened
    opened.close()


def button(page: "Page", text: str) -> "Locator":
    return page.locator("button", has_text=text).first


def row_of(page: "Page", name: str) -> "Locator":
    """The row of a metadata table."""
    return page.locator("tr", has=page.get_by_text(name, exact=True)).first


def test_one_asset_is_materialised_and_its_metadata_can_be_looked_at(page: "Page") -> None:
    page.goto("/assets/raw_qa?view=events")
    button(page, "Materialize").click()
    # Dagster has not seen the asset before it: nothing was ever run here.
    page.locator("button", has_text="Confirm").click()
    page.get_by_text("Materialized in run").first.wait_for()
    assert "24" in row_of(page, "rows").inner_text()

    row_of(page, "categories").get_by_text("Show Markdown").click()
    picture = page.locator("img[src^='data:image/png']").first
    picture.wait_for()
    assert picture.evaluate(DRAWN_COLOURS) > 10
    page.keyboard.press("Escape")

    # A table is drawn where it stands.
    assert "TRAIN_001" in row_of(page, "preview").inner_text()


def test_the_whole_graph_is_materialised_and_a_failed_check_says_why(
    page: "Page", graph: GraphRun
) -> None:
    page.goto("/asset-groups")
    button(page, "Materialize all").click()
    page.get_by_text("Launched run").wait_for()
    page.goto("/runs")
    page.get_by_text("Success").nth(1).wait_for()

    failed = [name for name, passed in graph.checks.items() if not passed]
    asset, check = failed[0].split(":")
    page.goto(f"/assets/{asset}?view=checks&checkDetail={check}")
    page.get_by_text("Failed").first.wait_for()
    page.get_by_text("Latest execution").first.wait_for()
    assert page.locator("text=/\\d/").count()


def test_the_launchpad_refuses_a_wrong_value_before_a_run(page: "Page") -> None:
    page.goto("/locations/hansol_assets/jobs/refresh")
    materialize = button(page, "Materialize all")
    materialize.wait_for()
    # The arrow beside the button has neither text nor name.
    materialize.locator("xpath=following::button[1]").click()
    page.get_by_text("Open launchpad").click()
    editor = page.locator(".CodeMirror.cm-s-config-editor")
    for wrong, said in (
        ("training:\n        batch_sise: 2", 'unexpected config entry "batch_sise"'),
        ("profile: qwen4", "root:resources:lake:config:profile not in enum"),
    ):
        editor.click()
        page.keyboard.press("Control+A")
        page.keyboard.insert_text(f"resources:\n  lake:\n    config:\n      {wrong}\n")
        page.get_by_text(said).first.wait_for()
        assert page.locator("button", has_text="Materialize").last.is_disabled()
