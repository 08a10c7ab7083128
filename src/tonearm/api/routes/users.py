"""``/users``: the listeners, as they are added, moved and removed."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated

import pyarrow.compute as pc
from fastapi import APIRouter, Depends, Query
from fastapi.responses import Response
from pydantic import BaseModel, Field

from tonearm.api.answers import Answer, Zone
from tonearm.api.auth import CallerDep, household
from tonearm.api.deps import LakeDep, Limit, ListenerInPath, Offset, SettingsDep, StoreDep
from tonearm.bronze import HISTORY
from tonearm.building.execute import build
from tonearm.errors import Conflict, UnknownName, UsageError
from tonearm.lake import Lake
from tonearm.read.overview import LISTENS
from tonearm.store import LONGEST_NAME, Listener, same_name
from tonearm.store.removing import remove_listener
from tonearm.store.zones import find_zone

router = APIRouter(tags=["users"])


class User(Answer):
    """A listener."""

    name: str
    zones: list[Zone]
    created_at: datetime | None
    """When they were added, UTC."""


class Users(Answer):
    """Listeners, by name."""

    users: list[User]
    total: int
    """How many there are in all."""


class NewUser(BaseModel):
    """A listener to add."""

    name: str = Field(max_length=4 * LONGEST_NAME, examples=["ada"])
    zone: str | None = Field(
        default=None, max_length=64, description="IANA time zone; else this machine's.", examples=["Europe/Berlin"]
    )


class Move(BaseModel):
    """Where a listener lives."""

    zone: str = Field(max_length=64, description="IANA time zone.", examples=["Asia/Tokyo"])
    since: date | None = Field(
        default=None, alias="from", description="Local day from which it holds; without it, always."
    )


@router.get("/users")
def list_users(store: StoreDep, who: CallerDep, limit: Limit = 100, offset: Offset = 0) -> Users:
    """The listeners; a token that opens one listener's data alone sees that one."""
    found = [one for one in store.listeners() if who.only is None or same_name(one.name, who.only)]
    return Users(users=[_user(one) for one in found[offset : offset + limit]], total=len(found))


@router.post("/users", status_code=201, dependencies=[Depends(household)])
def create_user(store: StoreDep, new: NewUser) -> User:
    """Add a listener; 409 if there is one of that name."""
    if new.zone:
        find_zone(new.zone)
    try:
        known = store.listener(new.name)
    except UnknownName:
        return _user(store.ensure_listener(new.name, new.zone))
    raise Conflict(f"there is a listener {known.name} already")


@router.get("/users/{name}")
def read_user(store: StoreDep, listener: ListenerInPath) -> User:
    """One listener."""
    return _user(store.listener(listener))


@router.put("/users/{name}")
def move_user(settings: SettingsDep, lake: LakeDep, store: StoreDep, listener: ListenerInPath, where: Move) -> User:
    """Set a listener's time zone, from a day on or for always, and bring local times up to date."""
    moved = store.set_zone(listener, where.zone, where.since)
    if lake.has(LISTENS):
        build(settings)
    return _user(moved)


@router.delete("/users/{name}", status_code=204, response_class=Response)
def delete_user(
    settings: SettingsDep,
    lake: LakeDep,
    store: StoreDep,
    listener: ListenerInPath,
    confirm: Annotated[str | None, Query(description="The listener's name once more.")] = None,
) -> None:
    """Remove a listener with their tokens, passwords, feedback, playlists, connections and relays.

    `confirm` repeats the name. Listens are never removed with them: 409 while the lake has any, or submissions wait;
    `tonearm imports undo`, or `DELETE /imports/{number}`, removes an import's.
    """
    if confirm is None or not same_name(confirm, listener):
        raise UsageError(f"to remove {listener} and all that was set for them, add ?confirm={listener}")
    rows = _rows_of(lake, listener)
    if rows:
        raise Conflict(f"the lake has {rows:,} rows of {listener}'s history; undo the imports that brought them first")
    remove_listener(settings, store, listener)


def _rows_of(lake: Lake, listener: str) -> int:
    if not lake.has(HISTORY):
        return 0
    return int(lake.dataset(HISTORY).count_rows(filter=pc.field("listener") == listener))


def _user(one: Listener) -> User:
    zones = [Zone(since=since, zone=zone) for since, zone in one.zones]
    return User(name=one.name, zones=zones, created_at=one.created_at)
