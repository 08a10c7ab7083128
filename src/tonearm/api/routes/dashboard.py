"""``/dashboard``."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Depends
from fastapi.responses import Response

from tonearm.api.answers import Answer
from tonearm.api.deps import LakeDep, OneListener, Rule, SettingsDep
from tonearm.api.etags import of_tables
from tonearm.api.rows import json_response, json_rows
from tonearm.read.overview import LISTENS, Favourite, Overview, favourites, overview
from tonearm.read.show import show

router = APIRouter(tags=["listeners"])

_FORECASTS = (
    "session_start_forecasts",
    "next_mood_forecasts",
    "energy_forecasts",
    "mood_predictions",
    "artist_breakouts",
)
_TOP = 10


class Dashboard(Answer):
    """One listener's history on one page."""

    listener: str
    overview: Overview
    """Totals, days, hours, discovery and moods."""
    artists: list[Favourite]
    """The ten most heard of all time."""
    tracks: list[Favourite]
    forecasts: dict[str, list[dict[str, Any]]]
    """Rows of each table of forecasts; a table that was never built is left out."""


@router.get("/dashboard", response_model=Dashboard, dependencies=[Depends(of_tables(LISTENS, *_FORECASTS))])
def read_dashboard(settings: SettingsDep, lake: LakeDep, listener: OneListener, rule: Rule = "all") -> Response:
    """Everything that a page about one listener shows: overview, favourites and forecasts, as one document."""
    return json_response(
        listener=listener,
        overview=overview(settings, listener, rule),
        artists=favourites(settings, listener, "artists", rule=rule, limit=_TOP),
        tracks=favourites(settings, listener, "tracks", rule=rule, limit=_TOP),
        forecasts={name: json_rows(show(settings, name, listener)) for name in _FORECASTS if lake.has(name)},
    )
