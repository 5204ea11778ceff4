"""Sampling whose draws belong to the request, not to the batch that it happens to share."""

import hashlib
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch
    from transformers import LogitsProcessor


def stream_seed(seed: int, key: str, sample: int) -> int:
    """Derive the seed of one sampled answer."""
    text = f"{seed}\x1f{key}\x1f{sample}".encode()
    return int.from_bytes(hashlib.sha256(text).digest()[:8], "big") >> 1


class SeededSampling:
    """A logits processor that turns greedy decoding into sampling, row by row.

    The largest of the warped logits plus Gumbel noise is a sample of their softmax (the Gumbel-max
    trick). The noise comes from a generator for each row, so a row's text is the same whatever
    the other rows are. Rows without a seed stay greedy.

    `seeds`: one for each row of the batch; None: greedy.
    `top_p`: share of the probability that is sampled from, above 0 and at most 1.
    """

    def __init__(self, seeds: Sequence[int | None], temperature: float, top_p: float) -> None:
        import torch
        from transformers import TemperatureLogitsWarper, TopPLogitsWarper

        self._rows = [row for row, seed in enumerate(seeds) if seed is not None]
        self._generators = [
            torch.Generator().manual_seed(seed) for seed in seeds if seed is not None
        ]
        self._warpers: list[LogitsProcessor] = [TemperatureLogitsWarper(temperature)]
        if top_p < 1:
            self._warpers.append(TopPLogitsWarper(top_p))

    def __call__(self, input_ids: "torch.Tensor", scores: "torch.Tensor") -> "torch.Tensor":
        """Return the scores, float of shape (rows, vocabulary), with noise on the sampled rows."""
        import torch

        if not self._rows:
            return scores
        sampled = scores[self._rows].float()
        for warp in self._warpers:
            sampled = warp(input_ids[self._rows], sampled)
        uniform = torch.stack(
            [torch.rand(scores.shape[-1], generator=source) for source in self._generators]
        ).to(scores.device)
        # A draw of exactly 0 would make the noise infinite.
        gumbel = -torch.log(-torch.log(uniform.clamp_min(torch.finfo(uniform.dtype).tiny)))
        result = scores.float().clone()
        result[self._rows] = sampled + gumbel
        return result
