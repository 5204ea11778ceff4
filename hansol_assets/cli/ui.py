"""`hansol ui`: Dagster's web UI with its daemon, until Ctrl-C or a signal."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Event, Thread
from typing import IO, Annotated

import psutil
import typer

from hansol_assets.cli.output import HOST, console, fail
from hansol_assets.cli.runs import home

commands = typer.Typer()

_ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
SECONDS_TO_END = 4
"""How long Dagster may take by itself: it waits a minute for a browser that has a page open."""

MODULE = "DAGSTER_MODULE_NAME"
"""Names a code location; CONTRIBUTING.md has it exported for other commands."""


class _EndRequestedError(Exception):
    """Somebody pressed Ctrl-C, or the process got a signal."""


@commands.command()
def ui(
    port: Annotated[int, typer.Option(min=1, max=65535, help="Where the page is served.")] = 3000,
    workspace: Annotated[
        Path, typer.Option(exists=True, help="The file that names the code location.")
    ] = Path("workspace.yaml"),
) -> None:
    """Serve Dagster's web UI and daemon on this machine alone, until Ctrl-C."""
    home()
    program = Path(sys.executable).with_name("dg")
    where = ["-w", str(workspace), "-h", HOST, "-p", str(port)]
    code = _run_until_ended([str(program), "dev", *where])
    if code:
        fail(f"Dagster ended with code {code}; the reason is above")


def _run_until_ended(command: list[str]) -> int:
    """Runs a command with all that it starts; returns its code, 0 where it was asked to end."""
    environment = {name: value for name, value in os.environ.items() if name != MODULE}
    quiet = Event()
    with _ended_by_signals():
        # In a session of its own, Ctrl-C does not reach each of its processes by itself: those
        # that end last would report at length that those that ended first are gone.
        process = subprocess.Popen(  # noqa: S603 - the command is our own
            command,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        Thread(target=_pass_on, args=(process.stdout, quiet), daemon=True).start()
        try:
            return process.wait()
        except _EndRequestedError:
            quiet.set()
            console.print("ending …")
            return 0
        finally:
            _end(process)


def _pass_on(lines: IO[bytes], quiet: Event) -> None:
    """Prints what the processes say, until it is no longer of use; it is read to its end."""
    for line in lines:
        if not quiet.is_set():
            sys.stdout.buffer.write(line)
            sys.stdout.buffer.flush()


@contextmanager
def _ended_by_signals() -> Iterator[None]:
    def end(*_: object) -> None:
        for number in _ENDING:
            signal.signal(number, signal.SIG_IGN)
        raise _EndRequestedError

    for number in _ENDING:
        signal.signal(number, end)
    yield


def _end(process: subprocess.Popen[bytes]) -> None:
    """Asks the command to end, and ends whatever is left of it."""
    with suppress(psutil.NoSuchProcess):
        parent = psutil.Process(process.pid)
        started = [parent, *parent.children(recursive=True)]
        process.send_signal(signal.SIGINT)
        _, alive = psutil.wait_procs(started, SECONDS_TO_END)
        for one in alive:
            with suppress(psutil.NoSuchProcess):
                one.kill()
        psutil.wait_procs(alive, 1)
    process.wait()
