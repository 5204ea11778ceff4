"""Makes what ships of `answerability`: python benchmarks/answerability_prior.py.

Run it after a change of the labelled questions, of the features or of an installed encoder; a test
compares the files with what these give.
"""

from dataclasses import replace
from pathlib import Path

import numpy as np

from hansol_assets.embedding.cached import Retriever
from hansol_assets.embedding.e5 import E5Embedder
from hansol_assets.embedding.fitted import save
from hansol_assets.embedding.muse import MuseEmbedder
from hansol_assets.retrieval.examples import PRIOR, Prior, make_prior
from hansol_assets.retrieval.index import DocumentSettings


def save_prior(prior: Prior, folder: Path) -> None:
    """Writes what ships in a third of the size: most of it in half precision."""
    examples, aspects = prior.examples, prior.aspects
    examples = replace(
        examples,
        features=examples.features.astype(np.float16),
        question=examples.question.astype(np.int32),
        weights=examples.weights.astype(np.float32),
    )
    aspects = replace(
        aspects,
        mean=aspects.mean.astype(np.float32),
        weights=aspects.weights.astype(np.float16),
        biases=aspects.biases.astype(np.float32),
    )
    save(Prior(examples, aspects), folder)


if __name__ == "__main__":
    retriever = Retriever(E5Embedder(), "query: ", "passage: ")
    prior = make_prior(retriever, MuseEmbedder(), DocumentSettings())
    save_prior(prior, PRIOR)
    print(f"{len(prior.examples.weights)} questions, {len(prior.examples.answers)} pairs")
