"""What the pages of an artist, an album, a track and a genre have in common: its listens over the years, by the clock
and in pages, its rank, and how it sounds."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import date
from itertools import pairwise
from typing import Any, Literal

from tonearm.documents.history import History
from tonearm.errors import UnknownName

Kind = Literal["artist", "album", "track", "genre", "day", "session"]
Listed = Literal["plays", "tracks", "albums", "artists"]

ROWS_PER_PAGE = {"plays": 20, "tracks": 10, "albums": 10, "artists": 10}


@dataclass(frozen=True)
class Thing:
    """Something that is heard, as the listens that are of it."""

    kind: Kind
    where: str
    """Of the rows of ``heard``; its parameters are named in ``values``."""
    values: dict[str, Any] = field(default_factory=dict)

    def rows(self, history: History, sql: str, **more: Any) -> list[dict[str, Any]]:
        """Rows of ``sql``, in which ``own`` stands for its listens and ``place`` for where in the history they are."""
        own = f"WITH own AS (SELECT rowid AS place, * FROM heard WHERE {self.where})"
        return history.rows(f"{own} {sql}", **self.values, **more)

    @property
    def name(self) -> str:
        """As an error message names it."""
        return str(self.values.get("album") or next(iter(self.values.values())))


def an_artist(artist_id: int) -> Thing:
    """Everything heard of an artist."""
    return Thing("artist", "artist_id = $artist_id", {"artist_id": artist_id})


def an_album(history: History, artist_id: int, name: str) -> Thing:
    """Everything heard on the album that an artist is on under this name, as the album's artist or another."""
    found = history.row(_ADDRESSED, artist_id, name) or {"album_artist_id": artist_id, "album": name}
    return Thing("album", "album_artist_id = $album_artist_id AND album = $album", found)


def a_track(track_id: int) -> Thing:
    """Every listen of a track."""
    return Thing("track", "track_id = $track_id", {"track_id": track_id})


def a_genre(genre: str) -> Thing:
    """Everything heard whose track has this genre in the catalogue."""
    return Thing("genre", "genre = $genre", {"genre": genre})


def facts(history: History, thing: Thing) -> dict[str, Any]:
    """Its listens in numbers.

    ``totals``; ``rank`` (``place`` among all ``of`` its kind, by listens, and how many are ``sharing`` it); ``first``
    and ``last`` listen; ``until``, the last day of the history; ``peak`` month, ``best_day``, ``longest_break`` (null
    where it was heard on one day only); ``months`` and ``days`` as [first day, listens], without those that have none;
    ``hours`` (see :func:`by_hour`); ``sound`` (null where it was not measured). Raises UnknownName for what was never
    heard.
    """
    totals = thing.rows(history, _TOTALS)[0]
    if not totals["listens"]:
        raise UnknownName(thing.kind, thing.name, (), hint=f"{history.listener} has no listen of it")
    days = [[row["day"], row["listens"]] for row in thing.rows(history, _DAYS)]
    months = _by_month(days)
    return {
        "kind": thing.kind,
        "totals": {**totals, "of_listens": history.listens},
        "until": history.last_day,
        "rank": history.row(_RANK.format(_RANKED[thing.kind]), listens=totals["listens"]),
        "first": thing.rows(history, _FIRST)[0],
        "last": thing.rows(history, _LAST)[0],
        "peak": _most(months),
        "best_day": _most(days),
        "longest_break": _longest_break([day for day, _ in days]),
        "months": months,
        "days": days,
        "hours": by_hour(history, thing),
        "sound": _sound(history, thing),
    }


def by_hour(history: History, thing: Thing) -> list[dict[str, Any]]:
    """Its ``listens`` by local hour, of how many of everything (``of``); hours without any are left out."""
    return history.rows(_HOURS.format(thing.where), **thing.values)


def listed(history: History, thing: Thing, what: Listed, page: int = 1, n: int | None = None) -> dict[str, Any]:
    """A page of its plays, newest first, or of its tracks, albums or artists, most heard first.

    ``rows``, the number of the ``first`` of them, how many there are (``n``, counted unless it is given), the
    ``page`` and how many ``pages``; no rows after the last page.
    """
    size = ROWS_PER_PAGE[what]
    found = thing.rows(history, _LISTED[what], size=size, first=size * (page - 1))
    if n is None:
        n = thing.rows(history, _TOTALS)[0][_COUNTED_AS[what]]
    return paged(found, n, page, size)


