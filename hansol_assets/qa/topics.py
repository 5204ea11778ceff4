"""Does a question name what it is about, or has it left that in the question before?

What belongs here: the topics of a Korean question, read from its morphemes, and the ways in which a
question leans on another without a word that points back. What does not: pointing words
(`hansol_assets.qa.back_references`) and whether a sentence asks (`hansol_assets.qa.asking`).
"""

import re
from collections.abc import Iterator, Sequence
from itertools import takewhile
from typing import TYPE_CHECKING, NamedTuple

from hansol_assets.qa.asking import has_question_word

if TYPE_CHECKING:
    from kiwipiepy import Token

# Nouns that ask something of a topic, tell what is done with it, or name a part of it. A question
# with no other noun has left its topic in the question before ("설치 기준은?").
_GENERIC = frozenset(
    # Aspects.
    "방법 방안 방식 해결 해결책 해법 예방 방지 예방책 대처 대책 대응 조치 원인 이유 까닭 요인 장점 단점 장단점 약점 "
    "강점 특징 특성 차이 차이점 공통점 종류 유형 분류 역할 기능 용도 효과 효능 성능 성질 비용 가격 값 금액 단가 견적 예산 요금 "
    "기간 시간 시기 주기 수명 기한 때 시점 날짜 계절 주의 유의 주의점 유의점 주의사항 사항 점 법 요령 순서 절차 과정 단계 "
    "기준 규격 규정 법규 조건 문제 문제점 증상 현상 영향 위험 위험성 필요 필요성 가능 가능성 중요 중요성 효율 품질 등급 "
    "정도 수준 양 수량 개수 횟수 의미 뜻 정의 개념 원리 구성 결과 상태 상황 경우 예 예시 사례 팁 비결 노하우 내구성 "
    # Actions.
    "관리 유지 제거 보수 수리 수선 교체 교환 시공 재시공 설치 사용 이용 활용 작업 공사 처리 선택 선정 구매 구입 판매 "
    "주문 검사 점검 확인 측정 진단 판단 철거 해체 복구 청소 세척 건조 보관 폐기 배치 마감 마무리 발생 변형 수정 결정 "
    "고려 추천 비교 설명 안내 소개 답변 대답 질문 문의 정리 부탁 도움 정보 내용 자료 조언 상담 신청 요청 요구 보상 "
    "준비 준비물 도구 장비 연장 소요 시작 완료 진행 적용 개선 조절 조정 "
    # Parts and measures.
    "재료 자재 소재 제품 상품 물건 브랜드 길이 두께 폭 너비 높이 크기 무게 면적 평수 색 색상 색깔 모양 형태 무늬 "
    "디자인 냄새 소음 얼룩 자국 흠집 균열 틈 틈새 이음매 이음새 모서리 표면 가장자리 부분 부위 위치 장소 곳 쪽 편 방향 "
    "간격 비율 농도 온도 습도 압력 하자 손상 요소 "
    # People, and how and when they do it.
    "업체 회사 전문가 기사 업자 사람 아이 본인 개인 혼자 셀프 직접 초보 초보자 일반인 집주인 세입자 "
    "처음 마지막 다음 이전 이후 전 후 뒤 앞 동안 나중 평소 요즘 요새 최근 지금 현재 오늘 내일 하루 이틀 일주일 한번 "
    "번 년 월 일 주 개 개월 시 분 평 원 만 천 것 거 게 수 줄 데 중 등 내 외 간 기타 나머지 전체 모두 다른 보통 일반 "
    "추가 별도 대략 대충 경우 관련 대상 목적 안녕 감사 참고 대체 정말 진짜 이유점 성 제 법".split()
)
_NOUN_TAGS = ("NNG", "NNP", "SL", "SH")
_WITHIN_A_PHRASE = (*_NOUN_TAGS, "NR", "SN", "XPN", "XSN", "MM", "SW")
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
    r"^(?:아니면|혹은|또는|안\s*그러면|아님|예를\s*들|즉|왜냐|특히|다만|단|하지만|그래도|그래서|따라서|그리하여"
    r"|그러니까|그러나|나머지|다른|또\s*다른|더\s|좀\s*더|추가\s|같은|비슷한|동일한|본\s|상기|위|앞서|앞에서|방금)(?=\s|\S*\s|,)"
)
_OTHER_THAN = re.compile(
    r"(?<!\S)(?:다른|또\s*다른|비슷한|동일한|같은)\s+(?:방법|방식|제품|재료|자재|종류|업체|색|것|게|거|대안|원인|이유|문제|하자|점|곳)"
)
# "강마루는 어떤가요?" asks of the new thing what was asked of the one before.
_SAME_AGAIN = re.compile(
    r"^(?P<thing>\S+(?:\s\S+)?)(?:은|는|도)\s+(?:어떤가요?|어때\S*|어떻습니까|어떨까요?|어떠한가요?|어떤지\S*|마찬가지\S*|똑같\S*"
    r"|같나요|같은가요|그런가요|되나요|될까요|가능\S+|괜찮\S+|해당되나요|안\s*되나요|돼요|되죠|한가요)[\s?.!]*$"
)
# Predicates by which two things are weighed against each other.
_WEIGHING = frozenset("좋 낫 맞 옳 유리하 나으 싸 저렴하 안전하 이 정상 튼튼하 오래가 적합하 알맞 괜찮 빠르".split())


class _Phrase(NamedTuple):
    nouns: tuple[str, ...]
    is_core: bool


def named_topics(text: str, tokens: Sequence["Token"]) -> frozenset[str]:
    """The nouns of a text that can be what it is about, in whatever role."""
    found = {noun for phrase in _phrases(tokens) for noun in phrase.nouns}
    return frozenset(found | ({"결로"} if _TRADE_WORD.search(text) else set()))


