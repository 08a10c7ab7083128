"""What happened of forecasts, by the listens and months that the lake holds."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime
from itertools import groupby
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc

from tonearm.columns import MEASURED
from tonearm.errors import TonearmError
from tonearm.models.trial.rules import HOUR, LAST_ZONE
from tonearm.read.ranges import months_later

if TYPE_CHECKING:
    from tonearm.lake import Lake
    from tonearm.settings import Settings
    from tonearm.store.forecasts import Forecast

    Row = Mapping[str, Any]
    Outcomes = Mapping[int, float | None]

_LISTENS, _MONTHS = "listening_with_features", "artist_months"
_SOUND = ("energy", "valence", "danceability", "acousticness", "instrumentalness")
_COLUMNS = ("listener", "started_at", "session_started_at", "feature_source", *_SOUND)


def outcomes(settings: Settings, lake: Lake, due: Sequence[Forecast]) -> Outcomes:
    """What happened of each, by its number; None where its question did not arise, as when nothing was heard."""
    found: dict[int, float | None] = {}
    for (listener, model), some in _by_listener_and_model(due):
        found |= _OF_MODEL[model](settings, lake, listener, some)
    return found


def _by_listener_and_model(due: Sequence[Forecast]) -> Iterator[tuple[tuple[str, str], list[Forecast]]]:
    ordered = sorted(due, key=_of)
    for key, some in groupby(ordered, key=_of):
        if key[1] in _OF_MODEL:
            yield key, list(some)


def _of(forecast: Forecast) -> tuple[str, str]:
    return forecast.listener, forecast.model


def _of_starts(settings: Settings, lake: Lake, listener: str, due: Sequence[Forecast]) -> Outcomes:
    """Whether a session started within the hour."""
    begun = sorted({row["session_started_at"] for row in _listens(lake, listener, due)})
    return {one.number: float(_between(begun, one.due_at - HOUR, one.due_at) > 0) for one in due}


def _between(ordered: Sequence[datetime], first: datetime, end: datetime) -> int:
    return bisect_left(ordered, end) - bisect_left(ordered, first)


def _of_hours(settings: Settings, lake: Lake, listener: str, due: Sequence[Forecast]) -> Outcomes:
    """The mean of the measured listens in the hour; None where there are none."""
    heard = [row for row in _listens(lake, listener, due) if row["feature_source"] in MEASURED]
    return {one.number: _mean(_within(heard, one.due_at - HOUR, one.due_at), one.subject) for one in due}


def _within(heard: Sequence[Row], first: datetime, end: datetime) -> Sequence[Row]:
    """The listens from ``first`` to ``end``, of listens in their order."""
    begin, stop = (bisect_left(heard, at, key=lambda row: row["started_at"]) for at in (first, end))
    return heard[begin:stop]


def _mean(heard: Iterable[Row], feature: str) -> float | None:
    values = [row[feature] for row in heard if row[feature] is not None]
    return sum(values) / len(values) if values else None


def _of_artists(settings: Settings, lake: Lake, listener: str, due: Sequence[Forecast]) -> Outcomes:
    """Whether the artist was core in one of the two months before the due time."""
    from tonearm.models.breakout.rules import read_rules

    core = read_rules().core
    rows = lake.dataset(_MONTHS).to_table(
        columns=["artist_id", "month", "listens", "share_pct"], filter=pc.field("listener") == listener
    )
    is_core = {
        (str(row["artist_id"]), row["month"])
        for row in rows.to_pylist()
        if row["listens"] >= core.plays_min or row["share_pct"] / 100 >= core.share_min
    }
    return {one.number: float(any((one.subject, month) in is_core for month in _months(one.due_at))) for one in due}


def _months(due_at: datetime) -> list[date]:
    """The first days of the two months that end at ``due_at``."""
    after = (due_at - LAST_ZONE).date()
    return [months_later(after, -back) for back in (2, 1)]


def _of_next_track(settings: Settings, lake: Lake, listener: str, due: Sequence[Forecast]) -> Outcomes:
    """Whether the first measured track was of the group; None where the session had ended, or none was measured."""
    heard = [row for row in _listens(lake, listener, due) if row["feature_source"] in MEASURED]
    group_of = {version: _groups(settings, version) for version in {one.version for one in due}}
    found: dict[int, float | None] = {}
    for one in due:
        went_on = [row for row in _within(heard, one.made_at, one.due_at) if row["session_started_at"] < one.made_at]
        group = group_of[one.version](went_on[0]) if went_on else None
        found[one.number] = None if group is None else float(group == one.subject)
    return found


def _groups(settings: Settings, version: str) -> Callable[[Row], str | None]:
    """The group of a listen by a version of ``next_mood``; None for all where that version is gone."""
    import pandas as pd

    from tonearm.models import find
    from tonearm.models.lifecycle.registry import open_registry

    registry, model = open_registry(settings), find("next_mood")
    try:
        fitted: Any = registry.load(model, registry.version(model.registered, version))
    except TonearmError:
        return lambda row: None
    return lambda row: fitted.assign(pd.DataFrame([row]))["mood_label"].iloc[0]


_OF_MODEL: Mapping[str, Callable[[Settings, Lake, str, Sequence[Forecast]], Outcomes]] = {
    "session_start": _of_starts,
    "energy_forecast": _of_hours,
    "breakout": _of_artists,
    "next_mood": _of_next_track,
}


def _listens(lake: Lake, listener: str, due: Sequence[Forecast]) -> list[Row]:
    """The listener's listens of the time that forecasts are about, oldest first."""
    first, last = min(one.due_at for one in due) - HOUR, max(one.due_at for one in due)
    of = (
        (pc.field("listener") == listener)
        & (pc.field("started_at") >= _instant(first))
        & (pc.field("started_at") < _instant(last))
    )
    rows = lake.dataset(_LISTENS).to_table(columns=list(_COLUMNS), filter=of).sort_by("started_at")
    found: list[Row] = rows.to_pylist()
    return found


def _instant(at: datetime) -> pa.Scalar:
    return pa.scalar(at, pa.timestamp("us", "UTC"))
