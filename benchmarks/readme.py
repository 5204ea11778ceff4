"""The figures of the README: `python benchmarks/readme.py [RAW]`, which `make figures` runs.

What belongs here: measuring what the README shows, and writing it there. A run of the sample, and
of the real rows where their folder is given, on fresh lakes in build/figures; their leaderboards go
to `benchmarks/results/readme.json`, and from there into both READMEs. What does not: any figure
that a reader cannot measure anew with one command.
"""

import argparse
import io
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pandas as pd
from rich.console import Console

from hansol_assets.cli.runs import print_board
from hansol_assets.lake.store import Lake

REPOSITORY = Path(__file__).parents[1]
RESULTS = Path(__file__).with_name("results") / "readme.json"
READMES = {"en": "README.md", "ko": "README.ko.md"}
COLUMNS = [
    *("name", "kind", "private", "low", "high", "parity"),
    *("known", "unknown", "known_parity", "unknown_parity", "note"),
]
WIDTH = 82
"""Columns of a terminal in which the leaderboard is printed."""

REAL_ROWS = {
    "ceiling": ("ceiling", "ceiling(상한)"),
    "human": ("human (one reference)", "human(사람 답변 하나)"),
    "submission (blend)": ("**submission (blend)**", "**submission (blend)**"),
    "answer": ("answer (what a person reads)", "answer(사람이 읽는 답)"),
    "centroid": ("centroid", "centroid(센트로이드)"),
    "nearest": ("nearest (the answer of the nearest row)", "nearest(가장 가까운 행의 답변)"),
}
"""Row of the leaderboard → what the READMEs call it."""
SHOWN = {*REAL_ROWS, "constant"}

Board = list[dict[str, object]]


def board_of(lake: Lake) -> Board:
    """Returns the figures of a lake's leaderboard as they are kept."""
    board = lake.table(lake.live("leaderboard"))
    shown = board.loc[board["name"].isin(SHOWN), COLUMNS].round(4)
    return json.loads(shown.to_json(orient="records"))


def measured(name: str, raw: Path | None) -> Board:
    """Runs the whole graph on a lake of its own, and returns its leaderboard."""
    folder = REPOSITORY / "build" / "figures" / name
    shutil.rmtree(folder, ignore_errors=True)
    told = {"HANSOL_LAKE_DIR": str(folder), "DAGSTER_HOME": str(folder / "dagster")}
    own = {key: value for key, value in os.environ.items() if not key.startswith("HANSOL_")}
    told |= {"HANSOL_RAW_DIR": str(raw)} if raw else {}
    command = [sys.executable, "-m", "hansol_assets.cli", "refresh"]
    subprocess.run(command, env=own | told, cwd=REPOSITORY, check=True)
    return board_of(Lake(folder, "tiny"))


def sample_block(board: Board) -> str:
    """The leaderboard as a run prints it."""
    screen = io.StringIO()
    print_board(pd.DataFrame(board), Console(file=screen, width=WIDTH))
    lines = [line.rstrip() for line in screen.getvalue().splitlines()]
    # Without its title and the line above the head.
    return "\n".join(["```text", *lines[2:], "```"])


def real_block(board: Board, language: str) -> str:
    """The leaderboard of the real rows as a table of Markdown."""
    place = list(READMES).index(language)
    head = (("row", "private", "95 % interval"), ("행", "private", "95 % 구간"))[place]
    kinds = (("parity", "known", "unknown"), ("parity", "아는 질문", "모르는 질문"))[place]
    lines = [f"| {' | '.join((*head, *kinds))} |", "| --- | --- | --- | --- | --- | --- |"]
    of_name = {str(row["name"]): pd.Series(row) for row in board}
    for name, said in REAL_ROWS.items():
        row = of_name[name]
        interval = f"{row.low:.3f}–{row.high:.3f}"
        parities = (row.parity, row.known_parity, row.unknown_parity)
        told = " | ".join(f"{value:.3f}" for value in parities)
        lines.append(f"| {said[place]} | {row.private:.3f} | {interval} | {told} |")
    return "\n".join(lines)


def written(text: str, language: str, figures: dict[str, Board]) -> str:
    """Returns a README with the figures in their places."""
    blocks = {
        "sample": sample_block(figures["sample"]),
        "real": real_block(figures["real"], language),
    }
    for name, block in blocks.items():
        place = re.compile(rf"(<!-- figures: {name} -->\n).*?(\n<!-- end -->)", re.DOTALL)
        text, found = place.subn(lambda match, own=block: f"{match[1]}{own}{match[2]}", text)
        if found != 1:
            raise ValueError(f"{READMES[language]} has {found} places for the figures '{name}'")
    return text


def main() -> None:
    """Measures, keeps and writes."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("raw", type=Path, nargs="?", help="the folder of the real rows")
    raw = parser.parse_args().raw
    figures = json.loads(RESULTS.read_text(encoding="utf-8")) if RESULTS.is_file() else {}
    figures["sample"] = measured("sample", None)
    if raw:
        figures["real"] = measured("real", raw.resolve())
    RESULTS.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")
    for language, name in READMES.items():
        path = REPOSITORY / name
        path.write_text(
            written(path.read_text(encoding="utf-8"), language, figures), encoding="utf-8"
        )


if __name__ == "__main__":
    main()
