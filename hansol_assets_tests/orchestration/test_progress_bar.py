"""How far long work is: a bar on a terminal, lines elsewhere."""

import io
import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest
from rich.console import Console

from hansol_assets.orchestration.progress_bar import HowFar, ProgressBar, how_far


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("base model: step 5 of 280, loss 3.214", HowFar("base model", 5, 280, ", loss 3.214")),
        (
            "adapter: step 12 of 24, held-out loss 3.6",
            HowFar("adapter", 12, 24, ", held-out loss 3.6"),
        ),
        ("answered 40 of 186 questions", HowFar("answered", 40, 186, "")),
        ("resumed: 40 of 186 questions are answered", None),
        ("adapter: training needs about 1.1 GiB", None),
    ],
)
def test_a_line_says_how_far_work_is(line: str, said: HowFar | None) -> None:
    assert how_far(line) == said


def test_on_a_terminal_a_bar_is_drawn_and_taken_away() -> None:
    screen = io.StringIO()
    bar = ProgressBar(Console(file=screen, force_terminal=True, width=100))
    assert bar.show("adapter: step 6 of 24, loss 2.500")
    assert bar.show("adapter: step 12 of 24, loss 2.400")
    assert not bar.show("the encoded examples are sound")
    bar.hide()
    drawn = screen.getvalue()
    assert "adapter" in drawn
    assert "12/24" in drawn
    assert "loss 2.400" in drawn
    # Before the second line nothing is known of the end.
    assert "so far" in drawn
    assert "-:--:--" not in drawn


def test_where_nobody_looks_there_is_none() -> None:
    screen = io.StringIO()
    bar = ProgressBar(Console(file=screen, width=100))
    assert not bar.show("adapter: step 6 of 24, loss 2.500")
    bar.hide()
    assert screen.getvalue() == ""


ONE_OF_EACH = """
import os, sys
from hansol_assets.orchestration.terminal import terminal_console
console = terminal_console()
os.dup2(os.open(sys.argv[1], os.O_WRONLY | os.O_CREAT), 1)
console.print("to the terminal")
print("to the file")
"""


def test_a_terminal_is_written_to_though_steps_print_into_a_file(tmp_path: Path) -> None:
    leader, follower = pty.openpty()
    file = tmp_path / "steps"
    command = [sys.executable, "-c", ONE_OF_EACH, str(file)]
    subprocess.run(command, stdout=follower, check=True)
    os.close(follower)
    assert b"to the terminal" in os.read(leader, 4096)
    assert file.read_text("utf-8") == "to the file\n"
