"""`hansol ask`, `score`, `explain` and `review`: answers, their figures and their sources."""

import importlib.util
import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.markup import escape
from rich.table import Table

from hansol_assets.cli.output import (
    HOST,
    JsonOption,
    console,
    fail,
    figure,
    open_lake,
    print_card,
    print_json,
    print_json_line,
    print_line,
    print_lines,
    print_records,
)
from hansol_assets.commands import REFRESH, REVIEW
from hansol_assets.settings import load_settings

if TYPE_CHECKING:
    from hansol_assets.answering.asking import Answer, Asker


SHOWN_CANDIDATES = 8
_KINDS = {"known": "knows", "unknown": "does not know"}
SHOWN_RANKS = ("probability", "dense_rank", "fts_rank")

commands = typer.Typer()


@commands.command()
def score(
    submission: Annotated[Path, typer.Argument(help="id, vec_0 …; any system's.")],
    references: Annotated[Path, typer.Argument(help="Ids and answers; empty cells are skipped.")],
    as_json: JsonOption = False,
) -> None:
    """Score a submission against reference answers with the active profile's embedder.

    Questions that the lake has answered are also scored apart, by whether its table knows them.
    """
    from hansol_assets.answering.submission_scoring import (
        score_files,
        scores_by_kind,
        scoring_judge,
    )

    for path in (submission, references):
        if path.is_dir():
            fail(f"{path} is a folder: name the file in it")
    try:
        settings = load_settings()
        lake = open_lake()
        judge = scoring_judge(lake, settings.scores)
        report = score_files(lake, submission, references, settings.table)
        kinds = scores_by_kind(lake, report.questions, settings.verdicts.answered_from)
    except ValueError as error:
        fail(str(error))
    if as_json:
        by_kind = {kind: scores.to_json() for kind, scores in kinds.items()}
        print_json({"judge": judge, **report.to_json(), "kinds": by_kind})
        return
    low, high = report.interval
    table = Table(title=f"{submission.name} on {report.n} questions", show_header=False)
    for name in ("private", "public", "centroid", "human", "ceiling", "parity"):
        table.add_row(name, figure(getattr(report, name)))
    table.add_row("95 % interval", f"{low:.4f}–{high:.4f}")
    for kind, scores in kinds.items():
        label = f"the {scores.n} that the table {_KINDS[kind]}"
        table.add_row(label, f"{figure(scores.private)}, parity {figure(scores.parity)}")
    table.add_row("judge", judge)
    console.print(table)
    if report.note:
        print_lines(report.note)


@commands.command()
def ask(
    question: Annotated[str | None, typer.Argument(help="A question, or several joined.")] = None,
    file: Annotated[
        Path | None,
        typer.Option(
            "--file", exists=True, dir_okay=False, help="A text file, one question a line."
        ),
    ] = None,
    serve: Annotated[
        bool, typer.Option("--serve", help="Serve a page that asks, on this machine alone.")
    ] = False,
    port: Annotated[int, typer.Option(min=1, max=65535, help="Where the page is served.")] = 7860,
    as_json: JsonOption = False,
) -> None:
    """Answer a question from the table, with its probability, its sources and the nearest rows."""
    if serve:
        if question is not None or file is not None or as_json:
            fail("--serve takes neither a question nor --json: it is asked on the page")
        _serve(port)
        return
    questions = _questions(question, file)
    asker = _open_asker()
    for text in questions:
        _print_answer(asker.ask(text), as_json=as_json, as_line=file is not None)


def _questions(question: str | None, file: Path | None) -> list[str]:
    if file is None:
        if question is None or not question.strip():
            fail(
                "there is no question: put it in quotes behind `hansol ask`, name a file with "
                "--file, or serve a page: --serve"
            )
        return [question]
    if question is not None:
        fail("a question and --file exclude each other: leave one of them out")
    try:
        lines = file.read_text(encoding="utf-8-sig").splitlines()
    except UnicodeDecodeError as error:
        fail(f"{file} is not UTF-8 text ({error.reason} at byte {error.start}): save it as UTF-8")
    questions = [line.strip() for line in lines if line.strip()]
    if not questions:
        fail(f"{file} holds no question: write one on each line")
    return questions


def _print_answer(answer: "Answer", *, as_json: bool, as_line: bool) -> None:
    if as_json:
        print_json_line(answer.record) if as_line else print_json(answer.record)
        return
    if as_line:
        console.rule(escape(answer.question), align="left")
    console.print(answer.answer, highlight=False, markup=False)
    _print_verdict(answer.verdict, answer.confidence, needs_review=answer.needs_review)
    _print_rows(answer.quotes, answer.nearest)


def _open_asker() -> "Asker":
    from hansol_assets.answering.asking import Asker
    from hansol_assets.orchestration.home import set_process_defaults

    set_process_defaults()
    return Asker.open(open_lake(), load_settings().verdicts)