def names_topic(text: str, tokens: Sequence["Token"]) -> bool:
    """Whether a noun that is more than an aspect is the subject, object or topic of the text.

    A place or a means alone is none: in "온돌에 써도 되나요?" the thing that is used is missing.
    """
    return bool(_TRADE_WORD.search(text)) or any(
        phrase.nouns and phrase.is_core for phrase in _phrases(tokens)
    )


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
        or (_WHICH.search(bare) and not _LIST.search(bare[: bare.rfind(" ")]))
        or _asks_the_same_again(bare, tokens)
        or _drops_an_object(tokens, tokens_before)
        or _narrows(bare, tokens, before, tokens_before)
        or _adds_a_thing(tokens, tokens_before)
    )


def are_alternatives(
    first: str, first_tokens: Sequence["Token"], second: str, second_tokens: Sequence["Token"]
) -> bool:
    """Whether two questions side by side offer a choice: "벽지가 좋나요? 페인트가 좋나요?"."""
    if has_question_word(first) or has_question_word(second):
        return False
    predicate = _predicate(first_tokens)
    return predicate in _WEIGHING and predicate == _predicate(second_tokens)


def is_topic_phrase(tokens: Sequence["Token"]) -> bool:
    """Whether the text is a noun phrase that asks by itself in a list: "벽지 얼룩 제거 방법"."""
    words = [token for token in tokens if not token.tag.startswith("S")]
    if len(words) < 2 or words[-1].tag not in ("NNG", "XSN", "NNB"):
        return False
    return words[-1].form in _GENERIC and any(token.form not in _GENERIC for token in words[:-1])


def _phrases(tokens: Sequence["Token"]) -> Iterator[_Phrase]:
    """Runs of nouns with the role that what follows gives them."""
    place = 0
    while place < len(tokens):
        run = list(takewhile(lambda token: token.tag in _WITHIN_A_PHRASE, tokens[place:]))
        if not run:
            place += 1
            continue
        place += len(run)
        nouns = [token.form for token in run if token.tag in _NOUN_TAGS]
        particle = tokens[place : place + 2]
        named = nouns if _is_cause(particle) else [noun for noun in nouns if noun not in _GENERIC]
        asks_an_aspect = bool(nouns) and nouns[-1] in _GENERIC
        yield _Phrase(tuple(named), asks_an_aspect or not _is_adverbial(particle))


def _is_cause(particle: Sequence["Token"]) -> bool:
    """"부적절한 설치로 인해 …": a question that names its own cause stands by itself."""
    return len(particle) > 1 and particle[0].tag == "JKB" and particle[1].form.startswith("인하")


def _is_adverbial(particle: Sequence["Token"]) -> bool:
    if not particle or particle[0].tag != "JKB":
        return False
    if particle[0].form in ("이랑", "랑", "와", "과", "하고"):
        return False
    return not (len(particle) > 1 and particle[1].form in _ABOUT)


def _asks_the_same_again(text: str, tokens: Sequence["Token"]) -> bool:
    match = _SAME_AGAIN.match(text)
    if not match:
        return False
    own = [token for token in tokens if token.end - tokens[0].start <= match.end("thing")]
    nouns = [token for token in own if token.tag in (*_NOUN_TAGS, "XSN")]
    verbal = any(token.tag.startswith(("V", "XSV")) for token in own)
    return not verbal and not (nouns and nouns[-1].form in _GENERIC)


def _drops_an_object(tokens: Sequence["Token"], before: Sequence["Token"]) -> bool:
    """"안 바르면 …": a verb of the question before, or a denied one, comes before any noun."""
    opening = list(
        takewhile(lambda token: not token.tag.startswith(("NN", "SL", "NP", "ETM")), tokens)
    )
    verbs = [token for token in opening if token.tag.startswith("VV")]
    if not verbs or not any(token.tag == "EC" for token in opening):
        return False
    follows = tokens[len(opening) : len(opening) + 1]
    if follows and follows[0].tag == "ETM":
        return False
    denied = any(token.form in ("안", "못", "않") for token in opening)
    verbs_before = {token.form for token in before if token.tag.startswith("VV")}
    return denied or any(verb.form in verbs_before for verb in verbs)


def _narrows(
    text: str, tokens: Sequence["Token"], before: str, tokens_before: Sequence["Token"]
) -> bool:
    """"어떤 벽지가 좋나요?" after a question of wallpaper in one kind of room."""
    own, known = named_topics(text, tokens), named_topics(before, tokens_before)
    return bool(_NARROWING.search(text)) and own < known


def _adds_a_thing(tokens: Sequence["Token"], before: Sequence["Token"]) -> bool:
    """"페인트도 알려줘" after "벽지 종류 알려줘": of the new thing the same aspect is meant."""
    nouns = [token for token in tokens if token.tag in (*_NOUN_TAGS, "NNB", "XSN")]
    added = any(
        own.tag == "JX" and own.form == "도" and earlier.tag in _NOUN_TAGS
        for earlier, own in zip(tokens, tokens[1:], strict=False)
    )
    asked = [token.form for token in nouns if not _is_request_noun(token.form)]
    aspects_before = any(
        token.form in _GENERIC and not _is_request_noun(token.form)
        for token in before
        if token.tag in (*_NOUN_TAGS, "NNB", "XSN")
    )
    return added and aspects_before and not any(form in _GENERIC for form in asked)


def _is_request_noun(form: str) -> bool:
    return form in ("설명", "추천", "비교", "소개", "안내", "정리", "답변", "부탁", "말씀")


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
