"""Whether weekends really sound different from the working week, and how sure that is."""

from __future__ import annotations

from typing import TYPE_CHECKING

import ibis
import numpy as np

from tonearm.columns import DESCRIBED, FEATURES
from tonearm.gold.frames import as_table, codes, numbers
from tonearm.gold.measures import first_day_of, total, with_measured_features
from tonearm.gold.statistics import (
    ENOUGH_UNITS,
    ROUNDING,
    against,
    detectable,
    false_discovery,
    level_of_another,
    pooled,
    verdicts,
    welch,
)
from tonearm.table import table

if TYPE_CHECKING:
    import ibis.expr.types as ir
    import numpy.typing as npt
    import pyarrow as pa

    from tonearm.gold.statistics import Comparison

    Numbers = npt.NDArray[np.float64]

VOLUMES = ("listens", "minutes", "tracks", "artists_heard", "new_tracks", "new_artists", "sessions")
METRICS = ("days_with_music_pct", *VOLUMES, *FEATURES)
_SIDES = ("weekend", "weekday")
_SUMMARY = ("n", "days", "mean", "stddev")
_COUNTED = ("active", "n", "days")
_COLUMNS = (
    *("listener", "metric", "n_weekend", "n_weekday", "days_weekend", "days_weekday"),
    *("mean_weekend", "mean_weekday", "stddev_weekend", "stddev_weekday"),
    *("difference", "difference_low", "difference_high", "welch_effect", "welch_p_corrected"),
    *("weeks", "week_difference", "week_difference_low", "week_difference_high"),
    *("effect", "detectable_difference", "p_corrected", "verdict"),
)
ENOUGH_WEEKS = 26
"""Half a year; with fewer weeks of unequal weight the test finds twice as much in shuffled days as it promises."""
_WEEK_SUMS = ("weeks", "w", "ww", "wd", "wwd", "wwdd")


def finish(rows: pa.Table) -> pa.Table:
    """Adds the comparisons, of all days and within weeks, to each metric's summaries."""
    sides = {f"{part}_{side}": numbers(rows, f"{part}_{side}") for part in _SUMMARY for side in _SIDES}
    days = welch(*(sides[f"{part}_{side}"] for side in _SIDES for part in ("mean", "stddev", "days")))
    enough_days = np.minimum(sides["days_weekend"], sides["days_weekday"]) >= ENOUGH_UNITS
    number_of_weeks = np.nan_to_num(numbers(rows, "weeks"))
    weeks = _within_weeks(*(numbers(rows, c) for c in _WEEK_SUMS))
    enough_weeks = number_of_weeks >= ENOUGH_WEEKS
    spread = pooled(*(sides[f"{part}_{side}"] for side in _SIDES for part in ("stddev", "days")))
    families = _Families(rows)
    p = families.corrected(np.where(enough_weeks, weeks.p, np.nan))
    compared = {
        "difference": days.difference,
        "difference_low": np.where(enough_days, days.low, np.nan),
        "difference_high": np.where(enough_days, days.high, np.nan),
        "welch_effect": np.where(enough_days, days.effect, np.nan),
        "welch_p_corrected": families.corrected(np.where(enough_days, days.p, np.nan)),
        "weeks": number_of_weeks,
        "week_difference": weeks.difference,
        "week_difference_low": np.where(enough_weeks, weeks.low, np.nan),
        "week_difference_high": np.where(enough_weeks, weeks.high, np.nan),
        "effect": np.where(enough_weeks, weeks.difference / spread, np.nan),
        "detectable_difference": detectable(weeks.error, weeks.freedom, families.level_of_another(p)),
        "p_corrected": p,
        "verdict": verdicts(weeks.difference, p),
    }
    return as_table({"listener": rows["listener"], "metric": rows["metric"], **sides, **compared}, _COLUMNS)


