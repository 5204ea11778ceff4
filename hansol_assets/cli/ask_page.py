"""The page of `hansol ask --serve`: its words, its parts, and what they do."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any

from hansol_assets.answering.asking import LONGEST_QUESTION, Answer
from hansol_assets.answering.reviewing import add_to_queue
from hansol_assets.errors import UserError


@dataclass(frozen=True)
class Labels:
    """The words of one language; those with a name in braces are filled in."""

    title: str
    question: str
    placeholder: str
    ask: str
    working: str
    answer: str
    confidence: str
    verdicts: Mapping[str, str]
    needs_review: str
    nearest: str
    sources: str
    row: str
    no_sources: str
    enqueue: str
    enqueued: str
    enqueued_before: str
    empty: str
    too_long: str


KOREAN = Labels(
    title="질문과 답변",
    question="질문",
    placeholder="질문을 적고 Enter를 누르세요",
    ask="질문하기",
    working="답변을 만들고 있습니다…",
    answer="답변",
    confidence="맞을 확률",
    verdicts={
        "answered": "표의 행이 답합니다",
        "related": "표에 이 질문이 없어 가까운 행을 보여 줍니다",
        "unanswered": "표에 답이 없습니다",
    },
    needs_review="사람의 검토가 필요합니다",
    nearest="가장 가까운 질문",
    sources="출처",
    row="행",
    no_sources="표에서 인용한 답변이 없습니다.",
    enqueue="이 질문을 검토 목록에 넣기",
    enqueued="검토 목록에 넣었습니다: {path}",
    enqueued_before="이미 검토 목록에 있습니다: {path}",
    empty="질문을 적어 주세요.",
    too_long="질문이 {length}자입니다. {most}자 안으로 줄이거나 나누어 물어 주세요.",
)

ENGLISH = Labels(
    title="Questions and answers",
    question="Question",
    placeholder="Write a question and press Enter",
    ask="Ask",
    working="An answer is being made…",
    answer="Answer",
    confidence="Probability that it is right",
    verdicts={
        "answered": "A row of the table answers it",
        "related": "The table has no such question: the nearest rows are shown",
        "unanswered": "The table does not hold an answer",
    },
    needs_review="A person should review it",
    nearest="Nearest questions",
    sources="Sources",
    row="row",
    no_sources="Nothing of the table is quoted.",
    enqueue="Put this question into the review queue",
    enqueued="It was put into the review queue: {path}",
    enqueued_before="It stands in the review queue already: {path}",
    empty="Write a question.",
    too_long="It has {length} characters: shorten it to {most}, or ask its parts one by one.",
)

DEFAULT_LANGUAGE = "ko"
LABELS = {DEFAULT_LANGUAGE: KOREAN, "en": ENGLISH}
"""Language, as `?lang=` names it → its words."""

LANGUAGE_NAMES = {DEFAULT_LANGUAGE: "한국어", "en": "English"}


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
    lines = "".join(f"{escape(text)}.<br>" for text in words)
    return _section(
        labels.confidence,
        f'<div class="ask-figure">{answer.confidence:.2f}</div><p class="ask-{kind}">{lines}</p>',
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
    nearest = _section(labels.nearest, f"<ul>{lines}</ul>") if lines else ""
    return _section(labels.sources, content or message_html(labels.no_sources)) + nearest


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


_URL_LANGUAGE = f"""() => {{
  const named = new URLSearchParams(window.location.search).get("lang");
  return {list(LABELS)}.includes(named) ? named : "{DEFAULT_LANGUAGE}";
}}"""
"""JavaScript: the language that the address names."""

Updates = dict[Any, Any]
"""Component → its new value, or an update of it."""


class AskPage:
    """The page's parts, and what they do."""

    def __init__(self, ask: Callable[[str], Answer], review_file: Path) -> None:
        import gradio as gr

        self._answer_to = ask
        self._review_file = review_file
        labels = LABELS[DEFAULT_LANGUAGE]
        with gr.Blocks(title="hansol ask", analytics_enabled=False) as self.blocks:
            self._answer = gr.State()
            with gr.Row():
                with gr.Column(min_width=240):
                    self._title = gr.Markdown(f"# {labels.title}")
                choices = [(name, key) for key, name in LANGUAGE_NAMES.items()]
                self._language = gr.Radio(
                    choices, value=DEFAULT_LANGUAGE, container=False, scale=0, min_width=196
                )
            # Enter asks, as the box has one line to begin with.
            self._question = gr.Textbox(label=labels.question, max_lines=6, autofocus=True)
            self._ask = gr.Button(labels.ask, variant="primary")
            self._message = gr.HTML(elem_id="message")
            with gr.Row():
                self._text = gr.Textbox(
                    label=labels.answer, lines=6, max_lines=30, interactive=False, buttons=["copy"],
                    scale=3, elem_id="answer",
                )  # fmt: skip
                with gr.Column(scale=1, min_width=240):
                    self._score = gr.HTML(elem_id="score")
                    self._enqueue = gr.Button(labels.enqueue, interactive=False)
            self._sources = gr.HTML(elem_id="sources")
            self._listen()

    def _listen(self) -> None:
        import gradio as gr

        asked = [self._question, self._language]
        shown = [
            self._answer, self._text, self._score, self._sources, self._message, self._enqueue,
        ]  # fmt: skip
        quiet: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}
        gr.on([self._ask.click, self._question.submit], self._answered, asked, shown, **quiet)
        answered = [self._answer, self._language]
        self._enqueue.click(self._enqueued, answered, [self._message], **quiet)
        words = [
            self._title, self._language, self._question, self._ask, self._text, self._enqueue,
            self._score, self._sources, self._message,
        ]  # fmt: skip
        self._language.change(self._in_language, answered, words, **quiet)
        self.blocks.load(self._first_words, [self._language], words, js=_URL_LANGUAGE, **quiet)

    def _answered(self, question: str, language: str) -> Iterator[Updates]:
        import gradio as gr

        labels, asked = LABELS[language], question.strip()
        problem = _problem(asked, labels)
        blank = dict.fromkeys([self._text, self._score, self._sources], "")
        closed = {self._answer: None, self._enqueue: gr.update(interactive=False)}
        yield blank | closed | {self._message: message_html(problem or labels.working)}
        if problem:
            return
        try:
            answer = self._answer_to(asked)
        except UserError as error:
            yield {self._message: message_html(str(error))}
            return
        opened = {self._answer: answer, self._enqueue: gr.update(interactive=True)}
        # At once: an answer without its warning would be taken at its word.
        whole = {self._text: answer.answer, self._message: ""}
        yield whole | opened | self._parts(answer, labels)

    def _parts(self, answer: Answer, labels: Labels) -> Updates:
        return {
            self._score: verdict_html(answer, labels),
            self._sources: sources_html(answer, labels),
        }

    def _enqueued(self, answer: Answer, language: str) -> Updates:
        labels = LABELS[language]
        try:
            is_new = add_to_queue(answer, self._review_file)
        except UserError as error:
            return {self._message: message_html(str(error))}
        message = labels.enqueued if is_new else labels.enqueued_before
        return {self._message: message_html(message.format(path=self._review_file.resolve()))}

    def _in_language(self, answer: Answer | None, language: str) -> Updates:
        import gradio as gr

        labels = LABELS[language]
        words = {
            self._title: f"# {labels.title}",
            self._question: gr.update(label=labels.question, placeholder=labels.placeholder),
            self._ask: labels.ask,
            self._text: gr.update(label=labels.answer),
            self._enqueue: labels.enqueue,
            self._message: "",
        }
        return words | (self._parts(answer, labels) if answer else {})

    def _first_words(self, language: str) -> Updates:
        return self._in_language(None, language) | {self._language: language}


def _problem(question: str, labels: Labels) -> str | None:
    if not question:
        return labels.empty
    if len(question) > LONGEST_QUESTION:
        return labels.too_long.format(length=len(question), most=LONGEST_QUESTION)
    return None
