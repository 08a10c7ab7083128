"""A session: listens with no long silence between them, in order."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from tonearm.documents.day import TOP_ARTISTS, in_order
from tonearm.documents.history import History
from tonearm.documents.things import Thing
from tonearm.errors import UnknownName

_TOP = 6


def session(history: History, at: datetime, page: int = 1) -> dict[str, Any]:
    """The session of the listen that started at an instant.

    ``totals`` with the local times of its first and last listen; ``rank`` among sessions, by listens; ``artists``
    heard most; ``plays`` (see :func:`day.in_order`); the session ``before`` and ``after`` with the silence between
    (``gap_min``), null where there is none. Raises UnknownName for an instant at which nothing started.
    """
    found = history.row("SELECT session_at FROM heard WHERE started_at = $1 LIMIT 1", at)
    if not found:
        raise UnknownName("session", at.isoformat(), (), hint=f"{history.listener} has no listen that started then")
    thing = Thing("session", "session_at = $session_at", found)
    totals = thing.rows(history, _TOTALS)[0]
    return {
        **found,
        "totals": totals,
        "rank": history.row(_RANK, totals["listens"]),
        "artists": thing.rows(history, TOP_ARTISTS, most=_TOP),
        "plays": in_order(history, thing, totals["listens"], page),
        "before": history.row(_BEFORE, totals["first_at"]),
        "after": history.row(_AFTER, totals["last_at"]),
    }


_TOTALS = """
SELECT count(*) AS listens, count(DISTINCT track_id) AS tracks, count(DISTINCT own.artist_id) AS artists,
    sum(own.heard_s) AS heard_s, count(own.heard_s) AS timed_listens,
    min(started_at) AS first_at, max(started_at) AS last_at,
    min(at_local) AS first_at_local, max(at_local) AS last_at_local,
    date_diff('minute', min(started_at), max(started_at)) AS span_min,
    count(DISTINCT own.artist_id) FILTER (artists.first_day = day) AS new_artists
FROM own LEFT JOIN artists USING (artist_id)
"""
_RANK = """
SELECT count(*) FILTER (listens > $1) + 1 AS place, count(*) FILTER (listens = $1) AS sharing, count(*) AS of
FROM (SELECT count(*) AS listens FROM heard GROUP BY session_at)
"""
_BEFORE = """
SELECT session_at, min(at_local) AS at_local, count(*) AS listens,
    date_diff('minute', max(started_at), $1::TIMESTAMPTZ) AS gap_min
FROM heard WHERE started_at < $1 GROUP BY session_at ORDER BY session_at DESC LIMIT 1
"""
_AFTER = """
SELECT session_at, min(at_local) AS at_local, count(*) AS listens,
    date_diff('minute', $1::TIMESTAMPTZ, min(started_at)) AS gap_min
FROM heard WHERE started_at > $1 GROUP BY session_at ORDER BY session_at LIMIT 1
"""
