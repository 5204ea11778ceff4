"""Does a question name what it is about, or has it left that in the question before?

What belongs here: the topics of a Korean question, read from its morphemes, and the ways in which a
question leans on another without a word that points back. What does not: pointing words
(`hansol_assets.qa.back_references`) and whether a sentence asks (`hansol_assets.qa.asking`).
"""

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise, takewhile
from typing import TYPE_CHECKING, NamedTuple

from hansol_assets.qa.asking import has_question_word
from hansol_assets.qa.generic_nouns import GENERIC_NOUNS, PART_NOUNS

if TYPE_CHECKING:
    from kiwipiepy import Token

_NOUN_TAGS = ("NNG", "NNP", "SL", "SH")
_WITHIN_A_PHRASE = (*_NOUN_TAGS, "NR", "SN", "XPN", "XSN", "MM", "SW")
_AND = ("이랑", "랑", "와", "과", "하고")
_PREDICATES = ("VV", "VA")
_WHAT = ("어떤", "무슨", "무엇", "뭐")
_ABOUT = ("대하", "관하", "대하여", "관하여")
# Words that Kiwi takes for a noun with a particle.
_TRADE_WORD = re.compile(r"(?<!\S)결로(?!\S)|(?<!\S)결로(?=[는가를의와도])")

_NARROWING = re.compile(r"(?<!\S)(?:어떤|무슨|어느|몇)\s")
_WHICH = re.compile(
    r"(?<!\S)(?:어느\s*(?:쪽|것|게|걸|편|제품)|어떤\s*(?:쪽|편)"
    r"|(?:뭐가|뭘|무엇이|무엇을|어디가|누가|어떤\s*(?:것이|게|걸|것을))\s+더|둘\s*중|셋\s*중)"
)
_LIST = re.compile(r"\S(?:와|과|이랑|랑|하고|이나|나|,|vs\.?|또는|혹은|보다)\s|중에|가운데|중\s")
_OTHERWISE = re.compile(
    r"^(?:아니면|혹은|또는|안\s*그러면|아님|예를\s*들(?:어|면|자면)|즉|왜냐하면|특히|다만|단|하지만|그래도|그래서|따라서"
    r"|그리하여|그러니까|그러나|나머지|다른|또\s*다른|더|좀\s*더|추가|같은|비슷한|동일한|본|상기|위|앞서|앞에서|방금)(?=[\s,])"
)
_OTHER_THAN = re.compile(
    r"(?<!\S)(?<![와과]\s)(?:다른|또\s*다른|비슷한|동일한|같은)\s+(?:방법|방식|제품|재료|자재|종류|업체|색|것|게|거|대안|원인|이유|문제|하자|점|곳)"
)
# "강마루는 어떤가요?" asks of the new thing what was asked of the one before.
_SAME_AGAIN = re.compile(
    r"^(?P<thing>\S+(?:\s\S+)?)(?:은|는|도)\s+(?:어떤가요?|어때\S*|어떻습니까|어떨까요?|어떠한가요?|어떤지\S*|마찬가지\S*|똑같\S*"
    r"|같나요|같은가요|그런가요|되나요|될까요|가능\S+|괜찮\S+|해당되나요|안\s*되나요|돼요|되죠|한가요)[\s?.!]*$"
)
# "못 자국도 포함되나요?": in what, the question before says.
_INCLUDED_TOO = re.compile(r"\S+도\s+(?:포함|해당|적용|제외)\S+[\s?.!]*$")
_THING_TOO = re.compile(r"\S+도\s")
_REQUEST_NOUNS = frozenset(("설명", "추천", "비교", "소개", "안내", "정리", "답변", "부탁"))
# Behind a question without a connective these take up what was said in it.
_TAKING_UP = re.compile(r"(?<!\S)(?:먼저|다시|그냥|굳이|계속|바로|따로)(?!\S)")
# Predicates by which two things are weighed against each other.
_WEIGHING = (
    "좋", "낫", "맞", "옳", "유리하", "나으", "싸", "저렴하", "안전하", "이", "튼튼하",
    "적합하", "알맞", "괜찮", "빠르",
)  # fmt: skip


class _Phrase(NamedTuple):
    nouns: tuple[str, ...]
    is_core: bool
    is_bare: bool
    is_verb: bool


def named_topics(text: str, tokens: Sequence["Token"]) -> frozenset[str]:
    """The nouns of a text that can be what it is about, in whatever role."""
    found = {noun for phrase in _phrases(tokens) for noun in phrase.nouns}
    return frozenset(found | ({"결로"} if _TRADE_WORD.search(text) else set()))


def names_topic(text: str, tokens: Sequence["Token"]) -> bool:
    """Whether a noun that is more than an aspect is the subject, object or topic of the text.

    A place or a means alone is none: in "온돌에 써도 되나요?" the thing that is used is missing.
    """
    if _TRADE_WORD.search(text) or _describes_a_part(tokens):
        return True
    return any(phrase.nouns and phrase.is_core for phrase in _phrases(tokens))


