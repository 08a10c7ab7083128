"""``/apis/web/v1/…``: the reads of Koito's API that multi-scrobbler and aiokoito make.

The forms are those of https://github.com/gabehf/Koito, of one listener: the token's, else the home's only one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import JSONResponse

from tonearm.api.deps import SettingsDep, StoreDep
from tonearm.api.listenbrainz import ReaderDep, get
from tonearm.api.reading import Reading, ReadingDep
from tonearm.errors import UsageError
from tonearm.read.ranges import FIRST, LAST, local_time, midnight, months_later
from tonearm.read.tops import Entity, Ranked, Sums, listens_by_day, sums, tops
from tonearm.settings import Settings
from tonearm.store import Listener, Store
from tonearm.store.playing import playing

router = APIRouter(prefix="/apis/web/v1", tags=["koito"])


def in_koito_form(_request: Request, status: int, message: str) -> JSONResponse:
    """An error as Koito writes it."""
    return JSONResponse({"error": message}, status_code=400 if status == 422 else status)


ERROR_FORMS = (("/apis/web/v1", in_koito_form),)

USUAL_ITEMS, MOST_ITEMS = 100, 500
_MOST_OFFSET = 100_000
_FIRST_YEAR = 2
"""The first one whose every day began, by each zone's clock, at an instant that Python can hold."""
_LEAST = timedelta(microseconds=1)
_PERIODS_D = {"day": 1, "week": 7, "month": 30, "year": 365}
_STEPS = ("day", "week", "month", "year")
_NO_IMAGE = {"xs": "", "small": "", "medium": "", "large": "", "xl": ""}

Period = Literal["day", "week", "month", "year", "all_time"]


@dataclass(frozen=True)
class _Asked:
    """Whose listens, from when to before when."""

    settings: Settings
    reading: Reading
    store: Store
    whose: Listener
    start: datetime
    end: datetime

    def sums(self) -> Sums:
        """Totals, made once for each version of the tables."""
        who, start, end = self.whose.name, self.start, self.end
        return self.reading.answer(("sums", who, start, end), lambda: sums(self.settings, who, start, end))

    def tops(self, entity: Entity) -> tuple[list[Ranked], int]:
        """The most heard, and how many there are in all."""
        who, start, end = self.whose.name, self.start, self.end
        found = self.reading.answer((entity, who, start, end), lambda: tops(self.settings, who, entity, start, end))
        return found.ranked, found.total


def _whose(who: ReaderDep, store: StoreDep) -> Listener:
    return store.only_listener(who.listener)


Whose = Annotated[Listener, Depends(_whose)]


def _asked(
    settings: SettingsDep,
    reading: ReadingDep,
    store: StoreDep,
    whose: Whose,
    period: Annotated[Period | Literal[""], Query(description="How far back from the last full hour.")] = "",
    year: Annotated[int, Query(ge=0, le=2199, description="A calendar year, of the listener's clock.")] = 0,
    month: Annotated[int, Query(ge=0, le=12, description="A month of `year`, or the last one of that number.")] = 0,
    week: Annotated[int, Query(ge=0, le=53, description="An ISO week of `year`, or the last one of that number.")] = 0,
    since: Annotated[int, Query(alias="from", ge=0, le=2**32, description="Seconds since 1970.")] = 0,
    until: Annotated[int, Query(alias="to", ge=0, le=2**32, description="Seconds since 1970; now without it.")] = 0,
) -> _Asked:
    now = datetime.now(UTC)
    if since:
        end = datetime.fromtimestamp(until, UTC) if until else LAST
        return _Asked(settings, reading, store, whose, datetime.fromtimestamp(since, UTC), end)
    if year or month or week:
        first, after = _calendar(year, month, week, local_time(whose, now).date())
        return _Asked(settings, reading, store, whose, midnight(whose, first), midnight(whose, after))
    # To the hour, so that players who ask every minute get the answer that was made before.
    start = (
        now.replace(minute=0, second=0, microsecond=0) - timedelta(_PERIODS_D[period])
        if period in _PERIODS_D
        else FIRST
    )
    return _Asked(settings, reading, store, whose, start, LAST)


Asked = Annotated[_Asked, Depends(_asked)]
Limit = Annotated[int, Query(ge=0, description=f"How many, at most {MOST_ITEMS}; {USUAL_ITEMS} where it is more.")]
Page = Annotated[int, Query(description="From 1; less is 1.")]


