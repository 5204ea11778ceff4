"""Weights of older models, turned into safetensors without running what is pickled with them."""

from pathlib import Path

from hansol_assets.errors import ModelError

SAFE_WEIGHTS = "model.safetensors"


class UnreadableWeightsError(ModelError, ValueError):
    """A weights file holds something else than plain tensors."""


def convert_pickled_weights(source: Path, out_dir: Path) -> None:
    """Write the tensors of a `pytorch_model.bin` as safetensors.

    torch's restricted unpickler builds tensors and plain containers only, and refuses whatever
    would call a function. A tensor that is stored under two names, as tied embeddings are, is
    kept under both.

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
