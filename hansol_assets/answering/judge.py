"""The embedder that scores: pretrained, and named beside every figure.

What belongs here: keeping and opening the judge. What does not: what is scored
(`hansol_assets.answering.judging`).
"""

from collections.abc import Mapping
from dataclasses import dataclass

from hansol_assets.embedding.cached import CachedEmbedder, open_embedder
from hansol_assets.embedding.embedder import EmbedderSettings, embedder_facts, save_embedder
from hansol_assets.lake.handles import Artifact
from hansol_assets.lake.manifest import Fact
from hansol_assets.lake.reports import ArtifactBuild, Report

JUDGE = "judge"
"""Fact: the name of the embedder that gave a figure."""

_EMBEDS_ANSWERS = "embeds_answers"


@dataclass(frozen=True)
class Judge:
    """The embedder that scores.

    Attributes:
        name: Model and revision.
        embedder: Embeds references and answers.
        embeds_answers: Whether submission vectors are of its space, so that it can score them.
    """

    name: str
    embedder: CachedEmbedder
    embeds_answers: bool


def keep_judge(
    answer_embedder: Artifact, settings: EmbedderSettings, build: ArtifactBuild
) -> Report:
    """Keeps the judge, by reference where it is the embedder of the answers.

    Args:
        answer_embedder: What answers are embedded with.
        settings: Names the judge, its revision pinned.
        build: Where it is kept.
    """
    facts = embedder_facts(settings)
    name = judge_name(facts)
    same = name == judge_name(answer_embedder.facts)
    if not same:
        save_embedder(settings, build.folder)
    return Report(facts={**facts, JUDGE: name, _EMBEDS_ANSWERS: same})


def judge_name(facts: Mapping[str, Fact]) -> str:
    """Returns how an embedder is named beside its figures: model and revision."""
    return f"{facts['model']} {facts['revision']}"


def open_judge(judge_embedder: Artifact, answer_embedder: Artifact) -> Judge:
    """Opens the judge that an artifact of the asset of that name stands for.

    Args:
        judge_embedder: That artifact.
        answer_embedder: What it may stand for.

    Raises:
        MixedVersionsError: It was made beside another version of that.
    """
    own = bool(judge_embedder.facts[_EMBEDS_ANSWERS])
    judge_embedder.require_inputs(answer_embedder)
    artifact = answer_embedder if own else judge_embedder
    return Judge(str(judge_embedder.facts[JUDGE]), open_embedder(artifact), own)
