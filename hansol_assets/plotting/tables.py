"""Pictures of tables: how many there are of what, and how long they are."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from hansol_assets.plotting.canvas import legend_below, picture, whole_ticks

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_BINS = 40
_MOST_BARS = 20
_LONGEST_QUANTILE = 0.99


def bar_picture(title: str, sizes: Mapping[str, float], unit: str) -> str:
    """Draws one bar a name, the largest first; of many, the largest."""
    ranked = sorted(sizes.items(), key=lambda item: (-item[1], item[0]))[:_MOST_BARS]

    def draw(figure: "Figure") -> None:
        axes = figure.subplots()
        names = [name or "–" for name, _ in ranked]
        bars = axes.barh(names[::-1], [size for _, size in ranked][::-1], color="tab:blue")
        axes.bar_label(bars, fmt="%.4g", padding=3)
        axes.margins(x=0.1)
        axes.set(xlabel=unit)
        if all(float(size).is_integer() for size in sizes.values()):
            whole_ticks(axes.xaxis)

    return picture(title, draw, height=max(2.0, 1.0 + 0.25 * len(ranked)))


def length_picture(title: str, lengths: Mapping[str, np.ndarray]) -> str:
    """Draws how long texts are; the longest hundredth is left out of the picture.

    `lengths`: kind → the characters of each of its texts.
    """

    def draw(figure: "Figure") -> None:
        axes = figure.subplots()
        longest = max(float(np.quantile(own, _LONGEST_QUANTILE)) for own in lengths.values())
        edges = np.linspace(0, max(longest, 1), _BINS + 1).tolist()
        for (kind, own), colour in zip(lengths.items(), ("tab:blue", "tab:orange"), strict=False):
            median = f"{kind}, median {np.median(own):.0f}"
            axes.hist(own, bins=edges, alpha=0.6, color=colour, label=median)
        axes.set(xlabel="characters", ylabel="texts")
        whole_ticks(axes.xaxis, axes.yaxis)
        legend_below(figure)

    return picture(title, draw)


def curve_picture(title: str, table: pd.DataFrame, x: str, y: str, by: str) -> str:
    """Draws one line for each kind."""

    def draw(figure: "Figure") -> None:
        axes = figure.subplots()
        for kind, own in table.groupby(by, sort=False):
            axes.plot(own[x], own[y], "o-", label=str(kind))
        axes.set(xlabel=x, ylabel=y)
        if pd.api.types.is_integer_dtype(table[x]):
            whole_ticks(axes.xaxis)
        legend_below(figure)

    return picture(title, draw)
