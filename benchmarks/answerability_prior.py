"""Makes what ships of `answerability`: python benchmarks/answerability_prior.py.

Run it after a change of the labelled questions, of the features or of an installed encoder; a test
compares the files with what these give.
"""

from hansol_assets.embedding.cached import Retriever
from hansol_assets.embedding.e5 import E5Embedder
from hansol_assets.embedding.muse import MuseEmbedder
from hansol_assets.retrieval.examples import PRIOR, make_prior, save_prior
from hansol_assets.retrieval.index import DocumentSettings

if __name__ == "__main__":
    retriever = Retriever(E5Embedder(), "query: ", "passage: ")
    prior = make_prior(retriever, MuseEmbedder(), DocumentSettings())
    save_prior(prior, PRIOR)
    print(f"{len(prior.examples.weights)} questions, {len(prior.examples.answers)} pairs")
