"""How people's questions are answered: python benchmarks/asked.py [--lake LAKE] [--set SET].

Asks the questions of `hansol_assets_tests/asked` of the tables beside them, and those about the
competition's rows of a lake that was made of them (`--lake`); more files of questions with `--asked
FILE`. The tables of other trades are refreshed first, training cut, each on a lake of its own.
Adds the figures to `results/asked.json`.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pandas as pd

from hansol_assets.answering.asking import Answer, Asker
from hansol_assets.answering.trust import coverage_at, expected_calibration_error
from hansol_assets.lake.store import Lake
from hansol_assets.settings import load_settings

ASKED = Path(__file__).parents[1] / "hansol_assets_tests" / "asked"
RESULTS = Path(__file__).parent / "results" / "asked.json"
OTHER_TRADES = ("product_faq", "help_desk")
DECIMALS = 3


def open_asker(folder: Path) -> tuple[Asker, dict[str, list[str]]]:
    """Opens what is live in a lake: the asker, and the references of each row."""
    settings = load_settings(lake_dir=folder)
    lake = Lake(settings.lake_dir, settings.live_name, settings.object_store)
    rows = lake.table(lake.live("qa_folds"))
    references = dict(zip(rows["id"], rows["answers"], strict=True))
    return Asker.open(lake, settings.verdicts), references


def right_rows(rows: str) -> list[set[str]]:
    """The rows that answer each part; nothing where none does."""
    return [set(part.split("|")) for part in rows.split("+")] if rows != "-" else []


def judged(
    answer: Answer, kind: str, rows: str, references: dict[str, list[str]]
) -> dict[str, Any]:
    """What one answer is worth."""
    meant = right_rows(rows)
    every = {row for part in meant for row in part}
    quoted = [quote["source_id"] for quote in answer.quotes]
    firsts = [
        next((row["source_id"] for row in answer.nearest if row["part"] == place), None)
        for place in range(len(answer.parts))
    ]
    lengths = [np.mean([len(text) for text in references[row]]) for row in quoted if row in every]
    said = [len(quote["text"]) for quote in answer.quotes if quote["source_id"] in every]
    return {
        "kind": kind,
        "question": answer.question,
        "rows": rows,
        "verdict": answer.verdict,
        "confidence": answer.confidence,
        "first": bool(meant)
        and len(firsts) == len(meant)
        and all(row in part for row, part in zip(firsts, meant, strict=True)),
        "quoted": len(quoted),
        "quoted_right": sum(row in every for row in quoted),
        "nowhere": bool(meant) and not every.intersection(quoted),
        "length": float(np.sum(said) / np.sum(lengths)) if lengths else float("nan"),
        "answer": answer.answer,
    }


def figures(answers: pd.DataFrame) -> dict[str, float]:
    """The figures of one table's questions."""
    known = answers[answers["kind"] == "known"]
    quoted = known[known["quoted"] > 0]
    is_known = (answers["kind"] == "known").to_numpy()
    right = (answers["first"] & is_known).to_numpy()
    confidence = answers["confidence"].to_numpy()
    answered = answers["verdict"] == "answered"
    from sklearn.metrics import roc_auc_score

    values = {
        "known": len(known),
        "right_row_first": known["first"].mean(),
        "quoted_from_right_row": quoted["quoted_right"].sum() / quoted["quoted"].sum(),
        "right_row_nowhere": known["nowhere"].mean(),
        "known_not_answered": (~answered[is_known]).mean(),
        "off_answered": answered[(answers["kind"] == "off").to_numpy()].mean(),
        "near_answered": answered[(answers["kind"] == "near").to_numpy()].mean(),
        "auroc": roc_auc_score(is_known, confidence),
        "calibration_error": expected_calibration_error(confidence, right),
        "coverage_at_95": coverage_at(0.95, confidence, right),
        "length": known["length"].median(),
    }
    return {name: round(float(value), DECIMALS) for name, value in values.items()}


def measure(lake: Path, files: list[Path], which: str) -> tuple[dict[str, float], pd.DataFrame]:
    """Asks the questions of files of a lake."""
    asker, references = open_asker(lake)
    asker.warm_up()
    asked = pd.concat([pd.read_csv(file, sep="\t", dtype=str) for file in files])
    if "set" in asked and which != "all":
        asked = asked[asked["set"].isna() | (asked["set"] == which)]
    start = time.perf_counter()
    rows = [
        judged(asker.ask(question), kind, rows, references)
        for kind, rows, question in asked[["kind", "rows", "question"]].itertuples(index=False)
    ]
    answers = pd.DataFrame(rows)
    seconds = (time.perf_counter() - start) / len(answers)
    return {**figures(answers), "seconds_a_question": round(seconds, DECIMALS)}, answers


def refreshed(name: str, folder: Path) -> Path:
    """Makes the lake of a table of another trade, its training cut."""
    raw, lake = folder / name, folder / f"{name}_lake"
    raw.mkdir()
    shutil.copy(ASKED / f"{name}.csv", raw / "train.csv")
    environment = {
        "HANSOL_RAW_DIR": str(raw),
        "HANSOL_LAKE_DIR": str(lake),
        "HANSOL_PROFILE": str(Path(__file__).parent / "scaling.yaml"),
    }
    subprocess.run(
        [sys.executable, "-m", "hansol_assets.cli", "refresh"],
        env={**os.environ, **environment},
        check=True,
    )
    os.environ["HANSOL_PROFILE"] = environment["HANSOL_PROFILE"]
    return lake


def tables(
    lake: Path | None, more: list[Path], folder: Path
) -> Iterator[tuple[str, Path, list[Path]]]:
    """Yields name, lake and files of questions of each table."""
    if lake is not None:
        yield "hansol", lake, [ASKED / "hansol.tsv"]
    if lake is not None and more:
        yield "more", lake, more
    for name in OTHER_TRADES:
        yield name, refreshed(name, folder), [ASKED / f"{name}.tsv"]


def main() -> None:
    """Measures, and keeps the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lake", type=Path, help="of the competition's rows")
    parser.add_argument("--asked", type=Path, action="append", default=[], help="more of them")
    parser.add_argument("--set", choices=("first", "second", "all"), default="all")
    parser.add_argument("--show", action="store_true", help="print every answer")
    options = parser.parse_args()
    results = json.loads(RESULTS.read_text("utf-8")) if RESULTS.is_file() else {}
    with TemporaryDirectory() as folder:
        for name, lake, files in tables(options.lake, options.asked, Path(folder)):
            values, answers = measure(lake, files, options.set)
            results[f"{name} {options.set}"] = values
            print(name, json.dumps(values, indent=1))
            if options.show:
                print(answers.to_string(max_colwidth=120))
    RESULTS.write_text(json.dumps(results, indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    main()
