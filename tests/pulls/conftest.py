"""Homes whose services are the stand-ins."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

import msgspec
import pytest

from tests.pulls.stand_ins.lastfm import LastfmStandIn
from tests.pulls.stand_ins.listenbrainz import ListenBrainzStandIn
from tests.pulls.stand_ins.reccobeats import ReccoBeatsStandIn
from tests.pulls.stand_ins.server import StandIn, serving
from tests.pulls.stand_ins.spotify import ACCOUNT, SpotifyStandIn
from tonearm.home.secrets import put_secret
from tonearm.pulls import Pulled, sync_once
from tonearm.pulls.lastfm import KEY
from tonearm.settings import Settings
from tonearm.store import Store, open_store
from tonearm.store.connections import Connection, Kind, connect, connection_of, secret_name

Served = TypeVar("Served", bound=StandIn)
NOW = datetime(2024, 6, 1, 12, tzinfo=UTC)
NOW_S = int(NOW.timestamp())


@pytest.fixture
def spotify() -> Iterator[SpotifyStandIn]:
    yield from _served(SpotifyStandIn())


@pytest.fixture
def lastfm() -> Iterator[LastfmStandIn]:
    yield from _served(LastfmStandIn(registered_s=NOW_S - 100 * 86_400))


@pytest.fixture
def listenbrainz() -> Iterator[ListenBrainzStandIn]:
    yield from _served(ListenBrainzStandIn())


@pytest.fixture
def reccobeats() -> Iterator[ReccoBeatsStandIn]:
    yield from _served(ReccoBeatsStandIn())


def _served(service: Served) -> Iterator[Served]:
    with serving(service):
        yield service


@pytest.fixture
def home(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path / "home")


@pytest.fixture
def store(home: Settings) -> Iterator[Store]:
    home.home.mkdir()
    store = open_store(home)
    store.ensure_listener("Ada", "UTC")
    yield store
    store.close()


class Pulling:
    """Ada's connection to one service, pulled at any instant; what is slept is noted and takes no time."""

    def __init__(self, settings: Settings, store: Store, kind: Kind, account: str) -> None:
        self.settings, self.store, self.kind = settings, store, kind
        self.slept: list[float] = []
        connect(store, "Ada", kind, account, NOW)

    @property
    def connection(self) -> Connection:
        return connection_of(self.store, "Ada", self.kind)

    def sync(self, now: datetime = NOW) -> Pulled:
        return sync_once(self.settings, self.store, self.connection, now, self.slept.append)


@pytest.fixture
def of_spotify(home: Settings, store: Store, spotify: SpotifyStandIn) -> Pulling:
    at = msgspec.structs.replace(home, spotify_url=f"{spotify.url}v1/", spotify_accounts_url=spotify.url)
    pulling = Pulling(at, store, "spotify", ACCOUNT)
    tokens = {"client_id": "app", "refresh_token": spotify.refresh_token}
    put_secret(at, secret_name(pulling.connection), msgspec.json.encode(tokens).decode())
    return pulling


@pytest.fixture
def of_lastfm(home: Settings, store: Store, lastfm: LastfmStandIn) -> Pulling:
    put_secret(home, KEY, "key")
    return Pulling(msgspec.structs.replace(home, lastfm_url=lastfm.url), store, "lastfm", "RJ")


@pytest.fixture
def of_listenbrainz(
    home: Settings, store: Store, listenbrainz: ListenBrainzStandIn, monkeypatch: pytest.MonkeyPatch
) -> Pulling:
    """Reads 100 listens at once instead of 1,000."""
    monkeypatch.setattr("tonearm.pulls.listenbrainz.PAGE_ROWS", 100)
    return Pulling(msgspec.structs.replace(home, listenbrainz_url=listenbrainz.url), store, "listenbrainz", "rob")
