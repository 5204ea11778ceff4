"""The one form in which a question is put to the model, in training as in generation.

What belongs here: the messages of a prompt. What does not: which rows are shown (`retrieval`), and
the chat template that turns messages into tokens (`modeling`).
"""

from collections.abc import Sequence
from typing import NamedTuple

from pydantic import Field

from hansol_assets.qa.control_tokens import neutralise
from hansol_assets.qa.sentences import split_sentences
from hansol_assets.settings_model import SettingsModel


class PromptSettings(SettingsModel):
    """What stands in a prompt beside the question."""

    system: str = Field("", description="instruction at the start of the prompt; empty: none")
    context_rows: int = Field(2, ge=0, description="retrieved rows shown, the best first")
    context_chars: int = Field(
        120, ge=0, description="characters of each retrieved answer shown, in whole sentences"
    )


class ContextRow(NamedTuple):
    """A retrieved row as a prompt shows it."""

    question: str
    answer: str


def build_messages(
    question: str, context: Sequence[ContextRow], settings: PromptSettings
) -> list[dict[str, str]]:
    """Build the chat messages that ask one question.

    There is one user turn: Gemma's template knows no system role, so the instruction leads the
    turn. Questions and answers are data: their control tokens are broken and each takes one line,
    so that none can pass for another part of the prompt.

    Args:
        question: The question to be answered.
        context: Retrieved rows, the best first; those beyond `context_rows` are not shown.
        settings: The instruction and how much context is shown.

    Returns:
        `[{"role": "user", "content": …}]`.
    """
    blocks = [settings.system.strip()] if settings.system.strip() else []
    for row in context[: settings.context_rows]:
        answer = _shorten(row.answer, settings.context_chars)
        blocks += [f"참고 질문: {_as_data(row.question)}", f"참고 답변: {answer}"]
    blocks.append(f"질문: {_as_data(question)}")
    return [{"role": "user", "content": "\n".join(blocks)}]


def _as_data(text: str) -> str:
    return neutralise(" ".join(text.split()))


def _shorten(text: str, limit: int) -> str:
    """The text's first sentences within the limit, or the start of the first sentence."""
    data = _as_data(text)
    if len(data) <= limit:
        return data
    shown = ""
    for sentence in split_sentences(data):
        longer = f"{shown} {sentence}".lstrip()
        if len(longer) > limit:
            break
        shown = longer
    return shown or data[:limit].rstrip() + "…"
