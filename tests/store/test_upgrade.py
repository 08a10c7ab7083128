"""Stores of every earlier revision, with rows in each of their tables, under today's program."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, date, datetime
from typing import Any

import pytest
from alembic import command
from alembic.script import ScriptDirectory
from sqlalchemy import Boolean, Connection, Date, DateTime, Float, Integer, MetaData, String, Table, select, text

from tonearm.errors import TonearmError
from tonearm.home import make_home
from tonearm.settings import Settings
from tonearm.store import open_store
from tonearm.store.database import connect, for_writing, revision
from tonearm.store.migrations.upgrading import config
from tonearm.store.models import HEAD

REVISIONS = [one.revision for one in ScriptDirectory.from_config(config()).walk_revisions()][::-1]
ROWS = 3
Rows = dict[str, list[tuple[Any, ...]]]


def made_at(settings: Settings, wanted: str) -> Rows:
    """Make a store of the revision ``wanted`` with rows in every table, and return them."""
    make_home(settings)
    made, engine = config(), connect(settings)
    with for_writing(engine).begin() as connection:
        made.attributes["connection"] = connection
        command.upgrade(made, wanted)
        fill(connection)
    rows = rows_of(settings)
    engine.dispose()
    return rows


def fill(connection: Connection) -> None:
    """Add ``ROWS`` rows to each table; the rows of a table refer to those of the same number of others."""
    tables = MetaData()
    tables.reflect(connection)
    for table in tables.sorted_tables:
        if table.name != "alembic_version":
            connection.execute(table.insert(), [row_of(table, number) for number in range(1, ROWS + 1)])
    if connection.dialect.name == "postgresql":
        # As if the numbers had been given by the program.
        for table in tables.sorted_tables:
            for column in table.primary_key.columns:
                if "nextval" in str(column.server_default and column.server_default.arg):  # type: ignore[union-attr]
                    sequence = f"pg_get_serial_sequence('{table.name}', '{column.name}')"
                    connection.execute(text(f"SELECT setval({sequence}, {ROWS})"))


def row_of(table: Table, number: int) -> dict[str, Any]:
    return {column.name: value_of(column.type, column.name, number) for column in table.columns}


def value_of(kind: Any, name: str, number: int) -> Any:
    """A value that fits a column, another one for each row."""
    if isinstance(kind, DateTime):
        return datetime(2024, 5, number, 12, 30, tzinfo=UTC)
    if isinstance(kind, Date):
        return date(2000, 1, number)
    if isinstance(kind, Boolean):
        return number % 2 == 0
    if isinstance(kind, Float):
        return number + 0.25
    if isinstance(kind, Integer):
        return number
    assert isinstance(kind, String), kind
    if name in ("name", "name_key"):
        return f"Listener {number}" if name == "name" else f"listener {number}"
    return "Europe/Berlin" if name == "zone" else f"text {number}"


def rows_of(settings: Settings, columns: dict[str, list[str]] | None = None) -> Rows:
    """The rows of every table, or of those columns of theirs."""
    engine, tables = connect(settings), MetaData()
    with engine.connect() as connection:
        tables.reflect(connection)
        found = {}
        for table in tables.sorted_tables:
            if table.name == "alembic_version" or (columns is not None and table.name not in columns):
                continue
            wanted = [table.c[name] for name in (columns[table.name] if columns else table.columns.keys())]
            found[table.name] = sorted(tuple(row) for row in connection.execute(select(*wanted)))
    engine.dispose()
    return found


def columns_of(settings: Settings) -> dict[str, list[str]]:
    engine, tables = connect(settings), MetaData()
    tables.reflect(engine)
    engine.dispose()
    return {table.name: table.columns.keys() for table in tables.sorted_tables if table.name != "alembic_version"}


def revision_of(settings: Settings) -> str | None:
    engine = connect(settings)
    with closing(engine.raw_connection()):
        found = revision(engine)
    engine.dispose()
    return found


def tonearm(settings: Settings, *arguments: str, before: str = "") -> subprocess.CompletedProcess[str]:
    """A command in a process of its own, after the code ``before``."""
    code = f"{before}\nfrom tonearm.cli import program\nprogram()"
    environment = os.environ | {"TONEARM_DATABASE_URL": settings.database_url}
    given = [sys.executable, "-c", code, "--home", str(settings.home), *arguments]
    return subprocess.run(given, capture_output=True, text=True, env=environment)


@pytest.fixture(params=REVISIONS)
def old(request: pytest.FixtureRequest, settings: Settings) -> Iterator[tuple[Settings, Rows]]:
    """A store of each revision that there ever was."""
    yield settings, made_at(settings, request.param)


def test_nothing_is_lost_by_an_upgrade(old: tuple[Settings, Rows]) -> None:
    settings, before = old
    columns = columns_of(settings)
    assert before and {len(rows) for rows in before.values()} == {ROWS}
    with closing(open_store(settings)) as store:
        assert [one.name for one in store.listeners()] == [f"Listener {number}" for number in range(1, ROWS + 1)]
        assert store.ensure_listener("Somebody new", "UTC").zone == "UTC"
        store.remove("Somebody new")
    assert revision_of(settings) == HEAD
    assert rows_of(settings, columns) == before


OLDER = [one for one in REVISIONS if one != HEAD]

KILLED = """
import os, signal
from alembic import op
create, calls = op.create_table, []
def create_or_die(*arguments, **options):
    calls.append(arguments[0])
    if len(calls) == 5:
        {what}
    return create(*arguments, **options)
