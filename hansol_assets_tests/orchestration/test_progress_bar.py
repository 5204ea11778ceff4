"""How far long work is: a bar on a terminal, lines elsewhere."""

import io
import logging
import os
import pty
import subprocess
import sys
from pathlib import Path

import dagster as dg
import pytest
from dagster._core.events import AssetObservationData, DagsterEvent
from rich.console import Console

from hansol_assets.orchestration.terminal import ProgressBar, TerminalHandler


def test_on_a_terminal_a_bar_is_drawn_and_taken_away() -> None:
    screen = io.StringIO()
    bar = ProgressBar(Console(file=screen, force_terminal=True, width=100))
    assert bar.show("lora_adapter", {"step": 6.0, "steps": 24.0, "loss": 2.5})
    assert bar.show("lora_adapter", {"step": 12.0, "steps": 24.0, "loss": 2.4})
    assert not bar.show("lora_adapter", {"loss": 2.4})
    bar.hide()
    drawn = screen.getvalue()
    assert "lora_adapter" in drawn
    assert "12/24" in drawn
    assert "loss 2.400" in drawn
    # Before the second report nothing is known of the end.
    assert "so far" in drawn
    assert "-:--:--" not in drawn


def test_where_nobody_looks_there_is_none() -> None:
    screen = io.StringIO()
    bar = ProgressBar(Console(file=screen, width=100))
    assert not bar.show("lora_adapter", {"step": 6.0, "steps": 24.0, "loss": 2.5})
    bar.hide()
    assert screen.getvalue() == ""


def records(line: str, figures: dict[str, float]) -> list[logging.LogRecord]:
    """What Dagster logs of one report of an asset's work: an observation, then its line."""
    observation = dg.AssetObservation("lora_adapter", line, metadata=figures)
    event = DagsterEvent(
        event_type_value=dg.DagsterEventType.ASSET_OBSERVATION.value,
        job_name="refresh",
        event_specific_data=AssetObservationData(observation),
    )
    logged = [logging.makeLogRecord({"levelno": logging.INFO, "msg": line}) for _ in range(2)]
    logged[0].dagster_event = event
    return logged


@pytest.mark.parametrize("is_terminal", [True, False])
def test_progress_is_shown_once(is_terminal: bool) -> None:
    screen = io.StringIO()
    handler = TerminalHandler(Console(file=screen, force_terminal=is_terminal, width=100))
    for record in records("adapter: step 6 of 24, loss 2.500", {"step": 6, "steps": 24}):
        handler.emit(record)
    assert ("6/24" in screen.getvalue()) == is_terminal
    assert ("step 6 of 24" in screen.getvalue()) != is_terminal
    handler.emit(logging.makeLogRecord({"levelno": logging.INFO, "msg": "something else"}))
    assert "something else" in screen.getvalue()


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
