"""Pictures of scores and of the confidence in answers."""

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from hansol_assets.plotting.canvas import legend_below, picture, whole_ticks

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SCORE = "score (mean cosine to the references)"
_BINS = 25


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
        axes.hist(values, bins=_BINS, color="tab:blue", alpha=0.6, label=f"questions ({submitted})")
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
        for profile, own in ordered.groupby("profile", sort=False):
            spread = np.abs(own[["low", "high"]].sub(own["private"], axis=0)).to_numpy().T
            axes.errorbar(own.index, own["private"], spread, fmt="o-", capsize=3, label=profile)
        axes.plot(ordered.index, ordered["text_private"], "x", color="tab:gray", label="text")
        axes.set(xlabel="experiment, the newest last", ylabel="mean cosine")
        whole_ticks(axes.xaxis)
        legend_below(figure)

    return picture("Submitted score of each experiment, with its interval", draw)
