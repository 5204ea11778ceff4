"""The canvas of every picture: its font, its size and its form."""

import base64
import io
from collections.abc import Callable
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hansol_assets.errors import UserError

if TYPE_CHECKING:
    from matplotlib.axis import Axis
    from matplotlib.figure import Figure

_FONT_PACKAGE = "koreanize_matplotlib"
_FONT_FILE = "fonts/NanumGothic.ttf"


class FontError(UserError, RuntimeError):
    """There is no font that has Hangul."""


def picture(
    title: str, draw: "Callable[[Figure], None]", *, width: float = 7.0, height: float = 3.5
) -> str:
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
        figure = Figure(figsize=(width, height), dpi=100, layout="constrained")
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
