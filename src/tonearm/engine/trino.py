"""The lake's tables in a Trino server, which reads them where they are.

Trino is given the location of each table once. From then on it sees every commit.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any, Literal
from urllib.parse import urlsplit

from tonearm.engine.literals import sql_text
from tonearm.errors import ExtraMissing, ServiceRefused, ServiceUnavailable, TonearmError, UnknownName, UsageError
from tonearm.lake import Lake
from tonearm.lake.remote import is_remote
from tonearm.settings import Settings

try:
    import requests
    import trino
    from trino.exceptions import HttpError, TrinoConnectionError, TrinoQueryError
except ImportError as error:
    raise ExtraMissing("what talks to Trino is", "trino") from error

USER = "tonearm"
"""The user whom deploy/trino/etc/rules.json allows to register tables."""
_HOME = "local:///home"
"""Where Trino has the home, with the configuration in deploy/trino."""
_LOCATION = re.compile(r"^\s*location = '((?:[^']|'')*)'", re.MULTILINE)
_ELSEWHERE = "elsewhere"
"""Stands for the location of another connector's table, which has none and is nobody's to unregister."""
_GONE = "DELTA_LAKE_INVALID_SCHEMA"
"""Name of Trino's error for a registered table without a log."""
_NOT_THERE = ("No transaction log", "outside of the root", "No factory for location")
"""What Trino answers for a location at which it sees no table."""

Did = Literal["registered", "registered anew", "unregistered", "unchanged"]
Ask = Callable[[str], Sequence[Sequence[Any]]]
"""Rows of a statement."""


@dataclass(frozen=True)
class Change:
    """What becomes of one table in Trino's catalog."""

    table: str
    did: Did
    location: str
    """Where Trino reads it; of an unregistered one, where it did."""
    was_at: str = ""
    """Location of a table that is registered anew, until then."""


@dataclass(frozen=True)
class Server:
    """A Trino server, the catalog and schema in which tables are registered, and who asks."""

    url: str
    catalog: str = "delta"
    schema: str = "default"
    user: str = USER
    password: str = ""

    def __repr__(self) -> str:
        """Without the password, since logs and errors show what is printed."""
        return f"Server({self.url}, {self.catalog}.{self.schema}, {self.user})"


def publish(lake: Lake, root: str, server: Server) -> list[Change]:
    """Make the tables of ``server`` those of ``lake``, which it sees under ``root``; returns what was done, by table.

    Tables of others in the schema, which lie outside ``root``, stay unless they have the name of one of ours. Trino
    also forgets what it remembers of logs, so that a folder that was deleted and made again, as by a restore, is read
    as it is. Raises UsageError for an empty lake and a root under which Trino sees no tables, UnknownName for its
    catalog, ServiceRefused for what it does not allow, ServiceUnavailable where it does not answer.
    """
    wanted = {name: f"{root}/{name}" for name in lake.names()}
    if not wanted:
        raise UsageError(f"there are no tables in {lake.root}; `tonearm run` makes them")
    with _asking(server) as ask, _plain_errors(server, root):
        catalogs = [name for (name,) in ask("SHOW CATALOGS")]
        if server.catalog not in catalogs:
            raise UnknownName("catalog of Trino", server.catalog, catalogs, hint="deploy/trino/etc/catalog has delta")
        ask(f"CALL {_quoted(server.catalog)}.system.flush_metadata_cache()")
        ask(f"CREATE SCHEMA IF NOT EXISTS {_quoted(server.catalog)}.{_quoted(server.schema)}")
        changes = planned(wanted, _registered(ask, server), root)
        for change in changes:
            _carry_out(ask, server, change)
    return changes


def planned(wanted: Mapping[str, str], found: Mapping[str, str], root: str) -> list[Change]:
    """What has to be done so that the locations ``found``, by table, become those ``wanted``.

    A table that is not wanted is ours, and goes, if its location lies in ``root``; so does one that is empty, which
    means that there is no table behind the name.
    """
    changes = [_change(table, location, found.get(table)) for table, location in wanted.items()]
    others = ((table, location) for table, location in found.items() if table not in wanted)
    gone = [Change(table, "unregistered", at) for table, at in others if not at or at.startswith(f"{root}/")]
    return sorted([*changes, *gone], key=lambda change: change.table)


def _change(table: str, location: str, was_at: str | None) -> Change:
    if was_at is None:
        return Change(table, "registered", location)
    if was_at == location:
        return Change(table, "unchanged", location)
    return Change(table, "registered anew", location, was_at)


def root_of(settings: Settings, location: str = "") -> str:
    """Where Trino sees the lake: at ``location``, else under the address of an object store, else as in deploy/trino.

    Raises UsageError for a location that is none, and without one for a lake outside the home.
    """
    if location:
        if not is_remote(location):
            raise UsageError(f"{location} is no location; write it as local:///home/lake or s3://bucket/lake")
        return location.rstrip("/")
    if is_remote(settings.lake):
        return settings.lake.rstrip("/")
    lake, home = PurePosixPath(settings.lake), PurePosixPath(settings.home)
    if not lake.is_relative_to(home):
        raise UsageError(f"name the location at which Trino sees {lake} with --location, such as local:///lake")
    return f"{_HOME}/{lake.relative_to(home)}"


