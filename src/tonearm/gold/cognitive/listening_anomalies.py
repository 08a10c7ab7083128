"""Days that differ from the listener's surrounding weeks."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

import ibis
import numpy as np
import pyarrow as pa

from tonearm.gold.frames import as_table, codes, numbers
from tonearm.gold.measures import total, with_measured_features
from tonearm.gold.statistics import ENOUGH_UNITS
from tonearm.table import table

if TYPE_CHECKING:
    import ibis.expr.types as ir
    import numpy.typing as npt

    Numbers = npt.NDArray[np.float64]
    Ints = npt.NDArray[np.int64]
    Flags = npt.NDArray[np.bool_]

WEEKS_AROUND = 8
DAYS_AROUND = 7 * WEEKS_AROUND
LONGEST_SILENCE_DAYS = 28
"""Silence of up to four weeks is days of 0 listens; a longer one is a player that was not connected."""
ENOUGH_DAYS = 28
"""Calendar days around a day below which its volume is not judged."""
DAYS_PER_ALERT = 30
SMALLEST_SCORE = 2.0
STRONG_SCORE, EXTREME_SCORE = 3.0, 4.5
MOOD_LISTENS, MOOD_TRACKS = 5, 3
HOUR_LISTENS = 5
REPETITION_LISTENS = 10
USUAL_HOURS_SHARE = 0.9
UNUSUAL_FROM_H = 2
"""Hours away from the nearest usual hour: an hour early or late is not unusual."""
FULL_DAY = 2520
"""A day's hours count together as this much, in whole numbers: sums do not depend on what else is summed."""

CHANCE_SPREAD = 0.5
"""Standard deviation of the root of a count, and of the arcsine root of a share times √n, from chance alone."""
MOOD_SPREAD = 0.03
MAD_TO_STDDEV = 1.4826
_HOURS = tuple(f"hour_{hour:02}" for hour in range(24))
_DAY_KEYS = 1_000_000
"""More than any day's number: separates listeners in keys that sort by listener and day."""
_DESCRIBED = ("listens", "top_listens", "top_name", "mood_listens", "mood_tracks")
_CHUNK = 16_384
MOST_DAYS = 36_600
FINISH_COLUMNS = (
    *("listener", "local_date", "anomaly", "actual", "expected", "score", "threshold", "severity"),
    *("rank", "days_judged", "days_around", "listens", "in_words"),
)


def finish(days: pa.Table) -> pa.Table:
    """The anomalies of each kind among the ``days`` with listens of whole listeners."""
    seen = Days(days)
    return as_table(_described(seen, [of_kind(seen) for of_kind in (volume, mood, hour, repetition)]), FINISH_COLUMNS)


@table(
    grain=("listener", "local_date", "anomaly"),
    finish=finish,
    finish_columns=FINISH_COLUMNS,
    finish_by=("listener",),
    finish_limit=MOST_DAYS,
)
def listening_anomalies(listening_with_features: ir.Table) -> ir.Table:
    """Days that stand out from the eight weeks before and after them, and how.

    One row per listener, local day and kind of ``anomaly``. A day is compared with ``days_around`` days, in hindsight:
    later days count too, so rows of the last eight weeks may still change, and something that goes on for weeks is a
    habit and no anomaly.

    * ``volume``: more listens than usual. The expected value is halfway between the median of the same weekday, where a
      day without listens counts as 0, and the median of the days with listens. Silences of more than four weeks are
      ignored. A silence is never an anomaly: it may just be a player that was not connected.
    * ``mood``: the mean valence of a day with at least 5 listens of 3 tracks with measured features (real or
      catalogue). The expected value is the median of such days.
    * ``hour``: share of the listens, in %, two hours or more from the usual hours: the smallest set of hours that holds
      90 % of the surrounding listening. Days with at least 5 listens.
    * ``repetition``: share of the most heard track in %, on days with at least 10 listens.

    ``score`` is the distance from the expected value in units of the listener's own spread: 1.48 times the median
    distance of all judged days (square root for counts, arcsine of the square root for shares), but at least the spread
    that chance gives a day with so few listens. Volume is judged with at least 28 days around, the others with at least
    10 such days; a history that is too short has no rows.

    At most one day in 30 of each kind is listed, the highest scores, and only scores above 2: a listener whose days are
    much alike has fewer rows. ``severity`` is strong from a score of 3, extreme from 4.5. ``rank`` is the day's place
    among the ``days_judged``. Scores order days and are not probabilities: a moderate row happens about once a month
    anyway. Medians and MAD after Hampel (1974); square roots after Anscombe (1948).
    """
    of_day = ["listener", "local_date"]
    days, hours = _tracks_of_days(listening_with_features), _hours_of_days(listening_with_features)
    return days.inner_join(hours, of_day).select(*days.columns, *_HOURS)


