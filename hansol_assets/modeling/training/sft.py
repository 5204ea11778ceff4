"""The adapter's training in TRL's terms: its configuration, order of examples, and trainer."""

import math
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from hansol_assets.compute.protocol import ALONE, Member
from hansol_assets.modeling.base.tokenizer import Example
from hansol_assets.modeling.base.vocabulary import Vocabulary
from hansol_assets.modeling.hyperparameters import TrainingSettings
from hansol_assets.modeling.runtime import MAX_GRADIENT_NORM, resolve_precision

if TYPE_CHECKING:
    from datasets import Dataset
    from peft import LoraConfig
    from transformers import PreTrainedModel, PreTrainedTokenizerBase
    from trl.trainer.sft_config import SFTConfig
    from trl.trainer.sft_trainer import SFTTrainer


WARMUP_RATIO = 0.03
"""Share of the steps in which the learning rate rises, before it falls along a cosine."""
VISION_TOWER = "vision_tower"
EXCLUDED_MODULES = rf".*({VISION_TOWER}|multi_modal_projector).*"
"""Layers that get no LoRA matrices although their names fit."""
POOL_BATCHES = 50
"""Batches whose examples are sorted by length among themselves, to save padding."""


def training_order(
    lengths: Sequence[int], batch_size: int, count: int, pool_batches: int, seed: int
) -> list[int]:
    """Lay out so many examples, epoch after epoch, each in a new order.

    Every epoch is cut into whole batches; a few examples are left out by chance. Of `pool_batches`
    together the examples are sorted by length, which saves padding. An order that is known
    beforehand shows a resumed run the same batches; transformers' own sampler draws from the global
    generator.
    """
    random = np.random.default_rng(seed)
    sizes = np.asarray(lengths)
    order: list[int] = []
    while len(order) < count:
        order += _epoch(sizes, batch_size, pool_batches, random)
    return order[:count]


