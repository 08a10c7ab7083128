"""The store's database: SQLite in the home, or PostgreSQL by the setting ``database_url``.

Both behave alike: a transaction that writes waits for those before it, from its start, and one that reads sees the
state of one instant. What is particular to either is in this module.
"""

from __future__ import annotations

import errno
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import URL, Engine, create_engine, event, inspect, make_url, text
from sqlalchemy.exc import (
    ArgumentError,
    DatabaseError,
    DataError,
    DisconnectionError,
    IntegrityError,
    OperationalError,
)
from sqlalchemy.exc import TimeoutError as NoConnection

from tonearm.errors import Conflict, ExtraMissing, HomeBusy, HomeUnusable, TonearmError, UsageError
from tonearm.home import unusable

if TYPE_CHECKING:
    from tonearm.settings import Settings

IN_HOME = ("", "sqlite")
"""The setting ``database_url`` of a store in SQLite in the home."""
_BUSY_MS = 15_000
"""How long a transaction waits for the one that writes before it gives up."""
_CONNECT_S = 10
_POOL = {"pool_size": 10, "max_overflow": 35}
"""More connections than the API has threads, so that those who wait to write leave some to those who read."""
_IDLE_MS = 60_000
"""How long a transaction may do nothing before PostgreSQL ends it: its process sleeps or is gone, and others wait."""
_NOTICES = {"keepalives_idle": 30, "keepalives_interval": 10, "keepalives_count": 3}
"""Seconds and probes after which a server that is no longer there is noticed."""
_WRITERS = 0x746F6E6561726D
"""Number of PostgreSQL's advisory lock that one writing transaction holds at a time; the letters of tonearm."""
_POSTGRES = ("postgresql", "postgres", "postgresql+psycopg")
_EXAMPLE = "postgresql://user@host/name, with the password in ~/.pgpass"


def connect(settings: Settings) -> Engine:
    """The database of the settings, without a connection yet.

    Raises UsageError for a URL of no database that tonearm knows, ExtraMissing without PostgreSQL's driver.
    """
    if settings.database_url not in IN_HOME:
        return _postgres(_url(settings.database_url))
    engine = create_engine(URL.create("sqlite", database=str(settings.database)), **_POOL)
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "connect", lambda _, record: record.info.update(file=_file(settings.database)))
    event.listen(engine, "checkout", lambda _, record, __: _check_file(settings.database, record.info["file"]))
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def for_writing(engine: Engine) -> Engine:
    """The same database, whose transactions hold the write lock from their start to their end."""
    if engine.dialect.name == "sqlite":
        return engine.execution_options(writes=True)
    # A transaction that has to wait for the lock must see what was committed meanwhile.
    return engine.execution_options(writes=True, isolation_level="READ COMMITTED")


def revision(engine: Engine) -> str | None:
    """The schema's revision; None for a database without a schema. Raises HomeUnusable and HomeBusy."""
    with plain_errors(engine), engine.connect() as connection:
        known = inspect(connection).has_table("alembic_version")
        found = connection.scalar(text("SELECT version_num FROM alembic_version")) if known else None
        return None if found is None else str(found)


def where(engine: Engine) -> str:
    """The database's place for people, without a user or a password."""
    url = engine.url
    if engine.dialect.name == "sqlite":
        return str(url.database)
    host = url.host or url.query.get("host") or "this machine"
    return f"PostgreSQL's database {url.database} on {host}{f':{url.port}' if url.port else ''}"


@contextmanager
def plain_errors(engine: Engine) -> Iterator[None]:
    """Raise the database's errors as HomeBusy, HomeUnusable, Conflict or UsageError."""
    try:
        yield
    except NoConnection as error:
        raise HomeBusy(f"{where(engine)} has no connection left; repeat the request later") from error
    except DatabaseError as error:
        # The cause may hold what was to be written, and a statement's parameters.
        raise _plain(engine, error) from error


def _plain(engine: Engine, error: DatabaseError) -> TonearmError:
    place, why = where(engine), _reason(engine, error)
    if isinstance(error, IntegrityError):
        return Conflict(f"{place} holds something that this clashes with ({why}); look at what is there and repeat")
    if isinstance(error, DataError):
        return UsageError(f"{place} cannot hold this ({why}); change it and repeat")
    if engine.dialect.name == "sqlite":
        if not isinstance(error, OperationalError):
            return HomeUnusable(f"{place} is damaged ({why}); `tonearm restore` a backup")
        if "locked" in why:
            return HomeBusy(f"{place} is held by another program; repeat the command later")
        if _is_full(Path(place).parent):
            # SQLite has several words for it, such as "disk I/O error" where it cannot make the file beside its own.
            return unusable(OSError(errno.ENOSPC, why), Path(place))
        return HomeUnusable(f"{place} cannot be used ({why}); check the disk and permissions")
    if getattr(error.orig, "sqlstate", None) in _BUSY_STATES:
        return HomeBusy(f"{place} is busy ({why}); repeat the command later")
    return HomeUnusable(f"{place} cannot be used ({why}); check the server, and the setting database_url")


