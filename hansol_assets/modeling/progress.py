"""Progress lines that do not flood a log."""

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from hansol_assets.lake.reports import NO_FIGURES, Log


class ThrottledProgress:
    """Passes on the first line, then at most one in each interval.

    `seconds`: shortest time between two lines, in seconds.
    """

    def __init__(self, send: Log, seconds: float) -> None:
        self._send = send
        self._seconds = seconds
        self._next = 0.0

    def __call__(self, line: str, figures: Mapping[str, float] = NO_FIGURES, /) -> None:
        """Send the line if the interval since the last one is over."""
        now = time.monotonic()
        if now < self._next:
            return
        self._next = now + self._seconds
        self._send(line, figures)


@contextmanager
def without_bars() -> Iterator[None]:
    """Run a block without transformers' progress bars, which garble a log."""
    from transformers.utils import logging

    shown = logging.is_progress_bar_enabled()
    logging.disable_progress_bar()
    try:
        yield
    finally:
        if shown:
            logging.enable_progress_bar()
