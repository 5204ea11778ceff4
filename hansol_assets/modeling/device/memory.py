"""How much memory a model needs to be trained and to answer, item by item.

The estimates leave out what is small (norms, biases) and take the longest examples that the
settings allow, so that what fits on paper fits in truth.
"""

from dataclasses import dataclass

from hansol_assets.modeling.base.loading import LoadingSettings
from hansol_assets.modeling.base.shape import CONV1D_MODELS, ModelShape
from hansol_assets.modeling.settings import GenerationSettings, TrainingSettings

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
    """What the kernels of a device hold in training.

    Attributes:
        logit: Bytes of a logit: itself, and what the loss's gradient is made from.
        mask: Bytes of an entry of a dropout's mask.
    """

    logit: int
    mask: int


FUSED = Kernels(logit=12, mask=1)
"""A GPU's: the logit and two 32-bit values made from it."""
PLAIN = Kernels(logit=33, mask=4)
"""A processor's, on which the backward pass of TRL's loss is a dozen operations of torch, eight of
whose results live at once, and a mask is as wide as what it masks."""


@dataclass(frozen=True)
class MemoryItem:
    """One use of memory.

    Attributes:
        gib: Size in GiB.
        setting: The setting that lowers it, with what to do; empty where none does.
    """

    name: str
    gib: float
    setting: str = ""


def training_memory(
    shape: ModelShape,
    loading: LoadingSettings,
    training: TrainingSettings,
    kernels: Kernels = FUSED,
) -> tuple[MemoryItem, ...]:
    """Estimate the memory in which an adapter is trained.

    Returns:
        The items: weights, adapter, optimizer, activations, logits and, where there are any, new
        tokens.
    """
    trained = shape.lora_parameters(training.rank, training.target_modules)
    tokens = training.per_device_batch_size * training.max_length
    tile = min(tokens, LOGIT_TOKENS) * min(shape.vocab_size, LOGIT_TILE)
    batch = "lower training.per_device_batch_size (and raise gradient_accumulation)"
    checkpointing = (
        "" if training.gradient_checkpointing else ", turn training.gradient_checkpointing on"
    )
    return (
        _weights(shape, loading),
        MemoryItem(
            "adapter and gradients",
            2 * LORA_BYTES * trained / GIB,
            "lower training.rank",
        ),
        MemoryItem(
            "optimizer",
            _optimizer_bytes(training.optimizer) * trained / GIB,
            "" if "8bit" in training.optimizer else "training.optimizer: paged_adamw_8bit",
        ),
        MemoryItem(
            "activations",
            tokens * _activation_bytes(shape, loading, training, kernels) / GIB,
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
    prompt = rows * generation.max_prompt_tokens * _layer_bytes(shape, width, rows=0)
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
    kept = (shape.embedding_parameters + shape.other_parameters) * width
    if loading.quantization == "nf4":
        return MemoryItem("weights", (kept + shape.matrix_parameters * NF4_BYTES) / GIB)
    whole = kept + shape.matrix_parameters * width
    return MemoryItem("weights", whole / GIB, "base_model.loading.quantization: nf4")


def _new_tokens(shape: ModelShape, loading: LoadingSettings) -> tuple[MemoryItem, ...]:
    """PEFT copies the tables of token vectors with the new rows; their gradient is in 32 bits."""
    if not loading.tokenizer.new_tokens:
        return ()
    size = shape.embedding_parameters * (DTYPE_BYTES[loading.dtype] + 4)
    return (MemoryItem("new tokens", size / GIB, "base_model.loading.tokenizer.new_tokens: []"),)


def _optimizer_bytes(name: str) -> int:
    return next((size for part, size in OPTIMIZER_BYTES.items() if part in name), ADAMW_BYTES)


def _activation_bytes(
    shape: ModelShape, loading: LoadingSettings, training: TrainingSettings, kernels: Kernels
) -> float:
    """Bytes a token: those of every layer, or of one layer and every layer's input."""
    width = PRECISION_BYTES[training.precision]
    rows = training.max_length if loading.attention == "eager" else 0
    layer = _layer_bytes(shape, width, rows) + _lora_bytes(shape, training, kernels)
    if not training.gradient_checkpointing:
        return shape.num_hidden_layers * layer
    return shape.num_hidden_layers * shape.hidden_size * width + layer


def _lora_bytes(shape: ModelShape, training: TrainingSettings, kernels: Kernels) -> float:
    """Bytes that the adapter of one layer keeps of a token.

    Each matrix has an input of its own where dropout changes it, or where it is turned into the
    format that is computed in; counted on small models by torch's hooks for saved tensors.
    """
    width = PRECISION_BYTES[training.precision]
    copied = width if training.lora_dropout or width < LORA_BYTES else 0
    masked = kernels.mask if training.lora_dropout else 0
    return shape.lora_inputs(training.target_modules) * (copied + masked)


def _layer_bytes(shape: ModelShape, width: int, rows: int) -> float:
    """Bytes that one layer keeps of a token for its backward pass.

    After Korthikanti et al. 2022, "Reducing Activation Recomputation in Large Transformer Models",
    section 4.1, with grouped keys, a gated feed-forward and no dropout on the residual stream: the
    inputs of both norms and of all matrices, and what attention and activation need.

    `rows`: keys whose attention weights are kept; 0 for kernels that recompute them.
    """
    norms = 4 * shape.hidden_size
    attention = 2 * shape.query_size + 2 * shape.key_value_size
    # GPT-2's activation is put together from seven operations.
    inner = 7 if shape.model_type in CONV1D_MODELS else 4
    feed_forward = inner * shape.intermediate_size
    weights = 2 * shape.num_attention_heads * rows
    return width * (norms + attention + feed_forward + weights)
