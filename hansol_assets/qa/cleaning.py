"""From generated text to an answer.

What belongs here: repairs of one answer, each of them named. What does not: where sentences end
(`hansol_assets.qa.sentences`) and how good answers are (`hansol_assets.qa.quality`).
"""

from typing import NamedTuple

from hansol_assets.qa.control_tokens import cut_at_end
from hansol_assets.qa.sentences import (
    ends_as_a_note,
    has_final_ending,
    is_finished,
    sentence_key,
    split_sentences,
)

END_OF_TURN = "end_of_turn"
SPACES = "spaces"
REPEATED_SENTENCE = "repeated_sentence"
UNFINISHED_SENTENCE = "unfinished_sentence"
FINAL_PERIOD = "final_period"


class CleanedAnswer(NamedTuple):
    """An answer and the names of the repairs that changed it, in the order in which they ran."""

    text: str
    changes: tuple[str, ...]


def clean_answer(text: str) -> CleanedAnswer:
    """Clean one generated answer.

    It is cut at the end of its turn, its white space collapsed, a sentence said before dropped, and
    its last sentence closed, or dropped where it is unfinished and another one stands before it.
    Cleaning a cleaned answer changes nothing.
    """
    steps = (
        (END_OF_TURN, cut_at_end),
        (SPACES, _collapse_spaces),
        (REPEATED_SENTENCE, _drop_repeated),
        (FINAL_PERIOD, _close),
        (UNFINISHED_SENTENCE, _drop_unfinished),
    )
    changes = []
    for name, step in steps:
        changed = step(text)
        if changed != text:
            changes.append(name)
        text = changed
    return CleanedAnswer(text, tuple(changes))


def without_repetition(text: str) -> str:
    """Collapse the white space of a text and drop a sentence said before; nothing else is lost."""
    return _drop_repeated(_collapse_spaces(text))


def _collapse_spaces(text: str) -> str:
    return " ".join(text.split())


def _drop_repeated(text: str) -> str:
    sentences = split_sentences(text)
    first_of: dict[str, str] = {}
    for sentence in sentences:
        first_of.setdefault(sentence_key(sentence), sentence)
    return text if len(first_of) == len(sentences) else " ".join(first_of.values())


def _close(text: str) -> str:
    return f"{text}." if has_final_ending(text) else text


def _drop_unfinished(text: str) -> str:
    sentences = split_sentences(text)
    finished = [place for place, sentence in enumerate(sentences) if is_finished(sentence)]
    if not finished or finished[-1] == len(sentences) - 1 or ends_as_a_note(sentences[-1]):
        return text
    return " ".join(sentences[: finished[-1] + 1])
