"""A player in use: on a thread of its own, it hears track after track and submits what waits after each."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import replace
from itertools import count
from types import TracebackType

from tests.clients.players import Heard, Player
from tests.clients.server import Server

_BETWEEN_TRACKS_S = 0.05


class Listening:
    """A player that hears and submits until the block ends; its ``acknowledged`` are read meanwhile.

    With several ``servers`` a balancer stands before it: what one server does not take goes to the next.
    """

    def __init__(self, player: Player, servers: Sequence[Server] = ()) -> None:
        self.player = player
        self._servers = servers
        self._turns = count()
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._listen)

    def __enter__(self) -> Listening:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._is_over.set()
        self._thread.join()

    def submit(self) -> None:
        """Send what waits, to the next server in turn."""
        if self._servers:
            server = self._servers[next(self._turns) % len(self._servers)]
            self.player.account = replace(self.player.account, url=server.url)
        self.player.flush()

    def submit_all(self) -> None:
        """Send until nothing waits, after the block."""
        while self.player.queue:
            self.submit()

    def wait_for(self, more: int) -> None:
        """Wait until so many more listens have been acknowledged."""
        goal = len(self.player.acknowledged) + more
        while len(self.player.acknowledged) < goal:
            assert self._thread.is_alive()
            self._thread.join(_BETWEEN_TRACKS_S)

    def _listen(self) -> None:
        for number in count():
            if self._is_over.wait(_BETWEEN_TRACKS_S):
                return
            self.player.hear([Heard("Air", f"track {number}", 1_600_000_000 + 240 * number)])
            self.submit()
