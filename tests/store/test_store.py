from __future__ import annotations

import subprocess
import sys
import threading
from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import text

from tonearm.errors import Conflict, HomeUnusable, UnknownName, UsageError
from tonearm.settings import Settings
from tonearm.store import ALWAYS, Listener, Store, open_store, valid_name
from tonearm.store.latest_import import latest_import, set_latest_import
from tonearm.store.models import HEAD, Base
from tonearm.store.submissions import Submission, keep
from tonearm.store.tokens import create_token, tokens


@pytest.fixture
def store(empty: Store) -> Store:
    """The tests of this file add the listeners that they need."""
    return empty


def test_a_new_listener_has_the_zone_given_from_always(store: Store) -> None:
    assert store.ensure_listener("Ada", "europe/berlin") == Listener("Ada", ((ALWAYS, "Europe/Berlin"),))


def test_the_same_name_in_another_case_is_the_same_person(store: Store) -> None:
    store.ensure_listener("Ümit", "UTC")
    assert store.ensure_listener(" ümit ").name == "Ümit"
    assert [one.name for one in store.listeners()] == ["Ümit"]


def test_a_zone_given_again_corrects_the_only_one(store: Store) -> None:
    store.ensure_listener("Ada", "UTC")
    assert store.ensure_listener("Ada", "Asia/Tokyo").zones == ((ALWAYS, "Asia/Tokyo"),)


def test_a_move_keeps_the_zone_before_it(store: Store) -> None:
    store.ensure_listener("Ada", "Europe/Berlin")
    moved = store.set_zone("ada", "America/New_York", date(2021, 3, 1))
    assert moved.zones == ((ALWAYS, "Europe/Berlin"), (date(2021, 3, 1), "America/New_York"))
    assert moved.zone == "America/New_York"
    with pytest.raises(UsageError, match="add it with the date"):
        store.ensure_listener("Ada", "Asia/Tokyo")


def test_the_same_date_again_replaces_and_no_date_replaces_all(store: Store) -> None:
    store.ensure_listener("Ada", "Europe/Berlin")
    store.set_zone("Ada", "America/New_York", date(2021, 3, 1))
    again = store.set_zone("Ada", "America/Chicago", date(2021, 3, 1))
    assert again.zones == ((ALWAYS, "Europe/Berlin"), (date(2021, 3, 1), "America/Chicago"))
    assert store.set_zone("Ada", "UTC").zones == ((ALWAYS, "UTC"),)


def test_asking_for_a_zone_adds_nobody(store: Store) -> None:
    assert store.would_be("Ada", "asia/tokyo").zone == "Asia/Tokyo"
    assert store.listeners() == []
    store.ensure_listener("Ada", "Europe/Berlin")
    assert store.would_be("ada").zone == "Europe/Berlin"


def test_unknown_names_come_with_the_nearest(store: Store) -> None:
    store.ensure_listener("Ada", "UTC")
    with pytest.raises(UnknownName, match="did you mean Ada"):
        store.listener("Adda")
    with pytest.raises(UnknownName, match="Europe/Berlin"):
        store.set_zone("Ada", "Europe/Berln")


@pytest.mark.parametrize("name", ["", "   ", "x" * 65, "a\x00b", "a\nb", "../x", "a/b", "a\\b", ".."])
def test_names_that_are_refused(name: str) -> None:
    with pytest.raises(UsageError):
        valid_name(name)


@pytest.mark.parametrize("name", ["Ada", " Ada ", "李雷", "O'Brien, Jr.", "x" * 64, "; DROP TABLE listeners"])
def test_names_that_are_taken(store: Store, name: str) -> None:
    assert store.ensure_listener(name, "UTC").name == name.strip()


def test_a_name_is_found_whatever_its_case(store: Store) -> None:
    store.ensure_listener("Zoë", "UTC")
    assert store.name_of(" zoë ") == store.listener("zoë").name == "Zoë"
    with pytest.raises(UnknownName, match="nobody"):
        store.name_of("nobody")


