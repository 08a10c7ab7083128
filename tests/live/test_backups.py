"""A home is backed up while clients submit to its server, and restored elsewhere: clients go on there."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.clients.listening import Listening
from tests.clients.players import Account, ListenbrainzMpd
from tests.clients.server import Home, Server
from tests.postgres import Server as Postgres
from tonearm.building.execute import build
from tonearm.ingest.ledger import imports
from tonearm.lake import open_lake
from tonearm.settings import Settings
from tonearm.store.backup import back_up, restore

pytestmark = pytest.mark.slow


@pytest.fixture
def served(tmp_path: Path, each_database_url: str) -> Iterator[Server]:
    """A server of a home whose store is in SQLite, or in PostgreSQL."""
    settings = Settings(home=tmp_path / "home", database_url=each_database_url)
    server = Server(settings, environment={"TONEARM_DATABASE_URL": each_database_url})
    yield server
    server.kill()


@pytest.fixture
def elsewhere(tmp_path: Path, each_database_url: str, request: pytest.FixtureRequest) -> Iterator[Settings]:
    """An empty home, with a database of the same kind."""
    home = tmp_path / "elsewhere" / "home"
    home.parent.mkdir()
    if not each_database_url:
        yield Settings(home=home)
        return
    postgres: Postgres = request.getfixturevalue("postgres")
    postgres.run("CREATE DATABASE test_elsewhere")
    yield Settings(home=home, database_url=postgres.url("test_elsewhere"))
    postgres.run("DROP DATABASE test_elsewhere WITH (FORCE)")


def test_what_was_acknowledged_before_a_backup_is_in_it_and_the_rest_comes_again(
    served: Server, elsewhere: Settings, tmp_path: Path
) -> None:
    home = Home(served.settings)
    token, password = home.add("ada")
    served.start()
    player, archive = ListenbrainzMpd(Account("ada", token, password, served.url, 0, "")), tmp_path / "home.tar.gz"
    with Listening(player) as listening:
        listening.wait_for(10)
        before = list(player.acknowledged)
        back_up(served.settings, archive)
        listening.wait_for(5)
    served.stop()
    restore(elsewhere, archive)
    restored = Home(elsewhere)
    restored.import_all()
    kept = restored.listens().get("ada", {})
    heard = {(one.track, one.at) for one in player.acknowledged}
    assert {(one.track, one.at) for one in before} <= set(kept) < heard
    assert set(kept.values()) == {1}
    # The same token opens the restored home, and a client that sends all that it has doubles nothing.
    other = Server(elsewhere, environment={"TONEARM_DATABASE_URL": elsewhere.database_url or "sqlite"})
    other.start()
    again = ListenbrainzMpd(Account("ada", token, password, other.url, 0, ""), queue=list(player.acknowledged))
    again.flush()
    other.stop()
    assert again.queue == []
    restored.import_all()
    assert set(restored.listens()["ada"]) == heard and set(restored.listens()["ada"].values()) == {1}
    for report in imports(elsewhere):
        assert report.read == report.kept + report.duplicates + report.rejected
    assert not build(elsewhere, ["listens"]).failed
    assert open_lake(elsewhere.lake).rows("listens") == len(heard)