def _registered(ask: Ask, server: Server) -> dict[str, str]:
    """Location of each table of the schema, empty where its log is gone."""
    schema = f"{_quoted(server.catalog)}.{_quoted(server.schema)}"
    rows = ask(
        f"SELECT table_name FROM {_quoted(server.catalog)}.information_schema.tables "
        f"WHERE table_schema = {sql_text(server.schema)} AND table_type = 'BASE TABLE'"
    )
    return {table: _location(ask, f"{schema}.{_quoted(table)}") for (table,) in rows}


def _location(ask: Ask, table: str) -> str:
    try:
        statement = ask(f"SHOW CREATE TABLE {table}")[0][0]
    except TrinoQueryError as error:
        if error.error_name == _GONE:
            return ""
        raise
    found = _LOCATION.search(statement)
    return found[1].replace("''", "'") if found else _ELSEWHERE


def _carry_out(ask: Ask, server: Server, change: Change) -> None:
    if change.did in ("unregistered", "registered anew"):
        ask(_call(server, "unregister_table", change.table))
    if change.did in ("registered", "registered anew"):
        try:
            ask(_call(server, "register_table", change.table, change.location))
        except TrinoQueryError:
            if change.was_at:
                ask(_call(server, "register_table", change.table, change.was_at))
            raise


def _call(server: Server, procedure: str, *arguments: str) -> str:
    given = ", ".join(map(sql_text, (server.schema, *arguments)))
    return f"CALL {_quoted(server.catalog)}.system.{procedure}({given})"


def _quoted(name: str) -> str:
    return '"{}"'.format(name.replace('"', '""'))


@contextmanager
def _asking(server: Server) -> Iterator[Ask]:
    """Asks the server; raises UsageError for an address that cannot be asked."""
    try:
        address = urlsplit(server.url)
        is_address = address.scheme in ("http", "https") and bool(address.hostname) and address.port != 0
    except ValueError:
        is_address = False
    if not is_address:
        raise UsageError(f"{server.url} is no address of a server; write it as http://127.0.0.1:8080")
    if address.username or address.password:
        raise UsageError(
            "the server's address has a name or a password; --user names who asks, TRINO_PASSWORD the password"
        )
    if server.password and address.scheme != "https":
        raise UsageError(f"a password is sent over https alone, and {server.url} is http; unset TRINO_PASSWORD")
    connection = trino.dbapi.connect(  # type: ignore[no-untyped-call]
        host=address.hostname,
        port=address.port or (443 if address.scheme == "https" else 8080),
        http_scheme=address.scheme,
        user=server.user,
        auth=trino.auth.BasicAuthentication(server.user, server.password) if server.password else None,
        source="tonearm",
    )

    def ask(statement: str) -> Sequence[Sequence[Any]]:
        with closing(connection.cursor()) as cursor:
            cursor.execute(statement)
            rows: Sequence[Sequence[Any]] = cursor.fetchall()
            return rows

    with closing(connection):
        yield ask


@contextmanager
def _plain_errors(server: Server, root: str) -> Iterator[None]:
    """Raise what the client raises as our errors."""
    try:
        yield
    except TrinoQueryError as error:
        raise _query_error(server, root, error) from error
    except HttpError as error:
        raise _http_error(server, str(error)) from error
    except (TrinoConnectionError, requests.RequestException, ValueError) as error:
        if "CERTIFICATE_VERIFY_FAILED" in str(error):
            raise ServiceRefused(
                f"this machine does not trust the certificate of {server.url}; REQUESTS_CA_BUNDLE names a file of yours"
            ) from error
        raise ServiceUnavailable(
            f"Trino does not answer at {server.url} ({type(error).__name__}); start it, or name another with --server"
        ) from error


def _query_error(server: Server, root: str, error: TrinoQueryError) -> TonearmError:
    message = " ".join(error.message.split())
    if any(sign in message for sign in _NOT_THERE):
        return UsageError(f"Trino sees no table under {root} ({message}); --location names where it sees the lake")
    if error.error_name in ("PERMISSION_DENIED", "PROCEDURE_NOT_FOUND"):
        return ServiceRefused(
            f"Trino does not let {server.user} register tables in {server.catalog} ({message}); deploy/trino/etc has a "
            "catalog and rules that do"
        )
    if error.error_name == "SERVER_STARTING_UP":
        return ServiceUnavailable(f"Trino at {server.url} is starting; repeat the command in a minute")
    return ServiceUnavailable(f"Trino at {server.url} failed: {message} ({error.error_name})")


def _http_error(server: Server, message: str) -> TonearmError:
    if "error 401" in message:
        how = "does not take this user and password" if server.password else "asks for a password"
        return ServiceRefused(f"Trino at {server.url} {how}; --user names who asks, TRINO_PASSWORD has the password")
    if "error 403" in message:
        return ServiceRefused(f"Trino at {server.url} does not let {server.user} in; --user names another")
    return ServiceUnavailable(f"{server.url} does not answer as Trino does ({message[:100]}); --server names another")
