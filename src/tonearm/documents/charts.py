"""Charts: what was heard most in a period and how that moved, when it was heard, and what was new."""

from __future__ import annotations

from datetime import date
from typing import Any, Literal

from tonearm.documents.ends import now_of
from tonearm.documents.history import History, Span
from tonearm.documents.periods import CALENDAR, Period, between, containing, named
from tonearm.errors import UnknownName

Kind = Literal["artists", "albums", "tracks", "genres"]
PAGE = 25
_GENRES = 12
_STEPS: tuple[tuple[str, int], ...] = (("day", 62), ("week", 400), ("month", 25 * 366))
"""The steps that a curve has in a period of at most as many days; years in longer ones."""


def charts(
    history: History,
    today: date,
    kind: Kind = "artists",
    name: str = "all",
    first: date | None = None,
    last: date | None = None,
    genre: str | None = None,
    page: int = 1,
) -> dict[str, Any]:
    """One page of a ranking and the totals, curve, clock and discoveries of its period.

    The period is the one with this ``name`` (see :data:`periods.NAMED`) or, where ``first`` or ``last`` is given, those
    days. One that has not ended is counted until its last day, and compared with as many days of the one before;
    ``before`` is null where there is none, or the history begins later. In ``ranking.rows``, ``before`` is the rank in
    the period before, null where it was not heard in it, and ``is_new`` says that it was never heard before this
    period; equal listens have equal ranks. A ``page`` past the end is the last one.
    Without listens ``totals.listens`` is 0. Raises UnknownName for a genre that the history does not have, UsageError
    for days that end before they begin.
    """
    ended = now_of(history, today)
    end, oldest = ended.as_of, history.first_day or ended.as_of
    newest = max(end, history.last_day or end)
    is_free = first is not None or last is not None
    period = (
        between(first or min(oldest, last or end), last or end, end)
        if is_free
        else named(name, oldest, newest if name == "all" else end)
    )
    if genre is not None and not history.rows("SELECT 1 FROM heard WHERE genre = $1 LIMIT 1", genre):
        raise UnknownName("genre", genre, [row["genre"] for row in history.rows(_ALL_GENRES)])
    now = period.until(end if period.unit in CALENDAR else newest)
    before = period.before(now) if period.unit != "all" and period.span.first > oldest else None
    totals = _totals(history, now, genre)
    return {
        "kind": kind,
        "genre": genre,
        **vars(ended),
        "history": {"first": history.first_day, "last": history.last_day},
        "period": _described(period, now, oldest, end),
        "totals": totals,
        "before": _before(history, before, genre),
        "ranking": _ranking(history, kind, now, before, genre, page, totals),
        "over_time": _over_time(history, now, genre),
        "clock": history.rows(_CLOCK, now.first, now.after, genre),
        "genres": history.rows(_IN_GENRES, now.first, now.after, _GENRES),
        "genre_listens": history.row(_WITH_GENRE, now.first, now.after),
    }


def _described(period: Period, now: Span, oldest: date, end: date) -> dict[str, Any]:
    """The period, its neighbours where there are listens to expect, and the week, month and year to change to."""
    earlier, later = period.moved(-1), period.moved(1)
    has_steps = period.unit != "all"
    return {
        "unit": period.unit,
        "first": period.span.first,
        "last": period.span.last,
        "counted_until": now.last,
        "is_going": now != period.span,
        "address": period.address,
        "earlier": _step(earlier) if has_steps and period.span.first > oldest else None,
        "later": _step(later) if has_steps and period.span.after <= end else None,
        "others": {unit: containing(unit, max(oldest, min(period.span.last, end))).address for unit in CALENDAR},
    }


def _step(period: Period) -> dict[str, Any]:
    return {"unit": period.unit, "first": period.span.first, "last": period.span.last, "address": period.address}


def _totals(history: History, span: Span, genre: str | None) -> dict[str, Any]:
    return history.row(_TOTALS, span.first, span.after, genre) or {}


def _before(history: History, span: Span | None, genre: str | None) -> dict[str, Any] | None:
    """The totals to compare with; ``is_partial`` where the history begins within these days."""
    if span is None or history.first_day is None:
        return None
    is_partial = span.first < history.first_day
    return {
        "first": span.first,
        "last": span.last,
        "is_partial": is_partial,
        **_totals(history, span, genre),
    }


