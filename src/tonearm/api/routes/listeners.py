"""``/listeners``."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from tonearm.api.answers import Answer, ListenerInfo, Zone, Zones, answers
from tonearm.api.deps import Limit, ListenerInPath, Rule, SettingsDep, StoreDep
from tonearm.building.execute import build
from tonearm.lake import open_lake
from tonearm.read.overview import LISTENS, Favourite, Overview, Subject, favourites, overview
from tonearm.store import Listener
from tonearm.store.zones import system_zone, zone_names

router = APIRouter(tags=["listeners"])


class Where(BaseModel):
    """Where a listener lives."""

    zone: str = Field(description="IANA time zone.")
    since: date | None = Field(
        default=None, alias="from", description="Local day from which it holds; without it, always."
    )


@router.get("/listeners", responses=answers(list[ListenerInfo]))
def list_listeners(store: StoreDep) -> Answer:
    """Everybody whose listens are kept."""
    return Answer([_info(one) for one in store.listeners()])


@router.get("/zones", responses=answers(Zones))
def list_zones() -> Answer:
    """The time zones that a listener can live in."""
    return Answer(Zones(list(zone_names()), system_zone()))


@router.put("/listeners/{name}", responses=answers(ListenerInfo))
def put_listener(settings: SettingsDep, store: StoreDep, name: str, where: Where) -> Answer:
    """Add a listener, or say where one lives from a day on, and bring local times up to date."""
    store.ensure_listener(name)
    changed = store.set_zone(name, where.zone, where.since)
    if open_lake(settings.lake).has(LISTENS):
        build(settings)
    return Answer(_info(changed))


@router.get("/listeners/{name}/overview", responses=answers(Overview))
def read_overview(settings: SettingsDep, listener: ListenerInPath, rule: Rule = "all") -> Answer:
    """Totals, days, hours, discovery and moods of one listener."""
    return Answer(overview(settings, listener, rule))


@router.get("/listeners/{name}/top/{subject}", responses=answers(list[Favourite]))
def read_favourites(
    settings: SettingsDep,
    listener: ListenerInPath,
    subject: Subject,
    first: Annotated[date | None, Query(alias="from", description="First local day.")] = None,
    last: Annotated[date | None, Query(alias="to", description="Last local day.")] = None,
    rule: Rule = "all",
    limit: Limit = 10,
) -> Answer:
    """The most heard artists or tracks between two local days."""
    return Answer(favourites(settings, listener, subject, first, last, rule, limit))


def _info(listener: Listener) -> ListenerInfo:
    return ListenerInfo(listener.name, [Zone(since, zone) for since, zone in listener.zones])