def _tracks_of_days(listening_with_features: ir.Table) -> ir.Table:
    """A day's listens, its most heard track and the valence of its tracks."""
    measured = with_measured_features(listening_with_features, ["valence"])
    tracks = measured.group_by("listener", "local_date", "track_id").agg(
        listens=measured.count(), track_name=measured.track_name.max(), valence=measured.valence.max()
    )
    weight, known = tracks.listens.cast("float64"), tracks.valence.notnull()
    most_heard = ibis.struct({"listens": -tracks.listens, "track_id": tracks.track_id})
    return tracks.group_by("listener", "local_date").agg(
        listens=total(tracks.listens),
        top_listens=tracks.listens.max(),
        # Engines differ in whether a track without a name counts.
        top_name=tracks.track_name.fill_null("").argmin(most_heard).nullif(""),
        mood_tracks=tracks.count(where=known),
        mood_listens=weight.sum(where=known),
        # Sums differ in their last digits with the order in which they were added.
        valence_sum=(tracks.valence * weight).sum().round(9),
        valence_squares=(tracks.valence * tracks.valence * weight).sum().round(9),
    )


def _hours_of_days(listens: ir.Table) -> ir.Table:
    """How many of a day's listens were in each hour of the clock."""
    # By hour first: 24 counts of each listen take several times as long as of each hour.
    hours = listens.group_by("listener", "local_date", "hour_of_day").agg(listens=listens.count())
    return hours.group_by("listener", "local_date").agg(
        {name: hours.listens.max(where=hours.hour_of_day == h).fill_null(0) for h, name in enumerate(_HOURS)}
    )


