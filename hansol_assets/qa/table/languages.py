"""Which language a table is in, and where a text leaves it.

What belongs here: telling scripts apart, and runs of another one. What does not: text that was
decoded wrongly (`hansol_assets.qa.table.damaged_text`).
"""

import re
from collections import Counter
from collections.abc import Iterable

from hansol_assets.qa.sentences import LONG_RUN, latin_runs

HANGUL, LATIN, HAN, CYRILLIC = "hangul", "latin", "han", "cyrillic"
_LETTERS = {
    HANGUL: re.compile("[가-힣]"),
    LATIN: re.compile("[A-Za-z]"),
    HAN: re.compile("[\u3040-\u30ff\u3400-\u9fff]"),
    CYRILLIC: re.compile("[\u0400-\u04ff]"),
}
_OWN_SHARE = 0.1
"""Share of the texts from which on a language is one of the table's own."""
# Runs that no term of a trade needs.
_RUNS = {
    HANGUL: re.compile(r"(?:[가-힣]+[\s,.]*){4,}"),
    HAN: re.compile("(?:[\u3040-\u30ff\u3400-\u9fff]\\s*){8,}"),
    CYRILLIC: re.compile("(?:[\u0400-\u04ff]+\\s*){4,}"),
}
_ADDRESS = re.compile(r"https?://\S+|www\.\S+|\S+@\S+|\S*[/\\]\S*[/\\]\S*|\S+\.[a-z]{2,4}/\S*")
_WORD = re.compile(r"[A-Za-z][A-Za-z'’-]*")


def languages_of(texts: Iterable[str]) -> frozenset[str]:
    """The scripts in which the texts of a table are: each that is most of every tenth text.

    A table without letters is taken for Korean, as the others are held against it.
    """
    counts = Counter(main for text in texts if (main := _main_script(text)))
    own = {script for script, count in counts.items() if count >= _OWN_SHARE * counts.total()}
    return frozenset(own or {HANGUL})


def drift_in(text: str, own: frozenset[str]) -> str | None:
    """The first run of a text that is in no language of its table; None where there is none."""
    english = None if LATIN in own else english_in(text)
    if english:
        return english
    for script, run in _RUNS.items():
        if script not in own and _LETTERS[script].search(text):
            match = run.search(_ADDRESS.sub(" ", text))
            if match:
                return match[0]
    return None


def english_in(text: str) -> str | None:
    """The first run of English prose in a text; addresses, paths and names of products are none."""
    # Few texts have as many words, and the addresses take long to find.
    runs = latin_runs(_ADDRESS.sub(" ", text)) if len(_WORD.findall(text)) >= LONG_RUN else []
    return next(filter(_is_prose, runs), None)


def _main_script(text: str) -> str | None:
    counts = {script: len(letters.findall(text)) for script, letters in _LETTERS.items()}
    # A syllable says as much as two or three letters.
    counts[LATIN] //= 2
    main = max(counts, key=lambda script: counts[script])
    return main if counts[main] else None


def _is_prose(run: str) -> bool:
    words = _WORD.findall(run)
    return 2 * sum(word.islower() for word in words) >= len(words)
