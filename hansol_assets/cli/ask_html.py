"""The parts of the page that asks which are tables and figures, as HTML.

What belongs here: an answer's figures, sources and versions as HTML, every text of them escaped.
What does not: their words (`hansol_assets.cli.ask_labels`) and what moves them
(`hansol_assets.cli.ask_page`).
"""

from collections.abc import Iterable, Sequence
from html import escape

from hansol_assets.answering.asking import Answer
from hansol_assets.cli.ask_labels import Labels

CSS = """
.gradio-container { width: 100% !important; max-width: 64rem !important; margin: 0 auto; }
.ask-section h2 { font-size: 1rem; font-weight: 600; margin: 0.5rem 0; }
.ask-section .ask-table { width: 100%; border-collapse: collapse; }
.ask-section .ask-table, .ask-section .ask-table tr { border: 0; }
.ask-section .ask-table thead, .ask-section .ask-table tbody { border: 0; }
.ask-section .ask-table th, .ask-section .ask-table td {
  border: 0; border-bottom: 1px solid var(--border-color-primary); padding: 0.4rem 0.6rem;
  text-align: left; vertical-align: top; word-break: keep-all; overflow-wrap: anywhere;
}
.ask-section .ask-table th { color: var(--body-text-color); font-weight: 600; }
.ask-section .ask-table td:first-child { white-space: nowrap; }
.ask-figure { font-size: 2.2rem; font-weight: 600; line-height: 1.2; }
.ask-review { color: #b45309; font-weight: 600; }
.ask-fine { color: #15803d; font-weight: 600; }
.dark .ask-review { color: #fbbf24; }
.dark .ask-fine { color: #4ade80; }
"""


def message_html(text: str) -> str:
    """One line for the person who asks."""
    return f'<p role="status">{escape(text)}</p>'


def verdict_html(answer: Answer, labels: Labels) -> str:
    """Whether the table answers, how sure that is, and whether a person should look at it."""
    kind = "review" if answer.needs_review else "fine"
    review = f'<p class="ask-review">{escape(labels.needs_review)}</p>'
    said = f'<p class="ask-{kind}">{escape(labels.verdicts[answer.verdict])}</p>'
    return _section(
        labels.confidence,
        f'<div class="ask-figure">{answer.confidence:.2f}</div>'
        f"{said}{review if answer.needs_review else ''}",
    )


def sources_html(answer: Answer, labels: Labels) -> str:
    """Which rows are quoted, and which were found first."""
    quotes = [
        (str(quote["source_id"]), quote["source_question"], quote["text"])
        for quote in answer.quotes
    ]
    quoted = _table(labels.source_columns, quotes) if quotes else message_html(labels.no_sources)
    nearest = [
        (str(row["source_id"]), row["source_question"], f"{row['probability']:.2f}")
        for row in answer.nearest
    ]
    found = _section(labels.nearest, _table(labels.nearest_columns, nearest)) if nearest else ""
    return _section(labels.sources, quoted) + found


def versions_html(answer: Answer, labels: Labels) -> str:
    """Which models made the answer."""
    return _section(labels.versions, _table(labels.version_columns, answer.versions.items()))


def _section(title: str, content: str) -> str:
    return f'<section class="ask-section"><h2>{escape(title)}</h2>{content}</section>'


def _table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    head = "".join(f"<th>{escape(name)}</th>" for name in header)
    body = "".join(
        f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in row)}</tr>" for row in rows
    )
    return f'<table class="ask-table"><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>'
