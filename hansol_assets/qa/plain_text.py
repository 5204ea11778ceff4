"""One way of writing for what looks the same, so that patterns see it.

What belongs here: signs and invisible characters that stand for plain ones. What does not: the
normalisation of a search (`hansol_assets.qa.morphemes`) and repairs of an answer
(`hansol_assets.qa.cleaning`).
"""

import re
import unicodedata

_SIGNS = str.maketrans(
    dict.fromkeys("？﹖❓❔⁇", "?")
    | dict.fromkeys("！﹗", "!")
    | dict.fromkeys("．。", ".")
    | dict.fromkeys("，、", ",")
    | dict.fromkeys("；", ";")
    | dict.fromkeys("／", "/")
    | dict.fromkeys("\u3000\xa0\u202f", " ")
    | dict.fromkeys("\r\u2028\u2029\x85\x0b", "\n")
    # Joiners, directions, soft hyphens and byte-order marks have no width and no meaning here.
    | dict.fromkeys("\u200c\u200d\u2060\ufeff\xad\u200e\u200f", "")
)
# A zero-width space within a word is an accident; beside a sign it stands for a space.
_WITHIN_A_WORD = re.compile(r"(?<=[^\W_])\u200b+(?=[^\W_])")


def plain(text: str, words: re.Pattern[str]) -> str:
    r"""Write a text with composed syllables, ASCII punctuation and visible spaces.

    Args:
        text: A text as it came.
        words: Words before which a zero-width space stands for a space, wherever it is.

    Returns:
        The text in NFC; a line break is "\n".
    """
    composed = unicodedata.normalize("NFC", text).replace("\r\n", "\n").translate(_SIGNS)
    if "\u200b" not in composed:
        return composed
    spaced = re.sub(rf"\u200b+(?={words.pattern})", " ", composed)
    return _WITHIN_A_WORD.sub("", spaced).replace("\u200b", " ")
