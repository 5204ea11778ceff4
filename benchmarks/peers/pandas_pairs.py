"""A table read and paired with pandas, as a notebook does it.

What belongs here: `read_csv`, `melt`, `merge`, `sample` and `to_parquet`. What does not: folds,
joined questions that keep within them, mended cells, or a word about a row that is wrong.
"""

import sys
from pathlib import Path

import pandas as pd


def pair(path: Path, out: Path) -> None:
    """Writes every question of a row beside every answer of it, and as many joined ones."""
    rows = pd.read_csv(path)
    asked = [name for name in rows.columns if name.startswith("질문")]
    told = [name for name in rows.columns if name.startswith("답변")]
    questions = rows.melt(id_vars=["id"], value_vars=asked, value_name="question")
    answers = rows.melt(id_vars=["id"], value_vars=told, value_name="answer").dropna()
    pairs = questions[["id", "question"]].merge(answers[["id", "answer"]], on="id")
    first, second = pairs.sample(len(rows), random_state=0), pairs.sample(len(rows), random_state=1)
    joined = pd.DataFrame(
        {
            "id": first["id"].to_numpy() + "+" + second["id"].to_numpy(),
            "question": first["question"].to_numpy() + " 그리고 " + second["question"].to_numpy(),
            "answer": first["answer"].to_numpy() + " " + second["answer"].to_numpy(),
        }
    )
    pd.concat([pairs, joined], ignore_index=True).to_parquet(out)


if __name__ == "__main__":
    pair(Path(sys.argv[1]), Path(sys.argv[2]))
