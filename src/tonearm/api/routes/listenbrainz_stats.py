"""``/1/stats/user/…``: what a listener heard most and when, in ListenBrainz's ranges of the listener's local days."""

from __future__ import annotations

from calendar import day_name
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Annotated, Any, TypeVar

from fastapi import APIRouter, Depends, Query
from fastapi.responses import JSONResponse, Response

from tonearm.api.deps import LakeDep, SettingsDep, StoreDep
from tonearm.api.listenbrainz import NO_DATA, UserInPath, get, ranked_of
from tonearm.api.reading import Reading, ReadingDep
from tonearm.api.routes.listenbrainz_read import MOST_ITEMS, USUAL_ITEMS, Count, Offset
from tonearm.errors import UsageError
from tonearm.lake import Lake
from tonearm.read.overview import LISTENS
from tonearm.read.ranges import RANGES, Segment, days, local_time, midnight, segments
from tonearm.read.tops import Entity, listens_by_day, listens_by_hour, tops
from tonearm.settings import Settings
from tonearm.store import Listener

router = APIRouter(tags=["listenbrainz"])

_Made = TypeVar("_Made")

_DAY = timedelta(days=1)
_EMPTY: dict[int | str, dict[str, Any]] = {NO_DATA: {"description": "There are no listens in the range."}}


@dataclass(frozen=True)
class _Asked:
    """Whose statistics of which range are asked for, and what they are made from."""

    settings: Settings
    lake: Lake
    reading: Reading
    whose: Listener
    range: str
    oldest: date
    """The local day of the first listen."""
    today: date

    @property
    def days(self) -> tuple[date, date]:
        """The first local day of the range, and the first after it."""
        return days(self.range, self.today, self.oldest)

    @property
    def instants(self) -> tuple[datetime, datetime]:
        """The same as instants."""
        first, after = self.days
        return midnight(self.whose, first), midnight(self.whose, after)

    def segments(self) -> list[Segment]:
        """Parts of the range and of the one before."""
        return segments(self.range, self.today, self.oldest)

    def kept(self, about: str, start: date, end: date, make: Callable[[str], _Made]) -> _Made:
        """What ``make`` returns of the listener, made once for each version of the tables."""
        who = self.whose.name
        return self.reading.answer((about, who, start, end), lambda: make(who))

    def answer(self, first: datetime, end: datetime, **fields: Any) -> Response:
        """The document with what all statistics have."""
        built = self.reading.answer("built", lambda: self.lake.built_at(LISTENS))
        payload = {
            **fields,
            "user_id": self.whose.name,
            "range": self.range,
            "from_ts": int(first.timestamp()),
            "to_ts": int(end.timestamp()),
            "last_updated": int((built or datetime.now(UTC)).timestamp()),
        }
        return JSONResponse({"payload": payload})


def _asked(
    settings: SettingsDep,
    lake: LakeDep,
    reading: ReadingDep,
    store: StoreDep,
    listener: UserInPath,
    name: Annotated[str, Query(alias="range", description=f"One of {', '.join(RANGES)}.")] = "all_time",
) -> _Asked:
    if name not in RANGES:
        raise UsageError(f"invalid range: {name[:40]}; there are {', '.join(RANGES)}")
    whose, now = store.listener(listener), datetime.now(UTC)
    ends = reading.plays.ends(store, listener)
    oldest, today = (local_time(whose, at).date() for at in (ends[0] if ends else now, now))
    return _Asked(settings, lake, reading, whose, name, oldest, today)


Asked = Annotated[_Asked, Depends(_asked)]


def _ranked(asked: _Asked, entity: Entity, total: str, count: int, offset: int) -> Response:
    start, end = asked.instants
    found = asked.kept(entity, start, end, lambda who: tops(asked.settings, who, entity, start, end))
    if not found.total:
        return Response(status_code=NO_DATA)
    shown = found.ranked[offset : offset + min(count, MOST_ITEMS)]
    fields = {entity: ranked_of(entity, shown), "count": len(shown), total: found.total, "offset": offset}
    return asked.answer(start, end, **fields)


@get(router, "/1/stats/user/{user_name}/artists", responses=_EMPTY)
def artists(asked: Asked, count: Count = USUAL_ITEMS, offset: Offset = 0) -> Response:
    """The artists heard most."""
    return _ranked(asked, "artists", "total_artist_count", count, offset)


@get(router, "/1/stats/user/{user_name}/releases", responses=_EMPTY)
def releases(asked: Asked, count: Count = USUAL_ITEMS, offset: Offset = 0) -> Response:
    """The albums heard most."""
    return _ranked(asked, "releases", "total_release_count", count, offset)


@get(router, "/1/stats/user/{user_name}/recordings", responses=_EMPTY)
def recordings(asked: Asked, count: Count = USUAL_ITEMS, offset: Offset = 0) -> Response:
    """The tracks heard most."""
    return _ranked(asked, "recordings", "total_recording_count", count, offset)


@get(router, "/1/stats/user/{user_name}/listening-activity", responses=_EMPTY)
def listening_activity(
    asked: Asked,
) -> Response:
    """Listens of each day, month or year of the range and of the one before it; of all time the years that have any."""
    parts = asked.segments()
    first, after = parts[0].first, parts[-1].after
    by_day = asked.kept("by day", first, after, lambda who: listens_by_day(asked.settings, who, first, after))
    if not by_day:
        return Response(status_code=NO_DATA)
    activity = list(_activity(asked, parts, by_day))
    if asked.range == "all_time":
        activity = [one for one in activity if one["listen_count"]]
    return asked.answer(midnight(asked.whose, first), midnight(asked.whose, after), listening_activity=activity)


def _activity(asked: _Asked, parts: Iterable[Segment], by_day: dict[date, int]) -> Iterable[dict[str, Any]]:
    for part in parts:
        days_of_part = (part.first + n * _DAY for n in range((part.after - part.first).days))
        yield {
            "from_ts": int(midnight(asked.whose, part.first).timestamp()),
            "to_ts": int(midnight(asked.whose, part.after).timestamp()) - 1,
            "time_range": part.name,
            "listen_count": sum(by_day.get(day, 0) for day in days_of_part),
        }


@get(router, "/1/stats/user/{user_name}/daily-activity", responses=_EMPTY)
def daily_activity(
    asked: Asked,
) -> Response:
    """Listens of each hour of each day of the week, by the listener's clock."""
    start, end = asked.instants
    by_hour = asked.kept("by hour", start, end, lambda who: listens_by_hour(asked.settings, who, start, end))
    if not by_hour:
        return Response(status_code=NO_DATA)
    activity = {
        day_name[day]: [{"hour": hour, "listen_count": by_hour.get((day, hour), 0)} for hour in range(24)]
        for day in range(7)
    }
    return asked.answer(start, end, daily_activity=activity)
