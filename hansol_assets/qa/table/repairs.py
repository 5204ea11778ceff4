"""Small repairs to a table's cells: none changes what a cell says, and each is counted."""

import html
import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from functools import partial

import pyarrow as pa
import pyarrow.compute as pc

NFC = "nfc"
OUTER_SPACES = "outer_spaces"
STRAY_QUOTES = "stray_quotes"
BLANK_LINES = "blank_lines"
NAMES = "column_names"
"""Names of columns with invisible or full-width characters in them."""
REPAIRS = (NFC, OUTER_SPACES, STRAY_QUOTES, BLANK_LINES, NAMES)
"""Kinds that are reported at 0, too."""
THINKING = "thinking"
HTML = "html"
FORMULAS = "formulas"
BREAKS = "breaks"
LISTS_AS_TEXT = "lists"
MASKED = "masked"
_MESSAGES = {
    MASKED: "personal numbers were masked in {}",
    THINKING: "what a model wrote for itself (<think>) was taken out of {}",
    HTML: "tags and entities of web pages (HTML) were taken out of {}",
    FORMULAS: 'a formula that is a text (="…") was read as that text in {}',
    LISTS_AS_TEXT: "a list written as a text was read as its texts in {}",
    BREAKS: "a break written as \\n was read as one in {}",
}
"""Kind of repair → its message; each changes signs that can be seen."""

_QUOTE = '"'
INVISIBLE = "\u200b\u200c\u200d\u200e\u200f\u2060\ufeff\u00ad"
"""Zero-width characters, direction marks, the byte order mark and the soft hyphen: invisible in an
editor, and not stripped by str.strip."""

_SIGNS = r"[!#-%'-;=-\[\]-~가-힣]+"
_PLAIN = rf"^(?:{_SIGNS}(?: {_SIGNS})*)?$"
"""Composed syllables and ASCII without quotes, "<", "&" and backslashes, single spaces between
them: nothing to mend."""

Span = tuple[int, int]

