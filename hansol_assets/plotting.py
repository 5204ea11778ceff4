"""Pictures of tables and arrays, as markdown that any page shows."""

import base64
import io
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from hansol_assets.errors import UserError

if TYPE_CHECKING:
    from matplotlib.axis import Axis
    from matplotlib.figure import Figure

_FONT_PACKAGE = "koreanize_matplotlib"
_FONT_FILE = "fonts/NanumGothic.ttf"
_WIDTH = 7.0
_BINS = 40
_SCORE_BINS = 25
_MOST_BARS = 20
_LONGEST_QUANTILE = 0.99


class FontError(UserError, RuntimeError):
    """There is no font that has Hangul."""


def picture(title: str, draw: "Callable[[Figure], None]", *, height: float = 3.5) -> str:
    """Draws a picture.

    Returns:
        Markdown that holds the PNG, the same bytes for the same drawing.

    Raises:
        FontError: The font with Hangul is not installed.
    """
    import matplotlib as mpl
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    # A minus sign of its own is missing in fonts with Hangul.
    style: dict[Any, Any] = {"font.family": hangul_font(), "axes.unicode_minus": False}
    with mpl.rc_context(style):
        figure = Figure(figsize=(_WIDTH, height), dpi=100, layout="constrained")
        FigureCanvasAgg(figure)
        figure.suptitle(title)
        draw(figure)
        content = io.BytesIO()
        figure.savefig(content, format="png", metadata={"Software": None})
    drawn = base64.b64encode(content.getvalue()).decode("ascii")
    return f"![{title}](data:image/png;base64,{drawn})"


def legend_below(figure: "Figure") -> None:
    """Puts the legend below the axes, where it covers nothing."""
    figure.legend(loc="outside lower center", ncols=3, fontsize="small")


def whole_ticks(*axes: "Axis") -> None:
    """Gives an axis on which things are counted whole numbers."""
    from matplotlib.ticker import MaxNLocator

    for axis in axes:
        axis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))


@cache
def hangul_font() -> str:
    """Returns the name of the font, made known to matplotlib.

    Raises:
        FontError: The package that brings it is not installed.
    """
    from matplotlib.font_manager import FontProperties, fontManager

    spec = find_spec(_FONT_PACKAGE)
    path = Path(spec.origin).parent / _FONT_FILE if spec and spec.origin else None
    if path is None or not path.is_file():
        raise FontError(
            "pictures need a font with Hangul, and NanumGothic is missing: "
            "pip install --no-deps koreanize-matplotlib==0.1.1"
        )
    fontManager.addfont(path)
    return FontProperties(fname=path).get_name()


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
        longest = max(float(np.quantile(sizes, _LONGEST_QUANTILE)) for sizes in lengths.values())
        edges = np.linspace(0, max(longest, 1), _BINS + 1).tolist()
        for (kind, sizes), colour in zip(lengths.items(), ("tab:blue", "tab:orange"), strict=False):
            median = f"{kind}, median {np.median(sizes):.0f}"
            axes.hist(sizes, bins=edges, alpha=0.6, color=colour, label=median)
        axes.set(xlabel="characters", ylabel="texts")
        whole_ticks(axes.xaxis, axes.yaxis)
        legend_below(figure)

    return picture(title, draw)


def curve_picture(title: str, table: pd.DataFrame, x: str, y: str, by: str) -> str:
    """Draws one line for each kind."""

    def draw(figure: "Figure") -> None:
        axes = figure.subplots()
        for kind, rows in table.groupby(by, sort=False):
            axes.plot(rows[x], rows[y], "o-", label=str(kind))
        axes.set(xlabel=x, ylabel=y)
        if pd.api.types.is_integer_dtype(table[x]):
            whole_ticks(axes.xaxis)
        legend_below(figure)

    return picture(title, draw)


