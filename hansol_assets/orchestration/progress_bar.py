"""How far long work is, as a bar with the time that remains."""

import re
from typing import NamedTuple

from rich.console import Console
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

_STEP = re.compile(r"(?P<work>[\w ]+): step (?P<done>\d+) of (?P<total>\d+)(?P<rest>.*)")
_ANSWERED = re.compile(r"(?P<work>answered) (?P<done>\d+) of (?P<total>\d+) questions(?P<rest>)")


SPEED_SECONDS = 600
"""Of the past from which the speed is told: lines of slow work are minutes apart."""


class HowFar(NamedTuple):
    """What a line says of long work.

    Attributes:
        rest: What else it says, such as the loss.
    """

    work: str
    done: int
    total: int
    rest: str


def how_far(line: str) -> HowFar | None:
    """Reads a progress line; None where a line tells of something else."""
    match = _STEP.fullmatch(line) or _ANSWERED.fullmatch(line)
    if match is None:
        return None
    return HowFar(match["work"], int(match["done"]), int(match["total"]), match["rest"])


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

    def show(self, line: str) -> bool:
        """Draws how far a line says that work is.

        Returns:
            Whether it was drawn; a line that was not should be printed.
        """
        state = how_far(line) if self._console.is_terminal else None
        if state is None:
            return False
        if self._shown is None or self._shown[0] != state.work:
            self.hide()
            self._shown = (state.work, *self._begin(state))
        _, progress, task = self._shown
        progress.update(task, completed=state.done, rest=state.rest.lstrip(", "))
        return True

    def hide(self) -> None:
        """Takes the bar away."""
        if self._shown is not None:
            self._shown[1].stop()
        self._shown = None

    def _begin(self, state: HowFar) -> tuple[Progress, TaskID]:
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
        task = progress.add_task(state.work, total=state.total, completed=state.done, rest="")
        progress.start()
        return progress, task
