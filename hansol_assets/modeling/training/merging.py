"""A base model and its adapter as one model to hand on."""

import shutil
from pathlib import Path

from hansol_assets.hub.models import NOTICE_FILES
from hansol_assets.modeling.base.loading import LoadingSettings, load_causal_lm, load_tokenizer
from hansol_assets.modeling.base.soundness import check_adapter
from hansol_assets.modeling.base.source import source_of
from hansol_assets.modeling.base.tokenizer import stop_ids
from hansol_assets.modeling.progress import without_bars
from hansol_assets.modeling.training.export import new_folder, require_adapter
from hansol_assets.modeling.training.model_card import CARD_FILE, merged_card, notice

NOTICE_FILE = "NOTICE"


def export_model(
    adapter_dir: Path, base_dir: Path, out_dir: Path, loading: LoadingSettings
) -> list[Path]:
    """Merge an adapter into its base model and save both as one, with the whole vocabulary.

    The folder has the hub's form, so transformers, vLLM and llama.cpp's converter load it. What the
    base model's licence asks of those who hand it on stands in it: the licence's files as they
    came, and a notice of the change.

    `loading`: read: format and tokenizer; merged weights are never quantised.

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
    with (out_dir / NOTICE_FILE).open("a", encoding="utf-8") as told:
        told.write(notice(source_of(base_dir)))
    return sorted(out_dir.iterdir())
