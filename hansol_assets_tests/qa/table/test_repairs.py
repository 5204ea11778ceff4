from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hansol_assets.qa.table.repairs import BREAKS, FORMULAS, HTML, THINKING, mend, repair_notes


@pytest.mark.parametrize(
    ("cell", "mended"),
    [
        ('벽지는?"', "벽지는?"),
        ('"벽지는?', "벽지는?"),
        ('"초배"란 무엇인가요?"', '"초배"란 무엇인가요?'),
        ('"초배"란 무엇인가요?', '"초배"란 무엇인가요?'),
        ('높이 3" 걸레받이', '높이 3" 걸레받이'),
        ('"', ""),
        ("\ufeff 타일 \u200b", "타일"),
    ],
)
def test_only_what_is_stray_goes(cell: str, mended: str) -> None:
    assert mend(cell, Counter()) == mended


@given(st.text(alphabet='가ᄀ\u1161 "\u200b\t', max_size=12))
def test_mending_twice_changes_nothing(cell: str) -> None:
    once = mend(cell, Counter())
    repairs: Counter[str] = Counter()

    assert mend(once, repairs) == once
    assert repairs.total() == 0


READ = [
    (HTML, "<p>풀이 말랐습니다.</p><p>&nbsp;</p><p>여기를<br/>보세요.</p>",
     "풀이 말랐습니다.\n여기를\n보세요."),
    (HTML, '<a href="https://a.kr/?a=1&amp;b=2">여기</a>를 누르세요', "여기를 누르세요"),
    (HTML, "<ul><li>하나<li>둘</ul>", "하나\n둘"),
    (HTML, "<script>x()</script><b>벽지</b>", "벽지"),
    (HTML, "5&deg;C &lt; 20&deg;C &amp; &quot;환기&quot;", '5°C < 20°C & "환기"'),
    (HTML, "&lt;p&gt;두 번&amp;nbsp;쓴 것&lt;/p&gt;", "두 번 쓴 것"),
    (HTML, "첫째 줄<br>이 제품은<br />은은합니다", "첫째 줄\n이 제품은\n은은합니다"),
    (HTML, "첫째입니다. <br> 이 제품은", "첫째입니다.\n이 제품은"),
    (HTML, "<b>굵게</b> 쓰려면 <strong>을 씁니다", "굵게 쓰려면 <strong>을 씁니다"),
    (HTML, "<p><br> 태그는 줄을 바꿉니다.</p>", "태그는 줄을 바꿉니다."),
    (HTML, "<p>&lt;br&gt; 태그는 줄을 바꿉니다.</p>", "<br> 태그는 줄을 바꿉니다."),
    (HTML, "벽지</b>는 왜 뜨나요?", "벽지는 왜 뜨나요?"),
    (HTML, "List<String>과 <b>글</b>", "List<String>과 글"),
    (HTML, '<span style="color:red">벽지 하자', "벽지 하자"),
    (HTML, "<b>&amp;</b>와 &nbsp; 는 다릅니다", "&와 &nbsp; 는 다릅니다"),
    (HTML, "하나<p>둘", "하나\n둘"),
    (THINKING, "<think>\n벽지라…\n</think>\n\n풀입니다.", "풀입니다."),
    (THINKING, "벽지라… </think> 풀입니다.", "풀입니다."),
    (FORMULAS, '="00001"', "00001"),
    (FORMULAS, '="그는 ""네""라고 했다"', '그는 "네"라고 했다'),
    (FORMULAS, '=HYPERLINK("https://a.kr","안내")', "안내"),
    (BREAKS, r"첫째 줄입니다.\n둘째 줄입니다.", "첫째 줄입니다.\n둘째 줄입니다."),
    (BREAKS, r"첫째.\r\n둘째.\t끝.", "첫째.\n둘째.\t끝."),
]  # fmt: skip

KEPT = [
    "a < b 이고 c > d", "<noinput>", "the <div> element", "`<b>굵게</b>`라고 씁니다", "R&D; AT&T",
    "x=1&copy=2", r"C:\new\table", r"\frac{1}{2}\nabla", r"정규식 `\n`", "=A1+B1", r"\N",
    "<벽지>와 <장판>", "2<3>1", "&unknown;",
    "HTML에서 <br> 태그는 무엇을 하나요?", "<br> 태그는 줄을 바꿉니다.", "<br>이 무엇인가요?",
    "<b>와 <strong>의 차이는 무엇인가요?", "<b>는 굵은 글씨, <strong>은 강조입니다.",
    "<b>와 </b>는 무엇인가요?", "<p>는 문단의 시작, </p>는 끝입니다", "<br>, <hr>의 차이는?",
    "</think> 태그는 무엇을 뜻하나요?", "모델의 생각이 </think> 로 끝난다는 표시입니다.",
    "<think>와 </think>의 차이는?", "&nbsp; 는 줄을 바꾸지 않는 공백입니다.", "What does <br> do?",
    r"줄바꿈은 \n 으로 씁니다.", r"\n은 줄바꿈입니다.", r"\t 문자는 무엇인가요?",
]  # fmt: skip


@pytest.mark.parametrize(("kind", "cell", "shown"), READ)
def test_a_cell_is_read_as_it_is_shown(kind: str, cell: str, shown: str) -> None:
    repairs: Counter[str] = Counter()
    assert mend(cell, repairs) == shown
    assert +repairs == {kind: 1}
    assert mend(shown, Counter()) == shown


@pytest.mark.parametrize("cell", KEPT)
def test_what_is_meant_so_stays(cell: str) -> None:
    repairs: Counter[str] = Counter()
    assert mend(cell, repairs) == cell
    assert repairs.total() == 0


def test_what_was_changed_is_counted_for_a_person() -> None:
    assert repair_notes({HTML: 1200, "nfc": 3}) == [
        "tags and entities of web pages (HTML) were taken out of 1,200 cells"
    ]
