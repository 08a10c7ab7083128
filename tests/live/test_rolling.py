"""Two servers on one home and one PostgreSQL are restarted in turn while clients submit: every listen counts once."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from itertools import count
from pathlib import Path

import pytest

from tests.clients.players import Account, Heard, ListenbrainzMpd, Navidrome, Player
from tests.clients.server import Home, Server
from tonearm.building.execute import build
from tonearm.ingest.ledger import imports
from tonearm.lake import open_lake
from tonearm.settings import Settings

pytestmark = pytest.mark.slow


class Balanced:
    """A client before which a balancer stands: what one server does not take goes to the next."""

    def __init__(self, player: Player, servers: list[Server]) -> None:
        self.player, self.servers = player, servers
        self.turns = count()
        self.thread = threading.Thread(target=self._listen)
        self.is_over = threading.Event()

    def _listen(self) -> None:
        for number in count():
            if self.is_over.wait(0.05):
                return
            self.player.hear([Heard("Air", f"track {number}", 1_600_000_000 + 240 * number)])
            self.try_next()

    def try_next(self) -> None:
        server = self.servers[next(self.turns) % len(self.servers)]
        self.player.account = replace(self.player.account, url=server.url)
        self.player.flush()


@pytest.fixture
def servers(tmp_path: Path, database_url: str) -> Iterator[list[Server]]:
    settings = Settings(home=tmp_path / "home", database_url=database_url)
    made = [Server(settings, environment={"TONEARM_DATABASE_URL": database_url}) for _ in range(2)]
    with ExitStack() as stack:
        for server in made:
            stack.callback(server.kill)
            server.start()
        yield made


def heard_at_least(clients: list[Balanced], more: int) -> None:
    """Wait until each client has had so many more listens acknowledged."""
    goals = [len(one.player.acknowledged) + more for one in clients]
    for client, goal in zip(clients, goals, strict=True):
        while len(client.player.acknowledged) < goal:
            assert client.thread.is_alive()
            client.is_over.wait(0.05)


RESTARTS: tuple[Callable[[Server], None], ...] = (Server.stop, Server.stop, Server.kill)


def test_no_listen_is_lost_or_doubled_by_a_rolling_restart(servers: list[Server]) -> None:
    settings = servers[0].settings
    home = Home(settings)
    clients = []
    for kind in (ListenbrainzMpd, Navidrome):
        token, password = home.add(kind.name)
        clients.append(Balanced(kind(Account(kind.name, token, password, servers[0].url, 0, "")), servers))
    for client in clients:
        client.thread.start()
    try:
        for number, end in enumerate(RESTARTS):
            heard_at_least(clients, 5)
            server = servers[number % 2]
            end(server)
            heard_at_least(clients, 5)  # By the other one alone.
            server.start()
        heard_at_least(clients, 5)
    finally:
        for client in clients:
            client.is_over.set()
            client.thread.join()
    for client in clients:
        while client.player.queue:
            client.try_next()
    for server in servers:
        server.stop()
    home.import_all()
    kept = home.listens()
    for client in clients:
        player = client.player
        assert player.dropped == []
        assert set(kept[player.name]) == {(one.track, one.at) for one in player.acknowledged}
        assert set(kept[player.name].values()) == {1}
    for report in imports(settings):
        assert report.read == report.kept + report.duplicates + report.rejected
    assert not build(settings, ["listens"]).failed
    acknowledged = sum(len(client.player.acknowledged) for client in clients)
    assert open_lake(settings.lake).rows("listens") == acknowledged >= 70
