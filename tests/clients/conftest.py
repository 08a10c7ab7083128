from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.clients import players, programs
from tests.clients.network import Network, certificate
from tests.clients.players import Account, Heard, Player
from tests.clients.server import Home, Server
from tonearm.settings import Settings


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--kills", type=int, default=5, help="How often the server is killed while clients submit.")


@dataclass
class World:
    """A home, its server, the network before it, and a client of each kind that can be had, each with its listener."""

    home: Home
    server: Server
    network: Network
    players: list[Player]

    def hear(self, *tracks: str, first: int = 1_700_000_000) -> None:
        """Every player's listener hears these, four minutes apart."""
        for player in self.players:
            player.hear([Heard("Air", track, first + 240 * i) for i, track in enumerate(tracks)])

    def flush(self) -> None:
        for player in self.players:
            player.flush()

    def flushed(self, rounds: int = 5, pause_s: float = 0.0) -> None:
        """Until nothing waits."""
        for _ in range(rounds):
            self.flush()
            if not any(player.queue for player in self.players):
                return
            time.sleep(pause_s)

    def outcome(self) -> dict[str, str]:
        """What is wrong, by client, after everything is imported: a queue that is stuck, a listen lost or doubled."""
        self.home.import_all()
        kept = self.home.listens()
        return {
            player.name: wrong
            for player in self.players
            if (wrong := _wrong(player, dict(kept.get(player.account.listener, {}))))
        }


def _wrong(player: Player, kept: dict[tuple[str, str, int], int]) -> str | None:
    good = {(one.artist, one.track, one.at) for one in player.acknowledged if one.at != players.BAD_AT}
    if player.queue:
        return f"{len(player.queue)} listens are stuck"
    if lost := [track for _, track, _ in good - set(kept)]:
        return f"lost: {lost}"
    if doubled := [track for (_, track, _), count in kept.items() if count > 1]:
        return f"doubled: {doubled}"
    unknown = set(kept) - good - {(one.artist, one.track, one.at) for one in player.dropped}
    return f"nobody heard {unknown}" if unknown else None


@pytest.fixture(scope="session")
def tools(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("tools")


@pytest.fixture(scope="session")
def mopidy(tools: Path) -> Path:
    """The interpreter in which mopidy-listenbrainz is, without GStreamer, which only playing needs."""
    python = programs.virtual_environment(tools / "mopidy", programs.python_from((3, 11)), "requests", "setuptools<80")
    programs.install(python, "--no-deps", "mopidy", "mopidy-listenbrainz", "pykka", "musicbrainzngs")
    return python


@pytest.fixture(scope="session")
def lastfm_ts(tools: Path) -> Path:
    return programs.node_modules(tools / "node", "lastfm-ts-api")


@pytest.fixture(scope="session")
def aiokoito(tools: Path) -> Path:
    return programs.virtual_environment(tools / "koito", programs.python_from((3, 12)), "aiokoito")


Make = Callable[[Account, Path], Player]
REPLAYED: tuple[type[Player], ...] = (
    players.Navidrome,
    players.Jellyfin,
    players.WebScrobbler,
    players.WebScrobblerLastFm,
    players.ListenbrainzMpd,
)
REAL = ("liblistenbrainz", "pylast", "mopidy-listenbrainz", "lastfm-ts-api", "mpdscribble")


@pytest.fixture(scope="session")
def clients(request: pytest.FixtureRequest) -> dict[str, Make]:
    """How a client of each kind that can be had is made; those that cannot, have a test that says why."""
    made: dict[str, Make] = {one.name: lambda account, _, one=one: one(account) for one in REPLAYED}
    for name in REAL:
        try:
            made[name] = _real(name, request)
        except pytest.skip.Exception:
            continue
    return made


def _real(name: str, request: pytest.FixtureRequest) -> Make:
    """A real client; skips where it cannot be had."""
    if name == "mopidy-listenbrainz":
        programs.Mopidy.python = request.getfixturevalue("mopidy")
        return lambda account, _: programs.Mopidy(account)
    if name == "lastfm-ts-api":
        programs.LastFmTs.folder = request.getfixturevalue("lastfm_ts")
        return lambda account, _: programs.LastFmTs(account)
    if name == "mpdscribble":
        programs.needs("mpdscribble")
        return lambda account, folder: programs.Mpdscribble(account, folder=folder)
    pytest.importorskip(name, reason=f"{name} is not installed")
    return lambda account, _: (players.Pylast if name == "pylast" else players.Liblistenbrainz)(account)


@pytest.fixture(scope="session")
def served(tmp_path_factory: pytest.TempPathFactory, tools: Path) -> Iterator[tuple[Home, Server, Network]]:
    """One server for all tests, behind one network: each starts in seconds, and there are many."""
    settings = Settings(home=tmp_path_factory.mktemp("served") / "home")
    authority = certificate(tools)
    if authority is None:
        pytest.skip("openssl is not installed: no server with TLS")
    server = Server(settings)
    with Network(server.port).open(authority) as network:
        yield Home(settings), server, network
        server.kill()


@pytest.fixture
def world(
    served: tuple[Home, Server, Network], tmp_path: Path, tools: Path, clients: dict[str, Make]
) -> Iterator[World]:
    home, server, network = served
    made = []
    for number, make in enumerate(clients.values()):
        listener, folder = f"{tmp_path.name} {number}", tmp_path / str(number)
        token, password = home.add(listener)
        folder.mkdir()
        authority = str(tools / "localhost.pem")
        made.append(make(Account(listener, token, password, network.url, network.tls_port, authority), folder))
    server.start()
    try:
        yield World(home, server, network, made)
    finally:
        network.heal()
        for player in made:
            player.close()
