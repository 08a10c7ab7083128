"""Something small that a server does every few seconds, on a thread of its own, whatever comes of it."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

from tonearm.live.worker import in_words

log = logging.getLogger(__name__)

_STOP_WAIT_S = 20.0


class Repeat:
    """A thread that calls ``perform`` every ``every_s`` seconds until it is stopped; a failure is logged once."""

    def __init__(self, name: str, every_s: float, perform: Callable[[], object]) -> None:
        """Do nothing yet."""
        self.name, self.problem = name, ""
        """Why the last call failed; empty if it did not."""
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
            self._thread.join(_STOP_WAIT_S)

    def _work(self) -> None:
        while not self._stopping.wait(self._every_s):
            self.step()

    def step(self) -> None:
        """One call."""
        try:
            self._perform()
            self.problem = ""
        except Exception as error:  # noqa: BLE001 - it is tried again, and must end neither the thread nor the server
            problem = in_words(error)
            if problem != self.problem:
                log.warning("%s: %s", self.name, problem)
            self.problem = problem
