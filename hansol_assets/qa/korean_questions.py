"""How a Korean question is told: by its endings, its question words, and words that point back."""

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from kiwipiepy import Token

QUESTION_WORDS = "왜|뭐|뭘|무엇|무슨|어떻|어떤|얼마|언제|어디|누가|몇"
"""What asks for something wherever it stands, as a pattern for the start of a word."""

# Laughter, tears and closing signs behind the last word.
_TAIL = re.compile(r"[\s~^ㅋㅎㅠㅜ;:,.!…)\]\"'”’」』*]*$")
# Kiwi writes a final consonant that an ending brings as a letter of its own ("ᆫ가요").
_INTERROGATIVE = re.compile(
    r"(?:나요|가요|까요?|니까|냐|니|나|(?:는|은|ᆫ|던)가|(?:는|은|ᆫ|ᆯ|을|던)지요|려나요?|ᆯ래요?|을래요?)$"
)
# Endings that ask only with a question word ("뭐야") and state without one ("벽이야").
_EITHER = re.compile(r"(?:어요?|아요?|야|예요|에요|여요|죠|지요?|대요?|래요?|ᆫ대요?|는대요?|음|ᆷ)$")
_QUESTION_WORD = re.compile(
    rf"(?<!\S)(?:{QUESTION_WORDS}|뭔|어때|어떠|어느|누구|어찌)|(?:^|\s)\S*뭐(?:야|예요|에요|임|죠|지)"
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

# Each alternative is a whole word, so that "이로운" (useful) or "그늘" (shade) do not count.
_THIS = (
    r"이|이를|이는|이로|이에|이와|이것\S*|이런|이러한|이때\S*|이렇\S*|이처럼|이럴|이들\S*|이곳\S*"
    r"|이걸|이게|이건|여기\S*"
)
_THAT = (
    r"그|그를|그는|그로|그에|그와|그것\S*|그런|그러한|그때\S*|그렇\S*|그러면|그럼|그럴|그들\S*"
    r"|그곳\S*|그걸|그게|그건|그중\S*|거기\S*"
)
_BOTH = (
    r"각|각각\S*|둘|둘의|둘을|둘은|둘이|둘\s+중\S*|양쪽\S*|양자|전자는|전자의|전자와|후자\S*|해당"
    r"|두\s+(?:가지|방법|방식|재료|자재|제품|종류|구조|경우|현상|공법|개념|하자)\S*"
)
_ALIKE = r"반대로|마찬가지로|서로(?!\s+다른)"
_BACK_REFERENCE = re.compile(
    rf"(?<!\S)(?:(?P<both>{_BOTH})|{_THIS}|{_THAT}|{_ALIKE})(?=[\s,.?!]|$)"
)
# What a reference may mean within its own question: the things of a list ("A와 B는 각각"), or the
# clause just before it ("A가 B하는데, 이를").
_LIST = re.compile(r"\S(?:와|과|이랑|하고|며|,)\s")
_CLAUSE = re.compile(r"(?:\S+\s+){2,}\S+,\s*$")
_AFORESAID = re.compile(r"(?:앞서|앞의|위의|위에서|상기)\s")

# Words that ask something of a topic without naming one. A question made of them alone has left
# its topic in the question before: "예방 방법은 뭔가요?"
_ASPECT = (
    r"방법|방안|해결|해결책|예방|방지|대처|대책|조치|원인|이유|까닭|장점|단점|장단점|특징|특성|차이|차이점|종류|"
    r"역할|용도|효과|비용|가격|기간|시기|주의|주의할|주의점|사항|점|문제|문제점|관리|제거|보수|필요|필요한|가능|가능한|"
    r"효과적인|주요|주된|일반적인|가장|좋은|큰|발생|수"
)
_ASKING = (
    r"무엇\S*|뭐\S*|뭔\S*|어떤|어떻게|어디\S*|언제\S*|왜|얼마\S*|어느|몇|있\S*|없\S*|하나요|할까요|하는지|해야|"
    r"되나요|될까요|되는지|알려\S*|설명\S*|말씀\S*|말해\S*|궁금\S*|자세히|자세하게|좀|더|또|다른|대해|대해서|대하여|"
    r"주세요|주실|줘|싶습니다|싶어요|것\S*|것들\S*|하는|할|된|되는|한"
)
_PARTICLE = r"(?:에는|에서|으로|은|는|이|가|을|를|의|과|와|도|에|로|하는|하기|한)?"
_WITHOUT_TOPIC = re.compile(rf"(?:(?:(?:{_ASPECT}){_PARTICLE}|{_ASKING})[\s,.?!]*)+")


def asks(text: str, tokens: Sequence["Token"]) -> bool:
    """Whether a sentence asks or requests.

    A statement ("벽이 젖었습니다.") does not, nor what ends in the middle ("왜 생기는지,").
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
    """Whether a sentence requests an answer: "알려 주세요", "궁금합니다", "추천 좀"."""
    bare = _TAIL.sub("", text)
    if _WONDER.search(bare) or _PLEA.search(bare):
        return True
    return bool(_REQUEST.search(bare) and _REQUESTING.search(bare))


def has_question_word(text: str) -> bool:
    """Whether the sentence asks for something, rather than for a yes or a no."""
    return bool(_QUESTION_WORD.search(text))


def asks_for_a_way(text: str) -> bool:
    """Whether the sentence asks for the thing whose existence it asks about: "방법 있어?"."""
    return bool(_IS_THERE_A_WAY.search(_TAIL.sub("", text).rstrip("?")))


def refers_back(question: str) -> bool:
    """Whether the question depends on the one before it; in doubt it does.

    A word in it points back ("이를", "각각", "두 방법"), or it names no topic ("예방 방법은
    뭔가요?"). A question kept whole costs less than one that has lost its subject.
    """
    bare = question.strip()
    if len(bare.split()) < 2:
        return True
    return bool(
        any(_points_out(bare, match) for match in _BACK_REFERENCE.finditer(bare))
        or _AFORESAID.match(bare)
        or all(_WITHOUT_TOPIC.fullmatch(word) for word in bare.split())
    )


def _points_out(question: str, reference: re.Match[str]) -> bool:
    """Whether nothing before the reference in its question can be what it means."""
    meant = _LIST if reference["both"] else _CLAUSE
    return meant.search(question[: reference.start()]) is None
