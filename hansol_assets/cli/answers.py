"""`hansol ask`, `score` and `explain`: an answer, its figures, and where it came from."""

import importlib.util
import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.markup import escape
from rich.table import Table

from hansol_assets.cli.page import (
    JsonOption,
    console,
    fail,
    figure,
    open_lake,
    print_card,
    print_json,
    print_json_line,
    print_records,
    settings_or_fail,
)

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

    Questions that the lake has answered are told apart by whether its table knows them.
    """
    from hansol_assets.answering.submission_scoring import (
        score_files,
        scores_by_kind,
        scoring_judge,
    )
    from hansol_assets.lake.lake_errors import LakeError
    from hansol_assets.qa.table import ContractError

    for path in (submission, references):
        if path.is_dir():
            fail(f"{path} is a folder: name the file in it")
    try:
        settings = settings_or_fail()
        lake = open_lake()
        judge = scoring_judge(lake, settings.scores)
        report = score_files(lake, submission, references, settings.scores, settings.table)
        limit = settings.verdicts.answered_from
        kinds = scores_by_kind(lake, report.questions, settings.scores, limit)
    except (LakeError, ContractError, ValueError) as error:
        fail(str(error))
    if as_json:
        by_kind = {kind: own.to_json() for kind, own in kinds.items()}
        print_json({"judge": judge, **report.to_json(), "kinds": by_kind})
        return
    low, high = report.interval
    table = Table(title=f"{submission.name} on {report.n} questions", show_header=False)
    for name in ("private", "public", "centroid", "human", "ceiling", "parity"):
        table.add_row(name, figure(getattr(report, name)))
    table.add_row("95 % interval", f"{low:.4f}–{high:.4f}")
    for kind, own in kinds.items():
        told = f"{figure(own.private)}, parity {figure(own.parity)}"
        table.add_row(f"the {own.n} that the table {_KINDS[kind]}", told)
    table.add_row("judge", judge)
    console.print(table)
    if report.note:
        console.print(report.note, highlight=False)


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
    from hansol_assets.errors import UserError

    if serve:
        if question is not None or file is not None or as_json:
            fail("--serve takes neither a question nor --json: it is asked on the page")
        _serve(port)
        return
    questions = _questions(question, file)
    try:
        asker = _open_asker()
        for text in questions:
            _print_answer(asker.ask(text), as_json=as_json, as_line=file is not None)
    except UserError as error:
        fail(str(error))


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
        from hansol_assets.cli.answer_record import answer_record

        record = answer_record(answer)
        print_json_line(record) if as_line else print_json(record)
        return
    if as_line:
        console.rule(escape(answer.question), align="left")
    console.print(answer.answer, highlight=False, markup=False)
    _print_verdict(answer.verdict, answer.confidence, needs_review=answer.needs_review)
    print_records("quoted rows", _shown_quotes(answer.quotes))
    print_records("nearest questions", _shown_nearest(answer.nearest))


def _open_asker() -> "Asker":
    from hansol_assets.answering.asking import Asker
    from hansol_assets.orchestration.home import set_process_defaults

    set_process_defaults()
    settings = settings_or_fail()
    return Asker.open(open_lake(), settings.retrieval, settings.verdicts)


def _serve(port: int) -> None:
    if importlib.util.find_spec("gradio") is None:
        fail("the page needs gradio. Install it with: pip install 'hansol-assets[serve]'")
    from hansol_assets.cli.ask_server import HOST, listen, serve
    from hansol_assets.errors import UserError

    review_file = settings_or_fail().review_file
    try:
        listener = listen(port)
    except OSError as error:
        reason = os.strerror(error.errno or 0)
        fail(f"port {port} cannot be used ({reason}): name another one with --port")
    with listener:
        try:
            asker = _open_asker()
            console.print("the models are being loaded …", highlight=False)
            asker.warm_up()
        except UserError as error:
            fail(str(error))
        console.print(f"http://{HOST}:{port} answers; Ctrl-C ends it", highlight=False)
        serve(asker, review_file, listener)


@commands.command()
def explain(
    question_id: Annotated[str, typer.Argument(help="Id of a test or validation question.")],
    as_json: JsonOption = False,
) -> None:
    """Print where one answer came from: parts, rows, votes, weights, versions and files."""
    from hansol_assets.answering.explaining import explain as gather
    from hansol_assets.lake.lake_errors import LakeError

    try:
        found = gather(open_lake(), question_id)
    except LakeError as error:
        fail(str(error))
    if as_json:
        print_json(found)
        return
    _print_explanation(found)


def _print_verdict(verdict: str, confidence: float, *, needs_review: bool) -> None:
    doubt = ", a person should review it" if needs_review else ""
    console.print(f"[bold]{verdict}[/]  probability {confidence:.2f}{doubt}", highlight=False)


def _shown_quotes(quotes: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [
        {
            "part": quote["part"] + 1,
            "row": quote["source_row"],
            "question": quote["source_question"],
            "quoted": quote["text"],
        }
        for quote in quotes
    ]


def _shown_nearest(nearest: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [
        {
            "part": row["part"] + 1,
            "row": row["source_row"],
            "question": row["source_question"],
            "probability": f"{row['probability']:.2f}",
        }
        for row in nearest
    ]


def _print_explanation(found: dict[str, Any]) -> None:
    console.rule(f"{found['id']} ({found['asset']})")
    print_card(
        {"question": found["question"], "answer": found["answer"], "composed": found["composed"]}
    )
    _print_verdict(found["verdict"], found["confidence"], needs_review=found["needs_review"])
    print_records("quoted rows", _shown_quotes(found["quotes"]))
    print_records("nearest questions", _shown_nearest(found["nearest"]))
    for place, part in enumerate(found["parts"], start=1):
        console.rule(f"part {place}", align="left")
        print_card({"question": part["question"]})
        found_rows = [
            {"row": row["source_row"], **{name: row[name] for name in SHOWN_RANKS}}
            for row in part["retrieved"]
        ]
        print_records("rows found", found_rows)
        # Of candidates with one and the same text the best stands for all.
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
        print_records(title, [{"name": key, "value": item} for key, item in found[title].items()])


def _origin(candidate: dict[str, Any]) -> str:
    if candidate["source_id"] is None:
        return f"#{candidate['rank']:.0f}"
    return f"{candidate['source_row']} answer {candidate['source_answer']:.0f}"