class _Families:
    """How much a listener hears, and how it sounds: two questions, whose tests are corrected apart.

    Many findings in one family let Benjamini and Hochberg's correction be lenient with what remains of it, and who
    listens more on weekends need not listen to other music. Each is corrected for there being two as well, where both
    are tested, so that at most 5 % of listeners without any difference have a finding.
    """

    def __init__(self, rows: pa.Table) -> None:
        self._listener = codes(rows, "listener")
        is_feature = np.isin(np.asarray(rows["metric"].to_pylist(), dtype=str), FEATURES)
        self._family = 2 * self._listener + is_feature

    def corrected(self, p: Numbers) -> Numbers:
        return np.minimum(false_discovery(p, self._family) * self._tested(p), 1.0)

    def level_of_another(self, corrected_p: Numbers) -> Numbers:
        return level_of_another(corrected_p, self._family) / self._tested(corrected_p)

    def _tested(self, p: Numbers) -> Numbers:
        """How many of the listener's families have a test; 1 without any."""
        tests = np.bincount(self._family, ~np.isnan(p), minlength=2 * int(self._listener.max(initial=-1)) + 2)
        return np.maximum((tests > 0).reshape(-1, 2).sum(axis=1), 1.0)[self._listener]


def _within_weeks(n: Numbers, w: Numbers, ww: Numbers, wd: Numbers, wwd: Numbers, wwdd: Numbers) -> Comparison:
    """The weighted mean of n weeks' differences d against 0, from the sums of weights w and of w·d.

    Its error is the one that a weighted mean has whatever the variances are, so that a week of one loud
    evening is no more certain than it is; the weeks count as as many as equal weights would need to say as much.
    """
    n, w = np.where(n > 1, n, np.nan), np.where(w > 0, w, np.nan)
    mean, equal_weeks = wd / w, w**2 / ww
    variance = (wwdd - 2 * mean * wwd + mean**2 * ww) / ww * n / (n - 1)
    is_alike = variance <= ROUNDING * (mean**2 + ROUNDING)
    stddev = np.sqrt(np.where(is_alike, 0.0, variance))
    return against(mean, stddev, equal_weeks)


@table(
    grain=("listener", "metric"),
    finish=finish,
    finish_columns=_COLUMNS,
    finish_by=("listener",),
    finish_limit=len(METRICS),
)
def weekend_vs_weekday(listening_with_features: ir.Table) -> ir.Table:
    """Are your weekends different? Each metric of a weekend day compared with that of a day from Monday to Friday.

    One row per listener and metric. The unit is the local day *with a listen*: ``listens``, ``minutes``, ``tracks``,
    ``artists_heard``, ``new_tracks`` and ``new_artists`` (heard for the first time in this history) and ``sessions``
    (with a listen on that day) are amounts per such day, and each audio feature is the mean of the day's listens with
    features, measured (real or catalogue) or the means of the artist's measured tracks (artist). ``minutes`` uses only
    days on which the time of every listen is known, and is null if the sources never record it.
    ``days_with_music_pct`` is the share of days with a listen, over every calendar day from the first listen to the
    last: listening more on weekends can mean more such days, or more on each of them.

    ``difference`` is the mean of all weekend days minus that of all weekdays, ``n_…`` the listens and ``days_…`` the
    days behind the means; interval and p are Welch's, which allows unequal variances, and ``welch_effect`` is Cohen's
    d. It mixes years: if in your busiest year you mostly listened on weekdays, weekdays look busier. So the verdict
    uses ``week_difference``, the mean over ``weeks`` of each week's Saturday and Sunday minus its Monday to Friday,
    weighted by how many days of each kind it has; slow changes of habit and taste cannot produce one. ``effect`` is
    that in standard deviations between days. A week is one observation; for ``days_with_music_pct``, a whole week with
    any listen. (In one history of twelve years the artists a day were 3.4 fewer on weekend days, p = .001, but within
    weeks 2.1 fewer, p = .11.)

    p-values are corrected over the listener's metrics (Benjamini and Hochberg 1995), those of features apart from the
    others, so that listening more on weekends makes no finding of how it sounds, and then for these two families;
    intervals are 95 %, each metric's own. ``detectable_difference`` is the ``week_difference`` that would have been
    found with a chance of 80 %, where nothing was. Verdicts are about the weekend: ``higher`` and ``lower`` are
    findings, ``not_shown`` does not prove equality, and with fewer than 26 weeks (10 days on either side, for Welch's
    test) nothing is tested: ``insufficient``.
    """
    days = _days(listening_with_features)
    summaries = _long(_sides(days).inner_join(_calendar(days), "listener"))
    weeks = _week_sums(_weeks(days))
    return summaries.left_join(weeks, ["listener", "metric"]).select(*summaries.columns, *_WEEK_SUMS)