def _calendar(year: int, month: int, week: int, today: date) -> tuple[date, date]:
    """The first day of a year, month or ISO week, and the first after it; without a year the last one begun."""
    if month:
        year = year or (today.year if month <= today.month else today.year - 1)
        first = date(max(year, _FIRST_YEAR), month, 1)
        return first, months_later(first, 1)
    if week:
        year = year or (today.year if week <= today.isocalendar().week else today.year - 1)
        first = date(max(year, _FIRST_YEAR), 1, 4)
        first = first - timedelta(days=first.weekday()) + timedelta(weeks=week - 1)
        return first, first + timedelta(weeks=1)
    year = max(year, _FIRST_YEAR)
    return date(year, 1, 1), date(year + 1, 1, 1)


@get(router, "/listens")
def listens(asked: Asked, limit: Limit = USUAL_ITEMS, page: Page = 1) -> dict[str, Any]:
    """Listens, newest first; those that were submitted just now are among them."""
    size, place = _size(limit), max(page, 1)
    wanted = size * place
    if wanted > _MOST_OFFSET:
        raise UsageError(f"page {page} is too far: at most {_MOST_OFFSET:,} listens; narrow them with from and to")
    who = asked.whose.name
    bounds = (asked.start - _LEAST, None), (asked.end, None)
    rows = asked.reading.plays.page(asked.store, who, *bounds, limit=wanted + 1)
    is_all = asked.start == FIRST and asked.end == LAST
    total = asked.reading.plays.count(asked.store, who) if is_all else max(asked.sums().listens, rows.num_rows)
    shown = rows.slice(wanted - size, size).select(["started_at", "track_id", "track_name", "artist_id", "artist_name"])
    items = [_listen(row) for row in shown.to_pylist()]
    return _paged(items, total, size, place, has_next=rows.num_rows > wanted)


@get(router, "/top/artists")
def top_artists(asked: Asked, limit: Limit = USUAL_ITEMS, page: Page = 1) -> dict[str, Any]:
    """The artists heard most."""
    return _top(asked, "artists", limit, page)


@get(router, "/top/albums")
def top_albums(asked: Asked, limit: Limit = USUAL_ITEMS, page: Page = 1) -> dict[str, Any]:
    """The albums heard most."""
    return _top(asked, "releases", limit, page)


@get(router, "/top/tracks")
def top_tracks(asked: Asked, limit: Limit = USUAL_ITEMS, page: Page = 1) -> dict[str, Any]:
    """The tracks heard most."""
    return _top(asked, "recordings", limit, page)


