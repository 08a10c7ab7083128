"""A week on one card, with a highlight that has passed a test: an artist heard more than the weeks before explain.

**Statistic.** Of the ``m`` days of the week and the up to 182 days before it: an artist has ``C`` of all ``T`` listens,
and ``k`` of the ``N`` in the week. With ``q = k/N`` and ``p = C/T``, and where ``q > p``,

    G = N · [q ln(q/p) + (1 − q) ln((1 − q)/(1 − p))]

is the log-likelihood ratio of a share of its own in the week against the same share throughout, as in the scan
statistic of Kulldorff (1997, *Commun. Stat. Theory Methods* 26:1481). Of an artist's listens on one day two count: the
others of an album, or of an evening, follow from the first, and would drown an artist who came back day after day. G is
0 for an artist with fewer than 5 listens in the week, or heard on a single day of it: an evening with one album is no
week. Artists are those with 5 listens in all these days; the statistic of the week is the largest G.

**Nulls.** A highlight must be unlikely under both of two ideas of nothing special, each at 4 %, so that the error is
at most that, whichever of them holds (intersection–union test; Berger 1982, *Technometrics* 24:295):

1. *Any days could have been this week's.* 999 times, ``m`` of the days are drawn instead and the largest G of all
   artists is taken: the maximum corrects for all artists tried (Westfall & Young 1993), and whole days keep what makes
   counts overdispersed, since listens come in albums and sessions. ``p = (1 + #{draws ≥ G}) / 1000`` (Phipson & Smyth
   2010, *Stat. Appl. Genet. Mol. Biol.* 9:39).
2. *Any listens could have been this week's,* in days as busy as they were. ``P(K ≥ k) ≤ exp(−G)`` for draws without
   replacement (Hoeffding 1963, *JASA* 58:13, sections 2 and 6), with all listens in this G, times the number of artists
   (Bonferroni). Without this, a busy week after quiet ones would count as a finding about artists.

``benchmarks/weekly.py`` and the tests measure both rates on simulated histories.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from tonearm.documents.ends import now_of
from tonearm.documents.history import TOP_ARTISTS, History
from tonearm.documents.periods import containing

if TYPE_CHECKING:
    import numpy as np

ALPHA = 0.04
"""Below 5 %, so that the rate seen in a history of some hundred weeks seldom exceeds that by chance."""
COMPARED_D = 182
_FEWEST_D = 28
"""So many days before a week say what is usual."""
_FEWEST_LISTENS, _FEWEST_DAYS = 5, 2
_MOST_A_DAY = 2
"""Listens of an artist that count on one day. In simulations 1 finds fewer planted changes, 4 and more miss those of
listeners who play whole albums."""
_DRAWS = 999
_TOP = 5


def weekly(history: History, as_of: date, monday: date | None = None) -> dict[str, Any]:
    """The week that begins with ``monday``; without one, the last that is over by the end of ``as_of``.

    Of a history that ``has_ended`` it is the last week with regular listening. Days after ``as_of`` have not come yet
    and count for nothing. ``usual`` is the mean number of listens of as many days in the half year before; null where
    that has fewer than 28 days. ``highlight`` is null where nothing stands out, and ``why_not`` then says why:
    ``no_plays``, ``too_new`` or ``nothing_unusual``.
    """
    now = now_of(history, as_of)
    if now.has_ended and monday is None:
        monday = now.as_of - timedelta(days=now.as_of.weekday())
    if monday is None:
        monday = as_of - timedelta(days=as_of.weekday() + (0 if as_of.weekday() == 6 else 7))
    week = containing("week", monday)
    after = min(week.span.after, max(as_of, monday) + timedelta(days=1))
    since = max(monday - timedelta(days=COMPARED_D), history.first_day or monday)
    listens = (history.row(_TOTAL, monday, after) or {})["listens"]
    before = (history.row(_TOTAL, since, monday) or {})["listens"]
    days_before = max((monday - since).days, 0)
    is_known = days_before >= _FEWEST_D
    highlight = _highlight(history, since, monday, after) if is_known and listens else None
    return {
        **{"week": week.name, "first": monday, "last": week.span.last},
        "is_over": after == week.span.after,
        "has_ended": now.has_ended,
        "listens": listens,
        "usual": before * (after - monday).days / days_before if is_known else None,
        "artists": history.rows(TOP_ARTISTS, monday, after, _TOP),
        "days": _days(history, monday, after),
        "highlight": highlight,
        "why_not": None if highlight else _why_not(listens, is_known),
        "days_compared": days_before,
    }


def _why_not(listens: int, is_known: bool) -> str:
    if not listens:
        return "no_plays"
    return "nothing_unusual" if is_known else "too_new"


def _days(history: History, monday: date, after: date) -> list[int]:
    """Listens of each day that has come."""
    counted = {row["day"]: row["listens"] for row in history.rows(_BY_DAY, monday, after)}
    return [counted.get(monday + timedelta(days=day), 0) for day in range((after - monday).days)]


def _highlight(history: History, since: date, monday: date, after: date) -> dict[str, Any] | None:
    """The artist who stands out, with how many listens the days before would have led one to expect; null for none."""
    import numpy as np

    rows = history.rows(_BY_ARTIST_AND_DAY, since, after, _FEWEST_LISTENS)
    artists = sorted({row["artist_id"] for row in rows if row["artist_id"] is not None})
    if not artists:
        return None
    place = {artist: column for column, artist in enumerate(artists)}
    counts, totals = np.zeros(((after - since).days, len(artists))), np.zeros((after - since).days)
    for row in rows:
        if row["artist_id"] is None:
            totals[row["number"]] = row["listens"]
        else:
            counts[row["number"], place[row["artist_id"]]] = row["listens"]
    found = stands_out(counts, totals, (after - monday).days, np.random.default_rng(monday.toordinal()))
    if found is None:
        return None
    return found | (history.row(_OF_ARTIST, monday, after, artists[found.pop("column")]) or {})


def stands_out(
    counts: np.ndarray, totals: np.ndarray, week_d: int, random: np.random.Generator
) -> dict[str, Any] | None:
    """The artist whose share of the last ``week_d`` days passes both tests of the module; null for none.

    ``counts`` has the listens of each day (rows, by date) and artist (columns), ``totals`` those of each day by all
    artists, of whom the columns may be a part.
    """
    import numpy as np

    is_week = np.zeros((1, len(totals)))
    is_week[0, -week_d:] = 1
    few = np.minimum(counts, _MOST_A_DAY)
    few_totals = totals - (counts - few).sum(axis=1)
    ratios = np.where(_are_heard(is_week, counts), _ratios(is_week, few, few_totals), 0.0)[0]
    column = int(np.argmax(ratios))
    p_plays = min(1.0, counts.shape[1] * float(np.exp(-_ratios(is_week, counts[:, [column]], totals)[0, 0])))
    if p_plays > ALPHA:
        return None
    drawn = random.random((_DRAWS, len(totals))).argpartition(week_d, axis=1)[:, :week_d]
    draws = np.zeros((_DRAWS, len(totals)))
    np.put_along_axis(draws, drawn, 1, axis=1)
    drawn_ratios = np.where(_are_heard(draws, counts), _ratios(draws, few, few_totals), 0.0)
    as_far = int((drawn_ratios.max(axis=1) >= ratios[column]).sum())
    p_days = (1 + as_far) / (1 + _DRAWS)
    if p_days > ALPHA:
        return None
    before, listened = counts[:-week_d, column].sum(), totals[-week_d:].sum()
    expected = listened * before / max(totals[:-week_d].sum(), 1)
    return {
        **{"column": column, "expected": float(expected), "p_days": p_days, "p_plays": p_plays},
        "artists_compared": counts.shape[1],
    }


def _ratios(is_drawn: np.ndarray, counts: np.ndarray, totals: np.ndarray) -> np.ndarray:
    """G of each draw of days (rows) and artist (columns); 0 where an artist's share is no larger than usual."""
    import numpy as np

    k, n = is_drawn @ counts, np.maximum(is_drawn @ totals, 1)[:, None]
    p, q = counts.sum(axis=0) / totals.sum(), k / n
    with np.errstate(divide="ignore", invalid="ignore"):
        rest = np.where(q < 1, (1 - q) * np.log((1 - q) / (1 - p)), 0.0)
        ratio = n * (q * np.log(q / p) + rest)
    return np.where(q > p, ratio, 0.0)