class Days:
    """Days with listens of several listeners, by listener and date, as columns of numbers."""

    def __init__(self, rows: pa.Table) -> None:
        """``rows`` are those of the table's first step."""
        self.rows = rows
        self.who = codes(rows, "listener")
        self.date: Ints = rows["local_date"].combine_chunks().cast(pa.int32()).to_numpy().astype(np.int64)
        self.listens = numbers(rows, "listens")

    @cached_property
    def listeners(self) -> int:
        """Number of listeners."""
        return int(self.who.max(initial=-1)) + 1

    @cached_property
    def keys(self) -> Ints:
        """Numbers that grow with listener and date, a day apart by 1."""
        keys: Ints = self.who * _DAY_KEYS + self.date
        return keys

    @cached_property
    def calendar(self) -> tuple[Ints, Numbers]:
        """Keys and listens of all days that count: those with listens and the short silences between them."""
        step = np.diff(self.keys, append=self.keys[-1:] + 1)
        step = np.where(step > LONGEST_SILENCE_DAYS, 1, step)
        begin = np.cumsum(step) - step
        within = np.arange(step.sum()) - np.repeat(begin, step)
        listens = np.where(within == 0, np.repeat(self.listens, step), 0.0)
        return np.repeat(self.keys, step) + within, listens

    @cached_property
    def alerts(self) -> Ints:
        """How many days of a kind may be listed, per listener."""
        counted = np.bincount(self.calendar[0] // _DAY_KEYS, minlength=self.listeners)
        return np.asarray(counted // DAYS_PER_ALERT, dtype=np.int64)

    def spread_of(self, who: Ints, residuals: Numbers) -> Numbers:
        """Each listener's robust standard deviation of ``residuals``; NaN below ENOUGH_UNITS."""
        order = np.lexsort((np.abs(residuals), who))
        order = order[~np.isnan(residuals[order])]
        counted = np.bincount(who[order], minlength=self.listeners)
        ends = np.cumsum(counted)
        low, high = ends - counted + (counted - 1) // 2, ends - counted + counted // 2
        sizes = np.append(np.abs(residuals[order]), np.nan)
        is_enough = counted >= ENOUGH_UNITS
        middle = (sizes[np.where(is_enough, low, -1)] + sizes[np.where(is_enough, high, -1)]) / 2
        return np.asarray(MAD_TO_STDDEV * middle)


@dataclass(frozen=True)
class Judged:
    """Days of one kind with their expected values; ``row`` is their place among the days."""

    kind: str
    row: Ints
    actual: Numbers
    expected: Numbers
    score: Numbers
    around: Ints


def volume(days: Days) -> Judged:
    """Listens of a day against the same weekday and all days around it."""
    expected, around = _usual_roots(days)
    distance = np.sqrt(days.listens) - expected
    spread = np.maximum(days.spread_of(days.who, distance), CHANCE_SPREAD)
    # Few listens are not listed: see the description.
    score = np.maximum(distance, 0.0) / spread[days.who]
    return Judged("volume", np.arange(len(days.keys)), days.listens, expected**2, score, around)


def _usual_roots(days: Days) -> tuple[Numbers, Ints]:
    """Root of the listens to expect on each day, and the number of days around it that is based on.

    Midway between the same weekday, silent days among them, and the days with listens: by the silent ones
    alone any day of a listener who mostly is silent would stand out, without them no season would show.
    """
    known, listens = days.calendar
    roots = np.append(np.sqrt(listens), np.nan)
    weeks = np.array([week for week in range(-WEEKS_AROUND, WEEKS_AROUND + 1) if week])
    same_weekday = np.full(len(days.keys), np.nan)
    for begin in range(0, len(days.keys), _CHUNK):
        wanted = days.keys[begin : begin + _CHUNK, None] + 7 * weeks
        at = np.minimum(np.searchsorted(known, wanted), len(known) - 1)
        same_weekday[begin : begin + _CHUNK] = _medians(np.where(known[at] == wanted, roots[at], np.nan))
    active, _ = medians_around(days.keys, np.sqrt(days.listens))
    first, end = _bounds(known, days.keys)
    around = end - first - 1
    return np.where(around >= ENOUGH_DAYS, (same_weekday + active) / 2, np.nan), around


def mood(days: Days) -> Judged:
    """Mean valence of a day against such days around it."""
    tracks, heard = numbers(days.rows, "mood_tracks"), numbers(days.rows, "mood_listens")
    row = np.flatnonzero((heard >= MOOD_LISTENS) & (tracks >= MOOD_TRACKS))
    sums, squares = (numbers(days.rows, f"valence_{name}")[row] for name in ("sum", "squares"))
    actual = sums / heard[row]
    # A day of few tracks may be far off by the choice of one.
    pieces = (np.bincount(days.who[row], each, minlength=days.listeners) for each in (heard[row], sums, squares))
    n, of_sums, of_squares = (np.where(piece == 0, np.nan, piece) for piece in pieces)
    within = np.sqrt(np.maximum(of_squares / n - (of_sums / n) ** 2, 0.0))
    least = np.maximum(within[days.who[row]] / np.sqrt(tracks[row]), MOOD_SPREAD)
    return _against_around(days, "mood", row, actual, actual, least)


def hour(days: Days) -> Judged:
    """Share of a day's listens at unusual hours against such days around it."""
    row = np.flatnonzero(days.listens >= HOUR_LISTENS)
    counts = np.stack([numbers(days.rows, name)[row] for name in _HOURS], axis=1)
    usual = usual_hours(days.keys[row], counts)
    share = (counts * (hours_away(usual) >= UNUSUAL_FROM_H)).sum(axis=1) / days.listens[row]
    # Listens of one hour are no independent evidence, so the hours are what is counted.
    return _of_shares(days, "hour", row, share, np.count_nonzero(counts, axis=1))


def repetition(days: Days) -> Judged:
    """Share of a day's most heard track against such days around it."""
    row = np.flatnonzero(days.listens >= REPETITION_LISTENS)
    share = numbers(days.rows, "top_listens")[row] / days.listens[row]
    return _of_shares(days, "repetition", row, share, days.listens[row])


def _of_shares(days: Days, kind: str, row: Ints, share: Numbers, n: Numbers | Ints) -> Judged:
    """Shares of ``n`` units, in %, that are larger than usual; a smaller one is nothing unusual."""
    found = _against_around(days, kind, row, 100 * share, np.arcsin(np.sqrt(share)), CHANCE_SPREAD / np.sqrt(n))
    expected = 100 * np.sin(found.expected) ** 2
    return Judged(kind, row, found.actual, expected, np.maximum(found.score, 0.0), found.around)


def _against_around(days: Days, kind: str, row: Ints, actual: Numbers, scaled: Numbers, least: Numbers) -> Judged:
    """``scaled`` values of the days ``row`` against their median around, in spreads of at least ``least``."""
    keys, who = days.keys[row], days.who[row]
    expected, around = medians_around(keys, scaled)
    expected = np.where(around >= ENOUGH_UNITS, expected, np.nan)
    spread = np.maximum(days.spread_of(who, scaled - expected)[who], least)
    return Judged(kind, row, actual, expected, (scaled - expected) / spread, around)


def medians_around(keys: Ints, values: Numbers) -> tuple[Numbers, Ints]:
    """Median of the ``values`` of the days within eight weeks of each day, itself left out, and their number."""
    first, end = _bounds(keys, keys)
    padded = np.append(values, np.nan)
    medians = np.full(len(keys), np.nan)
    for begin in range(0, len(keys), _CHUNK):
        part = slice(begin, begin + _CHUNK)
        at = first[part, None] + np.arange(2 * DAYS_AROUND + 1)
        own = np.arange(len(keys))[part, None]
        medians[part] = _medians(padded[np.where((at < end[part, None]) & (at != own), at, -1)])
    return medians, end - first - 1


def _bounds(known: Ints, keys: Ints) -> tuple[Ints, Ints]:
    """Where among the ``known`` days the eight weeks before each of ``keys`` begin and those after it end."""
    return np.searchsorted(known, keys - DAYS_AROUND), np.searchsorted(known, keys + DAYS_AROUND, side="right")


def _medians(values: Numbers) -> Numbers:
    """Median of each row, NaN left out; NaN where a row has nothing else."""
    ordered = np.sort(values, axis=1)
    n = np.count_nonzero(~np.isnan(ordered), axis=1)
    pick = np.arange(len(ordered))
    return np.asarray((ordered[pick, np.maximum(n - 1, 0) // 2] + ordered[pick, n // 2 * (n > 0)]) / 2)


def usual_hours(keys: Ints, counts: Numbers) -> Flags:
    """For each day the fewest hours that hold USUAL_HOURS_SHARE of the listening of the days around."""
    whole = np.round(counts * FULL_DAY / counts.sum(axis=1, keepdims=True)).astype(np.int64)
    upto = np.concatenate([np.zeros((1, 24), np.int64), np.cumsum(whole, axis=0)])
    first, end = _bounds(keys, keys)
    around = upto[end] - upto[first] - whole
    order = np.argsort(-around, axis=1, kind="stable")
    ordered = np.take_along_axis(around, order, axis=1)
    before = np.cumsum(ordered, axis=1) - ordered
    is_usual = (before < USUAL_HOURS_SHARE * around.sum(axis=1, keepdims=True)) & (ordered > 0)
    usual = np.zeros(around.shape, bool)
    np.put_along_axis(usual, order, is_usual, axis=1)
    return usual


def hours_away(usual: Flags) -> Numbers:
    """Hours around the clock from each hour to the nearest usual one; NaN where none is usual."""
    away = np.full(usual.shape, np.nan)
    for distance in range(12, -1, -1):
        away[np.roll(usual, distance, axis=1) | np.roll(usual, -distance, axis=1)] = distance
    return away


class Listed(NamedTuple):
    """Which of the judged days are listed, with the score they passed and their rank among ``judged``."""

    pick: Ints
    threshold: Numbers
    rank: Ints
    judged: Ints


def listed(days: Days, found: Judged) -> Listed:
    """The days with the highest scores, as many as the listener's alerts allow."""
    size = np.abs(found.score)
    pick = np.flatnonzero(~np.isnan(size))
    pick = pick[np.lexsort((found.row[pick], -size[pick], days.who[found.row[pick]]))]
    who = days.who[found.row[pick]]
    judged = np.bincount(who, minlength=days.listeners)
    starts = np.cumsum(judged) - judged
    place = np.arange(len(pick)) - starts[who]
    # The best score that may not be listed any more: days that share it are left out together.
    is_next = place == days.alerts[who]
    threshold = np.full(days.listeners, SMALLEST_SCORE)
    threshold[who[is_next]] = np.maximum(size[pick[is_next]], SMALLEST_SCORE)
    stays = size[pick] > threshold[who]
    return Listed(pick[stays], threshold[who[stays]], place[stays] + 1, judged[who[stays]])


def _described(days: Days, kinds: list[Judged]) -> dict[str, object]:
    lists = [listed(days, found) for found in kinds]

    def of_all(name: str) -> npt.NDArray[np.generic]:
        return np.concatenate([getattr(k, name)[f.pick] for k, f in zip(kinds, lists, strict=True)])

    row, score, expected, actual = (of_all(name) for name in ("row", "score", "expected", "actual"))
    kind = [k.kind for k, f in zip(kinds, lists, strict=True) for _ in f.pick]
    at = days.rows.take(pa.array(row))
    return {
        "listener": at["listener"],
        "local_date": at["local_date"],
        "anomaly": kind,
        **{"actual": actual, "expected": expected, "score": score, "days_around": of_all("around")},
        "severity": np.select(
            [np.abs(score) >= s for s in (EXTREME_SCORE, STRONG_SCORE)], ["extreme", "strong"], "moderate"
        ),
        **{c: np.concatenate([getattr(f, c) for f in lists]) for c in ("threshold", "rank")},
        "days_judged": np.concatenate([f.judged for f in lists]),
        "listens": at["listens"],
        "in_words": [
            _words(*row)
            for row in zip(kind, actual.tolist(), expected.tolist(), at.select(_DESCRIBED).to_pylist(), strict=True)
        ],
    }


def _words(kind: str, actual: float, expected: float, day: dict[str, object]) -> str:
    listens = f"{day['listens']:,} listens"
    if kind == "volume":
        return f"{listens}; about {expected:.0f} were expected, counting silent days."
    if kind == "mood":
        which = "Brighter" if actual > expected else "Darker"
        n = f"{day['mood_listens']:.0f} measured listens of {day['mood_tracks']} tracks"
        return f"{which} music than usual: mean valence {actual:.2f} in {n}, usually {expected:.2f}."
    if kind == "hour":
        unusual = f"{actual:.0f} % of {listens} were at hours unusual in the surrounding weeks"
        return f"{unusual}; the usual share is {expected:.0f} %."
    title = f"‘{day['top_name']}’" if day["top_name"] else "one track"
    top = f"{day['top_listens']} of {listens} were of {title}"
    return f"{top} ({actual:.0f} %); usually the most heard track has {expected:.0f} %."
