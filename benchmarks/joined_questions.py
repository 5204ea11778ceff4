r"""How well joined questions are cut: precision and recall of the cut points on a table of cases.

Usage: python benchmarks/joined_questions.py [TABLE]

A table has tab-separated columns `source, voice, question`; "‖" in a question marks where a person
would cut it, "\n" a line break and "\u200b" a zero-width space. A cut point is the number of
letters and digits before it, so that signs and connectives do not count.
"""

import csv
import re
import sys
import time
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from hansol_assets.qa.splitting import take_apart

TABLE = Path(__file__).parents[1] / "hansol_assets_tests" / "qa" / "joined_questions.tsv"
MARK = "‖"


class Case(NamedTuple):
    """A question as a person would cut it.

    Attributes:
        source: Where the question comes from.
        voice: How it is written.
        pieces: The question, cut where a person would; connectives are kept.
    """

    source: str
    voice: str
    pieces: tuple[str, ...]

    @property
    def text(self) -> str:
        """The question as asked."""
        return "".join(self.pieces)


@dataclass(frozen=True)
class CutScore:
    """Cut points counted over cases.

    Attributes:
        right: Found where a person cuts.
        wrong: Found elsewhere.
        missed: Not found.
    """

    right: int
    wrong: int
    missed: int

    @property
    def precision(self) -> float:
        """Share of the cuts found that a person makes; 1 without any."""
        return self.right / (self.right + self.wrong) if self.right + self.wrong else 1.0

    @property
    def recall(self) -> float:
        """Share of a person's cuts that are found; 1 without any."""
        return self.right / (self.right + self.missed) if self.right + self.missed else 1.0


def read_cases(path: Path = TABLE) -> list[Case]:
    """Reads a table of cases."""
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))
    return [
        Case(row["source"], row["voice"], tuple(_unescaped(row["question"]).split(MARK)))
        for row in rows
    ]


def cut_points(pieces: Sequence[str], text: str) -> frozenset[int]:
    """Letters and digits before each cut.

    Args:
        pieces: The pieces of a text in order; what joins them may be left out.
        text: The text.

    Returns:
        Where all but the last piece end.

    Raises:
        ValueError: A piece is not in the text, behind the one before.
    """
    whole = _letters(text)
    points = []
    end = 0
    for piece in pieces:
        end = whole.index(_letters(piece), end) + len(_letters(piece))
        points.append(end)
    return frozenset(points[:-1])


def score(cases: Sequence[Case]) -> CutScore:
    """Cuts the cases and counts the cut points."""
    found = [
        cut_points(taken.parts, case.text)
        for case, taken in zip(cases, take_apart([case.text for case in cases]), strict=True)
    ]
    wanted = [cut_points(case.pieces, case.text) for case in cases]
    pairs = list(zip(found, wanted, strict=True))
    return CutScore(
        right=_count(own & best for own, best in pairs),
        wrong=_count(own - best for own, best in pairs),
        missed=_count(best - own for own, best in pairs),
    )


def _count(points: Iterable[frozenset[int]]) -> int:
    return sum(len(own) for own in points)


def _letters(text: str) -> str:
    return re.sub(r"[\W_]+", "", unicodedata.normalize("NFC", text))


def _unescaped(text: str) -> str:
    return text.replace("\\n", "\n").replace("\\u200b", "\u200b")


def main() -> None:
    """Prints a markdown table: each source, each voice, and all."""
    cases = read_cases(Path(sys.argv[1])) if len(sys.argv) > 1 else read_cases()
    groups: dict[str, list[Case]] = defaultdict(list)
    for case in cases:
        groups[f"source: {case.source.split(' (')[0]}"].append(case)
        groups[f"voice: {case.voice}"].append(case)
    print("| cases | questions | cuts | precision | recall |")
    print("| --- | --- | --- | --- | --- |")
    for name, own in [*sorted(groups.items()), ("all", cases)]:
        got = score(own)
        cuts = got.right + got.missed
        print(f"| {name} | {len(own)} | {cuts} | {got.precision:.3f} | {got.recall:.3f} |")
    _print_speed([case.text for case in cases])


def _print_speed(texts: Sequence[str], count: int = 10_000) -> None:
    # The same text is cut once only: a number of its own makes each question another.
    questions = [f"{place}호 {texts[place % len(texts)]}" for place in range(count)]
    started = time.process_time()
    take_apart(questions)
    seconds = time.process_time() - started
    print(f"\n{count:,} different questions in {seconds:.1f} s of one core's time")


if __name__ == "__main__":
    main()