def loss_curve(history: pd.DataFrame, title: str) -> str:
    """Draws loss, held-out loss where there is one, and learning rate over the steps.

    `history`: columns step, loss (nats a token), learning_rate and perhaps eval_loss.
    """

    def draw(figure: "Figure") -> None:
        losses = figure.subplots()
        trained = history.dropna(subset=["loss"])
        losses.plot(trained["step"], trained["loss"], color="tab:blue", label="loss")
        if "eval_loss" in history and history["eval_loss"].notna().any():
            measured = history.dropna(subset=["eval_loss"])
            losses.plot(
                measured["step"],
                measured["eval_loss"],
                "o-",
                color="tab:orange",
                label="held-out loss",
            )
        losses.set(xlabel="optimiser step", ylabel="loss (nats per token)")
        rates = losses.twinx()
        rates.plot(trained["step"], trained["learning_rate"], ":", color="tab:gray")
        rates.set_ylabel("learning rate (dotted)")
        whole_ticks(losses.xaxis)
        legend_below(figure)

    return picture(title, draw)


MOST_POINTS = 5_000
"""Of a map: more would overlap, and to place 100,000 takes 2 GB."""


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
            of_kind = points[labels == kind]
            axes.plot(of_kind[:, 0], of_kind[:, 1], "o", ms=4, alpha=0.7, label=kind or "–")
        axes.set(
            xlabel=f"first component ({shares[0]:.0%} of the variance)",
            ylabel=f"second component ({shares[1]:.0%})",
        )
        axes.legend(fontsize="small", loc="center left", bbox_to_anchor=(1, 0.5))

    return picture(title, draw, height=4.5)


SCORE = "score (mean cosine to the references)"


def calibration_picture(tenths: pd.DataFrame) -> str:
    """Draws probabilities beside the share that was right."""

    def draw(figure: "Figure") -> None:
        axes = figure.subplots()
        axes.plot([0, 1], [0, 1], ":", color="black", label="calibrated")
        axes.scatter(tenths["confidence"], tenths["right"], tenths["questions"] * 2 + 10)
        axes.set(xlabel="confidence", ylabel="share whose first row answers", xlim=(0, 1))
        legend_below(figure)

    return picture("Are probabilities true? (a dot's size: questions)", draw)


def risk_coverage_picture(curve: pd.DataFrame) -> str:
    """Draws the share of wrong answers over the share of questions that are answered."""

    def draw(figure: "Figure") -> None:
        axes = figure.subplots()
        axes.plot(curve["coverage"], curve["risk"])
        axes.set(
            xlabel="share of the questions that are answered, the surest first",
            ylabel="share of these answered wrongly",
        )

    return picture("What is gained by answering only when sure", draw)


def distribution_picture(questions: pd.DataFrame, submitted: str, baselines: list[str]) -> str:
    """Draws how the scores of questions are distributed, beside the means of the baselines."""

    def draw(figure: "Figure") -> None:
        axes = figure.subplots()
        values = questions[submitted].to_numpy()
        axes.hist(
            values, bins=_SCORE_BINS, color="tab:blue", alpha=0.6, label=f"questions ({submitted})"
        )
        axes.axvline(values.mean(), color="tab:blue", label=f"their mean {values.mean():.3f}")
        colours = iter(("tab:red", "tab:brown", "tab:green", "tab:purple", "tab:gray"))
        for name, colour in zip(baselines, colours, strict=False):
            mean = questions[name].mean()
            if np.isfinite(mean):
                axes.axvline(mean, ls="--", color=colour, label=f"{name} {mean:.3f}")
        axes.set(xlabel=SCORE, ylabel="questions")
        whole_ticks(axes.yaxis)
        legend_below(figure)

    return picture("Scores of the validation questions", draw)


def trend_picture(experiments: pd.DataFrame) -> str:
    """Draws the score of each experiment in the order in which they were made."""
    ordered = experiments.sort_values("date", kind="stable").reset_index(drop=True)

    def draw(figure: "Figure") -> None:
        axes = figure.subplots()
        for profile, rows in ordered.groupby("profile", sort=False):
            spread = np.abs(rows[["low", "high"]].sub(rows["private"], axis=0)).to_numpy().T
            axes.errorbar(rows.index, rows["private"], spread, fmt="o-", capsize=3, label=profile)
        axes.plot(ordered.index, ordered["text_private"], "x", color="tab:gray", label="text")
        axes.set(xlabel="experiment, the newest last", ylabel="mean cosine")
        whole_ticks(axes.xaxis)
        legend_below(figure)

    return picture("Submitted score of each experiment, with its interval", draw)
