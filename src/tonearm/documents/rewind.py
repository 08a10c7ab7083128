"""A year, season, month or week as a story: what was most, what was new, when it was, and what was unlike other times.

Everything is counted, nothing is estimated; the one highlight that is a finding, that of a week, comes from
:mod:`tonearm.documents.weekly`.
"""

from __future__ import annotations

from datetime import date
from statistics import median
from typing import Any

from tonearm.documents.ends import now_of
from tonearm.documents.history import History, Span
from tonearm.documents.home import longest_run
from tonearm.documents.periods import Period, Unit, containing, on_calendar
from tonearm.documents.weekly import weekly
from tonearm.errors import UnknownName

KINDS: tuple[Unit, ...] = ("year", "season", "month", "week")
_TOP = 5
KEPT_AFTER_D, KEPT_LISTENS = 30, 5
"""An artist was kept who was heard as often, and again so many days after the first time."""
_KNOWN_D = 180
"""So long a history began before a period whose new artists are really new."""
_FEWEST_TO_COMPARE, _FEWEST_LISTENS, _PLACES = 4, 20, 3


def period_of(name: str) -> Period:
    """The year, season, month or week of that name; raises UnknownName."""
    try:
        return on_calendar(name)
    except ValueError:
        raise UnknownName("period", name, [], hint="write it as 2019, 2019-summer, 2019-03 or 2019-W10") from None


def rewind(history: History, today: date, name: str, persona: dict[str, Any] | None = None) -> dict[str, Any]:
    """The story of the period ``name``; without a name that of the last complete year that has listens.

    ``persona`` is the listener's row of ``behavioral_segments``, which is about their latest months; it is left out of
    a period that is over before these. A part without an answer is null or empty. Raises UnknownName for a name that
    is not one of a period; a period without listens has ``totals.listens`` 0.
    """
    as_of = min(history.last_day or today, today)
    now = now_of(history, today)
    period = period_of(name) if name else _last_complete_year(history, now.as_of)
    span = period.span
    totals = history.row(_TOTALS, span.first, span.after) or {}
    found = {
        "listener": history.listener,
        "period": _described(period),
        "is_over": span.after <= as_of or now.has_ended,
        "choices": _choices(history, period),
        "totals": totals,
    }
    return found | _story(history, period, span, as_of, persona) if totals["listens"] else found


def _last_complete_year(history: History, today: date) -> Period:
    years = [row["start"] for row in history.rows(_YEARS)]
    complete = [first for first in years if first.year < today.year]
    return containing("year", max(complete or years, default=today))


def _described(period: Period) -> dict[str, Any]:
    return {"name": period.name, "kind": period.unit, "first": period.span.first, "last": period.span.last}


def _choices(history: History, period: Period) -> dict[str, list[dict[str, Any]]]:
    """All years with listens, and the seasons, months and weeks of the year that is shown."""
    year = _year_of(period)
    found: dict[str, list[dict[str, Any]]] = {kind: [] for kind in KINDS}
    for row in history.rows(_COUNTED):
        one = containing(row["kind"], row["start"])
        if one.unit == "year" or _year_of(one) == year:
            found[one.unit].append({"name": one.name, "first": one.span.first, "listens": row["listens"]})
    return found


def _year_of(period: Period) -> int:
    first = period.span.first
    return first.isocalendar().year if period.unit == "week" else first.year


def _story(history: History, period: Period, span: Span, as_of: date, persona: dict[str, Any] | None) -> dict[str, Any]:
    within = (span.first, span.after)
    days = [(row["day"], row["listens"]) for row in history.rows(_DAYS, *within)]
    card = weekly(history, as_of, span.first) if period.unit == "week" else None
    since = (history.row(_LATEST_MONTHS) or {}).get("since")
    return {
        "before": _before(history, period),
        "artists": history.rows(_ARTISTS, *within, _TOP),
        "tracks": history.rows(_TRACKS, *within, _TOP),
        "albums": history.rows(_ALBUMS, *within, _TOP),
        "discoveries": _discoveries(history, span, as_of),
        "hours": _hours(history, span),
        "days": days,
        "busiest": _busiest(history, days),
        "streak": longest_run([day for day, _ in days]),
        "age": _age(history, span),
        "persona": persona if persona and since and span.after > since else None,
        # A week's highlight has passed a test, which a mere record has not.
        "surprise": None if card and card["highlight"] else _surprise(history, period),
        "weekly": card,
    }


