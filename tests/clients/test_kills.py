"""The server is killed again and again while clients submit: what was acknowledged is in bronze, once.

`pytest tests/clients/test_kills.py --kills 50` is the long run.
"""

from __future__ import annotations

import random
import time
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.clients.listening import Listening
from tests.clients.network import Network
from tests.clients.players import Account, Jellyfin, ListenbrainzMpd, Navidrome, Player, WebScrobblerLastFm
from tests.clients.server import Home, Server
from tonearm.settings import Settings

pytestmark = pytest.mark.slow

KINDS: tuple[type[Player], ...] = (Navidrome, Jellyfin, WebScrobblerLastFm, ListenbrainzMpd)
"""Singles and batches, by both protocols."""


def test_killed_again_and_again(tmp_path: Path, request: pytest.FixtureRequest) -> None:
    settings, chance = Settings(home=tmp_path / "home"), random.Random(14)
    home, server = Home(settings), Server(settings)
    with Network(server.port).open(None) as network:
        players = [kind(Account(kind.name, *home.add(kind.name), network.url, 0, "")) for kind in KINDS]
        server.start()
        with ExitStack() as in_use:
            for player in players:
                in_use.enter_context(Listening(player))
            for _ in range(request.config.getoption("--kills", 5)):
                time.sleep(chance.uniform(0.1, 1.5))
                server.kill()
                server.start()
        for player in players:
            player.flush()
        server.kill()
    home.import_all()
    kept = home.listens()
    for player in players:
        acknowledged = {(one.track, one.at) for one in player.acknowledged}
        assert (player.queue, player.dropped) == ([], []), player.name
        assert set(kept[player.name]) == acknowledged, f"{player.name}: lost or unheard"
        assert set(kept[player.name].values()) == {1}, f"{player.name}: doubled"
        assert len(acknowledged) > 0