def _days(listening_with_features: ir.Table) -> ir.Table:
    """What each local day with a listen amounts to, and the listens behind each metric."""
    listens = with_measured_features(listening_with_features, FEATURES, DESCRIBED)
    days = listens.group_by("listener", "local_date").agg(
        is_weekend=listens.is_weekend.max(),
        listens=listens.count(),
        timed_listens=listens.listened_s.count(),
        minutes=listens.listened_s.sum() / 60.0,
        tracks=listens.track_id.nunique(),
        artists_heard=listens.artist_id.nunique(),
        sessions=listens.session_started_at.nunique(),
        **{f: listens[f].mean() for f in FEATURES},
        **{f"n_{f}": listens[f].count() for f in FEATURES},
    )
    for metric, subject in (("new_tracks", "track_id"), ("new_artists", "artist_id")):
        days = days.left_join(_firsts(listens, subject, metric), ["listener", "local_date"]).select(
            *days.columns, metric
        )
    is_timed = days.timed_listens == days.listens
    return days.mutate(
        minutes=is_timed.ifelse(days.minutes, None),
        n_minutes=is_timed.ifelse(days.listens, 0),
        new_tracks=days.new_tracks.fill_null(0),
        new_artists=days.new_artists.fill_null(0),
    )


def _firsts(listens: ir.Table, subject: str, name: str) -> ir.Table:
    """How many tracks, or artists, each day was the first to hear."""
    # By date and not by instant: who flies west may hear Tuesday before Monday.
    firsts = listens.group_by("listener", subject).agg(local_date=listens.local_date.min())
    return firsts.group_by("listener", "local_date").agg(firsts.count().name(name))


def _sides(days: ir.Table) -> ir.Table:
    """Listens, days, mean and standard deviation of each metric on both kinds of day, a row per listener."""
    summaries: dict[str, ir.Value] = {"active": days.count()}
    for metric in (*VOLUMES, *FEATURES):
        value = days[metric].cast("float64")
        heard = days[f"n_{metric}"] if f"n_{metric}" in days.columns else days.listens
        summaries[f"{metric}_n"] = total(heard)
        summaries[f"{metric}_days"] = value.count()
        summaries[f"{metric}_mean"] = value.mean()
        summaries[f"{metric}_stddev"] = value.std(how="sample")
    # Sides are put beside one another afterwards: a hundred conditions on two rows, not on every day.
    sides = days.group_by("listener", "is_weekend").agg(**summaries)
    beside = {
        f"{name}_{side}": sides[name].max(where=where)
        for side, where in zip(_SIDES, (sides.is_weekend, ~sides.is_weekend), strict=True)
        for name in summaries
    }
    counts = {name: value.fill_null(0) for name, value in beside.items() if name.split("_")[-2] in _COUNTED}
    return sides.group_by("listener").agg(beside | counts)


