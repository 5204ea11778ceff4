"""An adapter, or the model that it is merged into, as a folder to hand on, with its model card."""

import json
import shutil
from collections.abc import Mapping
from pathlib import Path

import pandas as pd
import yaml

from hansol_assets.errors import ModelError
from hansol_assets.hub.fetching import NOTICE_FILES
from hansol_assets.lake.fingerprint import config_of
from hansol_assets.modeling.base.loading import LoadingSettings, load_causal_lm, load_tokenizer
from hansol_assets.modeling.base.model_folder import (
    ADAPTER_CONFIG_FILE,
    ModelSource,
    check_adapter,
    source_of,
)
from hansol_assets.modeling.base.tokenizer import stop_ids
from hansol_assets.modeling.hyperparameters import TrainingSettings
from hansol_assets.modeling.runtime import without_bars

CARD_FILE = "README.md"
USE = "## Use"
BASE = "## Base model"

TERMS = {
    "gemma": "Gemma is provided under and subject to the Gemma Terms of Use found at "
    "ai.google.dev/gemma/terms"
}
"""Licence, as the hub names it → the sentence that it wants beside the weights."""


def model_card(
    source: ModelSource,
    data: Mapping[str, str],
    training: TrainingSettings,
    loading: LoadingSettings,
    results: Mapping[str, float],
) -> str:
    """Write the page: base and licence, data, settings and what was measured in training.

    Markdown with the hub's metadata block, the same for the same training.
    """
    from huggingface_hub import ModelCardData

    metadata = ModelCardData(
        base_model=source.name if source.on_hub else None,
        language="ko",
        library_name="peft",
        license=source.licence,
        pipeline_tag="text-generation",
        tags=["lora", "trl", "sft"],
    )
    base = {
        "model": source.name,
        "revision": source.revision or "trained on the same corpus",
        "licence": source.licence or "not stated",
    }
    settings = yaml.safe_dump(
        config_of(training=training, loading=loading), allow_unicode=True, sort_keys=False
    )
    sections = [
        f"---\n{metadata.to_yaml()}\n---",
        "# LoRA adapter for Korean questions about building finishes",
        "Trained on questions with retrieved rows, with loss on the answers alone.",
        _section("Base model", _table(base, "value")),
        _section("Data", _table(data, "version")) if data else "",
        _section("Training", _table({name: f"{x:g}" for name, x in results.items()}, "figure")),
        _section("Settings", f"```yaml\n{settings}```"),
        _section("Use", _usage(source, loading)),
    ]
    return "\n\n".join(section for section in sections if section) + "\n"


def merged_card(card: str) -> str:
    """Turn an adapter's page into that of the model that it is merged into."""
    from huggingface_hub import ModelCard, ModelCardData

    read = ModelCard(card)
    data = ModelCardData(
        **{**read.data.to_dict(), "library_name": "transformers", "tags": ["trl", "sft"]}
    )
    sections_of_adapter = read.text[read.text.index(BASE) : read.text.index(USE)].strip()
    sections = [
        f"---\n{data.to_yaml()}\n---",
        "# Model for Korean questions about building finishes",
        "A LoRA adapter, trained on questions with retrieved rows, merged into its base model.",
        sections_of_adapter,
        _section("Use", _MERGED_USAGE),
    ]
    return "\n\n".join(sections) + "\n"


def notice(source: ModelSource) -> str:
    """Say what a merged model was made from and under which terms."""
    revision = f", revision {source.revision}" if source.revision else ""
    lines = [
        f"The weights in this folder are those of {source.name}{revision}, modified: a LoRA "
        "adapter was trained on them and merged into them.",
        f"Licence of that model, which binds this one too: {source.licence or 'not stated'}.",
    ]
    terms = TERMS.get(source.licence or "")
    return "\n".join([*lines, *([terms] if terms else [])]) + "\n"


_MERGED_USAGE = """```python
from transformers import AutoModelForCausalLM, AutoTokenizer

tokenizer = AutoTokenizer.from_pretrained("FOLDER")
model = AutoModelForCausalLM.from_pretrained("FOLDER")
```
FOLDER is this folder. Questions are asked in the tokenizer's chat template."""


def _section(title: str, text: str) -> str:
    return f"## {title}\n{text}"


def _table(rows: Mapping[str, str], header: str) -> str:
    table = pd.DataFrame({"": list(rows), header: list(rows.values())})
    return table.to_markdown(index=False, disable_numparse=True)


