"""One question at a time: all who ask share the models of one machine."""

import math
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Lock

from hansol_assets.answering.asking import Answer
from hansol_assets.errors import UserError

MOST_WAITING = 16
"""Questions that are taken at a time; of more the last would wait longer than anyone does."""


class BusyError(UserError):
    """Too many questions wait.

    Attributes:
        seconds: After which those that wait now are likely to be answered.
    """

    passes = True

    def __init__(self, seconds: int) -> None:
        """Says when to come back."""
        super().__init__(
            f"{MOST_WAITING} questions wait to be answered: ask again in {seconds} seconds"
        )
        self.seconds = seconds


class Turns:
    """Asks one question after the other.

    Attributes:
        taken: How many wait, with the one that is answered.
    """

    def __init__(self, ask: Callable[[str], Answer]) -> None:
        self._ask = ask
        # One thread: torch keeps memory for each that it was ever used in.
        self._thread = ThreadPoolExecutor(1)
        self._count = Lock()
        self.taken = 0
        self._seconds = 1.0

    def ask(self, question: str) -> Answer:
        """Answers a question when its turn has come.

        Raises:
            BusyError: Too many wait; the question was not taken.
            InputError: It cannot be asked.
        """
        with self._count:
            if self.taken >= MOST_WAITING:
                raise BusyError(math.ceil(self._seconds * self.taken))
            self.taken += 1
        try:
            return self._thread.submit(self._timed, question).result()
        finally:
            with self._count:
                self.taken -= 1

    def close(self) -> None:
        """Answers nobody any more; the question that is being answered is the last."""
        self._thread.shutdown(wait=False, cancel_futures=True)

    def _timed(self, question: str) -> Answer:
        start = time.monotonic()
        answer = self._ask(question)
        self._seconds = time.monotonic() - start
        return answer
