"""Text whose characters were lost or decoded wrongly before it came here.

What belongs here: recognising it. What does not: mending it: what was meant is a guess, and the
text itself is kept as it is.
"""

import re

REPLACEMENT = "\ufffd"
# "占쏙옙" is what U+FFFD in UTF-8 becomes when it is read as cp949.
_LOST = (REPLACEMENT, "占쏙옙", "쏙옙占")
# ftfy looks at every character; only text with one of these can be mis-decoded.
_SUSPECT = re.compile(r"[\u0080-\u00ff\u0100-\u024f\u02c6\u02dc\u2018-\u2044\u20ac\u2122]{2}")
_MOST_LATIN = re.compile(r"[À-ÿ]{2,}")
# Ones and twos stand in honest text too: "½″", "±2℃", a name.
_RUN_OF_LATIN = 4


def damage_in(text: str) -> str:
    """What is wrong with a text's characters, in a few words; "" where nothing is.

    U+FFFD stands where a character was lost. Mis-decoded text ("ë²½ì§€" for "벽지", "º®Áö") is told
    by ftfy's measure of unlikely sequences, and by runs of accented Latin letters, which Korean
    text in EUC-KR becomes.
    """
    if text.isascii():
        return ""
    if any(sign in text for sign in _LOST):
        return "holds characters that were lost (U+FFFD)"
    if not _SUSPECT.search(text):
        return ""
    from ftfy.badness import is_bad

    longest = max(map(len, _MOST_LATIN.findall(text)), default=0)
    if is_bad(text) or longest >= _RUN_OF_LATIN:
        return "looks decoded wrongly"
    return ""