op.create_table = create_or_die
"""
"""Ends the migration when it makes its fifth table."""


@pytest.mark.parametrize("wanted", OLDER)
def test_a_migration_that_was_killed_leaves_the_old_store_and_the_next_start_finishes(
    settings: Settings, wanted: str
) -> None:
    before = made_at(settings, wanted)
    killed = tonearm(settings, "listeners", before=KILLED.format(what="os.kill(os.getpid(), signal.SIGKILL)"))
    assert killed.returncode == -signal.SIGKILL
    assert (revision_of(settings), rows_of(settings)) == (wanted, before)
    columns = columns_of(settings)
    started = tonearm(settings, "store", "upgrade")
    assert started.returncode == 0, started.stderr
    assert (revision_of(settings), rows_of(settings, columns)) == (HEAD, before)


@pytest.mark.parametrize("wanted", OLDER)
def test_a_migration_that_fails_leaves_the_old_store_and_is_a_sentence(settings: Settings, wanted: str) -> None:
    before = made_at(settings, wanted)
    engine = connect(settings)
    with for_writing(engine).begin() as connection:
        # Somebody else's table has the name of one that is new.
        connection.execute(text("CREATE TABLE tokens (id INTEGER)"))
    engine.dispose()
    failed = tonearm(settings, "listeners")
    assert failed.returncode == 6, failed.stderr
    assert "tokens" in failed.stderr and "already exists" in failed.stderr and "Traceback" not in failed.stderr
    assert revision_of(settings) == wanted
    assert rows_of(settings, {name: columns_of(settings)[name] for name in before}) == before


def test_an_older_program_refuses_a_newer_store_and_leaves_it(settings: Settings) -> None:
    before = made_at(settings, HEAD)
    engine = connect(settings)
    with for_writing(engine).begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    engine.dispose()
    for arguments in (["listeners"], ["store", "upgrade"], ["run"]):
        refused = tonearm(settings, *arguments)
        assert refused.returncode == 6 and "Traceback" not in refused.stderr
        assert "was made by a newer tonearm" in refused.stderr and "install that version" in refused.stderr
    assert (revision_of(settings), rows_of(settings)) == ("9999", before)
    with pytest.raises(TonearmError, match="newer tonearm"):
        open_store(settings)