def _is_full(folder: Path) -> bool:
    with suppress(OSError):
        return shutil.disk_usage(folder).free < _LEAST_BYTES
    return False


_LEAST_BYTES = 1_000_000
"""What SQLite may need for a transaction: pages in its log, and the index of that."""
_BUSY_STATES = {"55P03", "57014", "40001", "40P01", "53300", "25P03"}
"""Locked, cancelled by a time limit, not serialisable, deadlocked, too many connections, idle for too long in a
transaction (PostgreSQL, appendix A)."""


def _reason(engine: Engine, error: DatabaseError) -> str:
    """The first line of what the database says, which is about the trouble; later ones may repeat values."""
    said = str(error.orig).strip().partition("\n")[0].rstrip(":,. ")
    password = engine.url.password
    return said.replace(password, "***") if isinstance(password, str) and password else said


def _url(written: str) -> URL:
    """The URL in SQLAlchemy's terms. Messages do not repeat it, because a password may be in it."""
    try:
        url = make_url(written)
    except (ArgumentError, ValueError):
        raise UsageError(f"the setting database_url is no address of a database; write {_EXAMPLE}") from None
    if url.drivername not in _POSTGRES:
        raise UsageError(
            f"the setting database_url names {url.drivername}; write {_EXAMPLE}, or sqlite for a file in the home"
        )
    if not url.database:
        raise UsageError(f"the setting database_url names no database; write {_EXAMPLE}")
    return url.set(drivername="postgresql+psycopg")


def _postgres(url: URL) -> Engine:
    try:
        import psycopg  # noqa: F401 - its own error names a module, and ours what to install
    except ImportError as error:
        raise ExtraMissing("the driver of PostgreSQL is", "postgres") from error
    usual = {"connect_timeout": _CONNECT_S, **_NOTICES}
    limits = {name: value for name, value in usual.items() if name not in url.query}
    engine = create_engine(url, isolation_level="REPEATABLE READ", pool_pre_ping=True, connect_args=limits, **_POOL)
    event.listen(engine, "connect", _prepare_postgres)
    event.listen(engine, "begin", _begin_postgres)
    return engine


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    # Python's sqlite3 begins transactions late and not for DDL; we begin them ourselves, so that a killed
    # migration leaves nothing behind.
    connection.isolation_level = None
    # What is acknowledged to a client must survive a loss of power, so a commit reaches the disk.
    for pragma in (f"busy_timeout={_BUSY_MS}", "journal_mode=WAL", "foreign_keys=ON", "synchronous=FULL"):
        connection.execute(f"PRAGMA {pragma}")


def _check_file(path: Path, opened: tuple[int, int] | None) -> None:
    """Raise HomeUnusable where the file of a connection is gone; have it opened anew where another is in its place.

    A file that is removed while it is open can be written to as before, and all of that is lost.
    """
    found = _file(path)
    if found is None:
        raise HomeUnusable(f"{path} was removed while tonearm used it; put it back, or `tonearm restore` a backup")
    if found != opened:
        raise DisconnectionError(f"{path} was replaced")


def _file(path: Path) -> tuple[int, int] | None:
    """What tells a file from another one of its name; None where there is none."""
    try:
        found = path.stat()
    except FileNotFoundError:
        return None
    return found.st_dev, found.st_ino


def _begin_sqlite(connection: Any) -> None:
    # A read transaction that starts to write fails at once if another process wrote meanwhile; taking the
    # write lock at the start waits instead.
    writes = connection.get_execution_options().get("writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _prepare_postgres(connection: Any, _record: Any) -> None:
    connection.execute(f"SET lock_timeout = {_BUSY_MS}")
    connection.execute(f"SET idle_in_transaction_session_timeout = {_IDLE_MS}")
    connection.commit()


def _begin_postgres(connection: Any) -> None:
    # Writers one after the other, as in SQLite, so that looking and then writing needs no thought of its own.
    if connection.get_execution_options().get("writes", False):
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_WRITERS})")