def _epoch(
    lengths: np.ndarray, batch_size: int, pool_batches: int, random: np.random.Generator
) -> list[int]:
    shuffled = random.permutation(len(lengths))
    whole = shuffled[: len(shuffled) // batch_size * batch_size]
    if not len(whole):
        return shuffled.tolist()
    pool = batch_size * pool_batches
    pools = [whole[start : start + pool] for start in range(0, len(whole), pool)]
    grouped = [part[np.argsort(lengths[part], kind="stable")] for part in pools]
    batches = np.concatenate(grouped).reshape(-1, batch_size)
    return random.permutation(batches).ravel().tolist()


def sft_config(
    settings: TrainingSettings,
    steps: int,
    checkpoint_dir: Path,
    *,
    evaluates: bool,
    resumes: bool = False,
    member: Member = ALONE,
) -> "SFTConfig":
    """Translate the settings into TRL's configuration of one process.

    Raises:
        InputError: The batch cannot be divided among so many processes.
    """
    import torch
    from trl.trainer.sft_config import SFTConfig

    precision = resolve_precision(settings.precision)
    batch_size, accumulation = settings.shared_batch(member.members)
    return SFTConfig(
        output_dir=str(checkpoint_dir),
        max_steps=steps,
        per_device_train_batch_size=batch_size,
        per_device_eval_batch_size=settings.per_device_batch_size,
        gradient_accumulation_steps=accumulation,
        learning_rate=settings.learning_rate,
        lr_scheduler_type="cosine",
        warmup_steps=math.ceil(WARMUP_RATIO * steps),
        max_grad_norm=MAX_GRADIENT_NORM,
        optim=settings.optimizer,
        bf16=precision == "bf16",
        fp16=precision == "fp16",
        use_cpu=not torch.cuda.is_available(),
        activation_checkpointing=settings.gradient_checkpointing,
        # The order is laid out beforehand, all epochs in one.
        train_sampling_strategy="sequential",
        # Examples come encoded, cut to length and with labels.
        max_length=None,
        dataset_kwargs={"skip_prepare_dataset": True},
        logging_steps=1,
        save_steps=min(settings.save_steps, steps),
        save_total_limit=2,
        eval_strategy="steps" if evaluates else "no",
        eval_steps=max(1, steps // settings.evaluations),
        # An adapter that never gets better than the base model is left as it was made: without
        # effect.
        eval_on_start=evaluates and not resumes,
        prediction_loss_only=True,
        include_num_input_tokens_seen="non_padding",
        report_to=(list(settings.report_to) or "none") if member.is_first else "none",
        disable_tqdm=True,
        dataloader_pin_memory=torch.cuda.is_available(),
        seed=settings.seed,
        data_seed=settings.seed,
    )


def lora_config(
    model: "PreTrainedModel", settings: TrainingSettings, new_tokens: Sequence[int]
) -> "LoraConfig":
    """Describe the adapter in PEFT's terms."""
    from peft import LoraConfig

    targets = settings.target_modules
    has_vision = any(VISION_TOWER in name for name, _ in model.named_modules())
    return LoraConfig(
        r=settings.rank,
        lora_alpha=settings.lora_alpha,
        lora_dropout=settings.lora_dropout,
        target_modules=targets if isinstance(targets, str) else list(targets),
        exclude_modules=EXCLUDED_MODULES if has_vision else None,
        trainable_token_indices=_token_tables(model, new_tokens),
        task_type="CAUSAL_LM",
    )


def _token_tables(
    model: "PreTrainedModel", new_tokens: Sequence[int]
) -> dict[str, list[int]] | None:
    """Name the tables of token vectors that a model holds of its own; None without new tokens."""
    if not new_tokens:
        return None
    tables = [model.get_input_embeddings()]
    if not model.config.get_text_config(decoder=True).tie_word_embeddings:
        tables.append(model.get_output_embeddings())
    names = [name for name, module in model.named_modules() if any(module is one for one in tables)]
    return {name.rpartition(".")[2]: list(new_tokens) for name in names}


def build_trainer(
    model: "PreTrainedModel",
    tokenizer: "PreTrainedTokenizerBase",
    vocabulary: Vocabulary,
    splits: tuple["Dataset", "Dataset"],
    config: "SFTConfig",
    lora: "LoraConfig",
) -> "SFTTrainer":
    """Build a trainer of a new LoRA adapter on a base model.

    `splits`: the training set in its order, and the held-out set, which may be empty.
    """
    from transformers.trainer_callback import PrinterCallback
    from trl.trainer.sft_trainer import SFTTrainer

    train, held_out = splits
    trainer = SFTTrainer(
        model=model,
        args=config,
        train_dataset=train,
        eval_dataset=held_out if len(held_out) else None,
        processing_class=tokenizer,
        peft_config=lora,
    )
    # TRL pads with the tokenizer's id, which a model with fewer rows has elsewhere.
    collator: Any = trainer.data_collator
    (collator.pad_token_id,) = vocabulary.inward([tokenizer.pad_token_id])
    trainer.remove_callback(PrinterCallback)
    _show_bias(trainer.model)
    _keep_in_32_bits(trainer.model)
    _keep_4_bit_layout(trainer.model)
    return trainer


def _keep_in_32_bits(model: Any) -> None:
    """Hold the trained weights in 32 bits, whatever the base model's are in.

    Beside 4-bit weights TRL turns them into 16 bits, in which small updates are lost.
    """
    for weight in model.parameters():
        if weight.requires_grad:
            weight.data = weight.data.float()


def _keep_4_bit_layout(model: Any) -> None:
    """Hold 4-bit weights as they were loaded, through every evaluation.

    On a processor with AVX512-BF16, bitsandbytes repacks them at the first evaluation for a kernel
    of inference, which rounds their scales and hands no gradient on; saving packs them back.
    """
    for module in model.modules():
        if hasattr(module, "support_avx512bf16_for_cpu"):
            module.support_avx512bf16_for_cpu = False


def _show_bias(model: Any) -> None:
    """Let TRL's loss read the bias of an output layer that PEFT wrapped to train new tokens."""
    head = model.get_output_embeddings()
    if not hasattr(head, "bias"):
        head.bias = head.original_module.bias


def in_training_order(
    examples: Sequence[Example], steps: int, settings: TrainingSettings
) -> "Dataset":
    """Make the training set of all epochs; it refers to examples by place, and takes no memory."""
    order = training_order(
        [len(example["input_ids"]) for example in examples],
        settings.per_device_batch_size,
        steps * settings.batch_examples,
        POOL_BATCHES,
        settings.seed,
    )
    return dataset(examples).select(order)


def dataset(examples: Sequence[Example]) -> "Dataset":
    """Make a data set of columns input_ids and labels."""
    from datasets import Dataset

    return Dataset.from_list([dict(example) for example in examples])
