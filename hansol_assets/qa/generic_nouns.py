"""Nouns that are no topic by themselves.

What belongs here: Korean nouns, as Kiwi tags them, that ask something of a topic, tell what is done
with it, or name a part of it. What does not: how they are used (`hansol_assets.qa.topics`).
"""

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
