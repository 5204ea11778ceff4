"""Time and memory in which a model of true size answers the test's 130 questions.

    python benchmarks/gpu_generation.py --profile gemma-7b --folder /tmp/gemma

Random weights do not end an answer of their own accord, so that every answer is as long as the
settings allow: the figures are the slowest case.
"""

import time
from pathlib import Path

from gpu_common import (
    ANSWERS,
    device_name,
    examples_of,
    parser,
    peak_gib,
    report,
    settings_of,
    shape_of,
    write_model,
)

from hansol_assets.modeling.base.loading import LoadingSettings, load_causal_lm, load_tokenizer
from hansol_assets.modeling.generation import GenerationRequest, Generator
from hansol_assets.modeling.hyperparameters import TrainingSettings
from hansol_assets.modeling.memory import device_memory, estimate
from hansol_assets.modeling.training.sft import lora_config


def write_adapter(
    base: Path, training: TrainingSettings, loading: LoadingSettings, folder: Path
) -> None:
    """Write an adapter as it is before its first step; merging it costs what any other does."""
    from peft import get_peft_model

    model = load_causal_lm(base, loading)
    get_peft_model(model, lora_config(model, training, [])).save_pretrained(
        folder, save_embedding_layers=False
    )


def main() -> None:
    """Answer and report."""
    arguments = parser("Speed of generation.")
    arguments.add_argument("--questions", type=int, default=130, help="questions to answer")
    arguments.add_argument("--samples", type=int, help="sampled answers besides the greedy one")
    arguments.add_argument("--batch-size", type=int, help="sequences decoded at once")
    arguments.add_argument("--new-tokens", type=int, help="length of an answer, in tokens")
    told = arguments.parse_args()
    changes = {
        "samples": told.samples,
        "batch_size": told.batch_size,
        "max_new_tokens": told.new_tokens,
    }
    settings = settings_of(
        told, generation={name: value for name, value in changes.items() if value is not None}
    )
    shape, examples = shape_of(told, settings), examples_of(told.rows)
    base, adapter = told.folder / "base", told.folder / "adapter"
    loading = settings.base_model.loading
    write_model(shape, examples, base)
    write_adapter(base, settings.training, loading, adapter)
    memory = estimate(shape, loading, settings.generation, device_memory())

    asked = examples["messages"].iloc[:: len(ANSWERS)].head(told.questions)
    requests = [GenerationRequest(str(place), messages) for place, messages in asked.items()]
    generator = Generator(base, adapter, settings.generation, loading)
    start = time.perf_counter()
    answers = [answer for batch in generator.generate(requests) for answer in batch]
    seconds = time.perf_counter() - start
    tokenizer = load_tokenizer(base, loading)
    tokens = sum(answer.new_tokens for answer in answers)
    report(
        {
            "profile": told.profile,
            "size": told.size,
            "device": device_name(),
            "quantization": loading.quantization,
            "parameters": shape.parameters,
            "vocabulary": len(tokenizer),
            "questions": len(requests),
            "answers": len(answers),
            "new_tokens": tokens,
            "seconds": round(seconds, 1),
            "tokens_a_second": round(tokens / seconds),
            "peak_gib": round(peak_gib(), 2),
            "estimate": str(memory),
        }
    )


if __name__ == "__main__":
    main()
