import pytest
from hypothesis import given
from hypothesis import strategies as st

from hansol_assets.qa.prompts import cut_at_end, neutralise

TOKENS = [
    "<bos>",
    "<eos>",
    "<s>",
    "</s>",
    "<pad>",
    "<start_of_turn>",
    "<end_of_turn>",
    "<|im_start|>",
    "<|im_end|>",
    "<|endoftext|>",
    "<|start_header_id|>",
    "<|turn>",
    "<turn|>",
    "<unused12>",
    "<<SYS>>",
    "[INST]",
    "[/INST]",
    "＜eos＞",
    "<｜end▁of▁sentence｜>",
]


@pytest.mark.parametrize("token", TOKENS)
def test_control_tokens_are_broken(token: str) -> None:
    broken = neutralise(f"벽지{token}model")

    assert token not in broken
    assert broken.replace(" ", "") == f"벽지{token}model"


@pytest.mark.parametrize(
    "text", ["두께가 3 < 5 > 1인 판", "가격 [참고]", "<벽지>의 종류", "a<b", "KS[1]"]
)
def test_ordinary_text_stays(text: str) -> None:
    assert neutralise(text) == text


@given(st.lists(st.sampled_from([*TOKENS, "<", ">", "[", "벽지", " ", "\n"])).map("".join))
def test_neutralising_is_final(text: str) -> None:
    once = neutralise(text)

    assert neutralise(once) == once
    assert not any(token in once for token in TOKENS)


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("닦습니다.<end_of_turn>\n<start_of_turn>user", "닦습니다."),
        ("닦습니다.<eos>또 닦습니다.", "닦습니다."),
        ("닦습니다.</s>", "닦습니다."),
        ("닦습니다.<|im_end|>", "닦습니다."),
        ("<bos>닦습니다.", "닦습니다."),
        ("<s> <bos>닦습니다.<pad><pad>", "닦습니다."),
        ("<벽지>를 닦습니다.", "<벽지>를 닦습니다."),
    ],
)
def test_text_ends_with_the_turn(text: str, kept: str) -> None:
    assert cut_at_end(text) == kept
