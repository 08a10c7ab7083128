"""Something small that a server does every few seconds, on a thread of its own, whatever comes of it."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from tonearm.live.worker import in_words

log = logging.getLogger(__name__)

STOP_WAIT_S = 40.0
"""How long the call under way may take to end."""


class Repeat:
    """A thread that calls ``perform`` every ``every_s`` seconds until it is stopped; a failure is logged once."""

    def __init__(self, name: str, every_s: float, perform: Callable[[], object]) -> None:
        """Do nothing yet."""
        self.name = name
        self.problem: str | None = None
        """Why the last call failed; None if it did not."""
        self._every_s, self._perform = every_s, perform
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._work, name=f"tonearm-{name}", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End after the call under way."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join(STOP_WAIT_S)

    def _work(self) -> None:
        while not self._stopping.wait(self._every_s):
            self.step()

    def step(self) -> None:
        """One call."""
        with self.noted():
            self._perform()

    @contextmanager
    def noted(self) -> Iterator[None]:
        """What fails inside is the ``problem``, logged when it is another one than before, and raised no further."""
        try:
            yield
            self.problem = None
        except Exception as error:  # noqa: BLE001 - it is tried again, and must end neither the thread nor the server
            problem = in_words(error)
            if problem != self.problem:
                log.warning("%s: %s", self.name, problem)
            self.problem = problem