def _before(history: History, period: Period) -> dict[str, Any] | None:
    """What was heard in the period before; null where the history does not reach all of it."""
    before = period.moved(-1)
    if history.first_day is None or history.first_day > before.span.first:
        return None
    return {"name": before.name, **(history.row(_TOTALS, before.span.first, before.span.after) or {})}


def _discoveries(history: History, span: Span, as_of: date) -> dict[str, Any]:
    """Artists first heard in the period. Of the first half year of a history all are new, and none says anything."""
    assert history.first_day is not None
    counts = history.row(_NEW, span.first, span.after, KEPT_AFTER_D, KEPT_LISTENS) or {}
    return {
        **counts,
        "is_beginning": (span.first - history.first_day).days < _KNOWN_D,
        "is_too_soon": (as_of - span.after).days < KEPT_AFTER_D,
        "artists": history.rows(_NEWEST, span.first, span.after, KEPT_AFTER_D, KEPT_LISTENS, _TOP),
    }


def _hours(history: History, span: Span) -> list[int]:
    """Listens of each local hour, 0 to 23."""
    counted = {row["hour"]: row["listens"] for row in history.rows(_HOURS, span.first, span.after)}
    return [counted.get(hour, 0) for hour in range(24)]


def _busiest(history: History, days: list[tuple[date, int]]) -> dict[str, Any]:
    """The day with most listens, the first of several, and the artist of most of them."""
    day, listens = max(days, key=lambda one: one[1])
    return {"day": day, "listens": listens, **(history.row(_OF_DAY, day) or {})}


def _age(history: History, span: Span) -> dict[str, Any] | None:
    """How long before each listen its artist was first heard: median in days, and listens by that first year.

    Null where the history is too young for an answer: nothing in it can be older than the history.
    """
    assert history.first_day is not None
    if (span.after - history.first_day).days < 2 * _KNOWN_D:
        return None
    return {
        **(history.row(_AGE, span.first, span.after) or {}),
        "years": [[row["year"], row["listens"]] for row in history.rows(_FIRST_YEARS, span.first, span.after)],
        "oldest": history.row(_OLDEST, span.first, span.after, KEPT_LISTENS),
    }


def _surprise(history: History, period: Period) -> dict[str, Any] | None:
    """What sets this period apart from all others of its kind: the measure in which it lies farthest from their median.

    Distance is in robust standard deviations (1.4826 × the median absolute deviation: Rousseeuw & Croux 1993). Only a
    place among the first three counts, so the sentence is true whatever the distribution. Null where there are fewer
    than four to compare, or nothing is that far out.
    """
    periods = history.rows(_MEASURED[period.unit], _FEWEST_LISTENS)
    mine = next((row for row in periods if row["start"] == period.span.first), None)
    if mine is None or len(periods) < _FEWEST_TO_COMPARE:
        return None
    placed = [_placed(measure, mine, periods) for measure in _MEASURES]
    best = max((one for one in placed if one), key=lambda one: one["distance"], default=None)
    return best and best | {"compared": len(_MEASURES)} | _subject(history, best["measure"], period)