@get(router, "/stats")
def stats(asked: Asked) -> dict[str, int]:
    """How much was heard."""
    found = asked.sums()
    return {
        "listen_count": found.listens,
        "track_count": found.tracks,
        "album_count": found.albums,
        "artist_count": found.artists,
        "minutes_listened": int(found.listened_s // 60),
    }


@get(router, "/summary")
def summary(asked: Asked) -> dict[str, Any]:
    """How much was heard, and the five artists, albums and tracks heard most."""
    found, before = asked.sums(), _before(asked)
    days = max(1, (min(asked.end, datetime.now(UTC)) - max(asked.start, found.first_at or asked.end)).days)
    entities: tuple[tuple[str, Entity], ...] = (
        ("artists", "artists"),
        ("albums", "releases"),
        ("tracks", "recordings"),
    )
    return {
        **{f"top_{name}": [_ranked(entity, one) for one in asked.tops(entity)[0][:5]] for name, entity in entities},
        "minutes_listened": int(found.listened_s // 60),
        "avg_minutes_listened_per_day": int(found.listened_s // 60 // days),
        "plays": found.listens,
        "avg_plays_per_day": round(found.listens / days, 2),
        "unique_tracks": found.tracks,
        "unique_albums": found.albums,
        "unique_artists": found.artists,
        "new_tracks": before[1].tracks - before[0].tracks,
        "new_albums": before[1].albums - before[0].albums,
        "new_artists": before[1].artists - before[0].artists,
    }


def _before(asked: _Asked) -> tuple[Sums, Sums]:
    """Totals until the beginning and until the end: their difference is what was new."""
    until = (asked.start, asked.end)
    first, last = (_Asked(asked.settings, asked.reading, asked.store, asked.whose, FIRST, at).sums() for at in until)
    return first, last


@get(router, "/now-playing")
def now_playing(store: StoreDep, whose: Whose) -> dict[str, Any]:
    """What is playing."""
    found = playing(store, whose.name)
    if found is None:
        return {"currently_playing": False, "track": _track(0, "", [])}
    names = found.metadata
    return {"currently_playing": True, "track": _track(0, names["track_name"], [(0, names["artist_name"])])}


@get(router, "/first-activity")
def first_activity(reading: ReadingDep, store: StoreDep, whose: Whose) -> dict[str, str]:
    """When the first listen started; 1970 without any, as in Koito."""
    ends = reading.plays.ends(store, whose.name)
    return {"time": _written(ends[0] if ends else datetime.fromtimestamp(0, UTC))}


@get(router, "/listen-activity")
def listen_activity(
    settings: SettingsDep,
    reading: ReadingDep,
    whose: Whose,
    step: Annotated[str, Query(description="day, week, month or year; another is day.")] = "day",
    range_: Annotated[int, Query(alias="range", ge=0, le=3660, description="How many steps; 12 for 0.")] = 0,
    year: Annotated[int, Query(ge=0, le=2199, description="The steps of this year instead.")] = 0,
    month: Annotated[int, Query(ge=0, le=12, description="The steps of this month of `year`.")] = 0,
) -> list[dict[str, Any]]:
    """Listens of each of the last days, weeks, months or years, empty ones included."""
    unit = step.lower() if step.lower() in _STEPS else "day"
    today = local_time(whose, datetime.now(UTC)).date()
    if year:
        first, after = _calendar(year, month, 0, today)
        starts = [first]
        while (following := _stepped(_begin(starts[-1], unit), unit, 1)) < after:
            starts.append(following)
    else:
        starts = [_stepped(_begin(today, unit), unit, n - (range_ or 12) + 1) for n in range(range_ or 12)]
        after = _stepped(starts[-1], unit, 1)
    who = whose.name
    by_day = reading.answer(("by day", who, starts[0], after), lambda: listens_by_day(settings, who, starts[0], after))
    ends = [*starts[1:], after]
    return [
        {
            "start_time": _written(midnight(whose, start)),
            "listens": sum(count for day, count in by_day.items() if start <= day < end),
        }
        for start, end in zip(starts, ends, strict=True)
    ]


def _begin(day: date, unit: str) -> date:
    """The first day of the day's unit; weeks begin on Monday."""
    if unit == "week":
        return day - timedelta(days=day.weekday())
    return {"day": day, "month": day.replace(day=1), "year": day.replace(month=1, day=1)}[unit]


def _stepped(first: date, unit: str, steps: int) -> date:
    if unit in ("day", "week"):
        return first + timedelta(days=steps * (7 if unit == "week" else 1))
    earliest = 12 * (_FIRST_YEAR - first.year) + 1 - first.month
    return months_later(first, max(steps * (12 if unit == "year" else 1), earliest))


def _top(asked: _Asked, entity: Entity, limit: int, page: int) -> dict[str, Any]:
    ranked, total = asked.tops(entity)
    size, place = _size(limit), max(page, 1)
    shown = ranked[size * (place - 1) : size * place]
    items = [_ranked(entity, one) for one in shown]
    return _paged(items, total, size, place, has_next=len(ranked) > size * place)


def _size(limit: int) -> int:
    return limit if limit <= MOST_ITEMS else USUAL_ITEMS


def _paged(items: Sequence[dict[str, Any]], total: int, size: int, page: int, *, has_next: bool) -> dict[str, Any]:
    return {
        "items": items,
        "total_record_count": total,
        "items_per_page": size,
        "has_next_page": has_next,
        "current_page": page,
    }


def _listen(row: Mapping[str, Any]) -> dict[str, Any]:
    """A listen; ids are 0 until the tables have it."""
    artists = _artists([(row["artist_id"] or 0, row["artist_name"] or "")])
    track = {"id": row["track_id"] or 0, "title": row["track_name"] or "", "artists": artists, "image": _NO_IMAGE}
    return {"time": _written(row["started_at"]), "track": {**track, "musicbrainz_id": None}}


def _ranked(entity: Entity, one: Ranked) -> dict[str, Any]:
    counts = {
        "musicbrainz_id": one.recording_mbid,
        "image": _NO_IMAGE,
        "listen_count": one.listens,
        "time_listened": int(one.listened_s or 0),
        "first_listen": int(one.first_at.timestamp()),
        "all_time_rank": 0,
    }
    artist = (one.artist_id, one.artist_name)
    if entity == "artists":
        item = {"id": one.artist_id, "name": one.artist_name, "aliases": [one.artist_name]}
    elif entity == "releases":
        item = {"id": 0, "title": one.album_name, "artists": _artists([artist]), "is_various_artists": False}
    else:
        item = _track(one.track_id or 0, one.track_name or "", [artist])
    return {"item": item | counts, "rank": one.rank}


def _track(number: int, title: str, artists: Sequence[tuple[int, str]]) -> dict[str, Any]:
    return {
        "id": number,
        "title": title,
        "artists": _artists(artists),
        "musicbrainz_id": None,
        "listen_count": 0,
        "duration": 0,
        "image": _NO_IMAGE,
        "album_id": 0,
        "time_listened": 0,
        "first_listen": 0,
        "all_time_rank": 0,
    }


def _artists(artists: Sequence[tuple[int, str]]) -> list[dict[str, Any]]:
    return [{"id": number, "name": name} for number, name in artists]


def _written(at: datetime) -> str:
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")
