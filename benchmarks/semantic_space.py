"""Measures vectors, texts and confidence in the pretrained space, on rotations of the folds.

    python benchmarks/semantic_space.py RAW_DIR [ROTATION …]

For each rotation: what is chosen and weighed is fitted on calibration rows alone, and every figure
is of validation questions (single and joined) that nothing was fitted on. Prints one table of means
over the rotations, and one of the calibration.
"""

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from hansol_assets.answering.answer_table import joined_texts
from hansol_assets.answering.choosing import NEAREST_ROWS
from hansol_assets.embedding.embedder import Embedder, encode, encode_groups
from hansol_assets.embedding.muse import MuseEmbedder
from hansol_assets.embedding.vectors import split_like
from hansol_assets.qa.answer_form import answer_quality
from hansol_assets.qa.folds import CALIBRATION, TRAINING, VALIDATION, FoldSettings, assign_folds
from hansol_assets.qa.pairing import SINGLE, PairingSettings, build_held_out
from hansol_assets.qa.splitting import question_mix, split_question
from hansol_assets.qa.table import TableSettings, read_test, read_train
from hansol_assets.scoring.answer_regressor import AnswerRegressor
from hansol_assets.scoring.blend import VectorBlend, fit_blend
from hansol_assets.scoring.bootstrap import parity
from hansol_assets.scoring.composing import Composer, QuotableRow
from hansol_assets.scoring.measures import CENTROID, HUMAN, baseline_scores, reference_cosines

ROTATIONS = (0, 2, 4, 6, 8)


class Remembering:
    """An embedder that embeds each text once in this process."""

    def __init__(self, embedder: Embedder) -> None:
        self._embedder = embedder
        self.vectors: dict[str, np.ndarray] = {}

    def get_embedding_dimension(self) -> int | None:
        """Returns the width of the vectors."""
        return self._embedder.get_embedding_dimension()

    def encode(self, texts: list[str], /, **_: Any) -> np.ndarray:
        """Returns one vector a text."""
        missing = [text for text in dict.fromkeys(texts) if text not in self.vectors]
        self.vectors |= dict(zip(missing, self._embedder.encode(missing), strict=True))
        return np.stack([self.vectors[text] for text in texts])


@dataclass(frozen=True)
class Answered:
    """Questions with all that was made for them.

    Attributes:
        questions: Columns of `build_held_out`, and `answer`.
        vectors: Name → [questions, dimensions].
        references: One array a question.
        coverage: The share of the asked terms that each text names, [questions].
        centroid: Direction of the mean answer, [dimensions].
    """

    questions: pd.DataFrame
    vectors: dict[str, np.ndarray]
    references: list[np.ndarray]
    coverage: np.ndarray
    centroid: np.ndarray

    def scores(self, name: str) -> np.ndarray:
        """The mean cosine of each vector of that name, [questions]."""
        return reference_cosines(self.vectors[name], self.references)


def answer(
    questions: pd.DataFrame,
    regressor: AnswerRegressor,
    composer: Composer,
    blend: VectorBlend,
    rows: pd.DataFrame,
    embedder: Embedder,
) -> Answered:
    """Makes every vector and text of questions."""
    parts = [split_question(question) for question in questions["question"]]
    texts = [part for own in parts for part in own]
    components = regressor.components(texts)
    targets = blend.apply(components)
    source_of = {
        row.id: QuotableRow(row.id, row.questions, row.answers)
        for row in rows.itertuples(index=False)
    }
    near = regressor.rows_near(targets, NEAREST_ROWS)
    composed = composer.compose(
        texts,
        targets,
        [[source_of[key] for key, _ in own] for own in near],
        [[nearness for _, nearness in own] for own in near],
    )
    places = np.repeat(np.arange(len(parts)), [len(own) for own in parts])
    coverage = pd.Series([one.coverage for one in composed]).groupby(places).mean().to_numpy()
    written = [
        joined_texts(question, [one.text for one in own])
        for question, own in zip(
            questions["question"],
            np.split(np.array(composed, dtype=object), np.flatnonzero(np.diff(places)) + 1),
            strict=True,
        )
    ]
    weighed = {name: weight for name, weight in blend.weights.items() if weight > 0.01}
    made = {"blend": targets, **{f"only {name}": own for name, own in components.items()}}
    made |= {
        f"without {name}": VectorBlend(
            {other: weight for other, weight in weighed.items() if other != name}
        ).apply(components)
        for name in weighed
    }
    joined = {name: regressor.joining.apply(split_like(own, parts)) for name, own in made.items()}
    plain = np.stack([own.mean(axis=0) for own in split_like(targets, parts)])
    return Answered(
        questions.assign(answer=written),
        {**joined, "blend, parts averaged": plain, "composed text": encode(embedder, written)},
        encode_groups(embedder, questions["references"].tolist()),
        coverage,
        regressor.answer_centroid,
    )


