"""Whether the offline embedder still stands for the table, or is to be fitted anew.

What belongs here: the texts that it was fitted on, against those of now. What does not: the fit
(`hansol_assets.embedding.lsa`). An embedder that is fitted anew moves every vector: all texts are
embedded again, and scores of before and after are not of one measure. So it is kept while the
table has changed little.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Self

from hansol_assets.lake.errors import MissingInputError
from hansol_assets.lake.fingerprint import text_hash
from hansol_assets.lake.manifest import Manifest
from hansol_assets.lake.store import Lake

CORPUS_FILE = "corpus.txt"
EMBEDDER = "answer_embedder"


@dataclass(frozen=True)
class Corpus:
    """A set of texts, by their hashes."""

    hashes: frozenset[str]

    @classmethod
    def of(cls, texts: Iterable[str]) -> Self:
        """Returns the corpus of texts."""
        return cls(frozenset(map(text_hash, texts)))

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Reads the corpus that an embedder was saved with."""
        return cls(frozenset((folder / CORPUS_FILE).read_text(encoding="ascii").split()))

    def save(self, folder: Path) -> None:
        """Writes the corpus beside the embedder that is fitted on it."""
        (folder / CORPUS_FILE).write_text("\n".join(sorted(self.hashes)) + "\n", encoding="ascii")

    @cached_property
    def digest(self) -> str:
        """The corpus' name."""
        return text_hash("\n".join(sorted(self.hashes)))

    def drift_from(self, other: Self) -> float:
        """Returns the share of the texts of either that the other lacks, the larger one."""
        largest = max(len(self.hashes), len(other.hashes))
        return 1 - len(self.hashes & other.hashes) / largest if largest else 0.0


def standing_embedder(
    lake: Lake, embedder: Mapping[str, Any], training: Corpus, held_out: Corpus, most_drift: float
) -> Manifest | None:
    """Finds the live embedder, if it is still good for the table.

    Args:
        lake: The lake under the active profile.
        embedder: The settings of the fit.
        training: The training answers of now.
        held_out: The answers that nothing may be fitted on.
        most_drift: Share of the training answers that may have changed since it was fitted.

    Returns:
        Its manifest; None if there is none, it is damaged (then it is set aside), it was fitted
        otherwise, the table has drifted, or an answer that it was fitted on is now held out.
    """
    try:
        manifest = lake.live(EMBEDDER)
    except MissingInputError:
        return None
    if "corpus" not in manifest.config or manifest.config["embedder"] != embedder:
        return None
    if not lake.is_whole(manifest):
        lake.set_aside(manifest)
        return None
    fitted = Corpus.load(lake.paths.artifact(EMBEDDER, manifest.fingerprint))
    if fitted.hashes & held_out.hashes or training.drift_from(fitted) > most_drift:
        return None
    return manifest
