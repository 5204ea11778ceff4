"""What a run looks like in a terminal: one line an asset, and a bar below it while work is long."""

import logging
import os
import sys
from collections.abc import Mapping
from typing import Any

import dagster as dg
from rich.console import Console
from rich.markup import escape
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    Task,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.text import Text

from hansol_assets.orchestration.lines import asset_line, check_line

OF_SKIPPED_STEPS = "Skipping step "
"""What Dagster says of each step behind one that was skipped; the first one says why."""
_ENDS_WORK = {
    dg.DagsterEventType.ASSET_MATERIALIZATION,
    dg.DagsterEventType.STEP_FAILURE,
    dg.DagsterEventType.RUN_FAILURE,
    dg.DagsterEventType.RUN_SUCCESS,
}
_LOSSES = {"loss": "loss", "eval_loss": "held-out loss"}

SPEED_SECONDS = 600
"""Of the past from which the speed is estimated: reports of slow work are minutes apart."""


class _Time(TimeRemainingColumn):
    """The time that remains; until that is known, the time that work has taken."""

    def render(self, task: Task) -> Text:
        """Returns what is known."""
        if task.time_remaining is not None:
            return super().render(task) + Text(" left", "progress.remaining")
        return TimeElapsedColumn().render(task) + Text(" so far", "progress.elapsed")


class ProgressBar:
    """A bar on a terminal, which goes when the work is done; elsewhere there is none."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._shown: tuple[str, Progress, TaskID] | None = None

    def show(self, work: str, figures: Mapping[str, Any]) -> bool:
        """Draws how far work is: `step` of `steps`, and the losses.

        Returns:
            Whether there is a bar; where there is none, the line of the log should be printed.
        """
        if not (self._console.is_terminal and {"step", "steps"} <= set(figures)):
            return False
        done, total = int(figures["step"]), int(figures["steps"])
        if self._shown is None or self._shown[0] != work:
            self.hide()
            self._shown = (work, *self._begin(work, done, total))
        losses = (f"{name} {figures[key]:.3f}" for key, name in _LOSSES.items() if key in figures)
        _, progress, task = self._shown
        progress.update(task, completed=done, rest=", ".join(losses))
        return True

    def hide(self) -> None:
        """Takes the bar away."""
        if self._shown is not None:
            self._shown[1].stop()
        self._shown = None

    def _begin(self, work: str, done: int, total: int) -> tuple[Progress, TaskID]:
        progress = Progress(
            TextColumn("  [dim]{task.description}[/dim]"),
            BarColumn(),
            MofNCompleteColumn(),
            _Time(),
            TextColumn("[dim]{task.fields[rest]}[/dim]"),
            console=self._console,
            transient=True,
            speed_estimate_period=SPEED_SECONDS,
        )
        task = progress.add_task(work, total=total, completed=done, rest="")
        progress.start()
        return progress, task


class TerminalHandler(logging.Handler):
    """Prints materialisations, failed checks and progress; nothing else."""

    def __init__(self, console: Console) -> None:
        super().__init__()
        self._console = console
        self._bar = ProgressBar(console)
        self._line_of_bar: str | None = None

    def emit(self, record: logging.LogRecord) -> None:
        """Prints one record."""
        event = getattr(record, "dagster_event", None)
        meta: dict[str, Any] = getattr(record, "dagster_meta", {})
        if event is not None:
            self._print_event(event)
        # A failure is printed once, at the end; of each later step Dagster says that it is skipped.
        elif logging.INFO <= record.levelno < logging.ERROR:
            self._print_line(str(meta.get("orig_message", record.getMessage())))

    def _print_line(self, message: str) -> None:
        if message.startswith(OF_SKIPPED_STEPS) or message == self._line_of_bar:
            return
        self._bar.hide()
        self._console.print(f"  [dim]{escape(message)}[/dim]", highlight=False)

    def _print_event(self, event: dg.DagsterEvent) -> None:
        if event.event_type in _ENDS_WORK:
            self._bar.hide()
        if event.event_type == dg.DagsterEventType.ASSET_OBSERVATION:
            self._show_progress(event.asset_observation_data.asset_observation)
        elif event.is_step_materialization:
            self._print_materialization(event.step_materialization_data.materialization)
        elif is_check(event):
            line = failed_check_line(event)
            if line:
                self._console.print(line, soft_wrap=True, highlight=False)

    def _show_progress(self, observation: dg.AssetObservation) -> None:
        """Moves the bar; the line that says the same follows in the log."""
        figures = {name: item.value for name, item in observation.metadata.items()}
        has_bar = self._bar.show(observation.asset_key.to_user_string(), figures)
        self._line_of_bar = observation.description if has_bar else None

    def _print_materialization(self, made: dg.AssetMaterialization) -> None:
        facts = {name: item.value for name, item in made.metadata.items()}
        if "status" not in facts:
            return  # the version of a raw file
        line = asset_line(made.asset_key.to_user_string(), facts)
        self._console.print(line, highlight=False, soft_wrap=True)


def is_check(event: dg.DagsterEvent) -> bool:
    """Whether an event is the answer to a check."""
    return event.event_type == dg.DagsterEventType.ASSET_CHECK_EVALUATION


def failed_check_line(event: dg.DagsterEvent) -> str | None:
    """Returns the line of an evaluated check that does not hold; None of one that does."""
    check = event.asset_check_evaluation_data
    if check.passed:
        return None
    is_warning = check.severity == dg.AssetCheckSeverity.WARN
    name = check.asset_key.to_user_string()
    return check_line(name, check.check_name, check.description, is_warning=is_warning)


STOPPED = "it was stopped. Finished steps, checkpoints and answers are kept: run again to go on."


def failure_message(event: dg.DagsterEvent) -> str:
    """Returns what a person should read of a failed step: its message, or the error's trace."""
    failure = event.step_failure_data
    if failure.user_failure_data is not None and failure.user_failure_data.description:
        return failure.user_failure_data.description
    if failure.error is None:
        return "no reason was given"
    if failure.error.cls_name == dg.DagsterExecutionInterruptedError.__name__:
        return STOPPED
    return failure.error.to_string()


def start_failure_message(event: dg.DagsterEvent) -> str:
    """Returns what a person should read of a run whose resources could not be had."""
    error = event.engine_event_data.error
    if error is None:
        return "no reason was given"
    if error.cls_name != dg.Failure.__name__:
        return error.to_string()
    # Of an exception Dagster keeps its text after the name of its class.
    return error.message.partition(": ")[2].strip()


def terminal_log() -> logging.Logger:
    """Makes the logger that prints one line an asset, for a person at a terminal."""
    log = logging.Logger("hansol", level=logging.DEBUG)
    log.addHandler(TerminalHandler(terminal_console()))
    return log


def terminal_console() -> Console:
    """Returns a console on the terminal itself: Dagster sends what steps print through a file."""
    out = sys.stdout
    if not out.isatty():
        return Console()
    copy = os.fdopen(os.dup(out.fileno()), "w", encoding=out.encoding, errors=out.errors)
    return Console(file=copy)
