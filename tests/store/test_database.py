"""What the store answers when its database is not as it should be."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import ExitStack, closing
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import text

from tests.postgres import Server
from tonearm.errors import Conflict, ExtraMissing, HomeBusy, HomeUnusable, TonearmError, UsageError
from tonearm.settings import Settings
from tonearm.store import Store, database, open_store
from tonearm.store.models import ListenerRow
from tonearm.store.submissions import Submission, keep, take, waiting

PASSWORD = "correct-horse"


def failing(home: Path, url: str) -> TonearmError:
    with pytest.raises(TonearmError) as found:
        open_store(Settings(home=home, database_url=url)).listeners()
    assert PASSWORD not in str(found.value)
    return found.value


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("sqlite:///other.sqlite", "names sqlite"),
        (f"mysql://ada:{PASSWORD}@localhost/tonearm", "names mysql"),
        (f"ada:{PASSWORD}@localhost", "is no address"),
        (f"postgresql://ada:{PASSWORD}@localhost:http/tonearm", "is no address"),
        ("postgresql://localhost", "names no database"),
    ],
)
def test_an_address_of_no_postgresql_database_is_refused(tmp_path: Path, url: str, why: str) -> None:
    error = failing(tmp_path, url)
    assert isinstance(error, UsageError)
    assert why in str(error)


def test_without_the_driver_the_extra_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "psycopg", None)
    error = failing(tmp_path, "postgresql://localhost/tonearm")
    assert isinstance(error, ExtraMissing)
    assert "tonearm[postgres]" in str(error)


def test_a_server_that_is_down(tmp_path: Path) -> None:
    pytest.importorskip("psycopg")
    with closing(socket.create_server(("127.0.0.1", 0))) as taken:
        port = taken.getsockname()[1]
    error = failing(tmp_path, f"postgresql://ada:{PASSWORD}@127.0.0.1:{port}/tonearm")
    assert isinstance(error, HomeUnusable)
    assert f"PostgreSQL's database tonearm on 127.0.0.1:{port} cannot be used" in str(error)


def test_a_wrong_password_and_a_missing_database(tmp_path: Path, postgres: Server) -> None:
    wrong = failing(tmp_path, postgres.url("postgres", PASSWORD))
    assert "password authentication failed" in str(wrong)
    missing = failing(tmp_path, postgres.url("nowhere"))
    assert 'database "nowhere" does not exist' in str(missing)
    assert postgres.password not in str(missing)


def test_a_database_that_is_read_only_still_answers(settings: Settings, store: Store, postgres: Server) -> None:
    if not settings.database_url:
        pytest.skip("SQLite's file is the home's")
    postgres.run(f"ALTER DATABASE {store.engine.url.database} SET default_transaction_read_only = on")
    with closing(open_store(settings)) as other:
        assert [one.name for one in other.listeners()] == ["Ada"]
        with pytest.raises(HomeUnusable, match="read-only transaction"):
            other.ensure_listener("Ben", "UTC")


def test_a_server_that_was_started_again_is_found_again(tmp_path: Path, postgres: Server, database_url: str) -> None:
    with closing(open_store(Settings(home=tmp_path, database_url=database_url))) as store:
        store.ensure_listener("Ada", "UTC")
        postgres.stop()
        with pytest.raises(HomeUnusable, match="cannot be used"):
            store.listeners()
        postgres.start()
        assert [one.name for one in store.listeners()] == ["Ada"]


def test_a_password_that_was_changed_meanwhile(tmp_path: Path, postgres: Server, database_url: str) -> None:
    import psycopg

    with (
        closing(psycopg.connect(postgres.url("postgres"), autocommit=True)) as owner,
        closing(open_store(Settings(home=tmp_path, database_url=database_url))) as store,
    ):
        store.ensure_listener("Ada", "UTC")
        # Restored whatever happens, as other tests have the same server.
        try:
            owner.execute(f"ALTER ROLE tonearm PASSWORD '{PASSWORD}'".encode())
            owner.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [store.engine.url.database]
            )
            with pytest.raises(HomeUnusable, match="password authentication failed") as found:
                keep(store, "Ada", [Submission("lastfm", "{}", 1.7e9)])
            assert postgres.password not in str(found.value) and PASSWORD not in str(found.value)
        finally:
            owner.execute(f"ALTER ROLE tonearm PASSWORD '{postgres.password}'".encode())
        keep(store, "Ada", [Submission("lastfm", "{}", 1.7e9)])
        assert len(waiting(store)) == 1


def test_what_clashes_and_what_does_not_fit_are_the_request_s_fault(store: Store) -> None:
    with pytest.raises(Conflict, match="clashes"), store.session(writes=True) as session:
        session.execute(text("INSERT INTO listener_zones VALUES (7, '2024-01-01', 'UTC')"))
    if store.engine.dialect.name == "postgresql":
        with pytest.raises(UsageError, match="cannot hold this"), store.session(writes=True) as session:
            session.get_one(ListenerRow, 1).name = "x" * 65


def test_a_writer_that_waits_too_long_gives_up(
    store: Store, monkeypatch: pytest.MonkeyPatch, settings: Settings
) -> None:
    monkeypatch.setattr(database, "_BUSY_MS", 50)
    with closing(open_store(settings)) as other, store.session(writes=True) as session:
        session.execute(text("SELECT 1"))
        assert [one.name for one in other.listeners()] == ["Ada"], "a reader waited"
        with pytest.raises(HomeBusy):
            other.ensure_listener("Ben", "UTC")


def test_those_who_wait_to_write_leave_connections_to_those_who_read(store: Store) -> None:
    with ExitStack() as waiting_to_write:
        for _ in range(40):
            waiting_to_write.enter_context(closing(store.engine.connect()))
        assert [one.name for one in store.listeners()] == ["Ada"]


def test_a_writer_that_sleeps_frees_the_lock(tmp_path: Path, database_url: str) -> None:
    on_server = Settings(home=tmp_path, database_url=database_url)
    with closing(open_store(on_server)) as asleep, closing(open_store(on_server)) as other:
        asleep.ensure_listener("Ada", "UTC")
        with pytest.raises(HomeBusy, match="idle-in-transaction"), asleep.session(writes=True) as session:
            assert session.scalar(text("SHOW idle_in_transaction_session_timeout")) == "1min"
            session.execute(text("SET LOCAL idle_in_transaction_session_timeout = 50"))
            other.ensure_listener("Ben", "UTC")
            session.execute(text("SELECT 1"))
        assert [one.name for one in asleep.listeners()] == ["Ada", "Ben"]


def test_a_reader_sees_one_instant(store: Store) -> None:
    with store.session(writes=False) as session:
        before = session.execute(text("SELECT count(*) FROM listeners")).scalar()
        store.ensure_listener("Ben", "UTC")
        assert session.execute(text("SELECT count(*) FROM listeners")).scalar() == before


def in_threads(count: int, work: Callable[[int], None]) -> None:
    failed: list[BaseException] = []

    def tried(number: int) -> None:
        try:
            work(number)
        except BaseException as error:  # noqa: BLE001 - shown by the thread that waits
            failed.append(error)

    threads = [threading.Thread(target=tried, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []


def test_two_servers_on_one_database_keep_all_and_take_a_batch_together(store: Store, settings: Settings) -> None:
    with closing(open_store(settings)) as first, closing(open_store(settings)) as second:
        servers = (first, second)

        def submit(number: int) -> None:
            for n in range(10):
                keep(servers[number % 2], "ada", [Submission("listenbrainz", f"{{{number}.{n}}}", float(n))])

        in_threads(6, submit)
        assert len({one.body for one in waiting(store)}) == len(waiting(store)) == 60
        batches = []
        in_threads(4, lambda number: batches.append(take(servers[number % 2])))
    assert {len(batch.submissions) for batch in batches if batch} == {60}
    assert {batch.number for batch in batches if batch} == {min(one.number for one in waiting(store))}


def test_a_store_is_made_once_by_many(settings: Settings) -> None:
    def add(number: int) -> None:
        with closing(open_store(settings)) as own:
            own.ensure_listener(f"Listener {number % 3}", "UTC")

    in_threads(6, add)
    with closing(open_store(settings)) as store:
        assert len(store.listeners()) == 3


def test_instants_are_utc_whatever_the_server_s_zone(store: Store, settings: Settings, postgres: Server) -> None:
    keep(store, "Ada", [Submission("lastfm", "{}", 1.7e9)])
    if settings.database_url:
        postgres.run(f"ALTER DATABASE {store.engine.url.database} SET timezone = 'Asia/Kolkata'")
    with closing(open_store(settings)) as other:
        (found,) = waiting(other)
    assert found.received_at.utcoffset() == timedelta(0)
    assert found == waiting(store)[0]


def test_a_killed_writer_leaves_nothing_and_frees_the_lock(store: Store, settings: Settings) -> None:
    code = (
        "import os, sys; from pathlib import Path; from tonearm.settings import Settings;"
        "from tonearm.store import open_store; from tonearm.store.models import SettingRow; from datetime import *;"
        "store = open_store(Settings(home=Path(sys.argv[1]), database_url=sys.argv[2]));"
        "session = store.session(writes=True).__enter__();"
        "session.add(SettingRow(key='a', value='1', changed_at=datetime.now(UTC))); session.flush();"
        "os.kill(os.getpid(), 9)"
    )
    ran = subprocess.run([sys.executable, "-c", code, str(settings.home), settings.database_url], env=os.environ)
    assert ran.returncode == -9
    store.ensure_listener("Ben", "UTC")
    with store.session(writes=False) as session:
        assert session.execute(text("SELECT count(*) FROM settings")).scalar() == 0