_TAGS = (
    "a|abbr|article|b|blockquote|br|center|code|dd|del|div|dl|dt|em|font|h[1-6]|hr|i|img|ins|label|"
    "li|mark|ol|p|pre|s|script|section|small|span|strike|strong|style|sub|sup|table|tbody|td|tfoot|"
    "th|thead|tr|u|ul"
)
_TAG = re.compile(rf"<(?P<end>/)?(?P<name>{_TAGS})(?P<more>\s[^<>]*)?/?>", re.IGNORECASE)
_ENDLESS = frozenset({"br", "hr", "img", "p", "li", "dt", "dd", "tr", "td", "th"})
"""Tags that a page need not close."""
_SURE = (
    "은|는|을|를|의|와|과|로|으로|에|에서|에는|에도|처럼|보다|부터|까지|이?란|이?라는|이?라고|"
    "입니다|인가요|인지|인데|이고|이며"
)
_FOLLOWS = re.compile(
    rf"\s?(?:(?P<tag>태그|요소|엘리먼트|기호|문자|tags?\b|elements?\b)|"
    rf"(?:(?P<particle>{_SURE})|이|가|도|나|이나|및|또는|is|are|does|do|and|or|vs)(?=[\s,.?!)]|$)|"
    r"[,/·)\]])",
    re.IGNORECASE,
)
"""What follows a tag or an entity that a sentence speaks of; no line begins with a particle."""
_APART = frozenset(" \t\n([{\"'“‘「,/·")
_SENTENCE_ENDS = (".", "!", "?", "…", ":", ";", "。", ">")
_JOINT = re.compile(r"\s*(?:와|과|랑|이랑|하고|및|이?나|또는|혹은|and|or|vs\.?|&|,|/|·|~|-)\s*")
_ENTITY = re.compile(r"&(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});")
_BLOCKS = re.compile(
    "^(?:article|blockquote|br|center|d[dlt]|div|h[1-6r]|li|[ou]l|p|pre|section|table|tr)$"
)
_THINKING = re.compile(
    r"(?P<open><(think|thinking|reasoning)>).*?(?P<close></\2>)|^(?:(?!<think>).)*?(?P<end></think>)",
    re.DOTALL,
)
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

    What was written twice over (`&amp;lt;p&amp;gt;`) is read until nothing is left to read. A tag
    or an entity that the sentence is about ("<b>와 <strong>의 차이", "<br> 태그") stays.
    """
    if "`" in text:
        return text
    while True:
        shown = _without_tags(text)
        shown = _ENTITY.sub(_shown_entity, shown)
        if shown == text:
            return text
        text = shown


def without_thinking(text: str) -> str:
    """A reply without what a model wrote for itself before it: `<think>…</think>`."""
    return _THINKING.sub(_without_thought, text) if "</" in text else text


def shown_by_a_sheet(text: str) -> str:
    """What a spreadsheet shows of a formula that is a text: `="00001"`, `=HYPERLINK("…", "…")`."""
    formula = (_FORMULA.fullmatch(text) or _LINK.fullmatch(text)) if text.startswith("=") else None
    return formula["text"].replace('""', '"') if formula else text


def with_line_breaks(text: str) -> str:
    """A text in which a break that is written as a backslash and a letter is one."""
    if "\\" not in text or _MEANT.search(text):
        return text
    return _BREAK.sub(_shown_break, text)


def _shown_break(sign: re.Match[str]) -> str:
    if _is_named(sign):
        return sign[0]
    return "\t" if sign[0] == "\\t" else "\n"


def _without_thought(thought: re.Match[str]) -> str:
    if thought["open"]:
        is_named = _names(thought.string, thought.span("open"), thought.span("close"))
    else:
        is_named = _is_word(thought.string, thought.span("end"))
    return thought[0] if is_named else ""


def _shown_entity(entity: re.Match[str]) -> str:
    if _is_named(entity):
        return entity[0]
    return html.unescape(entity[0]).replace("\xa0", " ")


def _is_named(sign: re.Match[str]) -> bool:
    """Whether a sentence speaks of an entity, or of a break."""
    follows = _FOLLOWS.match(sign.string, sign.end())
    is_spoken_of = follows is not None and bool(follows["particle"] or follows["tag"])
    return is_spoken_of and _is_apart(sign.string, sign.start())


def _without_tags(text: str) -> str:
    """A text without the tags that are mark-up; all are, where one lays out blocks of a page."""
    tags = list(_TAG.finditer(text))
    paired = _paired(text, tags)
    is_page = any(_BLOCKS.match(tag["name"].lower()) for tag in paired)
    marks = [tag for tag in tags if is_page or tag in paired or _is_lone_mark(text, tag)]
    if not marks:
        return text
    return _laid_out(text if is_page else _with_words_escaped(text, marks))


def _paired(text: str, tags: Sequence[re.Match[str]]) -> list[re.Match[str]]:
    paired: list[re.Match[str]] = []
    waiting: list[re.Match[str]] = []
    for tag in tags:
        name = tag["name"].lower()
        partners = [at for at, one in enumerate(waiting) if one["name"].lower() == name]
        if not tag["end"]:
            waiting.append(tag)
        elif partners:
            opening = waiting[partners[-1]]
            del waiting[partners[-1] :]
            if not _names(text, opening.span(), tag.span()):
                paired += [opening, tag]
    return paired


def _names(text: str, opening: Span, closing: Span) -> bool:
    """Whether a sentence names a tag and its end, and there is no text between them."""
    between = text[opening[1] : closing[0]]
    follows = _FOLLOWS.match(text, opening[1])
    if between.strip():
        return bool(_JOINT.fullmatch(between) or (follows and follows["particle"]))
    return _is_word(text, closing)


def _is_lone_mark(text: str, tag: re.Match[str]) -> bool:
    if tag["end"]:
        return not _is_apart(text, tag.start())
    is_mark = tag["name"].lower() in _ENDLESS or "=" in (tag["more"] or "")
    return is_mark and not _is_word(text, tag.span())


def _is_word(text: str, span: Span) -> bool:
    """Whether what follows a tag shows that the sentence speaks of it."""
    follows = _FOLLOWS.match(text, span[1])
    if follows is None or follows["particle"]:
        return follows is not None
    is_over = text[: span[0]].rstrip().endswith(_SENTENCE_ENDS)
    return _is_apart(text, span[0]) and (bool(follows["tag"]) or not is_over)


def _is_apart(text: str, start: int) -> bool:
    return start == 0 or text[start - 1] in _APART


def _with_words_escaped(text: str, marks: Sequence[re.Match[str]]) -> str:
    """A text in which nothing but marks is read as a tag, and no entity that it speaks of."""
    parts, start = [], 0
    for mark in marks:
        parts += [_escaped(text[start : mark.start()]), mark[0]]
        start = mark.end()
    return "".join([*parts, _escaped(text[start:])])


def _escaped(text: str) -> str:
    named = _ENTITY.sub(lambda one: f"&amp;{one[0][1:]}" if _is_named(one) else one[0], text)
    return named.replace("<", "&lt;")


def _laid_out(text: str) -> str:
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


_READINGS = {
    THINKING: without_thinking,
    FORMULAS: shown_by_a_sheet,
    HTML: shown_by_a_browser,
    BREAKS: with_line_breaks,
}


def is_plain(cells: pa.Array) -> pa.BooleanArray:
    """Which cells hold nothing but syllables, harmless ASCII signs, and spaces; none is null."""
    return pc.match_substring_regex(cells, _PLAIN)


def mend_all(cells: pa.Array, plain: pa.BooleanArray, repairs: Counter[str]) -> pa.Array:
    """Mends cells as `mend` does; it is called for those alone that `is_plain` says are not."""
    return change_where(cells, pc.invert(plain), partial(mend, repairs=repairs))


def change_where(cells: pa.Array, mask: pa.BooleanArray, change: Callable[[str], str]) -> pa.Array:
    """Changes the cells of a mask, which alone become Python objects."""
    chosen = cells.filter(mask).to_pylist()
    if not chosen:
        return cells
    return pc.replace_with_mask(cells, mask, pa.array([*map(change, chosen)], cells.type))


def mend(cell: str, repairs: Counter[str] | None = None) -> str:
    """Normalise a cell to NFC, strip outer spaces, remove one stray quote, and read what is marked.

    That is: a text as a browser and a spreadsheet would show it, its line breaks real ones. Repairs
    are counted by kind; mending again changes nothing.
    """
    repairs = Counter() if repairs is None else repairs
    normal = nfc(cell)
    repairs[NFC] += normal is not cell
    stripped = strip_outer(normal)
    repairs[OUTER_SPACES] += stripped != normal
    shown = stripped
    for kind, read in _READINGS.items():
        text = read(shown)
        if text != shown:
            repairs[kind] += 1
            shown = strip_outer(text)
    unquoted = _without_stray_quote(shown)
    repairs[STRAY_QUOTES] += unquoted != shown
    return unquoted


def nfc(text: str) -> str:
    """A text in composed signs; itself where it is so already."""
    return text if unicodedata.is_normalized("NFC", text) else unicodedata.normalize("NFC", text)


def repair_notes(repairs: Mapping[str, int]) -> list[str]:
    """A message for each kind of repair that changed what can be seen."""
    return [
        message.format(f"{repairs[kind]:,} cell{'s' * (repairs[kind] > 1)}")
        for kind, message in _MESSAGES.items()
        if repairs.get(kind)
    ]


def strip_outer(text: str) -> str:
    """Strip white space and invisible characters from both ends."""
    core = text.strip()
    while core and (core[0] in INVISIBLE or core[-1] in INVISIBLE):
        core = core.strip(INVISIBLE).strip()
    return core


def _without_stray_quote(text: str) -> str:
    """Remove the one quote at an end that has no partner, as a doubly quoted export leaves it."""
    if text.count(_QUOTE) % 2 == 0:
        return text
    if text.endswith(_QUOTE):
        return strip_outer(text.removesuffix(_QUOTE))
    if text.startswith(_QUOTE):
        return strip_outer(text.removeprefix(_QUOTE))
    return text
