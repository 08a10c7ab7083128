"""``/connections``: the services that histories are pulled from."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Depends
from fastapi.responses import Response

from tonearm.api.answers import Answer
from tonearm.api.deps import ListenerAsked, SettingsDep, StoreDep
from tonearm.pulls import Pulled, hole_of, sync_once
from tonearm.store.connections import Connection, Kind, connection_of, connections, disconnect

router = APIRouter(tags=["connections"])


class ConnectionInfo(Answer):
    """A listener's account at a service."""

    listener: str
    service: Kind
    account: str
    """The listener's name at the service."""
    connected_at: datetime
    pulled_at: datetime | None
    """When a pull last came to its end; null before the first."""
    retry_at: datetime | None
    """When the service may be asked again; null for at any time."""
    problem: str | None
    """Why the last pull stopped early, and what to do; null if it did not."""
    hole: str | None
    """Plays that are probably missing, and how to fill them in; null for none."""


class PulledInfo(Answer):
    """What a pull came to."""

    listens: int
    """New listens, which the next run takes to the tables."""
    was_asked: bool
    """Whether the service was asked: not before the connection's ``retry_at``."""
    problem: str | None
    """Why it stopped early; what was fetched before is kept."""
    connection: ConnectionInfo


def _connection(store: StoreDep, name: str, service: Kind) -> Connection:
    return connection_of(store, store.listener(name).name, service)


ConnectionInPath = Annotated[Connection, Depends(_connection)]
"""The connection of the listener and to the service in the path."""


@router.get("/connections")
def list_connections(store: StoreDep, listener: ListenerAsked) -> list[ConnectionInfo]:
    """The connections that the caller may see, and how they are; `tonearm connect` makes them."""
    return [_info(one) for one in connections(store, listener)]


@router.post("/listeners/{name}/connections/{service}/sync")
def sync_connection(settings: SettingsDep, store: StoreDep, connection: ConnectionInPath) -> PulledInfo:
    """Pull what is new now; what goes wrong at the service is in the answer.

    A first pull of a long history may take minutes.
    """
    pulled = sync_once(settings, store, connection, datetime.now(UTC))
    return _pulled(pulled, connection_of(store, connection.listener, connection.kind))


@router.delete("/listeners/{name}/connections/{service}", status_code=204)
def delete_connection(settings: SettingsDep, store: StoreDep, connection: ConnectionInPath) -> Response:
    """Forget a connection and its tokens; what was pulled stays."""
    disconnect(settings, store, connection)
    return Response(status_code=204)


def _info(one: Connection) -> ConnectionInfo:
    return ConnectionInfo(
        listener=one.listener,
        service=one.kind,
        account=one.account,
        connected_at=one.connected_at,
        pulled_at=one.pulled_at,
        retry_at=one.retry_at,
        problem=one.problem,
        hole=hole_of(one.cursor),
    )


def _pulled(pulled: Pulled, connection: Connection) -> PulledInfo:
    return PulledInfo(
        listens=pulled.listens, was_asked=pulled.was_asked, problem=pulled.problem, connection=_info(connection)
    )
