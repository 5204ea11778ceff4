"""The parts of the page that asks which are cards and figures, as HTML."""

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from hansol_assets.answering.asking import Answer
from hansol_assets.cli.ask_labels import Labels

CSS = """
.gradio-container { width: 100% !important; max-width: 64rem !important; margin: 0 auto; }
.gradio-container, #answer textarea { word-break: keep-all; overflow-wrap: anywhere; }
.ask-section h2 { font-size: 1rem; font-weight: 600; margin: 0.5rem 0; }
.ask-sources {
  display: grid; gap: 0.8rem;
  grid-template-columns: repeat(auto-fill, minmax(min(100%, 20rem), 1fr));
}
.ask-source {
  border: 1px solid var(--border-color-primary); border-radius: 0.5rem; padding: 0.6rem 0.8rem;
}
.ask-source h3 { font-size: 0.95rem; font-weight: 600; margin: 0 0 0.3rem; }
.ask-source ul { margin: 0; padding-left: 1.1rem; list-style: disc; }
.ask-source .ask-row {
  font-size: 0.8rem; margin: 0.3rem 0 0; opacity: 0.75;
}
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
    words = [
        labels.verdicts[answer.verdict],
        *([labels.needs_review] if answer.needs_review else []),
    ]
    said = "".join(f"{escape(text)}.<br>" for text in words)
    return _section(
        labels.confidence,
        f'<div class="ask-figure">{answer.confidence:.2f}</div><p class="ask-{kind}">{said}</p>',
    )


def sources_html(answer: Answer, labels: Labels) -> str:
    """Each row that is quoted as a card, its question and its answer, and the rows found first."""
    quotes_of: dict[str, list[dict[str, Any]]] = {}
    for quote in answer.quotes:
        quotes_of.setdefault(quote["source_id"], []).append(quote)
    cards = "".join(_card(quotes, labels) for quotes in quotes_of.values())
    content = f'<div class="ask-sources">{cards}</div>' if cards else ""
    lines = "".join(
        f"<li>{escape(row['source_question'])} ({row['probability']:.2f})</li>"
        for row in answer.nearest
    )
    found = _section(labels.nearest, f"<ul>{lines}</ul>") if lines else ""
    return _section(labels.sources, content or message_html(labels.no_sources)) + found


def _card(quotes: Sequence[Mapping[str, Any]], labels: Labels) -> str:
    """What is quoted of one row."""
    texts = dict.fromkeys(quote["text"] for quote in quotes)
    quoted = "".join(f"<li>{escape(text)}</li>" for text in texts)
    question, row = quotes[0]["source_question"], quotes[0]["source_row"]
    return (
        f'<article class="ask-source"><h3>{escape(question)}</h3><ul>{quoted}</ul>'
        f'<p class="ask-row">{escape(labels.row)} {escape(row)}</p></article>'
    )


def _section(title: str, content: str) -> str:
    return f'<section class="ask-section"><h2>{escape(title)}</h2>{content}</section>'
