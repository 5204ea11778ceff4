"""The pictures of the README: `python -m hansol_assets_tests.browser.screenshots LAKE`.

What belongs here: which pages are shown. What does not: what the pages must do, which tests say.
"""

import argparse
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from hansol_assets.settings import SAMPLE_DIRECTORY
from hansol_assets_tests.orchestration.web_ui import (
    PROJECT,
    free_port,
    is_served,
    wait_until,
    web_ui,
)

if TYPE_CHECKING:
    from playwright.sync_api import Page

FOLDER = PROJECT / "docs" / "screenshots"
SIZE = {"width": 1400, "height": 900}
QUESTION = "실크벽지는 어떻게 청소하나요?"
SETTLED = 3_000
"""Milliseconds after which a page has drawn its graph or picture."""


def draw_web_ui(page: "Page", address: str) -> None:
    """Shows the groups of the lineage graph, and the scores with a picture."""
    page.goto(f"{address}/asset-groups")
    page.wait_for_timeout(SETTLED)
    page.screenshot(path=FOLDER / "lineage.png")
    page.goto(f"{address}/assets/validation_scores?view=events")
    row = page.locator("tr", has=page.get_by_text("score_distribution", exact=True))
    row.get_by_text("Show Markdown").click()
    page.locator("img[src^='data:image/png']").first.wait_for()
    page.wait_for_timeout(SETTLED)
    page.screenshot(path=FOLDER / "scores.png")


def draw_ask_page(page: "Page", address: str) -> None:
    """Asks a question, and shows the answer with its sources."""
    page.goto(address)
    page.get_by_role("textbox").first.fill(QUESTION)
    page.get_by_role("textbox").first.press("Enter")
    page.wait_for_timeout(4 * SETTLED)
    page.screenshot(path=FOLDER / "ask.png", full_page=True)


@contextmanager
def ask_page(lake: Path, port: int) -> Iterator[str]:
    """Serves the page that asks."""
    hansol = str(Path(sys.executable).parent / "hansol")
    command = ["env", f"HANSOL_LAKE_DIR={lake}", hansol, "ask", "--serve", "--port", str(port)]
    process, address = subprocess.Popen(command), f"http://127.0.0.1:{port}"
    try:
        wait_until(lambda: is_served(port, ""), "the page that asks")
        yield address
    finally:
        process.terminate()
        process.wait()


def main() -> None:
    """Draws every page of a lake that was refreshed with the profile tiny on the sample."""
    from playwright.sync_api import sync_playwright

    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("lake", type=Path, help="a lake in which everything is made")
    lake = parser.parse_args().lake.resolve()
    FOLDER.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        chromium = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox"]
        )
        page = chromium.new_page(viewport=SIZE)
        home, port = str(lake / "dagster"), free_port()
        told = {"DAGSTER_HOME": home, "HANSOL_AUTOMATION": "off", "HANSOL_PROFILE": "tiny"}
        with web_ui(Path(folder), SAMPLE_DIRECTORY, lake, port, **told):
            draw_web_ui(page, f"http://127.0.0.1:{port}")
        with ask_page(lake, free_port()) as address:
            draw_ask_page(page, address)
        chromium.close()


if __name__ == "__main__":
    main()
