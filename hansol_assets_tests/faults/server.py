"""Runs of the whole graph, each in a process forked from one that has loaded the libraries.

Loading them takes ten seconds and a run takes a few, so a test that kills dozens of runs forks them
all. The server is forked from while it has no thread but LanceDB's, which restarts itself: what it
rehearses opens no database.
Started by `hansol_assets_tests.faults.runs`; it serves all workers of the tests over one socket,
and ends when the last of them has gone. Requests and replies are JSON, one a line.
"""

import gc
import json
import os
import resource
import select
import signal
import socket
import sys
import time
import traceback
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

POLL_SECONDS = 0.01
LONGEST_RUN_SECONDS = 300
FIRST_SECONDS = 60
"""How long it waits for the one that started it."""


@dataclass
class Child:
    """A run in progress, who asked for it, and when it is to be killed."""

    asked_by: socket.socket
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
    import sacrebleu  # noqa: F401
    import sentence_transformers  # noqa: F401
    import sklearn.decomposition
    import sklearn.feature_extraction.text  # noqa: F401
    import trl.trainer.sft_trainer  # noqa: F401
    from transformers.models.gemma3 import modeling_gemma3  # noqa: F401

    from hansol_assets.embedding.e5 import E5Embedder, _loaded
    from hansol_assets.embedding.muse import MuseEmbedder, encoder
    from hansol_assets.qa.morphemes import _kiwi

    # Their files are proved and read here.
    MuseEmbedder(), encoder()
    E5Embedder(), _loaded()
    # Its dictionaries are read here; its thread starts with the first text, in a run.
    _kiwi()


def rehearse() -> None:
    """Does once what is slow the first time: a job of Dagster, the real graph, and a picture."""
    import dagster as dg

    from hansol_assets.definitions import build_defs
    from hansol_assets.plotting import bar_picture

    @dg.asset
    def nothing() -> None:
        """Is made of nothing."""

    with dg.DagsterInstance.ephemeral() as instance:
        dg.materialize([nothing], instance=instance)
    build_defs().resolve_job_def("refresh")
    bar_picture("rehearsed", {"a": 1.0, "나": 2.5}, "texts")


def serve(address: str) -> None:
    """Takes requests of all that connect, until they have gone and their runs have ended."""
    preload()
    rehearse()
    # What is here stays: a run that collects its garbage neither looks at it nor copies it.
    gc.collect()
    gc.freeze()
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(f"{address}.new")
        listening.listen()
        # Who finds it can connect.
        Path(f"{address}.new").rename(address)
        listening.settimeout(FIRST_SECONDS)
        received, children = {listening.accept()[0]: b""}, dict[int, Child]()
        while received or children:
            timeout = POLL_SECONDS if children else None
            for ready in select.select([listening, *received], [], [], timeout)[0]:
                if ready is listening:
                    received[listening.accept()[0]] = b""
                    continue
                content = ready.recv(1 << 16)
                *lines, received[ready] = (received[ready] + content).split(b"\n")
                for line in lines:
                    request = json.loads(line)
                    # A run that hangs must not take the whole suite with it.
                    kill_at = time.monotonic() + (request["kill_after"] or LONGEST_RUN_SECONDS)
                    children[fork(request)] = Child(ready, request, kill_at)
                if not content:
                    del received[ready]
            reap(children)


def reap(children: dict[int, Child]) -> None:
    """Kills runs whose time has come, and tells of those that ended."""
    for pid, child in list(children.items()):
        if time.monotonic() >= child.kill_at:
            os.kill(pid, signal.SIGKILL)
        done, status = os.waitpid(pid, os.WNOHANG)
        if done:
            del children[pid]
            message = {"id": child.request["id"], "code": os.waitstatus_to_exitcode(status)}
            # Who asked may have gone by now.
            with suppress(BrokenPipeError):
                child.asked_by.sendall(json.dumps(message).encode() + b"\n")


def fork(request: dict[str, Any]) -> int:
    """Starts a run in another process."""
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
    names: list[str] = []

    def note(event: str, arguments: tuple[Any, ...]) -> None:
        if event == "pickle.find_class":
            names.append(".".join(map(str, arguments)))

    sys.addaudithook(note)
    return names


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
        asset: {
            name: value for name, value in values.items() if isinstance(value, int | str | float)
        }
        for asset, values in result.metadata.items()
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
    serve(sys.argv[1])
