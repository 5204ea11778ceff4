"""The forms of tools that train on conversations: the text of each reply that is to be learned."""

import json
from pathlib import Path
from typing import Any

import pytest

from hansol_assets.qa.table import ContractError, TableRead, TableSettings, read_train

Q, A, BAD = "벽지는 왜 뜨나요?", "풀이 말라서입니다.", "모르겠습니다."
NEXT, MORE = "그럼 어떻게 하나요?", "다시 붙이면 됩니다."
ONE = [([Q], [A])]
TWO = [*ONE, ([NEXT], [MORE])]


def turn(role: str, content: Any, **more: Any) -> dict[str, Any]:
    return {"role": role, "content": content, **more}


def said(who: str, value: str) -> dict[str, str]:
    return {"from": who, "value": value}


ASKED, ANSWERED = turn("user", Q), turn("assistant", A)
IMAGE = {"type": "image_url", "image_url": {"url": "https://example.com/a.png"}}
CALL = {"id": "1", "type": "function", "function": {"name": "look", "arguments": "{}"}}

FORMS: dict[str, tuple[list[dict[str, Any]], list[tuple[list[str], list[str]]], str]] = {
    "OpenAI: content in parts": (
        [{"messages": [turn("user", [IMAGE, {"type": "text", "text": Q}]),
                       turn("assistant", [{"type": "text", "text": A}])]}],
        ONE, "1 parts that are no text (image_url)",
    ),
    "OpenAI: a reply of weight 0": (
        [{"messages": [turn("user", NEXT), turn("assistant", BAD, weight=0), ASKED,
                       turn("assistant", A, weight=1)]}],
        ONE, "1 replies that are not to be learned from (weight 0)",
    ),
    "OpenAI: a better reply to the same question": (
        [{"messages": [ASKED, turn("assistant", BAD, weight=0), ANSWERED]}], ONE, "1 replies",
    ),
    "OpenAI: a tool is called": (
        [{"messages": [turn("developer", "친절히."), ASKED,
                       turn("assistant", None, tool_calls=[CALL]),
                       turn("tool", "{}", tool_call_id="1"), ANSWERED], "tools": []}],
        ONE, "1 turns of developer, 1 turns of tool",
    ),
    "OpenAI: a preference": (
        [{"input": {"messages": [turn("system", "친절히."), ASKED], "tools": []},
          "preferred_output": [ANSWERED], "non_preferred_output": [turn("assistant", BAD)]}],
        ONE, "1 turns of system",
    ),
    "TRL: a preference with its prompt": (
        [{"prompt": [ASKED], "chosen": [ANSWERED], "rejected": [turn("assistant", BAD)]}],
        ONE, "carried along, not used: rejected",
    ),
    "TRL: a preference as texts": (
        [{"prompt": Q, "chosen": A, "rejected": BAD}], ONE, "not used: rejected",
    ),
    "TRL: a preference without its prompt": (
        [{"chosen": [ASKED, ANSWERED], "rejected": [ASKED, turn("assistant", BAD)]}],
        ONE, "not used: rejected",
    ),
    "TRL: replies marked good and bad": (
        [{"prompt": Q, "completion": A, "label": True},
         {"prompt": Q, "completion": BAD, "label": False}],
        ONE, "1 replies that column label marks as bad are left out",
    ),
    "Axolotl: a turn not to be trained on": (
        [{"conversations": [said("human", NEXT), {**said("gpt", BAD), "train": False},
                            said("human", Q), said("gpt", A)]}],
        ONE, "1 replies that are not to be learned from",
    ),
    "LLaMA-Factory: a history": (
        [{"instruction": NEXT, "input": "", "output": MORE, "history": [[Q, A]]}],
        TWO, "1 further exchanges",
    ),
    "LLaMA-Factory: a preference": (
        [{"conversations": [said("human", Q)], "chosen": said("gpt", A),
          "rejected": said("gpt", BAD)}],
        ONE, "not used: rejected",
    ),
    "LLaMA-Factory: KTO": (
        [{"conversations": [said("human", Q), said("gpt", A)], "kto_tag": True},
         {"conversations": [said("human", Q), said("gpt", BAD)], "kto_tag": False}],
        ONE, "1 replies that column kto_tag marks as bad",
    ),
    "LLaMA-Factory: a function is called": (
        [{"conversations": [said("human", Q), said("function_call", "{}"),
                            said("observation", "{}"), said("gpt", A)], "tools": "[]"}],
        ONE, "1 turns of function_call, 1 turns of observation",
    ),
    "ShareGPT: a system turn and a greeting": (
        [{"id": "g", "conversations": [said("system", "친절히."), said("gpt", "안녕하세요."),
                                       said("human", Q), said("gpt", A)]}],
        ONE, "1 turns of system, 1 texts without a question",
    ),
    "what a model thinks": (
        [{"messages": [ASKED, turn("assistant", f"<think>\n벽지라…\n</think>\n\n{A}")]}],
        ONE, "(<think>) was taken out of 1 cell",
    ),
    "a call of a tool within a text": (
        [{"messages": [ASKED, turn("assistant", "<tool_call>{}</tool_call>"),
                       turn("tool", "{}"), ANSWERED]}],
        ONE, "1 calls of tools",
    ),
    "a preference whose conversations are texts (kakao/diatool-dpo#2)": (
        [{"chosen": json.dumps({"messages": [ASKED, ANSWERED], "tools": []}),
          "rejected": json.dumps({"messages": [ASKED, turn("assistant", BAD)]})}],
        ONE, "not used: rejected",
    ),
    "conversations with a label (modelscope/ms-swift#4535)": (
        [{"messages": [ASKED, ANSWERED], "label": True},
         {"messages": [ASKED, turn("assistant", BAD)], "label": False}],
        ONE, "1 replies that column label marks as bad",
    ),
    "replies that are good or not (huggingface/trl#1116)": (
        [{"prompt": Q, "answer": A, "is_good": True},
         {"prompt": Q, "answer": BAD, "is_good": False}],
        ONE, "1 replies that column is_good marks as bad",
    ),
    "a tool is called after a text": (
        [{"conversations": [said("human", Q), said("gpt", "찾아보겠습니다."),
                            said("observation", "{}"), said("gpt", A)]}],
        ONE, "1 texts before the result of a tool",
    ),
    "a tool is called at the end": (
        [{"messages": [ASKED, ANSWERED, turn("tool", "{}")]}], ONE, "1 turns of tool",
    ),
    "a role that nobody has, in the middle": (
        [{"conversations": [said("human", Q), said("gpt", A), said("hummany", NEXT),
                            said("gpt", MORE)]}],
        ONE, "line 1, column conversations: the role 'hummany' is nobody's that asks or answers",
    ),
    "a role that nobody has, before the answer": (
        [{"messages": [ASKED, ANSWERED]},
         {"messages": [turn("user", NEXT), turn("narrator", BAD), turn("assistant", MORE),
                       ASKED, turn("assistant", MORE)]}],
        [*ONE, ([Q], [MORE])], "line 2, column messages: the role 'narrator'",
    ),
    "every reply of weight 0 but one": (
        [{"messages": [ASKED, ANSWERED]},
         {"messages": [ASKED, turn("assistant", BAD, weight=0)]}],
        ONE, "1 replies that are not to be learned from",
    ),
}  # fmt: skip


def read(tmp_path: Path, records: list[dict[str, Any]]) -> TableRead:
    path = tmp_path / "train.jsonl"
    path.write_text("\n".join(map(json.dumps, records)), encoding="utf-8")
    return read_train(path, TableSettings())


@pytest.mark.parametrize("name", FORMS)
def test_each_form_gives_what_is_to_be_learned_and_tells_the_rest(
    tmp_path: Path, name: str
) -> None:
    records, expected, note = FORMS[name]

    table = read(tmp_path, records)

    assert list(zip(table.frame["questions"], table.frame["answers"], strict=True)) == expected
    assert note in "; ".join(table.notes)


def test_roles_that_nobody_has_are_named_where_a_table_is_refused_for_them(tmp_path: Path) -> None:
    records = [{"messages": [turn("hummany", Q), ANSWERED]}] * 2
    with pytest.raises(ContractError, match=r"lines 1, 2, column messages: the role 'hummany'"):
        read(tmp_path, records)


def test_a_label_that_is_an_answer_is_one(tmp_path: Path) -> None:
    table = read(tmp_path, [{"input": Q, "label": A}, {"input": NEXT, "label": MORE}])

    assert table.frame["answers"].tolist() == [[A], [MORE]]
