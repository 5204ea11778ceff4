"""The memory that a model needs to be trained and to answer, against what the device has.

Estimates leave out what is small (norms, biases) and take the longest examples of the settings.
"""

import gc
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from hansol_assets.errors import ModelError
from hansol_assets.modeling.base.loading import LoadingSettings
from hansol_assets.modeling.base.shape import CONV1D_MODELS, ModelShape
from hansol_assets.modeling.base.vocabulary import TABLE_TOKENS
from hansol_assets.modeling.hyperparameters import GenerationSettings, TrainingSettings

GIB = 2**30
DTYPE_BYTES = {"float32": 4, "float16": 2, "bfloat16": 2}
PRECISION_BYTES = {"fp32": 4, "fp16": 2, "bf16": 2, "auto": 4}

NF4_BYTES = 4.127 / 8
"""Bytes a weight in double-quantised NF4: 4 bits and 0.127 bits of constants (Dettmers et al. 2023,
"QLoRA: Efficient Finetuning of Quantized LLMs", section 3)."""

LORA_BYTES = 4
"""The matrices of an adapter, and so their gradients, are held in 32 bits."""

OPTIMIZER_BYTES = {"8bit": 2, "adafactor": 0, "sgd": 0}
"""Bytes a trained weight of optimisers that keep less than AdamW's two 32-bit moments."""
ADAMW_BYTES = 8

LOGIT_TILE = 32768
"""Entries of the vocabulary whose logits TRL's loss holds at a time."""
LOGIT_TOKENS = 4096
"""Tokens whose logits it holds at a time."""


@dataclass(frozen=True)
class Kernels:
    """Bytes that the kernels of a device hold in training: of a logit, and of a dropout's mask."""

    logit: int
    mask: int


FUSED = Kernels(logit=12, mask=1)
"""A GPU's: the logit and two 32-bit values made from it."""
PLAIN = Kernels(logit=33, mask=4)
"""A processor's, on which the backward pass of TRL's loss is a dozen operations of torch, eight of
whose results live at once, and a mask is as wide as what it masks."""


@dataclass(frozen=True)
class MemoryItem:
    """One use of memory, in GiB, and the setting that lowers it, if one does."""

    name: str
    gib: float
    setting: str = ""


def training_memory(
    shape: ModelShape,
    loading: LoadingSettings,
    training: TrainingSettings,
    kernels: Kernels = FUSED,
) -> tuple[MemoryItem, ...]:
    """Estimate the memory in which an adapter is trained."""
    trained = shape.lora_parameters(training.rank, training.target_modules)
    less = (size for name, size in OPTIMIZER_BYTES.items() if name in training.optimizer)
    tokens = training.per_device_batch_size * training.max_length
    tile = min(tokens, LOGIT_TOKENS) * min(shape.vocab_size, LOGIT_TILE)
    batch = "lower training.per_device_batch_size (and raise gradient_accumulation)"
    checkpointing = (
        "" if training.gradient_checkpointing else ", turn training.gradient_checkpointing on"
    )
    return (
        _weights(shape, loading),
        MemoryItem("adapter and gradients", 2 * LORA_BYTES * trained / GIB, "lower training.rank"),
        MemoryItem(
            "optimizer",
            next(less, ADAMW_BYTES) * trained / GIB,
            "" if "8bit" in training.optimizer else "training.optimizer: paged_adamw_8bit",
        ),
        MemoryItem(
            "activations",
            tokens * _activation_bytes(shape, training, kernels) / GIB,
            f"{batch}, training.max_length{checkpointing}",
        ),
        MemoryItem("logits", tile * kernels.logit / GIB, f"{batch}, training.max_length"),
        *_new_tokens(shape, loading),
    )


def generation_memory(
    shape: ModelShape, loading: LoadingSettings, generation: GenerationSettings
) -> tuple[MemoryItem, ...]:
    """Estimate the memory in which answers are generated."""
    width = DTYPE_BYTES[loading.dtype]
    rows = generation.batch_size
    length = generation.max_prompt_tokens + generation.max_new_tokens
    cached = 2 * shape.num_hidden_layers * shape.key_value_size * width
    prompt = rows * generation.max_prompt_tokens * _layer_bytes(shape, width)
    # The newest token's only; sampling sorts them and sums them in 32 bits.
    logits = rows * shape.vocab_size * 16
    return (
        _weights(shape, loading),
        MemoryItem(
            "KV cache",
            rows * length * cached / GIB,
            "lower generation.batch_size, generation.max_prompt_tokens",
        ),
        MemoryItem("activations", prompt / GIB, "lower generation.batch_size"),
        MemoryItem("logits", logits / GIB, "lower generation.batch_size"),
    )


