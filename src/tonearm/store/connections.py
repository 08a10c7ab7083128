"""Connections: the services from which listeners' histories are pulled, and how far each pull has come.

The listens of a page and the cursor that passes over them are one transaction, so that whatever stops a pull, a page is
kept as a whole or asked for again.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

import msgspec
from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from tonearm.errors import HomeBusy, UnknownName
from tonearm.home.secrets import put_secret
from tonearm.settings import Settings
from tonearm.store import Store
from tonearm.store.models import ConnectionRow, ListenerRow
from tonearm.store.submissions import Submission, add

Kind = Literal["spotify", "lastfm", "listenbrainz"]
KINDS: tuple[Kind, ...] = ("spotify", "lastfm", "listenbrainz")
Cursor = Mapping[str, Any]
"""How far pulls have come, in the service's own terms; empty before the first."""

_LONGEST_PROBLEM = 512


@dataclass(frozen=True)
class Connection:
    """A listener's account at a service."""

    number: int
    listener: str
    kind: Kind
    account: str
    cursor: Cursor
    connected_at: datetime
    pulled_at: datetime | None
    """When a pull last came to its end; None before the first."""
    retry_at: datetime | None
    """When the service may be asked again; None for at any time."""
    problem: str | None
    """Why the last pull stopped early; None if it did not."""

    def may_be_asked(self, now: datetime) -> bool:
        """Whether the service has not asked to be left alone."""
        return self.retry_at is None or now >= self.retry_at


def connect(store: Store, listener: str, kind: Kind, account: str, now: datetime) -> Connection:
    """Connect a listener's account, or mend its connection; pulls go on where they were unless it is another account.

    Raises UnknownName for the listener.
    """
    with store.session_of(listener, writes=True) as (session, who):
        row = session.scalar(select(ConnectionRow).filter_by(listener_id=who, kind=kind))
        if row is None:
            row = ConnectionRow(listener_id=who, kind=kind, account=account, connected_at=now)
            session.add(row)
        elif row.account.casefold() != account.casefold():
            row.cursor, row.pulled_at = None, None
        row.account, row.problem, row.connected_at = account, None, now
        session.flush()
        return _connection(row, session.get_one(ListenerRow, who).name)


def connections(store: Store, listener: str | None = None, kind: str | None = None) -> list[Connection]:
    """The connections of one listener or of all, at one service or at all, in the order they were made."""
    if store.is_missing:
        return []
    asked = select(ConnectionRow, ListenerRow.name).join(ListenerRow).order_by(ConnectionRow.id)
    if listener is not None:
        asked = asked.where(ListenerRow.name == store.listener(listener).name)
    if kind is not None:
        asked = asked.where(ConnectionRow.kind == kind)
    with store.session(writes=False) as session:
        return [_connection(row, name) for row, name in session.execute(asked)]


def connection_of(store: Store, listener: str, kind: str) -> Connection:
    """The connection of a listener to a service; raises UnknownName."""
    for found in connections(store, listener, kind):
        return found
    known = [one.kind for one in connections(store, listener)]
    raise UnknownName("connection", kind, known, hint=f"`tonearm connect {kind} --listener {listener}` makes one")


def disconnect(settings: Settings, store: Store, connection: Connection) -> None:
    """Forget a connection and its secret; what was pulled stays. Raises HomeUnusable."""
    with store.session(writes=True) as session:
        session.execute(delete(ConnectionRow).where(ConnectionRow.id == connection.number))
    put_secret(settings, secret_name(connection), None)


def secret_name(connection: Connection) -> str:
    """What the file of secrets calls a connection's token."""
    return f"connection/{connection.number}"


def advance(store: Store, connection: Connection, listens: Iterable[Submission], cursor: Cursor) -> Connection:
    """Keep ``listens`` and the ``cursor`` behind them, both or neither; returns the connection as it is then.

    Raises HomeBusy if another process has moved the cursor since ``connection`` was read.
    """
    with store.session(writes=True) as session:
        row = _same(session, connection)
        if row is None or _decoded(row.cursor) != connection.cursor:
            raise HomeBusy(f"another tonearm is syncing {connection.kind} for {connection.listener}; let it finish")
        add(session, row.listener_id, listens)
        row.cursor = msgspec.json.encode(cursor).decode()
        return _connection(row, connection.listener)


def ended(
    store: Store, connection: Connection, now: datetime, problem: str | None = None, retry_at: datetime | None = None
) -> Connection:
    """Note how a pull ended: at its end, or early because of a ``problem``.

    A service limits the program and not the listener, so until ``retry_at`` no connection to it may be asked.
    """
    with store.session(writes=True) as session:
        others = update(ConnectionRow).where(ConnectionRow.kind == connection.kind)
        if retry_at is not None:
            session.execute(others.values(retry_at=retry_at))
        row = _same(session, connection)
        if row is None:
            return connection
        session.refresh(row)
        row.problem = problem and problem[:_LONGEST_PROBLEM]
        if problem is None:
            row.pulled_at, row.retry_at = now, None
        return _connection(row, connection.listener)


def start_again(store: Store, connection: Connection) -> Connection:
    """Let the next pull begin from the first listen; those that are there are recognised when they come again."""
    with store.session(writes=True) as session:
        row = _same(session, connection)
        if row is None:
            return connection
        row.cursor = None
        return _connection(row, connection.listener)


def _same(session: Session, connection: Connection) -> ConnectionRow | None:
    """The row of ``connection``, if it was not disconnected since, or connected to another account."""
    row = session.get(ConnectionRow, connection.number)
    return row if row is not None and row.account.casefold() == connection.account.casefold() else None


def _connection(row: ConnectionRow, listener: str) -> Connection:
    kind = next(one for one in KINDS if one == row.kind)
    return Connection(
        *(row.id, listener, kind, row.account, _decoded(row.cursor)),
        *(row.connected_at, row.pulled_at, row.retry_at, row.problem),
    )


def _decoded(cursor: str | None) -> Cursor:
    return msgspec.json.decode(cursor, type=dict[str, Any]) if cursor else {}
