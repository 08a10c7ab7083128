from __future__ import annotations

from pathlib import Path

from sqlalchemy import text

from tests.postgres import Server
from tonearm.settings import Settings
from tonearm.store import Store
from tonearm.store.models import HEAD
from tonearm.store.state import checked, state, upgrade
from tonearm.store.submissions import Submission, keep, waiting


def test_a_store_that_is_not_made_is_not_made_by_looking(settings: Settings) -> None:
    assert state(settings).revision is None
    assert checked(settings).state == "missing"
    assert not settings.home.exists()
    assert upgrade(settings).revision == HEAD


def test_what_a_store_holds(settings: Settings, store: Store) -> None:
    keep(store, "Ada", [Submission("lastfm", "{}", 1.7e9)] * 2)
    found = state(settings)
    assert (found.rows["listeners"], found.waiting, found.waiting_since) == (1, 2, waiting(store)[0].received_at)
    assert "listeners: 1, submissions waiting: 2" in checked(settings).finding


def test_a_store_of_another_revision(settings: Settings, store: Store) -> None:
    with store.engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    assert state(settings).rows == {}
    assert (checked(settings).state, checked(settings).advice) == ("wrong", "tonearm store upgrade")


def test_a_server_s_place_is_shown_without_who_and_how(tmp_path: Path, postgres: Server, database_url: str) -> None:
    found = state(Settings(home=tmp_path, database_url=database_url))
    assert found.where.startswith("PostgreSQL's database test_")
    assert postgres.password not in found.where


def test_the_doctor_finds_a_server_that_is_down(tmp_path: Path, postgres: Server) -> None:
    found = checked(Settings(home=tmp_path, database_url=postgres.url("nowhere")))
    assert (found.state, "does not exist" in found.finding) == ("wrong", True)
