"""Scores the same answer texts under every judge at hand.

    python benchmarks/judges.py LAKE_DIR [MODEL_FOLDER …]

The texts are those of a lake's validation questions: the chosen answers, the nearest row's first
answer, and the model's own. Judges are the installed encoder, sentence-transformers models in the
folders named, and chrF, which needs no model. Two judges' figures are not to be compared; what
may be is the order in which each puts the texts.
"""

import sys
from pathlib import Path

import numpy as np
import pandas as pd

from hansol_assets.answering.candidates import GREEDY, RETRIEVED, of_questions
from hansol_assets.answering.judging import first_texts
from hansol_assets.answering.parts import of_split
from hansol_assets.embedding.embedder import Embedder, encode, encode_groups, load_embedder
from hansol_assets.embedding.muse import MuseEmbedder
from hansol_assets.lake.handles import Table
from hansol_assets.lake.store import Lake
from hansol_assets.qa.folds import VALIDATION
from hansol_assets.scoring.measures import chrf_scores, reference_cosines


def main(lake_dir: Path, folders: list[Path]) -> None:
    """Prints one row a text, one column a judge."""
    lake = Lake(lake_dir, "tiny")
    questions = of_split(Table.pin(lake, "held_out_questions").read(), VALIDATION)
    answers = Table.pin(lake, "validation_answers").read()
    candidates = of_questions(Table.pin(lake, "validation_candidates").read(), questions)
    references = [list(own) for own in questions["references"]]
    texts = {
        "chosen answer": answers["answer"].tolist(),
        "nearest answer": first_texts(answers, candidates, RETRIEVED),
        "the model's own": first_texts(answers, candidates, GREEDY),
        "one reference": [own[0] for own in references],
    }
    # A reference is judged by the others.
    others = dict.fromkeys(texts, references)
    others["one reference"] = [own[1:] or own for own in references]
    judges: dict[str, Embedder] = {"muse": MuseEmbedder()}
    judges |= {folder.name: load_embedder(folder) for folder in folders}
    table = pd.DataFrame(index=list(texts))
    for judge, embedder in judges.items():
        table[judge] = [
            reference_cosines(encode(embedder, own), encode_groups(embedder, others[name])).mean()
            for name, own in texts.items()
        ]
    table["chrF"] = [np.mean(chrf_scores(own, others[name])) for name, own in texts.items()]
    print(table.round(4).to_markdown())


if __name__ == "__main__":
    main(Path(sys.argv[1]), [Path(name) for name in sys.argv[2:]])