def _serve(port: int) -> None:
    if importlib.util.find_spec("gradio") is None:
        fail("the page needs gradio. Install it with: pip install 'hansol-assets[serve]'")
    from hansol_assets.cli.ask_server import listen, serve

    review_file = load_settings().review_file
    try:
        listener = listen(port)
    except OSError as error:
        reason = os.strerror(error.errno or 0)
        fail(f"port {port} cannot be used ({reason}): name another one with --port")
    with listener:
        asker = _open_asker()
        print_line("the models are being loaded …")
        asker.warm_up()
        print_line(f"http://{HOST}:{port} answers; Ctrl-C ends it")
        serve(asker, review_file, listener)


@commands.command()
def explain(
    question_id: Annotated[str, typer.Argument(help="Id of a test or validation question.")],
    as_json: JsonOption = False,
) -> None:
    """Print where one answer came from: parts, rows, votes, weights, versions and files."""
    from hansol_assets.answering.explaining import explain as gather

    explanation = gather(open_lake(), question_id)
    if as_json:
        print_json(explanation)
        return
    _print_explanation(explanation)


def _print_verdict(verdict: str, confidence: float, *, needs_review: bool) -> None:
    doubt = ", a person should review it" if needs_review else ""
    console.print(f"[bold]{verdict}[/]  probability {confidence:.2f}{doubt}", highlight=False)


def _print_rows(quotes: list[dict[str, Any]], nearest: list[dict[str, Any]]) -> None:
    """Prints what is quoted of which rows, and the rows found first."""
    shown = {
        "quoted rows": [_named_row(row) | {"quoted": row["text"]} for row in quotes],
        "nearest questions": [
            _named_row(row) | {"probability": f"{row['probability']:.2f}"} for row in nearest
        ],
    }
    for title, rows in shown.items():
        print_records(title, rows)


def _named_row(row: dict[str, Any]) -> dict[str, Any]:
    question, label = row["source_question"], row["source_row"]
    return {"part": row["part"] + 1, "row": label, "question": question}


def _print_explanation(explanation: dict[str, Any]) -> None:
    console.rule(f"{explanation['id']} ({explanation['asset']})")
    print_card(
        {
            "question": explanation["question"],
            "answer": explanation["answer"],
            "composed": explanation["composed"],
        }
    )
    _print_verdict(
        explanation["verdict"], explanation["confidence"], needs_review=explanation["needs_review"]
    )
    _print_rows(explanation["quotes"], explanation["nearest"])
    for number, part in enumerate(explanation["parts"], start=1):
        console.rule(f"part {number}", align="left")
        print_card({"question": part["question"]})
        hits = [
            {"row": hit["source_row"], **{name: hit[name] for name in SHOWN_RANKS}}
            for hit in part["retrieved"]
        ]
        print_records("rows found", hits)
        # Of candidates with the same text the best is shown.
        ranked = sorted(part["candidates"], key=lambda item: -item["score"])
        best_first = list({item["text"]: item for item in reversed(ranked)}.values())[::-1]
        print_records(
            f"the best {SHOWN_CANDIDATES} of {len(best_first)} candidates, the chosen one first",
            [
                {
                    "origin": item["origin"],
                    "from": _origin(item),
                    "vote": item["vote"],
                    "score": item["score"],
                    "text": item["text"],
                }
                for item in best_first[:SHOWN_CANDIDATES]
            ],
        )
    for title in ("blend_weights", "versions", "files"):
        print_records(
            title, [{"name": key, "value": item} for key, item in explanation[title].items()]
        )


def _origin(candidate: dict[str, Any]) -> str:
    if candidate["source_id"] is None:
        return f"#{candidate['rank']:.0f}"
    return f"{candidate['source_row']} answer {candidate['source_answer']:.0f}"


@commands.command()
def review(
    export: Annotated[bool, typer.Option("--export", help="Write the queue as a file.")] = False,
    limit: Annotated[int, typer.Option(min=1, help="Answers to print.")] = 10,
    as_json: JsonOption = False,
) -> None:
    """List doubtful answers; with --export, write them to be answered by a person."""
    from hansol_assets.answering.reviewing import export_queue, review_queue

    lake = open_lake()
    if export:
        settings = load_settings()
        written = export_queue(lake, settings.review_file, settings.table.placeholders)
        print_line(
            f"{written.path}: {written.waiting} questions wait for an answer, {written.filled} "
            f"were answered before. Fill in the column 'answer', then run {REFRESH}: each becomes "
            "a row of the table."
        )
        if written.backup:
            print_line(f"as it was: {written.backup}")
        return
    queue = review_queue(lake)
    if as_json:
        print_json(queue.to_dict("records"))
        return
    shown = queue.head(limit).drop(columns="category")
    print_records(f"{len(queue)} answers need review", shown.to_dict("records"))
    if len(queue):
        print_lines(f"To answer them yourself: {REVIEW}")