def _weights(shape: ModelShape, loading: LoadingSettings) -> MemoryItem:
    width = DTYPE_BYTES[loading.dtype]
    unquantised = (shape.embedding_parameters + shape.other_parameters) * width
    if loading.quantization == "nf4":
        return MemoryItem("weights", (unquantised + shape.matrix_parameters * NF4_BYTES) / GIB)
    size = unquantised + shape.matrix_parameters * width
    return MemoryItem("weights", size / GIB, "base_model.loading.quantization: nf4")


def _new_tokens(shape: ModelShape, loading: LoadingSettings) -> tuple[MemoryItem, ...]:
    """PEFT copies the tables of token vectors with the new rows; their gradient is in 32 bits."""
    if not loading.tokenizer.new_tokens:
        return ()
    size = shape.embedding_parameters * (DTYPE_BYTES[loading.dtype] + 4)
    return (MemoryItem("new tokens", size / GIB, "base_model.loading.tokenizer.new_tokens: []"),)


def _activation_bytes(shape: ModelShape, training: TrainingSettings, kernels: Kernels) -> float:
    """Bytes a token: those of every layer, or of one layer and every layer's input."""
    width = PRECISION_BYTES[training.precision]
    layer = _layer_bytes(shape, width) + _lora_bytes(shape, training, kernels)
    if not training.gradient_checkpointing:
        return shape.num_hidden_layers * layer
    return shape.num_hidden_layers * shape.hidden_size * width + layer


def _lora_bytes(shape: ModelShape, training: TrainingSettings, kernels: Kernels) -> float:
    """Bytes that the adapter of one layer keeps of a token, counted by torch's saved-tensor hooks.

    Each matrix has an input of its own where dropout changes it or its format.
    """
    width = PRECISION_BYTES[training.precision]
    copied = width if training.lora_dropout or width < LORA_BYTES else 0
    masked = kernels.mask if training.lora_dropout else 0
    return shape.lora_inputs(training.target_modules) * (copied + masked)


def _layer_bytes(shape: ModelShape, width: int) -> float:
    """Bytes that one layer keeps of a token for its backward pass.

    Korthikanti et al. 2022, "Reducing Activation Recomputation in Large Transformer Models",
    section 4.1, with grouped keys, a gated feed-forward and no dropout on the residual stream.
    """
    norms = 4 * shape.hidden_size
    attention = 2 * shape.query_size + 2 * shape.key_value_size
    # GPT-2's activation is put together from seven operations.
    inner = 7 if shape.model_type in CONV1D_MODELS else 4
    feed_forward = inner * shape.intermediate_size
    return width * (norms + attention + feed_forward)


PROCESSOR = "CPU"

RUNTIME_GIB = 1.0
"""Memory that CUDA's context, or Python with its libraries, takes beside the model."""

FIXED_ITEMS = frozenset({"weights", "adapter and gradients", "optimizer"})
"""Items that are certain: without room for these no batch is small enough."""

Phase = Literal["training", "generation"]


class OutOfMemoryError(ModelError, MemoryError):
    """A model does not fit the device, or outgrew it."""


@dataclass(frozen=True)
class Device:
    """Where models live: the GPU's name, or "CPU", and the memory that is free on it, in GiB."""

    name: str
    gib: float

    @property
    def kernels(self) -> Kernels:
        """What its kernels hold."""
        return PLAIN if self.name == PROCESSOR else FUSED


@dataclass(frozen=True)
class MemoryEstimate:
    """What one phase needs, against what there is."""

    phase: Phase
    items: tuple[MemoryItem, ...]
    device: Device

    @property
    def gib(self) -> float:
        """GiB in all."""
        return sum(item.gib for item in self.items)

    @property
    def verdict(self) -> Literal["fits", "tight", "too large"]:
        """tight: the estimate, which takes the longest texts, exceeds what is free."""
        fixed = sum(item.gib for item in self.items if item.name in FIXED_ITEMS)
        if fixed > self.device.gib:
            return "too large"
        return "tight" if self.gib > self.device.gib else "fits"

    @property
    def advice(self) -> str:
        """What to lower, the largest item that a setting lowers first."""
        ranked = sorted(self.items, key=lambda item: -item.gib)
        return "; ".join(f"{item.name}: {item.setting}" for item in ranked if item.setting)

    def __str__(self) -> str:
        items = ", ".join(f"{item.name} {item.gib:.2f}" for item in self.items)
        line = (
            f"{self.phase} needs about {self.gib:.1f} GiB ({items}) of {self.device.gib:.1f} GiB "
            f"free on {self.device.name}: {self.verdict}"
        )
        return line if self.verdict == "fits" else f"{line}. To need less: {self.advice}"


