"""The server is killed again and again while clients submit: what was acknowledged is in bronze, once.

`pytest tests/clients/test_kills.py --kills 50` is the long run.
"""

from __future__ import annotations

import random
import threading
import time
from pathlib import Path

import pytest

from tests.clients.network import Network
from tests.clients.players import Account, Heard, Jellyfin, ListenbrainzMpd, Navidrome, Player, WebScrobblerLastFm
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
        is_over = threading.Event()
        listening = [threading.Thread(target=_listen, args=(one, is_over)) for one in players]
        server.start()
        for one in listening:
            one.start()
        for _ in range(request.config.getoption("--kills", 5)):
            time.sleep(chance.uniform(0.1, 1.5))
            server.kill()
            server.start()
        is_over.set()
        for one in listening:
            one.join()
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


def _listen(player: Player, is_over: threading.Event) -> None:
    """Hear track after track, and send what waits after each."""
    for number in range(1_000_000):
        if is_over.wait(0.02):
            return
        player.hear([Heard("Air", f"track {number}", 1_600_000_000 + 240 * number)])
        player.flush()
