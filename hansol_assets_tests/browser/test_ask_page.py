"""The page of `hansol ask --serve`, as a person uses it."""

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd
import psutil
import pytest

from hansol_assets_tests.graph import SMALL_PROFILE, GraphRun

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.slow

QUESTION = "벽지에 <b>곰팡이</b>가 생기면 어떻게 하나요?"
HOST = "127.0.0.1"
ENDING_SECONDS = 30
SCORE = "맞을 확률"


@dataclass(frozen=True)
class Served:
    """A page that is served.

    Attributes:
        process: Serves it.
        port: Where.
        lake_dir: The lake of the models, which holds the review file.
    """

    process: subprocess.Popen[str]
    port: int
    lake_dir: Path

    @property
    def address(self) -> str:
        return f"http://{HOST}:{self.port}"


def free_port() -> int:
    with socket.create_server((HOST, 0)) as taken:
        return int(taken.getsockname()[1])


@pytest.fixture(scope="module")
def served(
    graph: GraphRun, raw_dir: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Served]:
    """The command on a copy of the lake, as the review file and the caches are written."""
    lake_dir = tmp_path_factory.mktemp("served") / "lake"
    shutil.copytree(graph.settings.lake_dir, lake_dir, symlinks=True)
    port = free_port()
    names = {"PROFILE": SMALL_PROFILE, "RAW_DIR": raw_dir, "LAKE_DIR": lake_dir}
    environment = {f"HANSOL_{name}": str(value) for name, value in names.items()}
    process = subprocess.Popen(
        [sys.executable, "-m", "hansol_assets.cli", "ask", "--serve", "--port", str(port)],
        env={**os.environ, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert process.stdout is not None
    said = []
    for line in process.stdout:
        said.append(line)
        if str(port) in line:
            break
    else:
        pytest.fail(f"the command ended: {''.join(said)}")
    yield Served(process, port, lake_dir)
    process.kill()
    process.wait()


@pytest.fixture
def requests() -> list[str]:
    """The addresses that the page asked for."""
    return []


@pytest.fixture
def page(browser: "Browser", served: Served, requests: list[str]) -> "Iterator[Page]":
    page = browser.new_page()
    page.on("request", lambda request: requests.append(request.url))
    page.goto(served.address)
    page.get_by_role("button", name="질문하기").wait_for()
    yield page
    page.close()


def ask(page: "Page", question: str) -> None:
    page.get_by_label("질문", exact=True).fill(question)
    page.get_by_role("button", name="질문하기").click()


ALONE = """() => {
  window.alone = false;
  const look = () => {
    const answer = document.querySelector("#answer textarea").value;
    window.alone ||= answer !== "" && !document.querySelector("#score .ask-figure");
    requestAnimationFrame(look);
  };
  look();
}"""
"""JavaScript: notes whether a reader ever sees an answer without its probability."""


def test_a_question_is_answered_with_its_score_and_its_sources(
    page: "Page", served: Served, graph: GraphRun, requests: list[str]
) -> None:
    page.evaluate(ALONE)
    ask(page, QUESTION)
    page.get_by_text(SCORE).wait_for()

    answer = page.locator("#answer textarea").input_value()
    assert 0 < float(page.locator("#score .ask-figure").inner_text()) < 1
    assert page.locator("#score .ask-review, #score .ask-fine").count() == 1
    assert not page.evaluate("window.alone")
    rows = graph.table("raw_qa").set_index("id")
    questions = []
    for card in page.locator("#sources .ask-source").all():
        key = card.locator(".ask-row").inner_text().removeprefix("행 ")
        questions.append(card.locator("h3").inner_text())
        assert questions[-1] == rows.loc[key, "questions"][0]
        texts = card.locator("li").all_inner_texts()
        assert texts
        assert all(text.rstrip(".") in answer for text in texts)
    assert len(questions) == len(set(questions)) > 0
    assert not re.search(r"[0-9a-f]{16}", page.locator("body").inner_text())
    assert requests
    assert all(url.startswith((f"{served.address}/", "data:", "blob:")) for url in requests)


def test_on_a_phone_sources_are_cards_and_korean_wraps_between_words(page: "Page") -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    ask(page, QUESTION)
    page.get_by_text(SCORE).wait_for()
    for card in page.locator("#sources .ask-source").all():
        place = card.bounding_box()
        assert place is not None
        assert place["width"] > 300
        assert place["x"] >= 0
        assert place["x"] + place["width"] <= 390
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    for part in ("#answer textarea", "#sources li", "#sources h3", "#score"):
        style = "element => getComputedStyle(element).wordBreak"
        assert page.locator(part).first.evaluate(style) == "keep-all", part


def test_programs_are_answered_what_the_page_says(page: "Page", served: Served) -> None:
    ask(page, QUESTION)
    page.get_by_text(SCORE).wait_for()
    found = page.request.post(f"{served.address}/api/ask", data={"question": QUESTION}).json()
    assert found["answer"] == page.locator("#answer textarea").input_value()
    assert f"{found['confidence']:.2f}" == page.locator("#score .ask-figure").inner_text()
    elsewhere = {"Origin": "http://evil.example"}
    assert page.request.get(served.address, headers=elsewhere).status == 403


def test_the_page_speaks_english_where_it_is_told_to(page: "Page", served: Served) -> None:
    ask(page, QUESTION)
    page.get_by_text(SCORE).wait_for()
    page.get_by_label("English").check()
    page.get_by_text("Probability that it is right").wait_for()
    page.get_by_text("row TRAIN_").first.wait_for()
    assert page.get_by_label("Question", exact=True).input_value() == QUESTION

    page.goto(f"{served.address}/?lang=en")
    page.get_by_role("button", name="Ask").click()
    page.get_by_text("Write a question.").wait_for()
    page.get_by_label("Question", exact=True).fill("가" * 1001)
    page.get_by_role("button", name="Ask").click()
    page.get_by_text("It has 1001 characters").wait_for()


def test_a_question_is_put_into_the_review_file_once(page: "Page", served: Served) -> None:
    enqueue = page.get_by_role("button", name="검토 목록에 넣기")
    assert enqueue.is_disabled()
    ask(page, QUESTION)
    page.get_by_text(SCORE).wait_for()
    enqueue.click()
    page.get_by_text("검토 목록에 넣었습니다").wait_for()
    enqueue.click()
    page.get_by_text("이미 검토 목록에 있습니다").wait_for()

    queue = pd.read_csv(served.lake_dir / "review.csv", encoding="utf-8-sig", dtype="string")
    (row,) = queue[queue["question"] == QUESTION].to_dict("records")
    assert row["draft"] == page.locator("#answer textarea").input_value()
    assert pd.isna(row["answer"])


def test_only_this_machine_is_listened_and_talked_to(page: "Page", served: Served) -> None:
    ask(page, QUESTION)
    page.get_by_text(SCORE).wait_for()
    process = psutil.Process(served.process.pid)
    sockets = [
        own
        for each in (process, *process.children(recursive=True))
        for own in each.net_connections("inet")
    ]
    assert {own.laddr.port for own in sockets if own.status == psutil.CONN_LISTEN} == {served.port}
    addresses = {end.ip for own in sockets for end in (own.laddr, own.raddr) if end}
    assert addresses == {HOST}


def test_ctrl_c_ends_it_while_a_page_is_open(page: "Page", served: Served) -> None:
    """The last test of this file: nothing is served behind it."""
    served.process.send_signal(signal.SIGINT)
    assert served.process.wait(ENDING_SECONDS) == 0
    assert served.process.stdout is not None
    assert "Traceback" not in served.process.stdout.read()
