"""The base model of a profile: trained from scratch on the corpus, or fetched from the hub."""

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import pandas as pd
from pydantic import Field

from hansol_assets.errors import InputError
from hansol_assets.hub.conversion import gguf_file
from hansol_assets.hub.download import local_folder
from hansol_assets.hub.fetching import HubSettings, fetch, pinned
from hansol_assets.lake.reports import Log
from hansol_assets.modeling.base.loading import LoadingSettings
from hansol_assets.modeling.base.model_folder import CONFIG_FILE, ModelSource, check_model_folder
from hansol_assets.modeling.base.scratch import (
    BATCH_SIZE,
    MAX_POSITIONS,
    ScratchSettings,
    train_model,
)
from hansol_assets.modeling.base.shape import ModelShape
from hansol_assets.modeling.base.tokenizer import train_tokenizer
from hansol_assets.modeling.runtime import without_bars
from hansol_assets.settings_model import SettingsModel

SCRATCH_NAME = "Gemma 3, trained from scratch"


class ModelFacts(SettingsModel):
    """Facts about a released model, shown and estimated from; no training depends on them."""

    licence: str | None = Field(
        None, description="Licence, as the hub names it; it binds the adapter too."
    )
    gated: bool = Field(
        False, description="Whether the licence must be accepted on the model's page first."
    )
    shape: ModelShape | None = Field(
        None, description="Dimensions, for estimates before the model is fetched."
    )


class BaseModelOrigin(SettingsModel):
    """All that a base model's bytes depend on, beside the corpus.

    `scratch` is None for a released model, `hub` for one that is trained here.
    """

    scratch: ScratchSettings | None = None
    hub: HubSettings | None = None
    licence: str | None = None


class BaseModelSettings(SettingsModel):
    """Which base model, and how it is held in memory."""

    kind: Literal["scratch", "hub"] = Field(
        "scratch", description="scratch: trained on the corpus, offline; hub: a released model."
    )
    scratch: ScratchSettings = Field(ScratchSettings(), description="Read where `kind` is scratch.")
    hub: HubSettings = Field(HubSettings(), description="Read where `kind` is hub.")
    corpus_drift: float = Field(
        0.1,
        ge=0,
        le=1,
        description="scratch: share of the corpus that may change before it is trained anew.",
    )
    facts: ModelFacts = Field(
        ModelFacts(), description="What is known of the hub's model beforehand."
    )
    loading: LoadingSettings = Field(LoadingSettings(), description="Format in memory.")

    @property
    def pinned(self) -> BaseModelOrigin:
        """What the model is made from, with a branch of the hub resolved to its commit.

        Raises:
            ModelUnavailableError: The revision is neither known here nor to be had from the hub.
        """
        if self.kind == "scratch":
            return BaseModelOrigin(scratch=self.scratch)
        return BaseModelOrigin(hub=pinned(self.hub), licence=self.facts.licence)

    @property
    def name(self) -> str:
        """The hub's name or the local folder; for a model trained here, what it is."""
        return self.hub.model_id if self.kind == "hub" else SCRATCH_NAME

    @property
    def known_shape(self) -> ModelShape | None:
        """The model's dimensions as far as known; a local folder's own configuration decides."""
        if self.kind == "scratch":
            return self.scratch.shape
        local = local_folder(self.hub.model_id)
        if local is None or not (local / CONFIG_FILE).is_file():
            return self.facts.shape
        return ModelShape.of_folder(local)


@dataclass(frozen=True)
class BaseModelReport:
    """What is known about a base model once its folder is complete.

    Attributes:
        revision: The hub's commit hash or the local folder's SHA-256; None for scratch.
        vocabulary: Tokens; None where the tokenizer was not loaded.
        history: One row a step: step, epoch, loss (nats a token), learning_rate; empty for hub.
    """

    kind: Literal["scratch", "hub"]
    name: str
    revision: str | None
    parameters: int
    vocabulary: int | None
    tokens: int
    seconds: float
    history: pd.DataFrame = field(repr=False)


def make_base_model(
    documents: Sequence[str], origin: BaseModelOrigin, out_dir: Path, progress: Log
) -> BaseModelReport:
    """Train or fetch a base model, whichever its origin says; see the two functions below."""
    if origin.hub is not None:
        return fetch_base_model(origin.hub, out_dir, origin.licence)
    return train_base_model(documents, origin.scratch or ScratchSettings(), out_dir, progress)


def train_base_model(
    documents: Sequence[str], scratch: ScratchSettings, out_dir: Path, progress: Log
) -> BaseModelReport:
    """Train a tokenizer and a Gemma 3 model from scratch and save both in `save_pretrained` form.

    Raises:
        InputError: There are no documents.
    """
    if not documents:
        raise InputError(
            "the base model has no documents to train on: is the training split empty?"
        )
    start = time.perf_counter()
    tokenizer = train_tokenizer(documents, scratch.vocab_size)
    model, history = train_model(documents, tokenizer, scratch, progress)
    out_dir.mkdir(parents=True, exist_ok=True)
    tokenizer.model_max_length = MAX_POSITIONS
    tokenizer.save_pretrained(out_dir)
    with without_bars():
        model.save_pretrained(out_dir)
    return BaseModelReport(
        kind="scratch",
        name=SCRATCH_NAME,
        revision=None,
        parameters=model.num_parameters(),
        vocabulary=len(tokenizer),
        tokens=len(history) * BATCH_SIZE * scratch.sequence_length,
        seconds=time.perf_counter() - start,
        history=history,
    )


def fetch_base_model(
    hub: HubSettings, out_dir: Path, licence: str | None = None
) -> BaseModelReport:
    """Fetch a released model: weights as safetensors, configuration and tokenizer, no pickles.

    Raises:
        ModelUnavailableError: Not on this machine, and not to be had from the hub.
        UnsafeWeightsError: There are no weights in the form that is asked for.
        UnsoundModelError: A file is missing, damaged, or belongs to another model.
    """
    start = time.perf_counter()
    revision = fetch(hub, out_dir)
    packed = gguf_file(hub.model_id)
    local = None if packed else local_folder(hub.model_id)
    check_model_folder(local or out_dir)
    # The last part of a path is the same on every machine.
    name = packed.stem if packed else local.name if local else hub.model_id
    ModelSource(name, revision, licence).save(out_dir)
    return BaseModelReport(
        kind="hub",
        name=name,
        revision=revision,
        parameters=_stored_weights(out_dir),
        vocabulary=None,
        tokens=0,
        seconds=time.perf_counter() - start,
        history=pd.DataFrame(columns=["step", "epoch", "loss", "learning_rate"]),
    )


def _stored_weights(directory: Path) -> int:
    from safetensors import safe_open

    count = 0
    for file in directory.glob("*.safetensors"):
        with safe_open(file, "np") as tensors:
            shapes = (tensors.get_slice(name).get_shape() for name in tensors.keys())  # noqa: SIM118
            count += sum(math.prod(shape) for shape in shapes)
    return count
