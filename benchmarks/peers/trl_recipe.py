"""The recipe that this project grew from, in plain TRL and PEFT.

What belongs here: a LoRA training of padded batches of two, four to a step, as TRL's guide to
SFTTrainer has it: what is not said there is as TRL sets it (gradient checkpointing among it, which
costs a tenth here). What does not: a clock beyond the step's end.
"""

import math
from collections.abc import Callable
from pathlib import Path

import pandas as pd


def train(
    base: Path,
    examples: pd.DataFrame,
    held_out: pd.DataFrame,
    steps: int,
    out: Path,
    clock: Callable[[], float],
) -> tuple[float, float]:
    """Trains.

    Args:
        base: The base model.
        examples: Columns messages and answer.
        held_out: The same columns.
        steps: Optimiser steps.
        out: Where the trainer writes.
        clock: Tells seconds.

    Returns:
        Real tokens a second from the end of the first step to that of the last, and the held-out
        loss.
    """
    from datasets import Dataset
    from peft import LoraConfig
    from transformers import AutoModelForCausalLM, AutoTokenizer
    from transformers.trainer_callback import TrainerCallback
    from trl import SFTConfig, SFTTrainer

    class Steps(TrainerCallback):
        def __init__(self) -> None:
            self.ends: list[tuple[float, int]] = []

        def on_step_end(self, args, state, control, **kwargs):  # noqa: ARG002
            self.ends.append((clock(), int(state.num_input_tokens_seen)))

    tokenizer = AutoTokenizer.from_pretrained(base)
    model = AutoModelForCausalLM.from_pretrained(base)
    watch = Steps()
    trainer = SFTTrainer(
        model=model,
        args=SFTConfig(
            output_dir=str(out),
            max_steps=steps,
            per_device_train_batch_size=2,
            gradient_accumulation_steps=4,
            learning_rate=2e-4,
            lr_scheduler_type="cosine",
            warmup_steps=math.ceil(0.03 * steps),
            max_length=1024,
            include_num_input_tokens_seen="non_padding",
            logging_steps=1,
            report_to="none",
            disable_tqdm=True,
            use_cpu=True,
            seed=20240305,
        ),
        train_dataset=Dataset.from_list(_conversations(examples)),
        eval_dataset=Dataset.from_list(_conversations(held_out)),
        processing_class=tokenizer,
        peft_config=LoraConfig(r=8, lora_alpha=16, target_modules="all-linear"),
        callbacks=[watch],
    )
    trainer.train()
    loss = trainer.evaluate()["eval_loss"]
    (first, before), (last, after) = watch.ends[0], watch.ends[-1]
    return (after - before) / (last - first), float(loss)


def _conversations(examples: pd.DataFrame) -> list[dict[str, object]]:
    return [
        {"prompt": messages, "completion": [{"role": "assistant", "content": answer}]}
        for messages, answer in zip(examples["messages"], examples["answer"], strict=True)
    ]