def _placed(measure: str, mine: dict[str, Any], periods: list[dict[str, Any]]) -> dict[str, Any] | None:
    """Where this period stands in one measure; null where it is not among the first three from the top or bottom."""
    value, others = mine[measure], [row[measure] for row in periods if row is not mine and row[measure] is not None]
    if value is None or len(others) + 1 < _FEWEST_TO_COMPARE:
        return None
    typical = median(others)
    spread = 1.4826 * median(abs(other - typical) for other in others)
    is_highest = value > typical
    place = 1 + sum(other >= value if is_highest else other <= value for other in others)
    # Few listens are no feat in a period that is not over, and not in others.
    if not spread or place > min(_PLACES, len(others) // 3 + 1) or not (is_highest or measure.endswith("_pct")):
        return None
    return {
        **{"measure": measure, "value": value, "typical": typical, "is_highest": is_highest},
        **{"place": place, "of": len(others) + 1, "distance": abs(value - typical) / spread},
    }


def _subject(history: History, measure: str, period: Period) -> dict[str, Any]:
    """The artist or track behind a measure."""
    if measure in _SUBJECTS:
        return history.row(_SUBJECTS[measure], period.span.first, period.span.after) or {}
    return {}


_START = {
    "year": "date_trunc('year', day)",
    "season": "date_trunc('quarter', day + INTERVAL 1 MONTH) - INTERVAL 1 MONTH",
    "month": "date_trunc('month', day)",
    "week": "date_trunc('week', day)",
}
"""The first day of the period of a day."""
_YEARS = "SELECT DISTINCT date_trunc('year', day)::DATE AS start FROM heard"
_COUNTED = (
    "WITH days AS (SELECT day, count(*) AS listens FROM heard GROUP BY day) "
    + " UNION ALL ".join(
        f"SELECT '{kind}' AS kind, ({start})::DATE AS start, sum(listens)::BIGINT AS listens FROM days GROUP BY start"
        for kind, start in _START.items()
    )
    + " ORDER BY start"
)
_WITHIN = "day >= $1 AND day < $2"
_TOTALS = f"""
SELECT count(*) AS listens, sum(heard_s) AS heard_s, count(heard_s) AS timed_listens,
    count(DISTINCT track_id) AS tracks, count(DISTINCT artist_id) AS artists, count(DISTINCT day) AS days
FROM heard WHERE {_WITHIN}
"""
_ARTISTS = f"""
SELECT artist_id, arg_max(artist, started_at) AS artist, count(*) AS listens, count(DISTINCT day) AS days
FROM heard WHERE {_WITHIN} AND artist_id IS NOT NULL GROUP BY artist_id ORDER BY listens DESC, artist LIMIT $3
"""
_TRACKS = f"""
SELECT track_id, arg_max(track, started_at) AS track, any_value(artist_id) AS artist_id,
    arg_max(artist, started_at) AS artist, count(*) AS listens
FROM heard WHERE {_WITHIN} GROUP BY track_id ORDER BY listens DESC, track LIMIT $3
"""
_ALBUMS = f"""
SELECT album_artist_id, album, albums.artist_id, albums.artist, counted.* EXCLUDE (album_artist_id, album)
FROM (
    SELECT album_artist_id, album, count(*) AS listens, count(DISTINCT track_id) AS tracks,
        count(DISTINCT day) AS days
    FROM heard WHERE {_WITHIN} AND album IS NOT NULL GROUP BY album_artist_id, album
) AS counted JOIN albums USING (album_artist_id, album)
ORDER BY counted.listens DESC, album LIMIT $3
"""
_IS_KEPT = "last_day - first_day >= $3 AND listens >= $4"
_NEW = f"""
SELECT count(*) AS new, count(*) FILTER ({_IS_KEPT}) AS kept FROM artists WHERE first_day >= $1 AND first_day < $2
"""
_NEWEST = f"""
SELECT artists.artist_id, any_value(artists.artist) AS artist, any_value(first_day) AS first_day, count(*) AS listens,
    any_value({_IS_KEPT.replace("listens", "artists.listens")}) AS is_kept
FROM heard JOIN artists USING (artist_id) WHERE {_WITHIN} AND first_day >= $1
GROUP BY artists.artist_id ORDER BY is_kept DESC, listens DESC, artist LIMIT $5
"""
_HOURS = f"SELECT hour, count(*) AS listens FROM heard WHERE {_WITHIN} GROUP BY hour"
_DAYS = f"SELECT day, count(*) AS listens FROM heard WHERE {_WITHIN} GROUP BY day ORDER BY day"
_OF_DAY = """
SELECT artist_id, any_value(artist) AS artist, count(*) AS of_artist FROM heard
WHERE day = $1 AND artist_id IS NOT NULL GROUP BY artist_id ORDER BY of_artist DESC, artist LIMIT 1
"""
_AGE = f"""
SELECT quantile_cont(day - first_day, 0.5) AS median_d,
    100.0 * count(*) FILTER (first_day >= $1) / count(*) AS new_pct
FROM heard JOIN artists USING (artist_id) WHERE {_WITHIN}
"""
_FIRST_YEARS = f"""
SELECT year(first_day) AS year, count(*) AS listens FROM heard JOIN artists USING (artist_id)
WHERE {_WITHIN} GROUP BY year ORDER BY year
"""
_OLDEST = f"""
SELECT artists.artist_id, any_value(artists.artist) AS artist, any_value(first_day) AS first_day, count(*) AS listens
FROM heard JOIN artists USING (artist_id) WHERE {_WITHIN}
GROUP BY artists.artist_id HAVING count(*) >= $3 ORDER BY first_day, listens DESC LIMIT 1
"""
_LATEST_MONTHS = """
SELECT min(month) AS since FROM (
    SELECT date_trunc('month', day)::DATE AS month FROM heard GROUP BY month HAVING count(*) >= 50
    ORDER BY month DESC LIMIT 25)
"""
"""Since when ``behavioral_segments`` looks: 24 months, and one that may not be over."""
_MEASURES = ("listens", "artists", "night_pct", "weekend_pct", "new_pct", "top_pct", "repeats", "away_d")
_MEASURED = {
    kind: f"""
WITH of_day AS (
    SELECT artist_id, day, count(*) AS listens, count(*) FILTER (hour < 5) AS at_night
    FROM heard GROUP BY artist_id, day
),
after AS (
    SELECT ({start})::DATE AS start, *, day - lag(day) OVER (PARTITION BY artist_id ORDER BY day) AS away_d FROM of_day
),
of_artist AS (
    SELECT start, artist_id, sum(listens)::BIGINT AS listens, sum(at_night) AS at_night,
        sum(listens) FILTER (isodow(day) >= 6) AS at_weekends, max(away_d) AS away_d,
        bool_or(away_d IS NULL) AND artist_id IS NOT NULL AS is_new
    FROM after GROUP BY start, artist_id
),
by_artist AS (
    SELECT start, sum(listens)::BIGINT AS listens, count(artist_id) AS artists,
        100.0 * sum(at_night) / sum(listens) AS night_pct,
        100.0 * coalesce(sum(at_weekends), 0) / sum(listens) AS weekend_pct,
        100.0 * max(listens) FILTER (artist_id IS NOT NULL) / sum(listens) AS top_pct,
        max(away_d) FILTER (listens >= {KEPT_LISTENS} AND artist_id IS NOT NULL) AS away_d,
        CASE WHEN start - (SELECT min(day) FROM heard) >= {_KNOWN_D}
            THEN 100.0 * coalesce(sum(listens) FILTER (is_new), 0) / sum(listens) END AS new_pct
    FROM of_artist GROUP BY start HAVING sum(listens) >= $1
),
by_track AS (
    SELECT ({start})::DATE AS start, max(listens) AS repeats
    FROM (SELECT day, count(*) AS listens FROM heard GROUP BY day, track_id) GROUP BY start
)
SELECT * FROM by_artist JOIN by_track USING (start)
"""
    for kind, start in _START.items()
}
_SUBJECTS = {
    "top_pct": f"""
SELECT artist_id, any_value(artist) AS artist, count(*) AS listens
FROM heard WHERE {_WITHIN} AND artist_id IS NOT NULL GROUP BY artist_id ORDER BY listens DESC, artist LIMIT 1
""",
    "repeats": f"""
SELECT track_id, any_value(track) AS track, any_value(artist_id) AS artist_id, any_value(artist) AS artist, day,
    count(*) AS listens
FROM heard WHERE {_WITHIN} GROUP BY track_id, day ORDER BY listens DESC, day LIMIT 1
""",
    "away_d": f"""
SELECT artist_id, any_value(artist) AS artist, arg_max(day, away_d) AS day, max(away_d) AS away_d, count(*) AS listens
FROM (SELECT *, day - lag(day) OVER (PARTITION BY artist_id ORDER BY started_at) AS away_d FROM heard)
WHERE {_WITHIN} AND artist_id IS NOT NULL GROUP BY artist_id HAVING count(*) >= {KEPT_LISTENS}
ORDER BY away_d DESC NULLS LAST LIMIT 1
""",
}
