"""Finding the training checkpoint to resume from.

What belongs here: which checkpoint is whole. What does not: writing and reading one, which is
transformers' Trainer's work (it loads them with `torch.load(weights_only=True)`).
"""

import json
from pathlib import Path

STATE_FILE = "trainer_state.json"
"""Written last by the Trainer, so a checkpoint with a readable one is whole."""


def last_whole_checkpoint(directory: Path) -> Path | None:
    """Return the newest checkpoint that was written to its end.

    Args:
        directory: Where the Trainer puts `checkpoint-<step>` folders; need not exist.

    Returns:
        Its folder, or None without any.
    """
    whole = [path for path in directory.glob("checkpoint-*") if checkpoint_step(path) is not None]
    return max(whole, key=lambda path: checkpoint_step(path) or 0, default=None)


def checkpoint_step(checkpoint: Path) -> int | None:
    """Return the optimiser steps done at a checkpoint.

    Args:
        checkpoint: A `checkpoint-<step>` folder.

    Returns:
        The steps, or None where the checkpoint is not whole.
    """
    try:
        state = json.loads((checkpoint / STATE_FILE).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return state.get("global_step")
