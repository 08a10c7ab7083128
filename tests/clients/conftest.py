from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.clients import players, programs
from tests.clients.faults import World
from tests.clients.network import Network, certificate
from tests.clients.players import Account, Player
from tests.clients.server import Home, Server
from tonearm.settings import Settings

REPLAYED: tuple[type[Player], ...] = (
    players.Navidrome,
    players.Jellyfin,
    players.WebScrobbler,
    players.WebScrobblerLastFm,
    players.ListenbrainzMpd,
)
REAL: tuple[type[Player], ...] = (
    players.Liblistenbrainz,
    players.Pylast,
    programs.Mopidy,
    programs.LastFmTs,
    programs.Mpdscribble,
)
CLIENTS = tuple(one.name for one in (*REAL, *REPLAYED))


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--kills", type=int, default=5, help="How often the server is killed while clients submit.")


@pytest.fixture(scope="session")
def tools(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("tools")


@pytest.fixture(scope="session")
def here(tools: Path) -> dict[str, str | None]:
    """Why a client cannot be had here, by its name; None if it can."""
    return {one.name: _missing(lambda one=one: one.install(tools)) for one in (*REAL, *REPLAYED)}


def _missing(install: Callable[[], None]) -> str | None:
    try:
        install()
    except programs.NotHere as error:
        return str(error)
    return None


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory, tools: Path, here: dict[str, str | None]) -> Iterator[World]:
    """One server for all faults, which each start it again if they end it, and the clients that can be had."""
    folder = tmp_path_factory.mktemp("served")
    settings = Settings(home=folder / "home")
    authority = certificate(tools)
    if authority is None:
        pytest.skip("openssl is not installed: no server with TLS")
    home, server = Home(settings), Server(settings)
    with Network(server.port).open(authority) as network:
        made = []
        for one in (*REAL, *REPLAYED):
            if here[one.name] is None:
                token, password = home.add(one.name)
                account = Account(one.name, token, password, network.url, network.tls_port, str(authority))
                made.append(one(account, folder=tmp_path_factory.mktemp("client")))
        server.start()
        try:
            yield World(home, server, network, made)
        finally:
            for player in made:
                player.close()
            server.kill()
