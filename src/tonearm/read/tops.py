"""What a listener heard most between two instants, and how many listens fell on each day and each hour of the week."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Literal

from tonearm.read.overview import heard

if TYPE_CHECKING:
    from tonearm.settings import Settings

Entity = Literal["artists", "releases", "recordings"]
MOST_RANKED = 1000
"""As many as ListenBrainz ranks."""


@dataclass(frozen=True)
class Ranked:
    """One of the artists, albums or tracks that were heard most."""

    rank: int
    listens: int
    listened_s: float | None
    """Of the listens that say how long they were heard; None where none does."""
    first_at: datetime
    """Of the listens that were counted."""
    artist_id: int
    artist_name: str
    track_id: int | None
    """None where artists or albums were asked for, and so are the other fields that these do not have."""
    track_name: str | None
    album_name: str | None
    spotify_id: str | None
    recording_mbid: str | None


@dataclass(frozen=True)
class Tops:
    """The most heard, at most ``MOST_RANKED`` of them."""

    ranked: list[Ranked]
    total: int
    """How many there are in all."""


@dataclass(frozen=True)
class Sums:
    """Listens between two instants in a few numbers."""

    listens: int
    listened_s: float
    """Of the listens that say how long they were heard."""
    tracks: int
    albums: int
    artists: int
    first_at: datetime | None
    last_at: datetime | None


def tops(settings: Settings, listener: str, entity: Entity, start: datetime, end: datetime) -> Tops:
    """The most heard from ``start`` to before ``end``; ties go to the name that comes first."""
    with heard(settings, listener, ids=entity == "recordings") as own:
        rows = own.rows(_TOPS[entity], start, end, MOST_RANKED)
    total = rows[0]["total"] if rows else 0
    return Tops([Ranked(**{name: row[name] for name in _FIELDS}) for row in rows], total)


def sums(settings: Settings, listener: str, start: datetime, end: datetime) -> Sums:
    """Totals from ``start`` to before ``end``."""
    with heard(settings, listener) as own:
        (row,) = own.rows(_SUMS, start, end)
    return Sums(**row)


def listens_by_day(settings: Settings, listener: str, first: date, after: date) -> dict[date, int]:
    """Listens of each local day from ``first`` to before ``after``; days without any are left out."""
    with heard(settings, listener) as own:
        return {row["date"]: row["listens"] for row in own.rows(_DAYS, first, after)}


def listens_by_hour(settings: Settings, listener: str, start: datetime, end: datetime) -> dict[tuple[int, int], int]:
    """Listens of each local (day of week from Monday as 0, hour); hours without any are left out."""
    with heard(settings, listener) as own:
        rows = own.rows(_HOURS, start, end)
    return {(row["day_of_week"], row["hour_of_day"]): row["listens"] for row in rows}


_FIELDS = tuple(Ranked.__dataclass_fields__)
_WITHIN = "started_at >= $2 AND started_at < $3"
_SUMS = f"""
SELECT count(*) AS listens, coalesce(sum(listened_s), 0)::DOUBLE AS listened_s, count(DISTINCT track_id) AS tracks,
    count(DISTINCT (artist_id, album_name)) FILTER (album_name IS NOT NULL) AS albums,
    count(DISTINCT artist_id) AS artists, min(started_at) AS first_at, max(started_at) AS last_at
FROM heard WHERE {_WITHIN}
"""
_DAYS = (
    "SELECT local_date AS date, count(*) AS listens FROM heard WHERE local_date >= $2 AND local_date < $3 GROUP BY 1"
)
_HOURS = f"SELECT day_of_week, hour_of_day, count(*) AS listens FROM heard WHERE {_WITHIN} GROUP BY ALL"


def _tops_sql(by: str, names: str, also: str = "true", ids: str = "") -> str:
    nothing = "NULL::VARCHAR AS spotify_id, NULL::VARCHAR AS recording_mbid"
    return f"""
    SELECT row_number() OVER (ORDER BY listens DESC, artist_name, track_name, album_name, artist_id) AS rank, *,
        {ids or nothing}
    FROM (
        SELECT {names}, count(*) AS listens, sum(listened_s)::DOUBLE AS listened_s, min(started_at) AS first_at,
            min(artist_name) AS artist_name, count(*) OVER () AS total
        FROM heard WHERE {_WITHIN} AND {also} GROUP BY {by}
        ORDER BY listens DESC, artist_name, track_name, album_name, artist_id LIMIT $4
    ) {"LEFT JOIN ids USING (track_id)" if ids else ""} ORDER BY rank
    """


_NO_TRACK = "NULL::BIGINT AS track_id, NULL::VARCHAR AS track_name"
_TOPS: dict[Entity, str] = {
    "artists": _tops_sql("artist_id", f"artist_id, {_NO_TRACK}, NULL::VARCHAR AS album_name"),
    "releases": _tops_sql("artist_id, album_name", f"artist_id, album_name, {_NO_TRACK}", "album_name IS NOT NULL"),
    "recordings": _tops_sql(
        "track_id",
        "track_id, min(artist_id) AS artist_id, min(track_name) AS track_name,"
        " arg_max(album_name, started_at) AS album_name",
        ids="spotify_id, recording_mbid",
    ),
}
