"""A day: its plays in order, session by session, what was new, and the same day in other years."""

from __future__ import annotations

from datetime import date
from typing import Any

from tonearm.documents.history import History
from tonearm.documents.things import Thing, by_hour, paged

PLAYS_PER_PAGE = 100
_TOP = 6


def day(history: History, on: date, page: int = 1) -> dict[str, Any]:
    """What was heard on a local day.

    ``totals``; ``rank`` among days with listens (null on a day without); ``artists`` heard most; ``hours`` (see
    :func:`things.by_hour`); ``sessions`` in order, each with its listens of this day, ``gap_min`` of silence since
    the one before (null for the first) and whether it began the day before; ``plays`` (see :func:`in_order`);
    ``new_artists``, never heard before; ``other_years``; ``before`` and ``after``, the nearest days with listens
    (null where there is none).
    """
    thing = Thing("day", "day = $day", {"day": on})
    totals = thing.rows(history, _TOTALS)[0]
    return {
        "day": on,
        "totals": totals,
        "rank": history.row(_RANK, totals["listens"]) if totals["listens"] else None,
        "artists": thing.rows(history, TOP_ARTISTS, most=_TOP),
        "hours": by_hour(history, thing),
        "sessions": thing.rows(history, _SESSIONS),
        "plays": in_order(history, thing, totals["listens"], page),
        "new_artists": history.rows(_NEW_ARTISTS, on, _TOP),
        "other_years": other_years(history, on),
        **(history.row(_BESIDE, on) or {}),
    }


def other_years(history: History, on: date) -> list[dict[str, Any]]:
    """The same day of the month in other years that have listens of it, newest first, with the artist heard most."""
    return history.rows(_OTHER_YEARS, on.month, on.day, on.year)


def in_order(history: History, thing: Thing, listens: int, page: int) -> dict[str, Any]:
    """A page of the ``listens``, oldest first; ``new`` is ``artist`` or ``track`` where it is the first, else null."""
    rows = thing.rows(history, _PLAYS, size=PLAYS_PER_PAGE, first=PLAYS_PER_PAGE * (page - 1))
    return paged(rows, listens, page, PLAYS_PER_PAGE)


_TOTALS = """
SELECT count(*) AS listens, count(DISTINCT track_id) AS tracks, count(DISTINCT artist_id) AS artists,
    sum(heard_s) AS heard_s, count(heard_s) AS timed_listens,
    (SELECT count(*) FROM artists WHERE first_day = $day) AS new_artists,
    (SELECT count(*) FROM tracks WHERE first_day = $day) AS new_tracks
FROM own
"""
_RANK = """
SELECT count(*) FILTER (listens > $1) + 1 AS place, count(*) FILTER (listens = $1) AS sharing, count(*) AS of
FROM (SELECT count(*) AS listens FROM heard GROUP BY day)
"""
TOP_ARTISTS = """
SELECT artist_id, arg_max(artist, place) AS artist, count(*) AS listens, count(DISTINCT track_id) AS tracks
FROM own WHERE artist_id IS NOT NULL GROUP BY artist_id ORDER BY listens DESC, artist LIMIT $most
"""
_SESSIONS = """
SELECT session_at, count(*) AS listens, count(DISTINCT artist_id) AS artists, min(at_local) AS first_at,
    max(at_local) AS last_at, min(started_at) > session_at AS is_going_on,
    date_diff('minute', lag(max(started_at)) OVER (ORDER BY session_at), min(started_at)) AS gap_min
FROM own GROUP BY session_at ORDER BY session_at
"""
_PLAYS = """
SELECT started_at, at_local, session_at, own.track_id, own.track, own.artist_id, own.artist, own.album,
    CASE WHEN artist_n = 1 AND artists.first_day = day THEN 'artist'
        WHEN track_n = 1 AND tracks.first_day = day THEN 'track' END AS new
FROM (
    SELECT *, row_number() OVER (PARTITION BY artist_id, day ORDER BY place) AS artist_n,
        row_number() OVER (PARTITION BY track_id, day ORDER BY place) AS track_n FROM own
) AS own LEFT JOIN artists USING (artist_id) LEFT JOIN tracks ON tracks.track_id = own.track_id
ORDER BY place LIMIT $size OFFSET $first
"""
_NEW_ARTISTS = """
SELECT artist_id, artist, listens, last_day FROM artists WHERE first_day = $1 ORDER BY listens DESC, artist LIMIT $2
"""
_OTHER_YEARS = """
SELECT year(day) AS year, day, sum(n)::BIGINT AS listens, arg_max(artist_id, n) AS artist_id,
    arg_max(artist, n) AS artist, max(n) AS of_artist
FROM (
    SELECT day, artist_id, any_value(artist) AS artist, count(*) AS n FROM heard
    WHERE month(day) = $1 AND day(day) = $2 AND year(day) <> $3 GROUP BY day, artist_id ORDER BY artist
) GROUP BY day ORDER BY day DESC
"""
_BESIDE = "SELECT max(day) FILTER (day < $1) AS before, min(day) FILTER (day > $1) AS after FROM heard"