def _describes_a_part(tokens: Sequence["Token"]) -> bool:
    """Whether a part is told apart by a clause that names something: "바닥에 굳은 본드는 …?"."""
    return any(
        described.tag == "ETM"
        and part.form in PART_NOUNS
        and any(phrase.nouns for phrase in _phrases(tokens[:place]))
        for place, (described, part) in enumerate(pairwise(tokens))
    )


def asks_an_aspect(tokens: Sequence["Token"]) -> bool:
    """Whether a noun asks something of a topic, or tells what is done with it."""
    nouns = {token.form for token in tokens if token.tag in (*_NOUN_TAGS, "NNB", "XSN")}
    return bool(nouns & GENERIC_NOUNS - _REQUEST_NOUNS)


def leans_on(
    text: str, tokens: Sequence["Token"], before: str, tokens_before: Sequence["Token"]
) -> bool:
    """Whether a question that names a topic still needs the one before it to be understood.

    Args:
        text: The question.
        tokens: Its tokens.
        before: The text before it.
        tokens_before: Its tokens.

    Returns:
        Whether it picks among what was named before, drops the object of a verb, or asks "and
        this one?".
    """
    bare = text.strip()
    return bool(
        _OTHERWISE.match(bare)
        or _OTHER_THAN.search(bare)
        or _is_compared(tokens)
        or (_WHICH.search(bare) and not _LIST.search(bare[: bare.rfind(" ")]))
        or _INCLUDED_TOO.search(bare)
        or _asks_the_same_again(bare, tokens)
        or _drops_an_object(tokens, tokens_before)
        or _drops_a_subject(tokens, tokens_before)
        or _narrows(bare, tokens, before, tokens_before)
        or _adds_a_thing(bare, tokens, tokens_before)
    )


def returns_to(
    text: str, tokens: Sequence["Token"], before: str, tokens_before: Sequence["Token"]
) -> bool:
    """Whether a question goes on about a part of what the one before it was about.

    It does where a word takes up what was said ("퍼티를 먼저 …?"), where it names nothing but what
    is done ("생략해도 되나요?"), where all its topics, and more,
    were named before and none is described anew ("벽지 위에 젯소를 …? 젯소 없이 …?"), or where it
    begins with the head of a compound ("발코니 확장은 …? 확장 후 …?"). Behind a connective people
    change the subject all the same: then it says nothing.
    """
    if _TAKING_UP.search(text) and not _LIST.search(text):
        return True
    phrases = [phrase for phrase in _phrases(tokens) if phrase.nouns]
    things = [phrase for phrase in phrases if not phrase.is_verb]
    if not things and not _TRADE_WORD.search(text):
        return True
    is_known = {noun for thing in things for noun in thing.nouns} < named_topics(
        before, tokens_before
    )
    if is_known and all(thing.is_bare for thing in things):
        return True
    opening = phrases[0].nouns[0] if phrases and len(phrases[0].nouns) == 1 else ""
    places = [
        phrase.nouns.index(opening) for phrase in _phrases(tokens_before) if opening in phrase.nouns
    ]
    return bool(places) and min(places) > 0


def are_alternatives(
    first: str, first_tokens: Sequence["Token"], second: str, second_tokens: Sequence["Token"]
) -> bool:
    """Whether two questions side by side offer a choice: "벽지가 좋나요? 페인트가 좋나요?"."""
    if has_question_word(first) or has_question_word(second):
        return False
    predicate = _predicate(first_tokens)
    return predicate in _WEIGHING and predicate == _predicate(second_tokens)


def is_topic_phrase(tokens: Sequence["Token"]) -> bool:
    """Whether the text is a noun phrase that asks by itself in a list: "벽지 얼룩 제거 방법도"."""
    words = [token for token in tokens if not token.tag.startswith("S")]
    if words and (words[-1].tag, words[-1].form) == ("JX", "도"):
        words.pop()
    if len(words) < 2 or words[-1].tag not in ("NNG", "XSN", "NNB"):
        return False
    *others, last = (word.form for word in words)
    return last in GENERIC_NOUNS and not GENERIC_NOUNS.issuperset(others)


def _phrases(tokens: Sequence["Token"]) -> Iterator[_Phrase]:
    """Runs of nouns with the role that what follows gives them."""
    place = 0
    while place < len(tokens):
        run = list(takewhile(lambda token: token.tag in _WITHIN_A_PHRASE, tokens[place:]))
        if not run:
            place += 1
            continue
        start = place
        place += len(run)
        nouns = [token.form for token in run if token.tag in _NOUN_TAGS]
        following = tokens[place : place + 3]
        named = nouns if _is_cause(following) else [n for n in nouns if n not in GENERIC_NOUNS]
        asks_an_aspect = bool(nouns) and nouns[-1] in GENERIC_NOUNS
        is_described = start > 0 and tokens[start - 1].tag == "ETM"
        yield _Phrase(
            tuple(named),
            is_core=asks_an_aspect or not _is_adverbial(following),
            is_bare=len(nouns) == 1 and not is_described,
            is_verb=len(nouns) == 1 and bool(following) and following[0].tag.startswith("XSV"),
        )


