import base64
import io
from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure
from matplotlib.image import imread

from hansol_assets import plotting
from hansol_assets.answering.trust import calibration_table, risk_coverage
from hansol_assets.plotting import (
    FontError,
    bar_picture,
    calibration_picture,
    curve_picture,
    distribution_picture,
    hangul_font,
    length_picture,
    loss_curve,
    picture,
    risk_coverage_picture,
    trend_picture,
    vector_map,
)

MOST_BYTES = 200_000
HISTORY = pd.DataFrame(
    {"step": [1, 2], "loss": [3.0, 2.0], "learning_rate": [0.1, 0.05], "eval_loss": [None, 2.5]}
)
_DRAW = np.random.default_rng(0)
_DRAW_ONCE = _DRAW.normal(size=(16, 8))
HITS = pd.DataFrame(
    {"mode": ["dense"] * 3 + ["ranked"] * 3, "k": [1, 3, 5] * 2, "hit_rate": [0.5, 0.7, 0.8] * 2}
)
QUESTIONS = pd.DataFrame(
    {
        "text": _DRAW.uniform(0.3, 0.9, 40),
        "human": 0.8,
        "ceiling": np.nan,
    }
)
CONFIDENCE = _DRAW.uniform(0, 1, 40)
RIGHT = _DRAW.uniform(0, 1, 40) < CONFIDENCE


def pixels(markdown: str) -> np.ndarray:
    """The picture that a reader sees, [height, width, 4]."""
    content = base64.b64decode(markdown.split("base64,")[1].rstrip(")"))
    assert len(content) < MOST_BYTES
    return imread(io.BytesIO(content), format="png")


EXPERIMENTS = pd.DataFrame(
    {
        "date": ["1", "2"],
        "profile": "tiny",
        "private": [0.6, 0.7],
        "low": 0.5,
        "high": 0.8,
        "text_private": 0.5,
    }
)
PICTURES = pytest.mark.parametrize(
    "draw",
    [
        lambda: loss_curve(HISTORY, "base"),
        lambda: loss_curve(HISTORY.drop(columns="eval_loss"), "base"),
        lambda: calibration_picture(calibration_table(CONFIDENCE, RIGHT)),
        lambda: risk_coverage_picture(risk_coverage(CONFIDENCE, RIGHT)),
        lambda: distribution_picture(QUESTIONS, "text", ["human", "ceiling"]),
        lambda: bar_picture("벽지", {"가": 3, "나": 5, "": 1}, "rows"),
        lambda: length_picture("길이", {"answers": np.array([3, 5] * 9)}),
        lambda: curve_picture("찾기", HITS, "k", "hit_rate", "mode"),
        lambda: trend_picture(EXPERIMENTS),
        lambda: vector_map("지도", _DRAW_ONCE, ["가", "나"] * 8),
        lambda: vector_map("하나", _DRAW_ONCE[:1], ["가"]),
        lambda: vector_map("많음", np.tile(_DRAW_ONCE, (400, 1)), ["가", "나"] * 3_200),
    ],
    ids=[
        "losses",
        "training loss",
        "calibration",
        "risk and coverage",
        "distribution",
        "bars",
        "lengths",
        "curves",
        "trend",
        "map",
        "one vector",
        "many vectors",
    ],
)


@PICTURES
def test_a_picture_is_drawn_and_the_same_each_time(draw: Callable[[], str]) -> None:
    markdown = draw()
    drawn = pixels(markdown)

    assert drawn.shape[1:] == (700, 4)
    # Ink, and not the frame alone: lines of a colour.
    colourful = drawn[..., :3].max(axis=2) - drawn[..., :3].min(axis=2) > 0.3
    assert colourful.sum() > 20
    assert draw() == markdown


COUNTED = {
    "optimiser step",
    "questions",
    "rows",
    "characters",
    "texts",
    "k",
    "experiment, the newest last",
}
"""Labels of axes on which things are counted."""


@PICTURES
def test_no_legend_covers_a_line_and_what_is_counted_has_whole_ticks(
    draw: Callable[[], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    figures: list[Figure] = []
    monkeypatch.setattr(Figure, "savefig", lambda figure, *_, **__: figures.append(figure))
    draw()
    (figure,) = figures
    figure.canvas.draw()
    plots = [axes.get_window_extent() for axes in figure.axes]
    legends = [*figure.legends, *(axes.get_legend() for axes in figure.axes)]
    for legend in filter(None, legends):
        assert not any(legend.get_window_extent().overlaps(plot) for plot in plots)
    for axis in (axis for axes in figure.axes for axis in (axes.xaxis, axes.yaxis)):
        if axis.label.get_text() in COUNTED:
            assert all(float(tick).is_integer() for tick in axis.get_majorticklocs())


def test_hangul_is_drawn_as_letters_and_not_as_boxes() -> None:
    def heading(text: str) -> np.ndarray:
        return pixels(picture(text, lambda _: None))

    assert hangul_font() == "NanumGothic"
    # A missing letter is one and the same box.
    assert not np.array_equal(heading("벽"), heading("틀"))


def test_a_missing_font_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plotting, "_FONT_PACKAGE", "no_such_package")
    hangul_font.cache_clear()
    with pytest.raises(FontError, match="koreanize-matplotlib"):
        hangul_font()
    hangul_font.cache_clear()
