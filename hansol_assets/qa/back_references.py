"""Does a question lean on the one before it?

What belongs here: the words and shapes that make a Korean question depend on what was said just
before. What does not: where questions are cut (`hansol_assets.qa.splitting`).
"""

import re

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


def refers_back(question: str) -> bool:
    """Whether the question depends on the one before it.

    It does where a word in it points back ("이를", "각각", "두 방법") and means nothing of its
    own, or where it names no topic ("예방 방법은 뭔가요?"). In doubt it does: a question kept whole
    costs less than one that has lost its subject.
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
    """Whether nothing before the reference in its own question can be what it means."""
    meant = _LIST if reference["both"] else _CLAUSE
    return meant.search(question[: reference.start()]) is None
