"""Does a sentence ask or request something, or does it state?

What belongs here: the endings and words by which a Korean sentence asks, read from its morphemes.
What does not: what it asks about (`hansol_assets.qa.topics`).
"""

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from kiwipiepy import Token

# Laughter, tears and closing signs behind the last word.
_TAIL = re.compile(r"[\s~^ㅋㅎㅠㅜ;:,.!…)\]\"'”’」』*]*$")
# Kiwi writes a final consonant that an ending brings as a letter of its own ("ᆫ가요").
_INTERROGATIVE = re.compile(
    r"(?:나요|가요|까요?|니까|냐|니|나|(?:는|은|ᆫ|던)가|(?:는|은|ᆫ|ᆯ|을|던)지요|려나요?|ᆯ래요?|을래요?)$"
)
# Endings that ask only with a question word ("뭐야") and state without one ("벽이야").
_EITHER = re.compile(r"(?:어요?|아요?|야|예요|에요|여요|죠|지요?|대요?|래요?|ᆫ대요?|는대요?|음|ᆷ)$")
_QUESTION_WORD = re.compile(
    r"(?<!\S)(?:왜|뭐|뭘|뭔|무엇|무슨|어떻|어떤|어때|어떠|얼마|언제|어디|어느|누가|누구|몇|어찌)"
    r"|(?:^|\s)\S*뭐(?:야|예요|에요|임|죠|지)"
)
# Kiwi takes an ending for a part of a verb that it does not know ("들뜨나요").
_ASKED = re.compile(
    r"(?:[가-힣](?<!생각)(?<!차이)나요|까요|[은는인운]가요|[습입합됩]니까|뭐(?:야|예요|에요|지|죠|임)"
    r"|(?:^|\s)몇\s*[A-Za-z%㎡℃]+(?:야|예요|에요|죠|지))$"
)
_REQUEST = re.compile(
    r"(?:알려|설명|말씀|말해|가르쳐|추천|비교|소개|안내|정리|답변|답해|부탁|서술|기술|논하|논해|제시|조언|도와"
    r"|견주어|짚어|풀이|얘기|이야기)\S*(?:\s+(?:좀|꼭|한번|자세히|같이))*(?:\s*\S*(?:주|줘|드리|드려|바라|바랍|바람|하라|해라|부탁|시오|요망)\S*)*$"
)
_REQUESTING = re.compile(
    r"(?:줘요?|주라|주렴|주세요|주십시오|주시오|주실래요|주시고요?|주고요|주시겠어요|줄래요?|다오|드립니다|드려요|드림|바랍니다|바라요|바람|요망"
    r"|하시오|하십시오|하세요|하라|논하라|부탁|부탁해요?|부탁합니다|주시면\s*(?:감사\S*|고맙\S*|좋겠\S*))$"
)
# "추천 좀": a request whose verb is left out.
_PLEA = re.compile(r"\S\s+좀$|(?:설명|추천|안내|답변|비교|조언|소개)(?:\s*좀|\s*요망)?$")
_PLEADING = re.compile(r"(?:세요|[라오소]|니다)$")
_WONDER = re.compile(
    r"(?:궁금(?:합니다|해요?|하네요|하다|함|해서요)|알고\s*싶(?:습니다|어요?|네요|다|음)"
    r"|여쭤(?:봅니다|봐요|볼게요)|여쭙습니다|듣고\s*싶(?:습니다|어요))$"
)

_IS_THERE_A_WAY = re.compile(
    r"(?:방법|법|방안|요령|비결|팁|기준|차이|종류)(?:이|은|도)?\s+(?:있|없)\S*$"
)


def asks(text: str, tokens: Sequence["Token"]) -> bool:
    """Whether a sentence asks or requests.

    Args:
        text: The sentence.
        tokens: Its tokens.

    Returns:
        False of a statement ("벽이 젖었습니다.") and of what ends in the middle ("왜 생기는지,").
    """
    bare = _TAIL.sub("", text)
    if bare.endswith("?") or _ASKED.search(bare) or requests(bare):
        return True
    words = [token for token in tokens if not token.tag.startswith(("S", "W", "Z", "UN"))]
    polite = bool(words) and words[-1].tag == "JX" and words[-1].form == "요"
    if polite:
        words.pop()
    if not words:
        return False
    form, tag = words[-1].form, words[-1].tag
    if tag == "EC":
        # "왜 생기는지요": an ending that goes on, made final by the particle of politeness.
        # "왜 막아야 돼 그리고 …": without a sign the same letters may be either kind of ending.
        return (polite and form.endswith("지")) or (
            form in ("어", "아") and bool(_QUESTION_WORD.search(bare))
        )
    if tag != "EF" and not tag.startswith("ETN"):
        return False
    return bool(_INTERROGATIVE.search(form)) or (
        bool(_EITHER.search(form) and _QUESTION_WORD.search(bare)) and "모르" not in bare[-8:]
    )


def is_yes_or_no(tokens: Sequence["Token"]) -> bool:
    """Whether a question without a question word ends in a verb: "생기나요?", not "장점은?"."""
    words = [token for token in tokens if not token.tag.startswith("S")]
    return bool(words) and words[-1].tag == "EF" and not _PLEADING.search(words[-1].form)


def requests(text: str) -> bool:
    """Whether a sentence asks for something to be told: "알려 주세요", "궁금합니다", "추천 좀"."""
    bare = _TAIL.sub("", text)
    if _WONDER.search(bare) or _PLEA.search(bare):
        return True
    return bool(_REQUEST.search(bare) and _REQUESTING.search(bare))


def has_question_word(text: str) -> bool:
    """Whether the sentence asks for something, rather than for a yes or a no."""
    return bool(_QUESTION_WORD.search(text))


def asks_for_a_way(text: str) -> bool:
    """Whether the sentence wants to be told what it asks to be there: "줄이는 방법 있어?"."""
    return bool(_IS_THERE_A_WAY.search(_TAIL.sub("", text).rstrip("?")))