def _usage(source: ModelSource, loading: LoadingSettings) -> str:
    """Show how plain PEFT loads the adapter; its tokenizer stands beside it."""
    revision = f', revision="{source.revision}"' if source.on_hub else ""
    lines = [
        "from peft import PeftModel",
        "from transformers import AutoModelForCausalLM, AutoTokenizer",
        "",
        'tokenizer = AutoTokenizer.from_pretrained("FOLDER")',
        f'base = AutoModelForCausalLM.from_pretrained("{source.name}"{revision})',
        'model = PeftModel.from_pretrained(base, "FOLDER")',
    ]
    if loading.tokenizer.new_tokens:
        lines.insert(-1, "base.resize_token_embeddings(len(tokenizer))")
    return "```python\n{}\n```\nFOLDER is this folder.".format("\n".join(lines))


BASE_FOLDER = "base_model"
NEEDED_FILES = (ADAPTER_CONFIG_FILE, "adapter_model.safetensors", "README.md")
TOKENIZER_FILES = ("tokenizer*", "special_tokens_map.json", "chat_template.jinja")


class ExportError(ModelError, ValueError):
    """There is no adapter to export, or no room for it."""


def export_adapter(adapter_dir: Path, base_dir: Path, out_dir: Path) -> list[Path]:
    """Copy an adapter into a folder that plain `peft` loads, with its tokenizer and its card.

    A base model that no hub has goes along. Where the folder is moved, `base_model_name_or_path` in
    `adapter_config.json` has to follow.

    Raises:
        ExportError: There is no adapter, or the folder holds something already.
    """
    require_adapter(adapter_dir)
    new_folder(out_dir)
    patterns = (*NEEDED_FILES, *TOKENIZER_FILES)
    files = sorted({file for pattern in patterns for file in adapter_dir.glob(pattern)})
    copied = [Path(shutil.copyfile(file, out_dir / file.name)) for file in files]
    return copied if source_of(base_dir).on_hub else [*copied, *_with_base(base_dir, out_dir)]


def require_adapter(folder: Path) -> None:
    """Refuse a folder that is no adapter with its card, by an `ExportError`."""
    absent = [name for name in NEEDED_FILES if not (folder / name).is_file()]
    if absent:
        raise ExportError(f"{folder} is no adapter: it lacks {', '.join(absent)}.")


def new_folder(folder: Path) -> None:
    """Make a folder that is to be filled; one that holds something raises `ExportError`."""
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise ExportError(f"{folder} holds something already. Name a new or empty folder.")
    folder.mkdir(parents=True, exist_ok=True)


def _with_base(base_dir: Path, out_dir: Path) -> list[Path]:
    base = out_dir / BASE_FOLDER
    shutil.copytree(base_dir, base)
    file = out_dir / ADAPTER_CONFIG_FILE
    config = json.loads(file.read_text(encoding="utf-8"))
    # peft resolves a relative path against the folder that Python was started in.
    config["base_model_name_or_path"] = str(base.resolve())
    file.write_text(json.dumps(config, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
    return sorted(base.iterdir())


NOTICE_FILE = "NOTICE"


def export_model(
    adapter_dir: Path, base_dir: Path, out_dir: Path, loading: LoadingSettings
) -> list[Path]:
    """Merge an adapter into its base model and save both as one, with the whole vocabulary.

    The folder has the hub's form, so transformers, vLLM and llama.cpp's converter load it, with the
    licence's files and a notice of the change. Merged weights are never quantised.

    Raises:
        ExportError: There is no adapter, or the folder holds something already.
        UnsoundModelError: The adapter was trained on another base model.
    """
    from peft import PeftModel

    require_adapter(adapter_dir)
    check_adapter(adapter_dir, base_dir)
    new_folder(out_dir)
    whole = loading.model_copy(update={"quantization": "none", "vocabulary": "full"})
    tokenizer = load_tokenizer(base_dir, whole)
    adapted = PeftModel.from_pretrained(load_causal_lm(base_dir, whole), adapter_dir)
    merged = adapted.merge_and_unload()
    merged.generation_config.eos_token_id = stop_ids(tokenizer)
    merged.generation_config.pad_token_id = tokenizer.pad_token_id
    with without_bars():
        merged.save_pretrained(out_dir)
    tokenizer.save_pretrained(out_dir)
    card = (adapter_dir / CARD_FILE).read_text(encoding="utf-8")
    (out_dir / CARD_FILE).write_text(merged_card(card), encoding="utf-8")
    for file in (one for pattern in NOTICE_FILES for one in base_dir.glob(pattern)):
        shutil.copyfile(file, out_dir / file.name)
    with (out_dir / NOTICE_FILE).open("a", encoding="utf-8") as stream:
        stream.write(notice(source_of(base_dir)))
    return sorted(out_dir.iterdir())