def _ranking(
    history: History, kind: Kind, now: Span, before: Span | None, genre: str | None, page: int, totals: dict[str, Any]
) -> dict[str, Any]:
    """A page of the ranking; ``share`` is of the ``listens`` that name one of these, ``most`` what the first has."""
    pages = max(1, -(-totals[kind] // PAGE))
    page = min(page, pages)
    past = before or Span(now.first, now.first)
    rows = history.rows(_RANKING[kind], now.first, now.after, past.first, past.after, genre, PAGE, (page - 1) * PAGE)
    listens = totals[f"{kind[:-1]}_listens"]
    return {
        "of": totals[kind],
        "page": page,
        "pages": pages,
        "listens": listens,
        "has_movement": before is not None,
        "most": rows[0]["most"] if rows else 0,
        "rows": [{**row, "share": row["listens"] / listens} for row in rows],
    }


def _over_time(history: History, span: Span, genre: str | None) -> dict[str, Any]:
    """Every step of the curve with its listens, how many of them were of artists ``known`` before it, and how many of
    the period's artists and tracks were first heard in it."""
    step = next((name for name, days in _STEPS if span.days <= days), "year")
    return {"step": step, "rows": history.rows(_OVER_TIME.format(step=step), span.first, span.after, genre)}


_WITHIN = "day >= $1 AND day < $2 AND ($3::VARCHAR IS NULL OR genre = $3)"
# Artists and tracks are counted where they are one row each: distinct values take the engine twice as long.
_TOTALS = f"""
WITH within AS (SELECT day, artist_id, track_id, album_artist_id, album, genre, heard_s FROM heard WHERE {_WITHIN}),
plays AS (
    SELECT count(*) AS listens, sum(heard_s) AS heard_s, count(heard_s) AS timed_listens, count(DISTINCT day) AS days,
        count(artist_id) AS artist_listens, count(track_id) AS track_listens, count(album) AS album_listens,
        count(genre) AS genre_listens, count(DISTINCT genre) AS genres FROM within
), of_artists AS (
    SELECT count(*) AS artists, count(*) FILTER (first_day >= $1) AS new_artists
    FROM artists SEMI JOIN within USING (artist_id)
), of_tracks AS (
    SELECT count(*) AS tracks, count(*) FILTER (first_day >= $1) AS new_tracks
    FROM tracks SEMI JOIN within USING (track_id)
), of_albums AS (
    SELECT count(*) AS albums FROM (SELECT 1 FROM within WHERE album IS NOT NULL GROUP BY album_artist_id, album)
)
SELECT * FROM plays, of_artists, of_tracks, of_albums
"""
_CLOCK = f"SELECT weekday, hour, count(*) AS listens FROM heard WHERE {_WITHIN} GROUP BY ALL ORDER BY weekday, hour"
_ALL_GENRES = "SELECT DISTINCT genre FROM heard WHERE genre IS NOT NULL ORDER BY genre"
_IN_GENRES = """
SELECT genre, count(*) AS listens FROM heard WHERE day >= $1 AND day < $2 AND genre IS NOT NULL
GROUP BY genre ORDER BY listens DESC, genre LIMIT $3
"""
_WITH_GENRE = 'SELECT count(genre) AS listens, count(*) AS "of" FROM heard WHERE day >= $1 AND day < $2'
_OVER_TIME = f"""
WITH within AS (SELECT date_trunc('{{step}}', day)::DATE AS first, artist_id, track_id FROM heard WHERE {_WITHIN}),
steps AS (
    SELECT unnest(generate_series(date_trunc('{{step}}', $1::DATE)::TIMESTAMP, $2::TIMESTAMP - INTERVAL 1 DAY,
        INTERVAL 1 {{step}}))::DATE AS first
), counted AS (
    SELECT first, count(*) AS listens, count(*) FILTER (first_day < first) AS known
    FROM within LEFT JOIN artists USING (artist_id) GROUP BY first
), met AS (
    SELECT date_trunc('{{step}}', first_day)::DATE AS first, count(*) AS new_artists
    FROM artists SEMI JOIN within USING (artist_id) WHERE first_day >= $1 GROUP BY 1
), heard_first AS (
    SELECT date_trunc('{{step}}', first_day)::DATE AS first, count(*) AS new_tracks
    FROM tracks SEMI JOIN within USING (track_id) WHERE first_day >= $1 GROUP BY 1
)
SELECT first, coalesce(counted.listens, 0) AS listens, coalesce(known, 0) AS known,
    coalesce(new_artists, 0) AS new_artists, coalesce(new_tracks, 0) AS new_tracks
FROM steps LEFT JOIN counted USING (first) LEFT JOIN met USING (first) LEFT JOIN heard_first USING (first)
ORDER BY first
"""


def _ranking_sql(keys: str, names: str, name: str, since: str, more: str = "") -> str:
    """``since`` is a relation with the ``keys``, their ``first_day`` in the whole history, and ``more`` of them."""
    is_named = " AND ".join(f"{key.strip()} IS NOT NULL" for key in keys.split(","))
    of_genre = "($5::VARCHAR IS NULL OR genre = $5)"
    return f"""
    WITH ranked AS (
        SELECT {names}, count(*) AS listens, rank() OVER (ORDER BY count(*) DESC) AS rank,
            max(count(*)) OVER () AS most FROM heard
        WHERE day >= $1 AND day < $2 AND {is_named} AND {of_genre} GROUP BY {keys}
        ORDER BY listens DESC, {name}, {keys} LIMIT $6 OFFSET $7
    ), earlier AS (
        SELECT {keys}, rank() OVER (ORDER BY count(*) DESC) AS before FROM heard
        WHERE day >= $3 AND day < $4 AND {is_named} AND {of_genre} GROUP BY {keys}
    )
    SELECT ranked.*, {more} before, since.first_day >= $1 AS is_new
    FROM ranked LEFT JOIN earlier USING ({keys}) LEFT JOIN {since} AS since USING ({keys})
    ORDER BY rank, ranked.{name}, {keys}
    """


_BY = "arg_max(artist, started_at) AS artist"
_RANKING: dict[Kind, str] = {
    "artists": _ranking_sql("artist_id", f"artist_id, {_BY}", "artist", "artists"),
    "albums": _ranking_sql(
        "album_artist_id, album", "album_artist_id, album", "album", "albums", "since.artist_id, since.artist,"
    ),
    "tracks": _ranking_sql(
        "track_id",
        f"track_id, arg_max(track, started_at) AS track, any_value(artist_id) AS artist_id, {_BY}",
        "track",
        "tracks",
        "since.album,",
    ),
    "genres": _ranking_sql(
        "genre",
        "genre, count(DISTINCT artist_id) AS artists",
        "genre",
        "(SELECT genre, min(day) AS first_day FROM heard GROUP BY genre)",
    ),
}
