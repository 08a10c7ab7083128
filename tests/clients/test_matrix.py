"""Each client × each fault: what was acknowledged is in bronze once, and no queue is stuck.

A fault is brought on all clients at once, each of a listener of its own, against one server process.
"""

from __future__ import annotations

import threading
import time

import pytest
from filelock import FileLock

from tests.clients.conftest import REAL, World, _real
from tests.clients.players import BAD_AT, Heard
from tonearm.home import LOCK

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("name", REAL)
def test_the_client_is_here(name: str, request: pytest.FixtureRequest) -> None:
    assert _real(name, request)


def test_without_a_fault(world: World) -> None:
    world.hear(*(f"track {i}" for i in range(7)))
    world.flush()
    assert all(len(player.acknowledged) == 7 for player in world.players), _left(world)
    assert world.outcome() == {}


def test_killed_while_clients_submit(world: World) -> None:
    world.hear(*(f"track {i}" for i in range(10)))
    sending = [threading.Thread(target=player.flush) for player in world.players]
    for one in sending:
        one.start()
    time.sleep(0.5)
    world.server.kill()
    for one in sending:
        one.join()
    world.server.start()
    world.flushed()
    assert world.outcome() == {}


def test_restarted(world: World) -> None:
    world.hear("before")
    world.flush()
    world.server.stop()
    world.hear("meanwhile", first=1_700_001_000)
    world.flush()
    assert _still_queued(world, "meanwhile") == []
    world.server.start()
    world.flushed()
    assert world.outcome() == {}


def test_a_token_that_opens_nothing(world: World) -> None:
    good = {player.name: player.account for player in world.players}
    for player in world.players:
        player.account = type(player.account)(**{**vars(player.account), "token": "no", "password": "no"})
    world.hear("while locked out")
    world.flush()
    assert [player.name for player in world.players if player.acknowledged] == []
    for player in world.players:
        player.close()
        player.account = good[player.name]
    world.flushed()
    assert world.outcome() == {}
    assert {player.name for player in world.players if player.dropped} <= {
        player.name for player in world.players if "401" in player.drops
    }


def test_an_oversize_listen_among_good_ones(world: World) -> None:
    world.hear("before")
    for player in world.players:
        player.hear([Heard("Air", "oversize", BAD_AT, padding="x" * 20_000)])
    world.hear("after", first=1_700_001_000)
    world.flushed()
    assert world.outcome() == {}
    assert _missing(world, "before", "after") == []


def test_a_bad_row_among_good_ones(world: World) -> None:
    world.hear("before")
    for player in world.players:
        player.hear([Heard("Air", "bad", BAD_AT)])
    world.hear("after", first=1_700_001_000)
    world.flushed()
    assert world.outcome() == {}
    assert _missing(world, "before", "after") == []


def test_too_many_requests(world: World) -> None:
    with world.server.limited(requests=5):
        world.hear(*(f"track {i}" for i in range(8)))
        world.flush()
        assert any(player.queue for player in world.players), "nobody met the limit"
        world.flushed(rounds=10, pause_s=3)
    assert world.outcome() == {}
    assert {player.name for player in world.players if player.dropped} <= {"Navidrome"}


def test_a_full_disk(world: World) -> None:
    world.hear("before")
    world.flush()
    with world.server.full_disk():
        world.hear("while full", first=1_700_001_000)
        world.flush()
        assert _still_queued(world, "while full") == []
    world.flushed()
    assert world.outcome() == {}


def test_the_database_is_gone(world: World) -> None:
    world.hear("before")
    world.flush()
    with world.server.without_database():
        world.hear("while gone", first=1_700_001_000)
        world.flush()
        assert _still_queued(world, "while gone") == []
        world.server.stop()
    world.server.start()
    world.flushed()
    assert world.outcome() == {}


def test_the_lake_is_locked(world: World) -> None:
    with FileLock(world.home.settings.home / LOCK):
        world.hear("while locked")
        world.flush()
        assert all(len(player.acknowledged) == 1 for player in world.players), _left(world)
    assert world.outcome() == {}


def test_a_clock_that_was_ahead(world: World) -> None:
    ahead = int(time.time()) + 86_400
    world.hear("before")
    world.hear("from tomorrow", first=ahead)
    world.hear("after", first=1_700_001_000)
    world.flushed()
    for player in world.players:
        player.acknowledged = [one for one in player.acknowledged if one.at != ahead]
        player.dropped = [one for one in player.dropped if one.at != ahead]
    assert world.outcome() == {}
    assert _missing(world, "before", "after") == []


def test_everything_is_sent_twice(world: World) -> None:
    world.hear("one", "two", "three")
    world.network.loses_answers = True
    world.flush()
    assert [player.name for player in world.players if player.acknowledged] == []
    world.network.heal()
    world.flushed()
    for player in world.players:
        player.hear(player.acknowledged[:2])
    world.flushed()
    assert world.outcome() == {}
    assert _missing(world, "one", "two", "three") == []


def test_a_slow_network(world: World) -> None:
    world.network.chunk, world.network.pause_s = 100, 0.02
    world.hear("one", "two")
    world.flushed()
    assert world.outcome() == {}
    assert _missing(world, "one", "two") == []


def _missing(world: World, *tracks: str) -> list[str]:
    """Clients by which not all of the tracks were acknowledged."""
    return [p.name for p in world.players if not set(tracks) <= {one.track for one in p.acknowledged}]


def _still_queued(world: World, track: str) -> list[str]:
    """Clients that do not have the track in their queue any more."""
    return [player.name for player in world.players if track not in {one.track for one in player.queue}]


def _left(world: World) -> dict[str, int]:
    return {player.name: len(player.queue) for player in world.players}