def paged(rows: list[dict[str, Any]], n: int, page: int, size: int) -> dict[str, Any]:
    """The rows of one of the pages of ``n`` things, ``size`` on each."""
    return {"rows": rows, "first": size * (page - 1) + 1, "n": n, "page": page, "pages": max(1, -(-n // size))}


def first_pages(history: History, thing: Thing, totals: dict[str, Any], *lists: Listed) -> dict[str, Any]:
    """The first page of each of ``lists``, and of its plays, by name."""
    names: tuple[Listed, ...] = (*lists, "plays")
    return {name: listed(history, thing, name, n=totals[_COUNTED_AS[name]]) for name in names}


def _by_month(days: list[list[Any]]) -> list[list[Any]]:
    months = Counter[date]()
    for day, listens in days:
        months[day.replace(day=1)] += listens
    return [list(month) for month in months.items()]


def _most(counts: list[list[Any]]) -> list[Any]:
    """The first of those with the most listens."""
    return max(counts, key=lambda count: count[1])


def _longest_break(days: list[date]) -> dict[str, Any] | None:
    """The longest time from one day with a listen to the next."""
    pair = max(pairwise(days), key=lambda pair: pair[1] - pair[0], default=None)
    return pair and {"after": pair[0], "until": pair[1], "days": (pair[1] - pair[0]).days}


def _sound(history: History, thing: Thing) -> dict[str, Any] | None:
    """Means over its listens whose track was measured, and over all such listens of the history."""
    own = thing.rows(history, _SOUND.format("own"))[0]
    return {**own, "usual": history.row(_SOUND.format("heard"))} if own["listens"] else None


_ADDRESSED = "SELECT album_artist_id, album FROM album_addresses WHERE artist_id = $1 AND name = $2"
_TOTALS = """
SELECT count(*) AS listens, sum(heard_s) AS heard_s, count(heard_s) AS timed_listens,
    count(DISTINCT track_id) AS tracks, count(DISTINCT artist_id) AS artists,
    count(DISTINCT (album_artist_id, album)) FILTER (album IS NOT NULL) AS albums,
    count(DISTINCT day) AS days, count(DISTINCT session_at) AS sessions, count(*) FILTER (is_skipped) AS skipped
FROM own
"""
_RANK = """
SELECT count(*) FILTER (listens > $listens) + 1 AS place, count(*) FILTER (listens = $listens) AS sharing,
    count(*) AS of
FROM {}
"""
_RANKED: dict[str, str] = {
    "artist": "artists",
    "album": "albums",
    "track": "tracks",
    "genre": "(SELECT count(*) AS listens FROM heard WHERE genre IS NOT NULL GROUP BY genre)",
}
_PLAY = "started_at, at_local, session_at, track_id, track, artist_id, artist, album, album_artist_id"
_FIRST = f"SELECT {_PLAY} FROM own ORDER BY place LIMIT 1"
_LAST = f"SELECT {_PLAY} FROM own ORDER BY place DESC LIMIT 1"
_DAYS = "SELECT day, count(*) AS listens FROM own GROUP BY day ORDER BY day"
_HOURS = """
SELECT hour, count(*) FILTER ({}) AS listens, count(*) AS of FROM heard WHERE hour IS NOT NULL
GROUP BY hour ORDER BY hour
"""
_SOUND = """
SELECT count(*) AS listens, count(DISTINCT track_id) AS tracks, avg(energy) AS energy, avg(valence) AS valence,
    avg(danceability) AS danceability, avg(tempo) AS tempo, mode(mood) AS mood
FROM {} JOIN sounds USING (track_id)
"""
_COUNTED = "count(*) AS listens, min(day) AS first_day, max(day) AS last_day"
_NEWEST_NAMES = "arg_max(artist, place) AS artist"
_PAGE = "LIMIT $size OFFSET $first"
_LISTED: dict[Listed, str] = {
    "plays": f"SELECT {_PLAY} FROM own ORDER BY place DESC {_PAGE}",
    "tracks": f"""
    SELECT track_id, arg_max(track, place) AS track, any_value(artist_id) AS artist_id, {_NEWEST_NAMES},
        mode(album) AS album, {_COUNTED}
    FROM own GROUP BY track_id ORDER BY listens DESC, track, track_id {_PAGE}
    """,
    "albums": f"""
    SELECT album_artist_id, album, albums.artist_id, albums.artist, counted.* EXCLUDE (album_artist_id, album)
    FROM (
        SELECT album_artist_id, album, count(DISTINCT track_id) AS tracks, {_COUNTED}
        FROM own WHERE album IS NOT NULL GROUP BY album_artist_id, album
    ) AS counted JOIN albums USING (album_artist_id, album)
    ORDER BY counted.listens DESC, album, album_artist_id {_PAGE}
    """,
    "artists": f"""
    SELECT artist_id, {_NEWEST_NAMES}, count(DISTINCT track_id) AS tracks, {_COUNTED}
    FROM own WHERE artist_id IS NOT NULL GROUP BY artist_id ORDER BY listens DESC, artist, artist_id {_PAGE}
    """,
}
_COUNTED_AS: dict[Listed, str] = {"plays": "listens", "tracks": "tracks", "albums": "albums", "artists": "artists"}
