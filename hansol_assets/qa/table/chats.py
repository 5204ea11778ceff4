"""Conversations, as the tools that train on them write them: turns made exchanges.

The forms are those of TRL (https://huggingface.co/docs/trl/dataset_formats), Axolotl
(https://docs.axolotl.ai/docs/dataset-formats/), LLaMA-Factory
(https://github.com/hiyouga/LLaMA-Factory/blob/main/data/README.md), OpenAI
(https://platform.openai.com/docs/guides/supervised-fine-tuning) and ShareGPT.
"""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from hansol_assets.qa.table.raw_table import is_list

USER = "user"
ASSISTANT = "assistant"

_ROLES = ("role", "from", "speaker")
_CONTENTS = ("content", "value", "text", "parts")
_ASKING = frozenset({"user", "human", "prompter", "customer", "질문자", "고객", "사용자"})
_ANSWERING = frozenset(
    {"assistant", "gpt", "chatgpt", "model", "bot", "agent", "답변자", "상담사", "상담원"}
)
_CONTEXT = frozenset({"system", "developer", "시스템"})
"""Roles of what stands around a talk, and is no turn in it."""
_TOOLS = frozenset(
    {"tool", "tools", "function", "function_call", "function_response", "function_result"}
    | {"tool_call", "tool_calls", "tool_response", "tool_result", "tool_use", "observation"}
    | {"observations", "ipython", "environment"}
)
"""Roles of what a program says between two texts of a reply, of which the last one answers."""
_KNOWN = _ASKING | _ANSWERING | _CONTEXT | _TOOLS
_TEXT_PARTS = frozenset({None, "text", "input_text", "output_text"})
_LEARNED = ("weight", "train", "training", "loss")
"""Fields of a turn that say, with 0 or false, that it is not to be learned from."""
_TOOL_CALL = re.compile(r"<(tool_call|function_call)>.*?</\1>", re.DOTALL)


class Exchange(NamedTuple):
    """A question of a conversation and what was answered; an empty text where nothing was."""

    question: str
    answer: str


@dataclass
class _Open:
    """An exchange that goes on: the texts of each side so far.

    Attributes:
        before: What the reply said before the last call of a tool, as "let me look".
    """

    asked: list[str] = field(default_factory=list)
    before: list[str] = field(default_factory=list)
    answered: list[str] = field(default_factory=list)
    is_unlearned: bool = False

    @property
    def is_replied(self) -> bool:
        """Whether the next question begins another exchange."""
        return bool(self.answered or self.before or self.is_unlearned)

    def interrupt(self) -> None:
        """Puts what was said before a tool aside."""
        self.before, self.answered = self.answered or self.before, []

    def ended(self, omitted: Counter[str]) -> Iterator[Exchange]:
        omitted["texts before the result of a tool"] += bool(self.before and self.answered)
        answer = self.answered or self.before
        if answer or (self.asked and not self.is_unlearned):
            yield Exchange("\n".join(self.asked), "\n".join(answer))


def is_turns(value: Any) -> bool:
    """Whether a cell holds the turns of a conversation."""
    return (
        is_list(value)
        and len(value) > 0
        and all(isinstance(turn, Mapping) and first_of(turn, _ROLES) is not None for turn in value)
    )


def first_of(turn: Mapping[str, Any], names: Sequence[str]) -> Any:
    """The first of some fields that holds something."""
    return next((turn[name] for name in names if turn.get(name) is not None), None)


def exchanges(turns: Sequence[Mapping[str, Any]], omitted: Counter[str]) -> Iterator[Exchange]:
    """Yields the exchanges of a conversation; turns of one side in a row are one text.

    A reply that is not to be learned from takes its question with it, unless another one follows.
    Of a reply that calls tools, what follows the last call is the answer. A turn of an unknown role
    ends an exchange. What is left out is counted in `omitted`.
    """
    now = _Open()
    for turn in turns:
        role = _role_of(turn)
        text = _text_of(first_of(turn, _CONTENTS), omitted)
        if role not in _KNOWN or (role in _ASKING and now.is_replied):
            yield from now.ended(omitted)
            now = _Open()
        if role in _ASKING:
            now.asked += [text] if text else []
        elif role not in _ANSWERING:
            omitted[f"turns of {role}"] += 1
            if role in _TOOLS:
                now.interrupt()
        elif _is_unlearned(turn):
            omitted["replies that are not to be learned from (weight 0)"] += 1
            now.is_unlearned = True
        else:
            now.answered += [text] if text else []
    yield from now.ended(omitted)


def unknown_roles(value: Any) -> set[str]:
    """The roles in a cell's turns of which nothing says whether they ask or answer."""
    return {_role_of(turn) for turn in value} - _KNOWN if is_turns(value) else set()


def exchange_rows(value: Any, omitted: Counter[str]) -> list[dict[str, Any]]:
    """The exchanges of a cell as rows; a cell without turns is a row without texts.

    A question at the end that nobody answered teaches nothing, beside others that were answered.
    """
    if not is_turns(value):
        return [{USER: "", ASSISTANT: ""}]
    talk = list(exchanges(value, omitted))
    whole = [one for one in talk if one.question and one.answer]
    halves = (len(talk) - len(whole)) * bool(whole)
    omitted["texts without a question, or without an answer"] += halves
    return [{USER: one.question, ASSISTANT: one.answer} for one in whole or talk[-1:]]


def as_turns(value: Any) -> list[Mapping[str, Any]]:
    """A reply as turns: it may be one, or a text."""
    if isinstance(value, Mapping):
        return as_turns(value["messages"]) if "messages" in value else [value]
    return list(value) if is_turns(value) else [{"role": ASSISTANT, "content": value}]


def answered_by(turns: Any, reply: Any) -> list[Mapping[str, Any]]:
    """A conversation with the reply that was preferred; one that repeats the conversation is it."""
    end = as_turns(reply)
    asks = any(_role_of(turn) in _ASKING for turn in end)
    return end if asks or not is_turns(turns) else [*turns, *end]


def with_history(history: Any, question: str, answer: str) -> list[Mapping[str, Any]]:
    """The turns of an instruction that has earlier ones before it, as pairs of texts."""
    pairs = [(pair[0], pair[1]) for pair in history or () if is_list(pair) and len(pair) > 1]
    return [
        turn
        for asked, answered in (*pairs, (question, answer))
        for turn in (
            {"role": USER, "content": asked},
            {"role": ASSISTANT, "content": answered},
        )
    ]


def _role_of(turn: Mapping[str, Any]) -> str:
    return str(first_of(turn, _ROLES)).strip().casefold()


def _is_unlearned(turn: Mapping[str, Any]) -> bool:
    return any(str(turn.get(name)).casefold() in {"0", "0.0", "false"} for name in _LEARNED)


def _text_of(content: Any, omitted: Counter[str]) -> str:
    """The text of a turn's content, which may be in parts; calls of tools are none."""
    if isinstance(content, str):
        text = _TOOL_CALL.sub("", content)
        omitted["calls of tools"] += text != content
        return text.strip() if text != content else text
    if isinstance(content, Mapping):
        kind = content.get("type")
        if kind not in _TEXT_PARTS:
            omitted[f"parts that are no text ({kind})"] += 1
            return ""
        return _text_of(first_of(content, ("text", *_CONTENTS)), omitted)
    if is_list(content):
        return "\n".join(filter(None, (_text_of(part, omitted) for part in content)))
    return "" if content is None else str(content)
