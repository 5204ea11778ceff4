"""The one form in which a question is put to the model, and control tokens in texts."""

import re
from collections.abc import Sequence
from typing import NamedTuple

from pydantic import Field

from hansol_assets.qa.sentences import split_sentences
from hansol_assets.settings_model import SettingsModel

# The shapes of control tokens over the model families: <bos>, </s>, <start_of_turn>, <|im_end|>,
# <<SYS>>, [INST]. Full-width signs count too, since some tokenizers normalise them (NFKC).
_OPENING = re.compile(
    r"(?P<angle>[<＜])(?=[|｜/]?[A-Za-z_][^<>＜＞\n]{0,60}[>＞])"
    r"|(?P<square>[\[［])(?=/?[A-Z_]{2,30}[\]］])"
)
_END = re.compile(
    r"<(?:end_of_turn|start_of_turn|eos|/s|pad|turn\|)>|<\|[^<>|\n]{1,60}\|?>|\[/?INST\]",
    re.IGNORECASE,
)
_START = re.compile(r"\s*(?:<(?:bos|s|pad)>|\[CLS\])")


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
    """Build the chat messages that ask one question, with the first `context_rows` of the context.

    There is one user turn: Gemma's template knows no system role, so the instruction leads the
    turn. Questions and answers are data: their control tokens are broken and each takes one line.
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


def neutralise(text: str) -> str:
    """Break every control token by a space after its opening bracket: `<eos>` → `< eos>`.

    Doing it again changes nothing. Ordinary text, comparisons such as "3 < 5" too, stays as it is.
    """
    return _OPENING.sub(r"\g<0> ", text)


def cut_at_end(text: str) -> str:
    """The text before the first token that ends a turn, without the tokens that begin a text."""
    while start := _START.match(text):
        text = text[start.end() :]
    end = _END.search(text)
    return text[: end.start()] if end else text
