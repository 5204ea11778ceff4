"""Runs of the whole graph, each in a process forked from one that has loaded the libraries.

Loading them takes ten seconds and a run takes a few, so a test that kills dozens of runs forks them
all. The server is forked from while it has no thread but LanceDB's, which restarts itself.
Started by `hansol_assets_tests.faults.runs`; requests and replies are JSON, one a line.
"""

import json
import os
import resource
import select
import signal
import sys
import time
import traceback
from dataclasses import dataclass
from pathlib import Path
from typing import Any

POLL_SECONDS = 0.01
LONGEST_RUN_SECONDS = 300


@dataclass
class Child:
    """A run in progress, and when it is to be killed."""

    request: dict[str, Any]
    kill_at: float


def preload() -> None:
    """Imports what a run imports, and starts nothing."""
    from hansol_assets.orchestration.home import set_process_defaults

    set_process_defaults()
    import datasets  # noqa: F401
    import kiwipiepy  # noqa: F401
    import lancedb  # noqa: F401
    import matplotlib.figure  # noqa: F401
    import peft  # noqa: F401
    import sentence_transformers  # noqa: F401
    import sklearn.decomposition  # noqa: F401
    import trl.trainer.sft_trainer  # noqa: F401
    from transformers.models.gemma3 import modeling_gemma3  # noqa: F401

    import hansol_assets.definitions  # noqa: F401
    from hansol_assets.embedding.e5 import E5Embedder, _loaded
    from hansol_assets.embedding.muse import MuseEmbedder, encoder
    from hansol_assets.qa.morphemes import _kiwi

    # Their files are proved and read here.
    MuseEmbedder(), encoder()
    E5Embedder(), _loaded()
    # Its dictionaries are read here; its thread starts with the first text, in a run.
    _kiwi()


def serve() -> None:
    """Takes requests until the input ends."""
    preload()
    reply({"ready": True})
    children: dict[int, Child] = {}
    buffer = b""
    is_open = True
    while is_open or children:
        if is_open and select.select([0], [], [], POLL_SECONDS)[0]:
            received = os.read(0, 1 << 16)
            is_open = bool(received)
            buffer += received
            *lines, buffer = buffer.split(b"\n")
            for line in lines:
                request = json.loads(line)
                # A run that hangs must not take the whole suite with it.
                kill_at = time.monotonic() + (request["kill_after"] or LONGEST_RUN_SECONDS)
                children[fork(request)] = Child(request, kill_at)
        for pid, child in list(children.items()):
            if time.monotonic() >= child.kill_at:
                os.kill(pid, signal.SIGKILL)
            done, status = os.waitpid(pid, os.WNOHANG)
            if done:
                del children[pid]
                code = os.waitstatus_to_exitcode(status)
                reply({"id": child.request["id"], "code": code})


def reply(message: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(message) + "\n")
    sys.stdout.flush()


def fork(request: dict[str, Any]) -> int:
    """Starts a run in a process of its own."""
    pid = os.fork()
    if pid:
        return pid
    code = 1
    try:
        log = os.open(f"{request['out']}.log", os.O_CREAT | os.O_WRONLY | os.O_APPEND, 0o600)
        os.dup2(log, 1)
        os.dup2(log, 2)
        run(request)
        code = 0
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stderr.flush()
        os._exit(code)


def watch_unpickling() -> list[str]:
    """Notes every object that a pickle asks for from here on, in this process."""
    found: list[str] = []

    def note(event: str, arguments: tuple[Any, ...]) -> None:
        if event == "pickle.find_class":
            found.append(".".join(map(str, arguments)))

    sys.addaudithook(note)
    return found


def run(request: dict[str, Any]) -> None:
    """Materialises the graph, with the fault that is asked for."""
    import dagster as dg

    from hansol_assets.orchestration.home import prepare_home
    from hansol_assets_tests.faults.points import Fault, Point, Watch
    from hansol_assets_tests.graph import run_graph

    out, lake = Path(request["out"]), Path(request["lake"])
    unpickled = watch_unpickling()
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    if request["file_limit"]:
        resource.setrlimit(resource.RLIMIT_FSIZE, (request["file_limit"], limits[1]))
    asked = request["fault"]
    fault = Fault(Point(*asked["point"]), asked["kind"], asked["error"]) if asked else None
    Watch(Path(f"{out}.trace"), fault).install()
    if request["home"]:
        os.environ["DAGSTER_HOME"] = request["home"]
        prepare_home(Path(request["home"]))
    opened = dg.DagsterInstance.get if request["home"] else dg.DagsterInstance.ephemeral
    select = dg.AssetSelection.assets(*request["select"]) if request["select"] else None
    with opened() as instance:
        values = request["values"]
        result = run_graph(lake, Path(request["raw"]), instance, select=select, **values)
        (record,) = instance.get_run_records(limit=1)
        lines = [
            entry.user_message
            for entry in instance.all_logs(record.dagster_run.run_id)
            if not entry.is_dagster_event
        ]
    resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    facts = {
        asset: {name: value for name, value in own.items() if isinstance(value, int | str | float)}
        for asset, own in result.metadata.items()
    }
    done = {
        "statuses": result.statuses,
        "failures": result.failures,
        "facts": facts,
        "checks": result.checks,
        "lines": lines,
        "unpickled": unpickled,
    }
    out.write_text(json.dumps(done, ensure_ascii=False), encoding="utf-8")


if __name__ == "__main__":
    serve()
