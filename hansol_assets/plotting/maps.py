"""A map of vectors: near vectors are near points."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from hansol_assets.plotting.canvas import picture

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MOST_POINTS = 5_000
"""Of a map: more lie upon each other, and to place 100,000 takes 2 GB."""


def vector_map(title: str, vectors: np.ndarray, kinds: Sequence[str]) -> str:
    """Draws vectors on the plane of their first two principal components.

    `vectors`: [vectors, dimensions], at least one. Of very many some are drawn, evenly.
    `kinds`: what each is of, [vectors]; one colour a kind.
    """
    step = -(-len(vectors) // MOST_POINTS)
    if step > 1:
        title = f"{title} (one of {step} is drawn)"
        vectors, kinds = vectors[::step], kinds[::step]
    # Two rows of nothing, which move no component, let a single vector be drawn.
    centred = np.vstack([vectors - vectors.mean(axis=0), np.zeros((2, vectors.shape[1]))])
    _, lengths, axes_of = np.linalg.svd(centred, full_matrices=False)
    # A singular vector's sign is arbitrary; its largest entry is made positive.
    signs = np.sign(axes_of[:2][np.arange(2), np.abs(axes_of[:2]).argmax(axis=1)])
    points = centred @ (axes_of[:2] * signs[:, None]).T
    shares = lengths**2 / max(float((lengths**2).sum()), np.finfo(float).tiny)

    def draw(figure: "Figure") -> None:
        axes = figure.subplots()
        labels = np.array([*kinds, None, None], dtype=object)
        for kind in sorted(set(kinds)):
            own = points[labels == kind]
            axes.plot(own[:, 0], own[:, 1], "o", ms=4, alpha=0.7, label=kind or "–")
        axes.set(
            xlabel=f"first component ({shares[0]:.0%} of the variance)",
            ylabel=f"second component ({shares[1]:.0%})",
        )
        axes.legend(fontsize="small", loc="center left", bbox_to_anchor=(1, 0.5))

    return picture(title, draw, height=4.5)
