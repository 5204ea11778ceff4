"""Weights in other forms, turned once into safetensors: GGUF, and the pickles of older models."""

import contextlib
import io
import struct
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hansol_assets.errors import ModelError

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

SUFFIX = ".gguf"
SCALED_POSITIONS = "rope_freqs.weight"

_TAKE_ANOTHER = (
    "Take the same model as safetensors, or as one GGUF file that transformers reads whole."
)

_UNREADABLE = (
    AttributeError,
    KeyError,
    IndexError,
    TypeError,
    ValueError,
    OSError,
    OverflowError,
    MemoryError,
    RuntimeError,
    struct.error,
)
"""What transformers' and gguf's readers raise at a file that is damaged or new to them."""


class UnreadableGgufError(ModelError, ValueError):
    """A GGUF file is damaged, one of several, or nothing that transformers reads whole."""

    def __init__(self, file: Path, problem: str, remedy: str = _TAKE_ANOTHER) -> None:
        super().__init__(f"{file}: {problem}. {remedy}")


def gguf_file(name: str) -> Path | None:
    """Find the GGUF file that a model's name stands for: itself, or the only one in its folder.

    None where the name stands for something else, or its folder has safetensors.

    Raises:
        UnreadableGgufError: The folder has several.
    """
    path = Path(name).expanduser()
    if path.suffix == SUFFIX and path.is_file():
        return path
    if not path.is_dir() or any(path.glob("*.safetensors")):
        return None
    files = sorted(path.glob(f"*{SUFFIX}"))
    if len(files) > 1:
        listed = ", ".join(file.name for file in files)
        raise UnreadableGgufError(
            path,
            f"the folder has {len(files)} GGUF files ({listed})",
            "Set base_model.hub.model_id to one of them; a model in several pieces has to be put "
            "together first, as llama-gguf-split --merge does.",
        )
    return files[0] if files else None


def convert_gguf(file: Path, out_dir: Path) -> None:
    """Write a GGUF file's weights, dequantised to 32 bits, in `save_pretrained` form.

    Raises:
        UnreadableGgufError: The file cannot be read, or not whole.
    """
    # Bars that no setting of transformers turns off garble a log.
    with contextlib.redirect_stderr(io.StringIO()):
        with _explained(file):
            model, tokenizer = _read(file)
        out_dir.mkdir(parents=True, exist_ok=True)
        tokenizer.save_pretrained(out_dir)
        model.save_pretrained(out_dir)


def _read(file: Path) -> "tuple[PreTrainedModel, PreTrainedTokenizerBase]":
    import torch
    from transformers import AutoConfig, AutoModelForCausalLM, AutoTokenizer, GgufConfig

    _check_positions(file)
    source: dict[str, Any] = {"gguf_file": file.name, "local_files_only": True}
    tokenizer = AutoTokenizer.from_pretrained(file.parent, **source)
    loader: Any = AutoModelForCausalLM
    model, info = loader.from_pretrained(
        file.parent,
        config=AutoConfig.from_pretrained(file.parent, **source),
        dtype=torch.float32,
        quantization_config=GgufConfig(dequantize=True),
        output_loading_info=True,
        **source,
    )
    _check_whole(file, info)
    return model, tokenizer


@contextlib.contextmanager
def _explained(file: Path) -> Iterator[None]:
    try:
        yield
    except UnreadableGgufError:
        raise
    except _UNREADABLE as error:
        reason = next(iter(str(error).splitlines()), "") or type(error).__name__
        problem = f"it cannot be read ({type(error).__name__}: {reason})"
        raise UnreadableGgufError(file, problem) from error


def _check_positions(file: Path) -> None:
    """Refuse scaled rotary positions, which transformers leaves out of what it reads."""
    from transformers.integrations.gguf.reader import read_gguf_metadata

    metadata, tensors = read_gguf_metadata(str(file))
    scaling = metadata.get(f"{metadata['general.architecture']}.rope.scaling.type", "none")
    if scaling != "none" or SCALED_POSITIONS in tensors:
        raise UnreadableGgufError(file, "its rotary positions are scaled, which would be lost")


def _check_whole(file: Path, info: Mapping[str, Any]) -> None:
    missing = sorted({*info["missing_keys"], *(key for key, *_ in info["mismatched_keys"])})
    if missing:
        problem = f"{len(missing)} of the model's weights are not in it, the first {missing[0]}"
        raise UnreadableGgufError(file, problem)


SAFE_WEIGHTS = "model.safetensors"


class UnreadableWeightsError(ModelError, ValueError):
    """A weights file holds something else than plain tensors."""


def convert_pickled_weights(source: Path, out_dir: Path) -> None:
    """Write the tensors of a `pytorch_model.bin` as safetensors.

    torch's restricted unpickler refuses whatever would call a function. A tensor that is stored
    under two names, as tied embeddings are, is kept under both.

    Raises:
        UnreadableWeightsError: The file holds anything but tensors.
    """
    import pickle

    import torch
    from safetensors.torch import save_file

    try:
        loaded = torch.load(source, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        raise UnreadableWeightsError(
            f"{source} holds more than tensors, which could run code, and is refused: "
            f"{str(error).splitlines()[0]}"
        ) from error
    tensors = {
        name: tensor.contiguous().clone()
        for name, tensor in loaded.items()
        if isinstance(tensor, torch.Tensor)
    }
    if not tensors:
        raise UnreadableWeightsError(f"{source} holds no weights by name.")
    save_file(tensors, out_dir / SAFE_WEIGHTS, metadata={"format": "pt"})
