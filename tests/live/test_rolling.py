"""Two servers on one home and one PostgreSQL are restarted in turn while clients submit: every listen counts once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.clients.listening import Listening
from tests.clients.players import Account, ListenbrainzMpd, Navidrome
from tests.clients.server import Home, Server
from tonearm.building.execute import build
from tonearm.ingest.ledger import imports
from tonearm.lake import open_lake
from tonearm.settings import Settings

pytestmark = pytest.mark.slow


@pytest.fixture
def servers(tmp_path: Path, database_url: str) -> Iterator[list[Server]]:
    settings = Settings(home=tmp_path / "home", database_url=database_url)
    made = [Server(settings, environment={"TONEARM_DATABASE_URL": database_url}) for _ in range(2)]
    with ExitStack() as stack:
        for server in made:
            stack.callback(server.kill)
            server.start()
        yield made


def acknowledged_from(clients: list[Listening], more: int) -> None:
    """Wait until each client has had so many more listens acknowledged."""
    for client in clients:
        client.wait_for(more)


RESTARTS: tuple[Callable[[Server], None], ...] = (Server.stop, Server.stop, Server.kill)


def test_no_listen_is_lost_or_doubled_by_a_rolling_restart(servers: list[Server]) -> None:
    settings = servers[0].settings
    home = Home(settings)
    clients = []
    for kind in (ListenbrainzMpd, Navidrome):
        token, password = home.add(kind.name)
        clients.append(Listening(kind(Account(kind.name, token, password, servers[0].url, 0, "")), servers))
    with ExitStack() as in_use:
        for client in clients:
            in_use.enter_context(client)
        for number, end in enumerate(RESTARTS):
            acknowledged_from(clients, 5)
            server = servers[number % 2]
            end(server)
            acknowledged_from(clients, 5)  # By the other one alone.
            server.start()
        acknowledged_from(clients, 5)
    for client in clients:
        client.submit_all()
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
