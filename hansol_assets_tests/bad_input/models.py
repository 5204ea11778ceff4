"""Base model folders that are broken or do not belong together, and an adapter of another base."""

import json
import pickle
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

from hansol_assets.hub.fetching import HubSettings
from hansol_assets.modeling.base.base_model import BaseModelSettings, fetch_base_model
from hansol_assets.modeling.base.loading import LoadingSettings
from hansol_assets.modeling.generation import Generator
from hansol_assets.modeling.hyperparameters import GenerationSettings
from hansol_assets_tests.bad_input.place import BadInput, Place

WEIGHTS = "model.safetensors"
AGAIN = "Get the model's files again, all of one revision."


def model(what: str, change: Callable[[Path, Place], object], *says: str) -> BadInput:
    """A copy of a sound base model with a fault."""

    def give(place: Place) -> None:
        folder = place.folder / "my-model"
        shutil.copytree(place.base, folder)
        change(folder, place)
        settings = BaseModelSettings(kind="hub", hub=HubSettings(model_id=str(folder)))
        fetch_base_model(settings.hub, place.folder / "out")

    return BadInput(f"base model: {what}", give, ("my-model", *says))


def lose_a_shard(folder: Path, _: Place) -> None:
    first, second = "model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"
    (folder / WEIGHTS).rename(folder / first)
    index = json.dumps({"weight_map": {"a": first, "b": second}})
    (folder / f"{WEIGHTS}.index.json").write_text(index, encoding="utf-8")


def cut(folder: Path, _: Place) -> None:
    content = (folder / WEIGHTS).read_bytes()
    (folder / WEIGHTS).write_bytes(content[: len(content) // 2])


def pickle_in_disguise(folder: Path, _: Place) -> None:
    (folder / WEIGHTS).write_bytes(pickle.dumps({"weight": [0.0]}))


def other_tokenizer(folder: Path, place: Place) -> None:
    shutil.copyfile(place.other / "tokenizer.json", folder / "tokenizer.json")


def write(name: str, text: str) -> Callable[[Path, Place], object]:
    return lambda folder, _: (folder / name).write_text(text, encoding="utf-8")


def remove(name: str) -> Callable[[Path, Place], object]:
    return lambda folder, _: (folder / name).unlink()


def foreign_adapter(place: Place) -> None:
    Generator(place.other, place.adapter, GenerationSettings(), LoadingSettings())


MODELS = [
    model("a shard is missing", lose_a_shard, f"{WEIGHTS}.index.json: it lists 2 files of weights",
          "model-00002-of-00002.safetensors is missing", AGAIN),
    model("weights cut short", cut, f"{WEIGHTS}: it does not hold safetensors", AGAIN),
    model("weights are empty", write(WEIGHTS, ""), f"{WEIGHTS}: it does not hold", AGAIN),
    model("a pickle in disguise", pickle_in_disguise, "cut short, damaged, or a pickle", AGAIN),
    model("a pickle", lambda folder, _: (folder / WEIGHTS).rename(folder / "pytorch_model.bin"),
          "has no *.safetensors weights", "pickles, which can run code", "'converted'"),
    model("another model's tokenizer", other_tokenizer, "tokenizer.json: the tokenizer numbers",
          "it belongs to another model", AGAIN),
    model("no tokenizer", remove("tokenizer.json"), "has no tokenizer.json", "save_pretrained"),
    model("a broken tokenizer", write("tokenizer.json", "{"), "tokenizer.json: it is not valid",
          AGAIN),
    model("no configuration", remove("config.json"), "config.json: the file is missing", AGAIN),
    model("a configuration of nothing", write("config.json", "{}"), "it names no `model_type`"),
    model("a folder that is not there", lambda folder, _: shutil.rmtree(folder), "does not exist",
          "Set base_model.hub.model_id"),
    BadInput("adapter: of another base model", foreign_adapter,
             ("adapter_config.json: the adapter was trained on the base model", "not on",
              "Take the adapter that belongs to the base model, or train it anew.")),
]  # fmt: skip


def bad_models() -> Iterator[BadInput]:
    yield from MODELS
