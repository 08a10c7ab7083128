"""What goes wrong between clients and tonearm, each as what happens from first listens to empty queues."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

from tests.clients.network import Network
from tests.clients.players import BAD_AT, Heard, Player
from tests.clients.server import Home, Server

_STEP_S = 240


@dataclass
class World:
    """A home, its server, the network before it, and a client of each kind, each of a listener of its own."""

    home: Home
    server: Server
    network: Network
    players: Sequence[Player]
    title: str = ""
    first: int = 1_700_000_000
    """Title and instant that the listens of one fault begin with, so that they are nobody else's."""

    def hear(self, *tracks: str) -> None:
        """Everybody's next listens."""
        for player in self.players:
            at = self.first + _STEP_S * len([*player.queue, *player.acknowledged, *player.dropped])
            player.hear([Heard("Air", f"{self.title}: {one}", at + _STEP_S * i) for i, one in enumerate(tracks)])

    def hear_bad(self, **values: object) -> None:
        """A listen that no server takes."""
        for player in self.players:
            player.hear([replace(Heard("Air", f"{self.title}: bad", BAD_AT), **values)])  # type: ignore[arg-type]

    def flush(self) -> None:
        """Every client tries to send what it has."""
        with ThreadPoolExecutor(len(self.players)) as pool:
            list(pool.map(lambda player: player.flush(), self.players))

    def flushed(self, rounds: int = 6, pause_s: float = 0.0) -> None:
        """Every client tries until it has nothing left, but not for ever."""
        for _ in range(rounds):
            self.flush()
            if not any(player.queue for player in self.players):
                return
            time.sleep(pause_s)

    def nothing_acknowledged(self, since: dict[str, int]) -> None:
        """No listen was acknowledged that cannot have been kept."""
        wrong = [player.name for player in self.players if len(player.acknowledged) > since[player.name]]
        assert not wrong, f"acknowledged although nothing could be kept: {wrong}"

    def acknowledged(self) -> dict[str, int]:
        return {player.name: len(player.acknowledged) for player in self.players}


def none(world: World) -> None:
    world.hear("one", "two", "three", "four", "five", "six", "seven")
    world.flushed()


def killed(world: World) -> None:
    """``kill -9`` while clients submit."""
    world.hear(*(f"track {i}" for i in range(10)))
    sending = threading.Thread(target=world.flush)
    sending.start()
    time.sleep(0.3)
    world.server.kill()
    sending.join()
    world.server.start()
    world.flushed()


def restarted(world: World) -> None:
    world.hear("before")
    world.flush()
    before = world.acknowledged()
    world.server.stop()
    world.hear("meanwhile")
    world.flush()
    world.nothing_acknowledged(before)
    world.server.start()
    world.flushed()


def locked_out(world: World) -> None:
    """401: a token or a password that opens nothing, then the right one."""
    good = {player.name: player.account for player in world.players}
    for player in world.players:
        player.log_in(replace(player.account, token="no", password="no"))
    before = world.acknowledged()
    world.hear("while locked out")
    world.flush()
    world.nothing_acknowledged(before)
    for player in world.players:
        player.log_in(good[player.name])
    world.flushed()


def oversize(world: World) -> None:
    world.hear("before")
    world.hear_bad(padding="x" * 20_000)
    world.hear("after")
    world.flushed()


def bad_row(world: World) -> None:
    world.hear("before")
    world.hear_bad()
    world.hear("after")
    world.flushed()


def too_many(world: World) -> None:
    """429: as many requests as the limit, and more."""
    with world.server.limited(requests=10):
        world.hear(*(f"track {i}" for i in range(12)))
        world.flush()
        assert any(player.queue for player in world.players), "nobody met the limit"
        world.flushed(rounds=10, pause_s=2)


def disk_full(world: World) -> None:
    world.hear("before")
    world.flush()
    before = world.acknowledged()
    with world.server.full_disk():
        world.hear("while full")
        world.flush()
        world.nothing_acknowledged(before)
    world.flushed()


def no_database(world: World) -> None:
    world.hear("before")
    world.flush()
    before = world.acknowledged()
    with world.server.without_database():
        world.hear("while gone")
        world.flush()
        world.nothing_acknowledged(before)
        world.server.stop()
    world.server.start()
    world.flushed()


def lake_locked(world: World) -> None:
    """Another program writes to the lake, as it does during all faults here: submitting needs only the store."""
    world.hear("while locked")
    world.flush()
    late = [player.name for player in world.players if player.queue]
    assert not late, f"had to wait for the lake: {late}"


def clock_ahead(world: World) -> None:
    """A machine whose clock is a day ahead, until it is set right."""
    world.hear("before")
    world.hear_bad(at=int(time.time()) + 86_400)
    world.hear("after")
    world.flushed()


def sent_twice(world: World) -> None:
    """Answers are lost, so that clients send again what was kept; and then once more."""
    before = world.acknowledged()
    world.hear("one", "two", "three")
    world.network.loses_answers = True
    world.flush()
    world.nothing_acknowledged(before)
    world.network.heal()
    world.flushed()
    for player in world.players:
        again = player.acknowledged[before[player.name] :]
        player.hear(again)
    world.flushed()


def slow_network(world: World) -> None:
    """400 bytes at a time, with 20 ms between them."""
    world.network.chunk, world.network.pause_s = 400, 0.02
    world.hear("one", "two")
    world.flushed()


FAULTS: dict[str, Callable[[World], None]] = {
    "none": none,
    "kill -9": killed,
    "restart": restarted,
    "401": locked_out,
    "oversize": oversize,
    "bad row": bad_row,
    "429": too_many,
    "disk full": disk_full,
    "database gone": no_database,
    "lake locked": lake_locked,
    "clock ahead": clock_ahead,
    "sent twice": sent_twice,
    "slow network": slow_network,
}
