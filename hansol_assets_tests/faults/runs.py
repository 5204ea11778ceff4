"""Asking the fork server for runs, and what became of them."""

import json
import os
import socket
import subprocess
import sys
import time
import uuid
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from filelock import FileLock

from hansol_assets_tests.faults.points import BUILD, Fault, Point

KILLED = -9
POLL_SECONDS = 0.05

SECRET = "planted-5f1c0d9e7ab34c2f"  # noqa: S105 - it opens nothing
SECRETS = dict.fromkeys(("HF_TOKEN", "WANDB_API_KEY", "AWS_SECRET_ACCESS_KEY", "MY_TOKEN"), SECRET)
"""Planted in the environment of every run; `hansol_assets_tests.security` looks for it."""


@dataclass(frozen=True)
class Ended:
    """A run that ended, one way or another.

    Attributes:
        code: Exit code of its process; `KILLED` after kill -9.
        trace: The points that it passed.
        statuses: Asset → new or reused; of a killed run nothing is known.
        failures: Step → the message that a person sees.
        facts: Asset → figures of its metadata.
        lines: What it logged.
        checks: Check → whether it passed.
        unpickled: What pickles asked for while it ran.
        log: What it printed.
    """

    code: int
    trace: tuple[Point, ...]
    statuses: dict[str, str]
    failures: dict[str, str]
    facts: dict[str, dict[str, Any]]
    lines: tuple[str, ...]
    checks: dict[str, bool]
    unpickled: tuple[str, ...]
    log: str

    @property
    def begun(self) -> list[str]:
        """The assets on which work began, in order; of a killed run, too."""
        return [point.asset for point in self.trace if point.call == BUILD]


def connected(address: Path) -> socket.socket:
    """Connects to the server of all workers; the first one that asks starts it."""
    with FileLock(address.with_suffix(".lock")):
        connection = socket.socket(socket.AF_UNIX)
        with suppress(FileNotFoundError, ConnectionRefusedError):
            connection.connect(str(address))
            return connection
        address.unlink(missing_ok=True)
        environment = {name: text for name, text in os.environ.items() if "HANSOL_" not in name}
        server = subprocess.Popen(
            [sys.executable, "-m", "hansol_assets_tests.faults.server", address],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env={**environment, **SECRETS, "HF_HUB_OFFLINE": "1"},
        )
        while not address.exists():
            assert server.poll() is None, "the fork server ended"
            time.sleep(POLL_SECONDS)
        connection.connect(str(address))
        return connection


class ForkServer:
    """A process that forks runs, from a worker's side.

    Args:
        folder: Where runs leave what they have to say.
        address: The server's socket, in a folder that all workers see.
    """

    def __init__(self, folder: Path, address: Path) -> None:
        self._folder = folder
        self._ended: dict[str, int] = {}
        self._connection = connected(address)
        self._replies = self._connection.makefile(encoding="utf-8")

    def close(self) -> None:
        self._replies.close()
        self._connection.close()

    def start(
        self,
        lake: Path,
        raw: Path,
        *,
        fault: Fault | None = None,
        kill_after: float | None = None,
        file_limit: int | None = None,
        home: Path | None = None,
        select: Sequence[str] = (),
        **values: Any,
    ) -> str:
        """Starts a run and returns its name.

        Args:
            lake: The lake's folder.
            raw: The folder of the raw files.
            fault: What happens where.
            kill_after: Seconds until kill -9.
            file_limit: Largest file that the run may write, in bytes.
            home: Folder of Dagster's home; by default the run's history ends with it.
            select: The assets to be made; by default all.
            **values: Settings.
        """
        name = uuid.uuid4().hex
        out = self._folder / name
        asked = fault and {
            "point": [fault.point.asset, fault.point.call, fault.point.number],
            "kind": fault.kind,
            "error": fault.error,
        }
        request = {
            "id": str(out),
            "out": str(out),
            "lake": str(lake),
            "raw": str(raw),
            "fault": asked,
            "kill_after": kill_after,
            "file_limit": file_limit,
            "home": home and str(home),
            "select": list(select),
            "values": values,
        }
        self._connection.sendall(json.dumps(request).encode() + b"\n")
        return str(out)

    def wait(self, name: str) -> Ended:
        """Waits for the end of a run."""
        while name not in self._ended:
            message = self._receive()
            self._ended[message["id"]] = message["code"]
        return what_ended(name, self._ended[name])

    def run(self, lake: Path, raw: Path, **asked: Any) -> Ended:
        """Starts a run and waits for its end."""
        return self.wait(self.start(lake, raw, **asked))

    def _receive(self) -> dict[str, Any]:
        line = self._replies.readline()
        assert line, "the fork server ended"
        return json.loads(line)


def what_ended(name: str, code: int) -> Ended:
    """Reads what a run that ended left behind; any process may, not only the one that asked.

    Args:
        name: The run's name.
        code: The exit code of its process.
    """
    out = Path(name)
    done = json.loads(out.read_text(encoding="utf-8")) if out.exists() else {}
    trace = Path(f"{out}.trace")
    lines = trace.read_text(encoding="utf-8").splitlines() if trace.exists() else []
    fields = (line.split("\t") for line in lines)
    return Ended(
        code=code,
        trace=tuple(Point(asset, call, int(number)) for asset, call, number in fields),
        statuses=done.get("statuses", {}),
        failures=done.get("failures", {}),
        facts=done.get("facts", {}),
        lines=tuple(done.get("lines", ())),
        checks=done.get("checks", {}),
        unpickled=tuple(done.get("unpickled", ())),
        log=Path(f"{out}.log").read_text(encoding="utf-8", errors="replace"),
    )


def submitted(lake: Path) -> bytes:
    """The bytes of the submission that is found in a lake."""
    return (lake / "submissions" / "latest" / "submission.csv").read_bytes()
