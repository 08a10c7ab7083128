"""The first page: who this listener is in one sentence, what is new, what is back, and every day they listened."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from tonearm.documents.day import other_years
from tonearm.documents.ends import now_of
from tonearm.documents.history import DAYS, TOP_ARTISTS, History, Span
from tonearm.documents.periods import runs
from tonearm.read.ranges import months_later

NEW_WITHIN_D = 90
_FEW, _TOP = 6, 8
_KNOWN_LISTENS = 20
"""An artist heard as often, and not for a year, is worth going back to."""
_AWAY_D = 365
_ROUND = (1, 100, 1_000, 5_000, *range(10_000, 1_000_000, 10_000), *range(1_000_000, 100_000_000, 1_000_000))


def home(history: History, today: date) -> dict[str, Any]:
    """Everything on the first page but the newest listens, which are read where they are at once.

    ``as_of`` is the last day of a history that ``has_ended``, else ``today``; ``stray`` is what was played after its
    end; all other dates are local days, too.
    Without listens ``totals.listens`` is 0 and all lists are empty.
    """
    now = now_of(history, today)
    as_of = now.as_of
    days = [[row["day"], row["listens"]] for row in history.rows(DAYS)]
    return {
        "listener": history.listener,
        **vars(now),
        "totals": history.row(_TOTALS),
        "best": _best(history),
        "lately": [_lately(history, name, now, before) for name, now, before in _periods(as_of)],
        "streaks": _streaks([day for day, _ in days if day <= as_of], as_of),
        "milestones": _milestones(history),
        "on_this_day": [one for one in other_years(history, as_of) if one["day"] < as_of],
        "discovered": history.rows(_DISCOVERED, as_of - timedelta(days=NEW_WITHIN_D), _TOP),
        "rediscover": history.rows(_REDISCOVER, as_of - timedelta(days=_AWAY_D), _KNOWN_LISTENS, _TOP),
        "days": days,
    }


def _best(history: History) -> dict[str, Any]:
    """The most heard of all time."""
    return {
        name: history.rows(f"SELECT * FROM {name} ORDER BY listens DESC, artist, {name[:-1]} LIMIT {_FEW}")
        for name in ("artists", "albums", "tracks")
    }


def _periods(as_of: date) -> list[tuple[str, Span, Span]]:
    """The seven days and the calendar month up to a day, each with as many days of the one before."""
    after = as_of + timedelta(days=1)
    week = Span(as_of - timedelta(days=6), after)
    month = as_of.replace(day=1)
    before = months_later(month, -1)
    return [
        ("week", week, Span(week.first - timedelta(days=7), week.first)),
        ("month", Span(month, after), Span(before, min(before + (after - month), month))),
    ]


def _lately(history: History, name: str, now: Span, before: Span) -> dict[str, Any]:
    """What was heard in a period, and how much in as many days of the one before."""
    return {
        "period": name,
        "first": now.first,
        "last": now.last,
        **(history.row(_SUMS, now.first, now.after) or {}),
        "before": (history.row(_SUMS, before.first, before.after) or {}).get("listens", 0),
        "artists": history.rows(TOP_ARTISTS, now.first, now.after, _FEW),
    }


def _streaks(days: list[date], as_of: date) -> dict[str, Any]:
    """The longest run of days with a listen, and the one that is still going; ``current`` is null where none is."""
    # Nothing heard yet today does not end it.
    is_going = bool(days) and (as_of - days[-1]).days <= 1
    return {"longest": longest_run(days), "current": _run(runs(days)[-1]) if is_going else None}


def longest_run(days: list[date]) -> dict[str, Any] | None:
    """The ``first`` and ``last`` of the most ``days`` in a row, the earlier of equal ones; null without days."""
    longest = max(runs(days), key=lambda run: run.days, default=None)
    return _run(longest) if longest else None


def _run(span: Span) -> dict[str, Any]:
    return {"first": span.first, "last": span.last, "days": span.days}


def _milestones(history: History) -> list[dict[str, Any]]:
    """The listens whose number is round, newest first."""
    wanted = [number for number in _ROUND if number <= history.listens]
    return history.rows(_NUMBERED, wanted)


_TOTALS = """
SELECT count(*) AS listens, sum(heard_s) / 60 AS minutes, count(heard_s) AS timed_listens,
    count(DISTINCT track_id) AS tracks, count(DISTINCT artist_id) AS artists,
    count(DISTINCT (album_artist_id, album)) FILTER (album IS NOT NULL) AS albums, count(DISTINCT day) AS days,
    min(day) AS first_day, max(day) AS last_day
FROM heard
"""
_SUMS = """
SELECT count(*) AS listens, count(DISTINCT artist_id) AS artists_heard, count(DISTINCT track_id) AS tracks_heard
FROM heard WHERE day >= $1 AND day < $2
"""
_NUMBERED = """
SELECT number, day, track_id, track, artist_id, artist FROM (
    SELECT row_number() OVER (ORDER BY started_at, listen_id) AS number, * FROM heard
) WHERE number IN (SELECT unnest($1::BIGINT[])) ORDER BY number DESC
"""
_DISCOVERED = """
SELECT artist_id, artist, listens, tracks, first_day FROM artists WHERE first_day > $1
ORDER BY listens DESC, first_day DESC, artist LIMIT $2
"""
_REDISCOVER = """
SELECT artist_id, artist, listens, tracks, first_day, last_day FROM artists WHERE last_day < $1 AND listens >= $2
ORDER BY listens DESC, artist LIMIT $3
"""
