"""Pictures of scores and of the confidence in answers."""

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from hansol_assets.plotting.canvas import legend_below, picture, whole_ticks

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SCORE = "score (mean cosine to the references)"
_BINS = 25


def calibration_picture(questions: pd.DataFrame, tenths: pd.DataFrame) -> str:
    """Draws expected beside true scores.

    Args:
        questions: `confidence` and `text`, one row a question.
        tenths: `expected, score`, means of equally many questions.
    """

    def draw(figure: "Figure") -> None:
        axes = figure.subplots()
        axes.plot(questions["confidence"], questions["text"], ".", color="silver", label="question")
        axes.plot(tenths["expected"], tenths["score"], "o-", label="mean of a tenth")
        ends = [tenths["expected"].min(), tenths["expected"].max()]
        axes.plot(ends, ends, ":", color="black", label="as expected")
        axes.set(xlabel="expected score", ylabel=SCORE)
        legend_below(figure)

    return picture("Are expected scores true? (answer text)", draw)


def coverage_picture(curve: pd.DataFrame) -> str:
    """Draws the mean score of the most confident answers over their share.

    Args:
        curve: `coverage, score`, the smallest coverage first.
    """

    def draw(figure: "Figure") -> None:
        axes = figure.subplots()
        axes.plot(curve["coverage"], curve["score"], label="the most confident answers")
        axes.axhline(curve["score"].iloc[-1], ls=":", color="black", label="all answers")
        axes.set(xlabel="share of the questions that are answered", ylabel=SCORE)
        legend_below(figure)

    return picture("What is gained by answering only when confident (answer text)", draw)


def distribution_picture(questions: pd.DataFrame, submitted: str, baselines: list[str]) -> str:
    """Draws how the scores of questions are distributed, beside the means of the baselines.

    Args:
        questions: Per-question scores, one column each.
        submitted: The column of what is submitted.
        baselines: The columns whose means are shown.
    """

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
    """Draws the score of each experiment in the order in which they were made.

    Args:
        experiments: `date, profile, private, low, high, text_private`.
    """
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
