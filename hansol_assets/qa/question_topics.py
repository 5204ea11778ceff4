"""What a Korean question is about, and whether it has left that in the question before."""

import re
from collections.abc import Iterator, Sequence
from itertools import groupby, pairwise, takewhile
from typing import TYPE_CHECKING, NamedTuple

from hansol_assets.qa.korean_questions import has_question_word

if TYPE_CHECKING:
    from kiwipiepy import Token


# What is asked of a topic.
_ASPECTS = """
방법 방안 방식 해결 해결책 해법 예방 방지 예방책 대처 대책 대응 조치
원인 이유 까닭 요인 장점 단점 장단점 약점 강점 특징 특성
차이 차이점 공통점 종류 유형 분류 역할 기능 용도 효과 효능 수치 성능 성질
비용 가격 값 금액 단가 견적
예산 요금 기간 시간 시기 주기 수명 기한 때 시점 날짜 계절 주의 유의 주의점 유의점 주의사항 사항 점
법 요령 순서 절차 과정 단계 기준 기준치 규격 규정 법규 조건 문제 문제점 증상 현상 영향 위험 위험성
필요 필요성 가능 가능성 중요 중요성 효율 품질 등급 정도 수준 양 수량 개수 횟수 의미 뜻 정의 개념
원리 구성 결과 상태 상황 경우 예 예시 사례 팁 비결 노하우 내구성 부작용 효율성 경제성 안전성 안정성
한계 제한 제약 예외 범위 규모 근거 출처 배경 유래 역사 이름 명칭 강도 속도 용량 하중 각도 밀도 점도
구조 외관 무료 유료 의무 유통기한 유효기간 보관법
난이도 인기 대안 대체품 책임 보증 보증기간 허가 자격 동의 인건비 시공비 재료비 자재비 공사비 설치비
관리비 유지비 사용법 시공법 관리법 청소법 제거법 후기 의견 생각
"""
# What is done with a topic.
_ACTIONS = """
관리 유지 제거 보수 수리 수선 교체 교환 시공 재시공 설치 사용 이용 활용 작업 공사 처리 선택 선정
구매 구입 판매 주문 검사 점검 확인 측정 진단 판단 철거 해체 복구 청소 세척 건조 보관 폐기 배치
마감 마무리 발생 변형 수정 결정 고려 추천 비교 설명 안내 소개 답변 대답 질문 문의 정리 부탁 도움
정보 내용 자료 조언 상담 신청 요청 요구 보상 준비 준비물 도구 장비 연장 소요 시작 완료 진행 적용
개선 조절 조정 시험 실험 칠 도색 덧칠 연락 신고 의뢰 접수 방문 배송 환불 반품 결제 지불 부담 계산
고정 부착 접착 연결 포함
"""
# What a topic has or is made of.
_PARTS = """
재료 자재 소재 제품 상품 물건 브랜드 길이 두께 폭 너비 높이 크기 무게 면적 평수 색 색상 색깔 모양
형태 무늬 디자인 냄새 소음 얼룩 자국 흠집 균열 틈 틈새 이음매 이음새 모서리 표면 가장자리 부분 부위
위치 장소 곳 쪽 편 방향 간격 비율 농도 온도 습도 압력 하자 손상 요소 풀 본드 접착제 나사 밝기
경계 테두리 끝 겉 속 안쪽 바깥쪽 향 향기 맛 부품
굵기 질감 촉감 광택 재질 물기 때 먼지 바람 소리 진동 변색 부식 오염
"""
# Who does it, how and when; and words that count.
_PEOPLE_AND_TIMES = """
업체 회사 전문가 기사 업자 사람 아이 본인 개인 혼자 셀프 직접 초보 초보자 일반인 집주인 세입자 처음
cm mm m kg g t kW W K L ml
마지막 다음 이전 이후 전 후 뒤 앞 동안 나중 평소 요즘 요새 최근 지금 현재 오늘 내일 하루 이틀
일주일 한번 번 년 월 일 주 개 개월 시 분 평 원 만 천 것 거 게 수 줄 데 중 등 내 외 간 기타
봄 여름 가을 겨울 봄철 여름철 가을철 겨울철 장마철 환절기
나머지 전체 모두 다른 보통 일반 추가 별도 대략 대충 관련 대상 목적 안녕 감사 참고 대체 정말 진짜
자동 수동 성 제 얼마 며칠 누구 누가 무엇 언제 어디 가족 애들 아기 노인 어른 손님 이웃 남편 아내
"""

