"""One way of writing for what looks the same, so that patterns see it.

What belongs here: signs and invisible characters that stand for plain ones. What does not: the
normalisation of a search (`hansol_assets.qa.morphemes`) and repairs of an answer
(`hansol_assets.qa.cleaning`).
"""

import re
import unicodedata

_SIGNS = str.maketrans(
    {
        "？": "?", "﹖": "?", "❓": "?", "❔": "?", "⁇": "?", "！": "!", "﹗": "!", "．": ".", "。": ".",
        "，": ",", "、": ",", "／": "/", "\u3000": " ", "\xa0": " ", "\u202f": " ",
        "\r": "\n", "\u2028": "\n", "\u2029": "\n", "\x85": "\n", "\x0b": "\n",
        "\u200c": None, "\u200d": None, "\u2060": None, "\ufeff": None, "\xad": None,
        "\u200e": None, "\u200f": None,
    }
)  # fmt: skip
# A zero-width space within a word is an accident; beside a sign it stands for a space.
_WITHIN_A_WORD = re.compile(r"(?<=[^\W_])\u200b+(?=[^\W_])")


def plain(text: str, words: re.Pattern[str]) -> str:
    """Write a text with composed syllables, ASCII punctuation and visible spaces.

    Args:
        text: A text as it came.
        words: Words before which a zero-width space stands for a space, wherever it is.

    Returns:
        The text in NFC; a line break is "\\n".
    """
    composed = unicodedata.normalize("NFC", text).replace("\r\n", "\n").translate(_SIGNS)
    if "\u200b" not in composed:
        return composed
    spaced = re.sub(rf"\u200b+(?={words.pattern})", " ", composed)
    return _WITHIN_A_WORD.sub("", spaced).replace("\u200b", " ")
