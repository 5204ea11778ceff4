"""Texts embedded one by one, as a loop over the rows of a table does it.

What belongs here: the loop. What does not: the encoder, which is the same on both sides.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np


def encode_rows(model: Any, texts: Sequence[str]) -> np.ndarray:
    """Embeds each text with a call of its own."""
    return np.stack([np.asarray(model.encode([text])[0]) for text in texts])