def test_without_a_name_it_is_the_only_listener(store: Store) -> None:
    store.ensure_listener("Ada", "UTC")
    assert store.only_listener(None) == store.only_listener("ada") == store.listener("Ada")
    store.ensure_listener("Ben", "UTC")
    assert store.only_listener("ben").name == "Ben"
    with pytest.raises(UsageError, match="several listeners"):
        store.only_listener(None)
    with pytest.raises(UnknownName, match="did you mean Ada"):
        store.only_listener("Adda")


def test_without_listeners_there_is_no_only_one(empty: Store) -> None:
    with pytest.raises(UsageError, match="tonearm listeners add NAME"):
        empty.only_listener(None)


def test_a_removed_listener_takes_along_all_that_the_store_holds_of_them(store: Store) -> None:
    for name in ("Ada", "Ben"):
        store.ensure_listener(name, "UTC")
        create_token(store, name, ["read"])
    keep(store, "Ben", [Submission("lastfm", "{}", 1.7e9)])
    store.remove("ada")
    assert [one.listener for one in tokens(store)] == ["Ben"]
    with pytest.raises(Conflict, match="1 submissions of Ben wait"):
        store.remove("Ben")
    with pytest.raises(UnknownName):
        store.remove("Ada")


def test_a_new_listener_finds_nothing_of_the_one_who_had_their_number(store: Store) -> None:
    store.ensure_listener("Ada", "UTC")
    set_latest_import(store, "Ada", 1_700_000_000)
    store.remove("Ada")
    store.ensure_listener("Ben", "UTC")
    assert latest_import(store, "Ben") == 0


def test_listeners_are_there_when_opened_again(settings: Settings, store: Store) -> None:
    store.ensure_listener("Ada", "UTC")
    assert [one.name for one in open_store(settings).listeners()] == ["Ada"]


def test_threads_adding_the_same_listener_make_one(store: Store) -> None:
    threads = [threading.Thread(target=store.ensure_listener, args=("Ada", "UTC")) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(store.listeners()) == 1


def test_the_schema_is_what_the_models_say_made_anew_or_by_migrations(store: Store) -> None:
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext
    from alembic.script import ScriptDirectory

    from tonearm.store.migrations.upgrading import config, upgrade

    def check() -> None:
        with store.engine.connect() as connection:
            context = MigrationContext.configure(connection)
            assert context.get_current_revision() == HEAD
            assert compare_metadata(context, Base.metadata) == []

    store.ensure_listener("ada")
    check()
    with store.engine.begin() as connection:
        Base.metadata.drop_all(connection)
        connection.execute(text("DROP TABLE alembic_version"))
    upgrade(store.engine)
    assert ScriptDirectory.from_config(config()).get_current_head() == HEAD
    check()


def test_a_store_that_is_up_to_date_opens_without_alembic(settings: Settings, store: Store) -> None:
    store.ensure_listener("ada")
    code = (
        "import sys; from pathlib import Path; from tonearm.settings import Settings;"
        "from tonearm.store import open_store;"
        "assert open_store(Settings(home=Path(sys.argv[1]), database_url=sys.argv[2])).listeners();"
        "print([m for m in ('alembic', 'pyarrow', 'pandas', 'duckdb') if m in sys.modules])"
    )
    given = [str(settings.home), settings.database_url]
    ran = subprocess.run([sys.executable, "-c", code, *given], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "[]"


def test_a_store_of_a_newer_tonearm_is_refused(settings: Settings, store: Store) -> None:
    store.ensure_listener("ada")
    with store.engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(HomeUnusable, match="newer tonearm"):
        open_store(settings)


def test_a_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    (tmp_path / "tonearm.sqlite").write_bytes(b"not a database" * 100)
    with pytest.raises(HomeUnusable, match="damaged"):
        open_store(Settings(home=tmp_path))


def test_looking_at_an_empty_home_makes_none(settings: Settings) -> None:
    store = open_store(settings)
    assert store.listeners() == []
    with pytest.raises(UnknownName, match="adds one"):
        store.listener("ada")
    assert not settings.home.exists()