def _is_cause(following: Sequence["Token"]) -> bool:
    """A question that names its own cause stands by itself: "부적절한 설치로 인해 …"."""
    return len(following) > 1 and following[0].tag == "JKB" and following[1].form.startswith("인하")


def _is_adverbial(following: Sequence["Token"]) -> bool:
    """Whether a phrase tells only where or by what, seen from the tokens behind it."""
    if not following or following[0].tag != "JKB":
        return False
    particle, *rest = following
    if particle.form in _AND or (rest and rest[0].form in _ABOUT):
        return False
    if particle.form != "에" or len(rest) < 2:
        return True
    # "도배풀에는 어떤 종류가 …", "도배지에 얼룩이 …": it has what is asked or told of it.
    is_topic = rest[0].form == "는" and rest[1].form in _WHAT
    has_part = rest[0].form in PART_NOUNS and rest[1].tag in ("JKS", "JKO")
    return not (is_topic or has_part)


def _asks_the_same_again(text: str, tokens: Sequence["Token"]) -> bool:
    match = _SAME_AGAIN.match(text)
    if not match:
        return False
    own = [token for token in tokens if token.end - tokens[0].start <= match.end("thing")]
    nouns = [token for token in own if token.tag in (*_NOUN_TAGS, "XSN")]
    verbal = any(token.tag.startswith(("V", "XSV")) for token in own)
    return not verbal and not (nouns and nouns[-1].form in GENERIC_NOUNS)


def _is_compared(tokens: Sequence["Token"]) -> bool:
    """The other of the two was named before: "타일과의 차이는?", "타일과는 어떻게 다른가요?"."""
    opening = list(takewhile(lambda token: not token.tag.startswith(("V", "JX", "JKO")), tokens))
    following = tokens[: len(opening) + 1]
    return any(
        token.tag in ("JKB", "JC") and token.form in ("과", "와") and after.tag in ("JKG", "JX")
        for token, after in pairwise(following)
    )


def _drops_an_object(tokens: Sequence["Token"], before: Sequence["Token"]) -> bool:
    """A verb of the question before, or a denied one, comes before any noun.

    "안 바르면 …", and, of something harmful, "해롭다면 …".
    """
    opening = list(
        takewhile(lambda token: not token.tag.startswith(("NN", "SL", "NP", "ETM")), tokens)
    )
    verbs = [token for token in opening if token.tag.startswith(_PREDICATES)]
    if not verbs or not any(token.tag == "EC" for token in opening):
        return False
    follows = tokens[len(opening) : len(opening) + 1]
    if follows and follows[0].tag == "ETM":
        return False
    denied = any(token.form in ("안", "못", "않") for token in opening)
    verbs_before = {token.form for token in before if token.tag.startswith(_PREDICATES)}
    return denied or any(verb.form in verbs_before for verb in verbs)


def _drops_a_subject(tokens: Sequence["Token"], before: Sequence["Token"]) -> bool:
    """A condition opens the question and says not of what: "방전되면 …", "해롭다면 …".

    So does one that takes up what was just asked: "환기하면 …" behind "환기를 해야 하나요?".
    """
    if len(tokens) <= 2 or not tokens[2].form.endswith("면"):
        return False
    noun, suffix, ending = tokens[:3]
    if (noun.tag, ending.tag) != ("NNG", "EC"):
        return False
    if suffix.tag.startswith("XSA") or (suffix.tag, suffix.form) == ("XSV", "되"):
        return True
    return suffix.tag == "XSV" and any(token.form == noun.form for token in before)


def _narrows(
    text: str, tokens: Sequence["Token"], before: str, tokens_before: Sequence["Token"]
) -> bool:
    """After a question of wallpaper in one kind of room: "어떤 벽지가 좋나요?"."""
    own, known = named_topics(text, tokens), named_topics(before, tokens_before)
    return bool(_NARROWING.search(text)) and own < known


def _adds_a_thing(text: str, tokens: Sequence["Token"], tokens_before: Sequence["Token"]) -> bool:
    """After "벽지 종류 알려줘", "페인트도 알려줘": of the new thing the same aspect is meant."""
    return (
        bool(_THING_TOO.match(text))
        and asks_an_aspect(tokens_before)
        and not asks_an_aspect(tokens)
    )


def _predicate(tokens: Sequence["Token"]) -> str:
    """The stem of the last verb, adjective or copula."""
    stems = [token for token in tokens if token.tag.startswith(("VV", "VA", "VCP", "XSA", "VX"))]
    if not stems:
        return ""
    last = stems[-1]
    if last.tag != "XSA":
        return last.form
    root = [token for token in tokens if token.end == last.start]
    return (root[-1].form if root else "") + last.form