def _calendar(days: ir.Table) -> ir.Table:
    """How many weekend days and weekdays lie between a listener's first and last day, both counted."""
    span = days.group_by("listener").agg(first=days.local_date.min(), last=days.local_date.max())
    monday = ibis.date(1970, 1, 5)
    until, since = span.last.delta(monday, unit="day") + 1, span.first.delta(monday, unit="day")

    def weekend_days(day: ir.IntegerValue) -> ir.IntegerValue:
        """Weekend days before the day of that number, Monday 5 January 1970 being 0."""
        return 2 * (day // 7).cast("int64") + ibis.greatest((day % 7).cast("int64") - 5, 0)

    weekend = weekend_days(until) - weekend_days(since)
    return span.select("listener", calendar_weekend=weekend, calendar_weekday=(until - since).cast("int64") - weekend)


def _long(listeners: ir.Table) -> ir.Table:
    """A row per listener and metric."""
    rows = [ibis.struct({"metric": METRICS[0], **_shares(listeners)})]
    for metric in METRICS[1:]:
        parts = {f"{part}_{side}": listeners[f"{metric}_{part}_{side}"] for part in _SUMMARY for side in _SIDES}
        rows.append(ibis.struct({"metric": metric, **parts}))
    return listeners.select("listener", one=ibis.array(rows).unnest()).unpack("one")


def _shares(listeners: ir.Table) -> dict[str, ir.Value]:
    """Share of the calendar's days that have a listen: the mean of 100 on those days and 0 on the others."""
    shares: dict[str, ir.Value] = {}
    for part in _SUMMARY:
        for side in _SIDES:
            active, days = (listeners[f"{c}_{side}"].cast("float64") for c in ("active", "calendar"))
            share = active / days.nullif(0.0)
            shares[f"{part}_{side}"] = {
                "n": listeners[f"listens_n_{side}"],
                "days": listeners[f"calendar_{side}"],
                "mean": 100.0 * share,
                "stddev": 100.0 * (share * (1.0 - share) * days / (days - 1.0).nullif(0.0)).sqrt(),
            }[part]
    return shares


def _weeks(days: ir.Table) -> ir.Table:
    """Each ISO week's mean of each metric on both kinds of day, and how many days of each kind it has."""
    days = days.mutate(week=first_day_of("week", days.local_date))
    metrics = (*VOLUMES, *FEATURES)
    sides = tuple(zip(_SIDES, (days.is_weekend, ~days.is_weekend), strict=True))
    weeks = days.group_by("listener", "week").agg(
        **{f"active_{side}": days.count(where=where) for side, where in sides},
        **{f"{m}_days_{side}": days[m].count(where=where) for m in metrics for side, where in sides},
        **{f"{m}_mean_{side}": days[m].cast("float64").mean(where=where) for m in metrics for side, where in sides},
    )
    # The first and the last week of a history may not be whole ones.
    own = ibis.window(group_by="listener")
    is_whole = (weeks.week > weeks.week.min().over(own)) & (weeks.week < weeks.week.max().over(own))
    shares = {
        f"{METRICS[0]}_{part}_{side}": is_whole.ifelse(value, None)
        for side, length in zip(_SIDES, (2, 5), strict=True)
        for part, value in (
            ("days", ibis.literal(length, "int64")),
            ("mean", 100.0 * weeks[f"active_{side}"].cast("float64") / float(length)),
        )
    }
    return weeks.mutate(**shares)


def _week_sums(weeks: ir.Table) -> ir.Table:
    """Sums over weeks of the weights w and the differences d, a row per listener and metric."""
    rows = []
    for metric in METRICS:
        weekend, weekday = (weeks[f"{metric}_days_{side}"].cast("float64") for side in _SIDES)
        difference = weeks[f"{metric}_mean_weekend"] - weeks[f"{metric}_mean_weekday"]
        # The inverse of the variance that a difference of two means of so many days has.
        weight = weekend * weekday / (weekend + weekday).nullif(0.0)
        rows.append(ibis.struct({"metric": metric, "d": difference, "weight": weight}))
    each = weeks.select("listener", one=ibis.array(rows).unnest()).unpack("one")
    each = each.filter(each.d.notnull())
    w, d = each.weight, each.d
    return each.group_by("listener", "metric").agg(
        weeks=each.count(), w=w.sum(), ww=(w**2).sum(), wd=(w * d).sum(), wwd=(w**2 * d).sum(), wwdd=(w**2 * d**2).sum()
    )
