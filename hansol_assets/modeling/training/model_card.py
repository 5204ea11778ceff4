"""The page beside an adapter, or beside a model that it is merged into, that says what it is."""

from collections.abc import Mapping

import pandas as pd
import yaml

from hansol_assets.lake.fingerprint import config_of
from hansol_assets.modeling.base.loading import LoadingSettings
from hansol_assets.modeling.base.source import Source
from hansol_assets.modeling.settings import TrainingSettings

CARD_FILE = "README.md"
USE = "## Use"
BASE = "## Base model"

TERMS = {
    "gemma": "Gemma is provided under and subject to the Gemma Terms of Use found at "
    "ai.google.dev/gemma/terms",
}
"""Licence, as the hub names it → the sentence that it wants beside the weights."""


def model_card(
    source: Source,
    data: Mapping[str, str],
    training: TrainingSettings,
    loading: LoadingSettings,
    results: Mapping[str, float],
) -> str:
    """Write the page: base and licence, data, settings and what was measured in training.

    `results`: what is known once training is over: name → figure.

    Returns:
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
    settings = config_of(training=training, loading=loading)
    sections = [
        f"---\n{metadata.to_yaml()}\n---",
        "# LoRA adapter for Korean questions about building finishes",
        "Trained on questions with retrieved rows, with loss on the answers alone.",
        _section("Base model", _table(base, "value")),
        _section("Data", _table(data, "version")) if data else "",
        _section("Training", _table({name: f"{x:g}" for name, x in results.items()}, "figure")),
        _section("Settings", f"```yaml\n{_yaml(settings)}```"),
        _section("Use", _usage(source, loading)),
    ]
    return "\n\n".join(section for section in sections if section) + "\n"


def merged_card(card: str) -> str:
    """Turn an adapter's page into that of the model that it is merged into.

    Returns:
        Markdown with the hub's metadata block; base, data, figures and settings are the adapter's.
    """
    from huggingface_hub import ModelCard, ModelCardData

    read = ModelCard(card)
    data = ModelCardData(
        **{**read.data.to_dict(), "library_name": "transformers", "tags": ["trl", "sft"]}
    )
    told = read.text[read.text.index(BASE) : read.text.index(USE)].strip()
    sections = [
        f"---\n{data.to_yaml()}\n---",
        "# Model for Korean questions about building finishes",
        "A LoRA adapter, trained on questions with retrieved rows, merged into its base model.",
        told,
        _section("Use", _MERGED_USAGE),
    ]
    return "\n\n".join(sections) + "\n"


def notice(source: Source) -> str:
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


def _yaml(settings: Mapping[str, object]) -> str:
    return yaml.safe_dump(settings, allow_unicode=True, sort_keys=False)


def _usage(source: Source, loading: LoadingSettings) -> str:
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