def device_memory() -> Device:
    """Measure the memory that is free where models live: on the first GPU, or in the machine."""
    import psutil
    import torch

    if torch.cuda.is_available():
        free, _ = torch.cuda.mem_get_info(0)
        return Device(torch.cuda.get_device_name(0), free / GIB)
    return Device(PROCESSOR, psutil.virtual_memory().available / GIB)


def estimate(
    shape: ModelShape,
    loading: LoadingSettings,
    work: TrainingSettings | GenerationSettings,
    device: Device,
    vocabulary_rows: int | None = None,
) -> MemoryEstimate:
    """Estimate one phase, which `work` names, on a device."""
    if loading.vocabulary == "table":
        rows = min(shape.vocab_size, vocabulary_rows or TABLE_TOKENS)
        shape = shape.model_copy(update={"vocab_size": rows})
    runtime = MemoryItem("runtime", RUNTIME_GIB)
    if isinstance(work, TrainingSettings):
        items = training_memory(shape, loading, work, device.kernels)
        return MemoryEstimate("training", (*items, runtime), device)
    return MemoryEstimate("generation", (*generation_memory(shape, loading, work), runtime), device)


def preflight(
    base_dir: Path,
    loading: LoadingSettings,
    work: TrainingSettings | GenerationSettings,
    token_ids: Sequence[int] | None = None,
) -> MemoryEstimate:
    """Estimate one phase on this machine, and refuse it where it cannot fit.

    `token_ids`: tokens that have rows in the model; None: all have.

    Raises:
        OutOfMemoryError: Weights, adapter and optimizer alone exceed what is free.
    """
    shape = ModelShape.of_folder(base_dir)
    rows = None if token_ids is None else len(token_ids)
    memory = estimate(shape, loading, work, device_memory(), rows)
    if memory.verdict == "too large":
        raise OutOfMemoryError(f"the model does not fit: {memory}.")
    return memory


class LostDeviceError(ModelError):
    """The accelerator failed or went away; this process cannot use it any more."""


@contextmanager
def explained_device_failures(memory: MemoryEstimate, kept: str) -> Iterator[None]:
    """Turn a device's failure within a block into one message, and free what it held.

    `kept`: what is not lost, in a sentence.

    Raises:
        OutOfMemoryError, LostDeviceError: The block ran out of memory, or the GPU failed.
    """
    try:
        yield
    except (RuntimeError, MemoryError) as error:
        explained = _explained(error, memory, kept)
        if explained is None:
            raise
        _release(error)
    else:
        return
    raise explained


def _explained(error: BaseException, memory: MemoryEstimate, kept: str) -> ModelError | None:
    reason = next(iter(str(error).splitlines()), type(error).__name__)
    if _is_out_of_memory(error):
        return OutOfMemoryError(
            f"{memory.phase} ran out of memory on {memory.device.name} ({reason}). {kept} "
            f"To need less: {memory.advice}. Estimated were {memory.gib:.1f} GiB."
        )
    if _is_lost_device(error):
        return LostDeviceError(
            f"{memory.phase} lost {memory.device.name} ({reason}). {kept} See with 'nvidia-smi' "
            "whether it answers, and run again: a new process is needed to use it."
        )
    return None


def _is_out_of_memory(error: BaseException) -> bool:
    """Whether it is CUDA's error, Python's, or the one that torch raises on a CPU."""
    import torch

    return isinstance(error, (torch.OutOfMemoryError, MemoryError)) or (
        "DefaultCPUAllocator" in str(error)
    )


def _is_lost_device(error: BaseException) -> bool:
    """Whether it is what torch raises for every failure of an accelerator but a full memory."""
    import torch

    return isinstance(error, torch.AcceleratorError)


def _release(error: BaseException) -> None:
    """Let go of the frames that hold the model, then of its memory."""
    import traceback

    import torch

    traceback.clear_frames(error.__traceback__)
    error.__traceback__ = None
    gc.collect()
    if torch.cuda.is_available() and not _is_lost_device(error):
        torch.cuda.empty_cache()
