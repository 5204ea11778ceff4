"""Cells that another program wrote for itself, as the text that it shows a person.

What belongs here: web pages' tags and entities, formulas that stand for a text, breaks written as
two signs. What does not: text that was decoded wrongly (`hansol_assets.qa.table.damaged_text`).
"""

import html
import re

_TAGS = (
    "a|abbr|article|b|blockquote|br|center|code|dd|del|div|dl|dt|em|font|h[1-6]|hr|i|img|ins|label|"
    "li|mark|ol|p|pre|s|script|section|small|span|strike|strong|style|sub|sup|table|tbody|td|tfoot|"
    "th|thead|tr|u|ul"
)
_OPENING = rf"<(?:{_TAGS})(?:\s[^<>]*)?/?>"
# A tag that a sentence is about ("the <div> element") stands alone; a page's are closed, or many.
_IS_PAGE = re.compile(
    rf"<(?:br|hr|img)(?:\s[^<>]*)?/?>|</(?:{_TAGS})\s*>|{_OPENING}.*{_OPENING}",
    re.IGNORECASE | re.DOTALL,
)
_ENTITY = re.compile(r"&(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});")
_BLOCKS = re.compile("^(?:blockquote|br|d[dlt]|div|h[1-6r]|li|[ou]l|p|pre|section|table|tr)$")
_THINKING = re.compile(r"<(think|thinking|reasoning)>.*?</\1>|^.*?</think>", re.DOTALL)
_FORMULA = re.compile(r'=\s*(?:T\(\s*)?"(?P<text>(?:[^"]|"")*)"\s*\)?')
_LINK = re.compile(
    r'=\s*HYPERLINK\(\s*"[^"]*"\s*[,;]\s*"(?P<text>(?:[^"]|"")*)"\s*\)', re.IGNORECASE
)
_BREAK = re.compile(r"(?:\\r)?\\n|\\t")
# A folder, a pattern, a formula of TeX or a program's text means its backslashes.
_MEANT = re.compile(
    r"""[A-Za-z]:\\|\\\\|`|["']\\[nrt]["']|\\(?![nrtN])|\\n(?:eq|abla|ot|ewline|u\b|i\b)|\\t(?:ext|imes|o\b)"""
)


def shown_by_a_browser(text: str) -> str:
    """A text without the tags and entities of a web page, its lines kept; others as they are.

    What was written twice over (`&amp;lt;p&amp;gt;`) is read until nothing is left to read.
    """
    if "`" in text:
        return text
    while True:
        shown = _without_tags(text) if _IS_PAGE.search(text) else text
        shown = _ENTITY.sub(lambda entity: html.unescape(entity[0]).replace("\xa0", " "), shown)
        if shown == text:
            return text
        text = shown


def without_thinking(text: str) -> str:
    """A reply without what a model wrote for itself before it: `<think>…</think>`."""
    return _THINKING.sub("", text) if "</" in text else text


def shown_by_a_sheet(text: str) -> str:
    """What a spreadsheet shows of a formula that is a text: `="00001"`, `=HYPERLINK("…", "…")`."""
    formula = (_FORMULA.fullmatch(text) or _LINK.fullmatch(text)) if text.startswith("=") else None
    return formula["text"].replace('""', '"') if formula else text


def with_line_breaks(text: str) -> str:
    """A text in which a break that is written as a backslash and a letter is one."""
    if "\\" not in text or _MEANT.search(text):
        return text
    return _BREAK.sub(lambda sign: "\t" if sign[0] == "\\t" else "\n", text)


def _without_tags(text: str) -> str:
    from bs4 import BeautifulSoup

    page = BeautifulSoup(text, "html.parser")
    for unseen in page(["script", "style"]):
        unseen.decompose()
    for block in page(_BLOCKS):
        block.insert_before("\n")
        block.insert_after("\n")
    for cell in page(["td", "th"]):
        cell.insert_after(" ")
    lines = (" ".join(line.split()) for line in page.get_text().splitlines())
    return "\n".join(filter(None, lines))