def rotation(rows: pd.DataFrame, test: pd.DataFrame, embedder: Embedder, start: int) -> pd.Series:
    """Measures one rotation."""
    folds = assign_folds(rows, FoldSettings(validation_fold=start))
    split = folds.set_index("id").loc[rows["id"], "split"].to_numpy()
    mix = question_mix(test["question"].tolist()).rounded(PairingSettings().mix_step)
    held_out = build_held_out(rows, folds, mix, PairingSettings())
    training, known = rows[split == TRAINING], rows[split != VALIDATION]
    calibration = rows[split == CALIBRATION]
    regressor = AnswerRegressor.fit_best(training, calibration, embedder)
    asked = held_out[held_out["split"] == CALIBRATION].reset_index(drop=True)
    alone = asked[asked["kind"] == SINGLE]
    blend = fit_blend(
        regressor.components(alone["question"].tolist()),
        encode_groups(embedder, alone["references"].tolist()),
    )
    final = AnswerRegressor.fit(known, embedder, regressor.choices)
    judged = answer(
        held_out[held_out["split"] == VALIDATION].reset_index(drop=True),
        final,
        Composer.fit(known, embedder),
        blend,
        known,
        embedder,
    )
    answers = [text for own in known["answers"] for text in own]
    return figures(judged, blend, answers)


def figures(judged: Answered, blend: VectorBlend, answers: list[str]) -> pd.Series:
    """All figures of one rotation, by name."""
    baselines = baseline_scores(judged.references, judged.centroid, judged.vectors["blend"])
    means = baselines.mean()
    text = judged.scores("composed text")
    found = {f"score of {name}": means[name] for name in (CENTROID, HUMAN, "ceiling")}
    found |= {
        f"parity of {name}": parity(judged.scores(name).mean(), means[CENTROID], means[HUMAN])
        for name in judged.vectors
    }
    for kind, own in judged.questions.groupby("kind"):
        places = own.index.to_numpy()
        base = baselines.iloc[places].mean()
        for name in ("blend", "composed text"):
            scores = judged.scores(name)[places].mean()
            found[f"parity of {name}, {kind}"] = parity(scores, base[CENTROID], base[HUMAN])
    found |= {f"weight of {name}": weight for name, weight in blend.weights.items()}
    found |= {"text score": text.mean(), "coverage of asked terms": judged.coverage.mean()}
    quality = answer_quality(judged.questions["answer"].tolist(), answers)
    return pd.Series({**found, **{f"quality: {name}": value for name, value in quality.items()}})


def main(raw: Path, rotations: tuple[int, ...], embedder: Remembering) -> None:
    """Measures the rotations and prints the tables."""
    rows = read_train(raw / "train.csv", TableSettings()).frame
    test = read_test(raw / "test.csv", TableSettings()).frame
    measured = {}
    for start in rotations:
        measured[start] = rotation(rows, test, embedder, start)
        print(f"rotation {start}:", measured[start]["parity of blend":].head(1).to_dict())
    table = pd.DataFrame(measured)
    print(table.assign(mean=table.mean(axis=1)).round(4).to_markdown())


if __name__ == "__main__":
    chosen = tuple(map(int, sys.argv[2:])) or ROTATIONS
    main(Path(sys.argv[1]), chosen, Remembering(MuseEmbedder()))
