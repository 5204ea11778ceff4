"""Asking the fork server for runs, and what became of them."""

import json
import os
import subprocess
import sys
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hansol_assets_tests.faults.points import BUILD, Fault, Point

KILLED = -9

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


class ForkServer:
    """A process that forks runs.

    Args:
        folder: Where runs leave what they have to say.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._ended: dict[str, int] = {}
        environment = {name: text for name, text in os.environ.items() if "HANSOL_" not in name}
        self._server = subprocess.Popen(
            [sys.executable, "-m", "hansol_assets_tests.faults.server"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            env={**environment, **SECRETS, "HF_HUB_OFFLINE": "1"},
        )
        assert self._receive() == {"ready": True}

    def close(self) -> None:
        assert self._server.stdin is not None
        self._server.stdin.close()
        self._server.wait(timeout=60)

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
            "point": [fault.point.asset, fault.point.call, fault.point.place],
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
        assert self._server.stdin is not None
        self._server.stdin.write(json.dumps(request) + "\n")
        self._server.stdin.flush()
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
        assert self._server.stdout is not None
        line = self._server.stdout.readline()
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
        trace=tuple(Point(asset, call, int(place)) for asset, call, place in fields),
        statuses=done.get("statuses", {}),
        failures=done.get("failures", {}),
        facts=done.get("facts", {}),
        lines=tuple(done.get("lines", ())),
        checks=done.get("checks", {}),
        unpickled=tuple(done.get("unpickled", ())),
        log=Path(f"{out}.log").read_text(encoding="utf-8", errors="replace"),
    )


@contextmanager
def fork_server(folder: Path) -> Iterator[ForkServer]:
    """Starts a server, and ends it."""
    server = ForkServer(folder)
    try:
        yield server
    finally:
        server.close()


def submitted(lake: Path) -> bytes:
    """The bytes of the submission that is found in a lake."""
    return (lake / "submissions" / "latest" / "submission.csv").read_bytes()
