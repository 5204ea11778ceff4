"""Many clients that ask the HTTP API at once: answers a second, waiting, and memory.

Usage: python benchmarks/asking.py --lake LAKE [--clients N] [--seconds S] [--figures FILE]

What belongs here: `hansol ask --serve` on a lake in which everything is made, on this machine
alone, and clients that ask different things until the time is over. What does not: how good the
answers are. A client that is told to come back does so; its waiting counts.
"""

import argparse
import itertools
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from http import HTTPStatus
from pathlib import Path
from typing import Any

import httpx2
import psutil

sys.path.insert(0, str(Path(__file__).parent))
from rows import add_figures

from hansol_assets.lake.store import Lake
from hansol_assets.settings import load_settings

RESULTS = Path(__file__).with_name("results") / "asking.json"
HOST = "127.0.0.1"
MIB = 2**20


@dataclass
class Told:
    """What the clients were told.

    Attributes:
        waits: Seconds from asking first until the answer, one an answer.
        sent_away: How often a client was told to come back.
        problems: What is neither an answer nor a time to come back.
    """

    waits: list[float] = field(default_factory=list)
    sent_away: int = 0
    problems: list[str] = field(default_factory=list)


@contextmanager
def served(lake: Path, port: int) -> Iterator[psutil.Process]:
    """Serves the models of a lake."""
    command = [sys.executable, "-m", "hansol_assets.cli", "ask", "--serve", "--port", str(port)]
    environment = {**os.environ, "HANSOL_LAKE_DIR": str(lake)}
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as process:
        try:
            if not any(str(port) in line for line in process.stdout or ()):
                raise RuntimeError("the server ended before it answered")
            yield psutil.Process(process.pid)
        finally:
            process.terminate()


def questions_of(lake: Path) -> list[str]:
    """Pairs of the table's questions, all different; no client asks what another one did."""
    settings = load_settings(lake_dir=str(lake))
    made = Lake(settings.lake_dir, settings.live_name)
    asked = [own[0] for own in made.table(made.live("raw_qa"))["questions"]]
    return [f"{one} 그리고 {other}" for one, other in itertools.permutations(asked, 2)]


def ask_until(end: float, address: str, questions: Iterator[str], told: Told) -> None:
    """Asks one question after the other, each until it is answered."""
    with httpx2.Client(timeout=120) as client:
        while time.monotonic() < end:
            question, start = next(questions), time.monotonic()
            while True:
                answer = client.post(f"{address}/api/ask", json={"question": question})
                if answer.status_code != HTTPStatus.SERVICE_UNAVAILABLE:
                    break
                told.sent_away += 1
                time.sleep(float(answer.headers["retry-after"]))
            if answer.status_code == HTTPStatus.OK and answer.json()["question"] == question:
                told.waits.append(time.monotonic() - start)
            else:
                told.problems.append(f"{answer.status_code} {answer.text[:200]}")


def measure(lake: Path, clients: int, seconds: float, port: int) -> dict[str, Any]:
    """Lets the clients ask, and returns the figures."""
    questions = questions_of(lake)
    told = Told()
    with served(lake, port) as server, ThreadPoolExecutor(clients) as pool:
        before, start = server.memory_info().rss, time.monotonic()
        asking = [
            pool.submit(
                ask_until,
                start + seconds,
                f"http://{HOST}:{port}",
                iter(questions[place::clients]),
                told,
            )
            for place in range(clients)
        ]
        time.sleep(seconds / 2)
        half = server.memory_info().rss
        for one in asking:
            one.result()
        took, after = time.monotonic() - start, server.memory_info().rss
    waits = sorted(told.waits)
    return {
        "clients": clients,
        "seconds": round(took, 1),
        "answers": len(waits),
        "answers_per_second": round(len(waits) / took, 2),
        "median_seconds": round(statistics.median(waits), 2),
        "p95_seconds": round(waits[int(0.95 * (len(waits) - 1))], 2),
        "sent_away": told.sent_away,
        "problems": told.problems,
        "mib_before": round(before / MIB),
        "mib_half": round(half / MIB),
        "mib_after": round(after / MIB),
        "date": date.today().isoformat(),
    }


def main() -> None:
    """Measures on a copy of the lake, so that what is asked stays in none."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--lake", type=Path, required=True, help="a lake that was refreshed")
    parser.add_argument("--clients", type=int, default=20)
    parser.add_argument("--seconds", type=float, default=120)
    parser.add_argument("--port", type=int, default=7861)
    parser.add_argument("--figures", type=Path, default=RESULTS, help="where they are added")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        lake = Path(folder) / "lake"
        subprocess.run(["/bin/cp", "-a", str(asked.lake), str(lake)], check=True)
        figures = measure(lake, asked.clients, asked.seconds, asked.port)
    print(json.dumps(figures, ensure_ascii=False, indent=1))
    add_figures(figures, ("clients",), asked.figures)


if __name__ == "__main__":
    main()
