"""The page of `hansol ask --serve`: its parts, and what they do."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from hansol_assets.answering.asking import LONGEST_QUESTION, Answer
from hansol_assets.answering.reviewing import add_to_queue
from hansol_assets.cli.ask_html import message_html, sources_html, verdict_html
from hansol_assets.cli.ask_labels import DEFAULT_LANGUAGE, LABELS, LANGUAGE_NAMES, Labels
from hansol_assets.cli.ask_turns import Turns
from hansol_assets.errors import UserError

_WANTED_LANGUAGE = f"""() => {{
  const wanted = new URLSearchParams(window.location.search).get("lang");
  return {list(LABELS)}.includes(wanted) ? wanted : "{DEFAULT_LANGUAGE}";
}}"""
"""JavaScript: the language that the address names."""

Updates = dict[Any, Any]
"""Component → its new value, or an update of it."""


class AskPage:
    """The page's parts, and what they do."""

    def __init__(self, turns: Turns, review_file: Path) -> None:
        import gradio as gr

        self._turns = turns
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
        own: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}
        gr.on([self._ask.click, self._question.submit], self._answered, asked, shown, **own)
        kept = [self._answer, self._language]
        self._enqueue.click(self._enqueued, kept, [self._message], **own)
        words = [
            self._title, self._language, self._question, self._ask, self._text, self._enqueue,
            self._score, self._sources, self._message,
        ]  # fmt: skip
        self._language.change(self._in_language, kept, words, **own)
        self.blocks.load(self._first_words, [self._language], words, js=_WANTED_LANGUAGE, **own)

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
            answer = self._turns.ask(asked)
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
        said = labels.enqueued if is_new else labels.enqueued_before
        return {self._message: message_html(said.format(path=self._review_file.resolve()))}

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