PART_NOUNS = frozenset(_PARTS.split())
GENERIC_NOUNS = frozenset(
    word for words in (_ASPECTS, _ACTIONS, _PARTS, _PEOPLE_AND_TIMES) for word in words.split()
)
"""A question with no other noun has left its topic in the question before ("설치 기준은?")."""

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
    nouns = {noun for phrase in _phrases(tokens) for noun in phrase.nouns}
    return frozenset(nouns | ({"결로"} if _TRADE_WORD.search(text) else set()))


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
        and any(phrase.nouns for phrase in _phrases(tokens[:index]))
        for index, (described, part) in enumerate(pairwise(tokens))
    )


def asks_an_aspect(tokens: Sequence["Token"]) -> bool:
    """Whether a noun asks something of a topic, or tells what is done with it."""
    nouns = {token.form for token in tokens if token.tag in (*_NOUN_TAGS, "NNB", "XSN")}
    return bool(nouns & GENERIC_NOUNS - _REQUEST_NOUNS)


def leans_on(
    text: str, tokens: Sequence["Token"], before: str, tokens_before: Sequence["Token"]
) -> bool:
    """Whether a question that names a topic still needs the one before it to be understood.

    It does where it picks among what was named before, drops the object of a verb, or asks "and
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
    begins with the head of a compound ("발코니 확장은 …? 확장 후 …?"), unless a clause describes it
    anew ("실크벽지는 …? 벽지를 바른 날 …?"). Behind a connective people
    change the subject all the same: then it says nothing.
    """
    if _TAKING_UP.search(text) and not _LIST.search(text):
        return True
    phrases = [phrase for phrase in _phrases(tokens) if phrase.nouns]
    things = [phrase for phrase in phrases if not phrase.is_verb]
    if not things and not _TRADE_WORD.search(text):
        return True
    named = named_topics(before, tokens_before)
    was_named = {noun for thing in things for noun in thing.nouns} < named
    if was_named and all(thing.is_bare for thing in things):
        return True
    opening = phrases[0].nouns[0] if phrases and len(phrases[0].nouns) == 1 else ""
    if _opens_with_a_clause(tokens):
        return False
    positions = [
        phrase.nouns.index(opening) for phrase in _phrases(tokens_before) if opening in phrase.nouns
    ]
    return bool(positions) and min(positions) > 0


def _opens_with_a_clause(tokens: Sequence["Token"]) -> bool:
    tags = [token.tag.partition("-")[0] for token in tokens[:4]]
    return tags[1:] == ["JKO", "VV", "ETM"] and tags[0] in _NOUN_TAGS


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
    groups = groupby(enumerate(tokens), lambda item: item[1].tag in _WITHIN_A_PHRASE)
    for run in (list(group) for is_phrase, group in groups if is_phrase):
        start, end = run[0][0], run[-1][0] + 1
        nouns = [token.form for _, token in run if token.tag in _NOUN_TAGS]
        following = tokens[end : end + 3]
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
    thing = [token for token in tokens if token.end - tokens[0].start <= match.end("thing")]
    nouns = [token for token in thing if token.tag in (*_NOUN_TAGS, "XSN")]
    verbal = any(token.tag.startswith(("V", "XSV")) for token in thing)
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
    topics = named_topics(text, tokens)
    return bool(_NARROWING.search(text)) and topics < named_topics(before, tokens_before)


def _adds_a_thing(text: str, tokens: Sequence["Token"], tokens_before: Sequence["Token"]) -> bool:
    """After "벽지 종류 알려줘", "페인트도 알려줘": of the new thing the same aspect is meant."""
    return (
        bool(_THING_TOO.match(text))
        and asks_an_aspect(tokens_before)
        and not asks_an_aspect(tokens)
    )


def _predicate(tokens: Sequence["Token"]) -> str:
    stems = [token for token in tokens if token.tag.startswith(("VV", "VA", "VCP", "XSA", "VX"))]
    if not stems:
        return ""
    last = stems[-1]
    if last.tag != "XSA":
        return last.form
    root = [token for token in tokens if token.end == last.start]
    return (root[-1].form if root else "") + last.form
