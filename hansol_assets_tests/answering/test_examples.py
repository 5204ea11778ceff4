"""Prompts of training examples show what prompts will show."""

import json

import pandas as pd

from hansol_assets.answering.examples import context_rows, training_examples
from hansol_assets.qa.prompts import PromptSettings
from hansol_assets.retrieval.hits import Hit
from hansol_assets.retrieval.ranking import RowSearcher

ROWS = {
    name: Hit(
        row_key=name,
        dense_rank=place,
        fts_rank=None,
        rank=place,
        id=name,
        questions=(f"{name}을 닦는 방법은?", f"{name}은 어떻게 닦나요?"),
        answers=(f"{name}을 젖은 천으로 닦습니다.", f"{name}을 닦습니다."),
        probability=0.9 / place,
    )
    for place, name in enumerate(("강마루", "장판", "타일", "벽지", "코르크"), start=1)
}
PROMPT = PromptSettings(context_rows=2)


class InOrder(RowSearcher):
    """A searcher that finds every row, always in one order."""

    def __init__(self) -> None:
        """Opens nothing."""

    def search(self, questions, k, splits):  # type: ignore[no-untyped-def]
        return [list(ROWS.values())[:k] for _ in questions]


def shown(known_share: float, count: int = 200) -> pd.DataFrame:
    pairs = pd.DataFrame(
        {
            "source_ids": [["강마루"]] * count,
            "question": [f"{number}번 집 강마루은 어떻게 닦나요?" for number in range(count)],
            "answer": "강마루을 닦습니다.",
        }
    )
    return training_examples(pairs, InOrder(), PROMPT, known_share=known_share)


def test_so_many_prompts_show_the_row_that_answers() -> None:
    assert not any("강마루" in own for own in shown(0.0)["shown_ids"])
    assert all(own == ["강마루", "장판"] for own in shown(1.0)["shown_ids"])

    ids = shown(0.85)["shown_ids"]
    assert 0.78 < sum("강마루" in own for own in ids) / len(ids) < 0.92
    assert all(len(own) == 2 for own in ids)
    assert ids.tolist() == shown(0.85)["shown_ids"].tolist()
    # A larger share shows the rows that a smaller one did, and more.
    few = shown(0.3)["shown_ids"]
    assert all("강마루" in more for own, more in zip(few, ids, strict=True) if "강마루" in own)


def test_a_prompt_does_not_show_its_question_as_that_of_a_row() -> None:
    said = json.dumps(shown(1.0)["messages"].tolist(), ensure_ascii=False)

    assert "강마루을 닦는 방법은?" in said
    assert said.count("강마루은 어떻게 닦나요?") == 200
    (row,) = context_rows([ROWS["장판"]], "장판을 닦는 방법은?")
    assert (row.question, row.answer) == ("장판은 어떻게 닦나요?", "장판을 닦습니다.")