def _are_heard(is_drawn: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """Whether each artist (columns) has listens enough in each draw of days (rows) to be a highlight."""
    heard: np.ndarray = (is_drawn @ counts >= _FEWEST_LISTENS) & (is_drawn @ (counts > 0) >= _FEWEST_DAYS)
    return heard


_WITHIN = "day >= $1 AND day < $2"
_TOTAL = f"SELECT count(*) AS listens FROM heard WHERE {_WITHIN}"
_BY_DAY = f"SELECT day, count(*) AS listens FROM heard WHERE {_WITHIN} GROUP BY day"
_BY_ARTIST_AND_DAY = f"""
WITH often AS (
    SELECT artist_id FROM heard WHERE {_WITHIN} AND artist_id IS NOT NULL GROUP BY artist_id HAVING count(*) >= $3
)
SELECT (day - $1::DATE)::INTEGER AS number, artist_id, count(*) AS listens FROM heard
WHERE {_WITHIN} AND artist_id IN (FROM often) GROUP BY day, artist_id
UNION ALL SELECT (day - $1::DATE)::INTEGER, NULL, count(*) FROM heard WHERE {_WITHIN} GROUP BY day
"""
"""The row of a day without an artist has its total."""
_OF_ARTIST = f"""
SELECT artist_id, any_value(artist) AS artist, count(*) AS listens, count(DISTINCT day) AS days,
    min(day) = (SELECT first_day FROM artists WHERE artist_id = $3) AS is_new
FROM heard WHERE {_WITHIN} AND artist_id = $3 GROUP BY artist_id
"""
