"""Text that a chat template would read as an instruction instead of as words.

What belongs here: recognising the control tokens of chat models in data and in generated text.
What does not: where the text goes (`hansol_assets.qa.prompts`, `hansol_assets.qa.cleaning`).
"""

import re

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
