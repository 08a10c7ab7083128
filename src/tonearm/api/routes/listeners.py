"""``/listeners``."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel, ConfigDict, Field

from tonearm.api.answers import CardsInfo, ListenerInfo, Zone, Zones
from tonearm.api.auth import CallerDep
from tonearm.api.deps import LakeDep, Limit, ListenerInPath, Rule, SettingsDep, StoreDep
from tonearm.api.etags import of_tables
from tonearm.api.working import WorkingDep
from tonearm.building.execute import build
from tonearm.pictures.cards import paths
from tonearm.read.overview import LISTENS, Favourite, Overview, Subject, favourites, overview
from tonearm.store import Listener
from tonearm.store.showing import are_cards_public, show_cards
from tonearm.store.zones import find_zone, system_zone, zone_names

router = APIRouter(tags=["listeners"])


class Where(BaseModel):
    """Where a listener lives."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"zone": "Europe/Berlin", "from": "2024-05-01"}]})

    zone: str = Field(max_length=64, description="IANA time zone.")
    since: date | None = Field(
        default=None, alias="from", description="Local day from which it holds; without it, always."
    )


class Showing(BaseModel):
    """Who may see a listener's cards."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"is_public": True}]})

    is_public: bool = Field(description="Everybody who has the address; otherwise whoever has a token that may read.")


@router.get("/listeners")
def list_listeners(store: StoreDep, who: CallerDep) -> list[ListenerInfo]:
    """Every listener, with their time zones; without the scope admin, the token's own."""
    return [_info(one) for one in store.listeners() if who.only in (None, one.name)]


@router.get("/zones")
def list_zones() -> Zones:
    """The time zones that a listener can live in."""
    return Zones(zones=list(zone_names()), here=system_zone())


@router.put("/listeners/{name}")
def put_listener(
    settings: SettingsDep, lake: LakeDep, store: StoreDep, working: WorkingDep, name: str, where: Where
) -> ListenerInfo:
    """Add a listener, or set their time zone from a day on, and bring local times up to date."""
    find_zone(where.zone)  # Checked first: an unknown zone must not leave a new listener behind.
    store.ensure_listener(name)
    changed = store.set_zone(name, where.zone, where.since)
    if lake.has(LISTENS):
        with working.on("zone", changed.name):
            build(settings)
    return _info(changed)


@router.get("/listeners/{name}/overview", dependencies=[Depends(of_tables(LISTENS))])
def read_overview(settings: SettingsDep, listener: ListenerInPath, rule: Rule = "all") -> Overview:
    """Totals, days, hours, discovery and moods of one listener."""
    return overview(settings, listener, rule)


@router.get("/listeners/{name}/top/{subject}", dependencies=[Depends(of_tables(LISTENS))])
def read_favourites(
    settings: SettingsDep,
    listener: ListenerInPath,
    subject: Subject,
    first: Annotated[date | None, Query(alias="from", description="First local day.")] = None,
    last: Annotated[date | None, Query(alias="to", description="Last local day.")] = None,
    rule: Rule = "all",
    limit: Limit = 10,
) -> list[Favourite]:
    """The most heard artists or tracks between two local days."""
    return favourites(settings, listener, subject, first, last, rule, limit)


@router.get("/listeners/{name}/cards")
def read_cards(store: StoreDep, listener: ListenerInPath) -> CardsInfo:
    """The addresses of a listener's cards, and whether everybody may see them."""
    return CardsInfo(listener=listener, is_public=are_cards_public(store, listener), cards=paths(listener))


@router.put("/listeners/{name}/cards")
def put_cards(store: StoreDep, listener: ListenerInPath, showing: Showing) -> CardsInfo:
    """Show a listener's cards, and nothing else of theirs, to everybody; or no longer."""
    show_cards(store, listener, showing.is_public)
    return read_cards(store, listener)


def _info(listener: Listener) -> ListenerInfo:
    return ListenerInfo(name=listener.name, zones=[Zone(since=since, zone=zone) for since, zone in listener.zones])
