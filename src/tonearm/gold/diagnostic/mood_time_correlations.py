"""Whether the mood of the music really follows the hour, or is noise."""

from __future__ import annotations

from collections.abc import Iterable
from math import pi
from typing import TYPE_CHECKING, NamedTuple

import ibis
import numpy as np

from tonearm.columns import DESCRIBED, MOOD_FEATURES
from tonearm.gold.distributions import f_survival
from tonearm.gold.frames import as_table, codes, numbers
from tonearm.gold.hour_comparisons import HOURS, compared_in_month, spread
from tonearm.gold.measures import first_day_of, total, with_measured_features
from tonearm.gold.statistics import (
    ENOUGH_UNITS,
    ROUNDING,
    SIGNIFICANT,
    against,
    concluded,
    false_discovery,
)
from tonearm.table import table

if TYPE_CHECKING:
    import ibis.expr.types as ir
    import numpy.typing as npt
    import pyarrow as pa

    from tonearm.gold.statistics import Comparison

    Numbers = npt.NDArray[np.float64]

_PARTS = (
    *("n", "sessions", "session_mean", "session_stddev", "deviation", "deviation_low", "deviation_high"),
    *("compared", "month_deviation", "month_deviation_low", "month_deviation_high"),
    *("effect", "detectable_difference", "p_corrected", "verdict"),
    *("day_sessions", "day_units", "day_r", "day_p_corrected", "day_peak_hour"),
)


def finish(rows: pa.Table) -> pa.Table:
    """One row per hour from the summaries of its features."""
    of_feature = rows["feature"].to_numpy()
    every = {**_hours(rows), **_days(rows)}
    wide = {f"{part}_{f}": every[part][of_feature == f] for f in MOOD_FEATURES for part in _PARTS}
    # Each hour has one row per feature, so that any feature's rows are the hours.
    hours = rows.filter(of_feature == MOOD_FEATURES[0])
    for column in ("hour_of_day", "listens", "listens_with_features"):
        wide[column] = numbers(hours, column)
    return as_table({**wide, "listener": hours["listener"]}, _COLUMNS)


_COLUMNS = (
    *("listener", "hour_of_day", "listens", "listens_with_features"),
    *(f"{part}_{f}" for f in MOOD_FEATURES for part in _PARTS),
)


@table(
    grain=("listener", "hour_of_day"),
    finish=finish,
    finish_columns=_COLUMNS,
    finish_by=("listener",),
    finish_limit=HOURS * len(MOOD_FEATURES),
)
def mood_time_correlations(listening_with_features: ir.Table) -> ir.Table:
    """Do you really listen to sadder music at night, or is it noise? The mood of each hour compared with your own mean.

    One row per listener and local hour with a listen; for valence, energy, danceability and acousticness. Features are
    measured (real and catalogue) or, of tracks that nobody measured, the means of their artist's measured tracks
    (artist): with these, too, days whose hours were exchanged show no more than chance. The unit is the session: the
    listens of one session within one hour are one observation, their mean, so an album on repeat counts once.

    ``deviation_…`` is the hour's mean minus the listener's mean over all hours, each session's hour counting once.
    ``month_deviation_…`` compares each session with the *other* sessions of the same month, whatever their hour; a
    session alone in its month is left out. The verdict uses this second number: over the years both taste and hours
    change, and a winter of quiet nights would look like a rule about nights. (In two histories of eleven and twelve
    years whose hours were shifted against their sessions, so that there was nothing to find, up to 11 % of hours
    compared with the mean of all years still had p < .05, and up to 38 % of correlations with the time of day; within
    months at most 8 % and 5 %.)

    ``effect_…`` is Cohen's d, ``p_corrected_…`` the p of Student's t test, corrected over all hours and features of the
    listener (Benjamini and Hochberg 1995). The spread is the hour's own or that within all hours, whichever is larger:
    ten sessions that happen to agree are no more certain than ten others. ``higher`` and ``lower`` are findings,
    ``not_shown`` does not prove equality. The 95 % intervals are each hour's own: of 96 some miss 0 by chance, which is
    why p is corrected. With fewer than 10 compared sessions in the hour, or in all other hours together, nothing is
    tested and the verdict is ``insufficient``.

    ``day_r_…`` tests the whole day at once, with more power than 24 separate hours: the circular–linear correlation
    (Mardia 1976) of a session's time of day, the circular mean of its hours, with its deviation from the other sessions
    of its month. It is repeated in each row of the listener. It is never negative, and about 1.25 / √sessions by chance
    alone, so read it with its p. That takes the days for units (``day_units_…``), since two sessions of one evening are
    alike: it is Hotelling's T² of what each day contributes to the fit. If it is significant, ``day_peak_hour_…`` is
    the time at which the fitted daily curve is highest.

    ``detectable_difference_…`` is the ``month_deviation_…`` that would have been found with a chance of 80 %, where
    nothing was.
    """
    units = compared_in_month(_units(listening_with_features), *MOOD_FEATURES)
    units = units.mutate({f"deviation_{f}": units[f] - units[f"usual_{f}"] for f in MOOD_FEATURES})
    hours = units.group_by("listener", "hour_of_day").agg(
        listens=total(units.listens),
        listens_with_features=total(units.listens_with_features),
        **{f"{part}_{f}": value for f in MOOD_FEATURES for part, value in _hour(units, f).items()},
    )
    days = _day_sums(units)
    hours = hours.inner_join(days, "listener").select(*hours.columns, *days.columns[1:])
    return _by_feature(hours, (*_hour(units, MOOD_FEATURES[0]), *_DAY_SUMS))


def _by_feature(hours: ir.Table, parts: Iterable[str]) -> ir.Table:
    """A row for each hour and feature."""
    parts = tuple(parts)
    rows = [ibis.struct({"feature": f, **{part: hours[f"{part}_{f}"] for part in parts}}) for f in MOOD_FEATURES]
    heard = ("listens", "listens_with_features")
    long = hours.select("listener", "hour_of_day", *heard, one=ibis.array(rows).unnest()).unpack("one")
    return long.relocate("feature", after="hour_of_day")


def _units(listening_with_features: ir.Table) -> ir.Table:
    """Each session's mean of each feature in each hour, null where none was measured."""
    listens = with_measured_features(listening_with_features, MOOD_FEATURES, DESCRIBED)
    return listens.group_by("listener", "session_started_at", "hour_of_day").agg(
        first_date=listens.local_date.min(),
        month=first_day_of("month", listens.local_date.min()),
        listens=listens.count(),
        listens_with_features=listens.count(where=listens.has_measured),
        **{f"n_{f}": listens[f].count() for f in MOOD_FEATURES},
        **{f: listens[f].mean() for f in MOOD_FEATURES},
    )


def _hour(units: ir.Table, feature: str) -> dict[str, ir.Value]:
    """An hour's units as they are, and as they deviate from their months."""
    value, deviation = units[feature], units[f"deviation_{feature}"]
    return {
        "n": total(units[f"n_{feature}"]),
        "sessions": value.count(),
        "session_mean": value.mean(),
        "session_stddev": value.std(how="sample"),
        "compared": deviation.count(),
        "month_deviation": deviation.mean(),
        "month_stddev": deviation.std(how="sample"),
    }


def _day_sums(units: ir.Table) -> ir.Table:
    """Sums over a listener's sessions, and over days, from which the correlation with the time of day and its p follow.

    x is a session's mean deviation; c and s are cosine and sine of the circular mean of its hours.
    """
    sessions = _sessions(units)
    of_listener = sessions.group_by("listener").agg(
        {f"{part}_{f}": value for f in MOOD_FEATURES for part, value in _sums_of(sessions, f).items()}
    )
    pulls = _pulls(sessions)
    of_days = pulls.group_by("listener").agg(
        {f"{part}_{f}": value for f in MOOD_FEATURES for part, value in _pull_sums(pulls, f).items()}
    )
    return of_listener.inner_join(of_days, "listener").select(*of_listener.columns, *of_days.columns[1:])


def _sessions(units: ir.Table) -> ir.Table:
    """Each session's x, c and s for each feature; null where there is no deviation or no time of day."""
    angle = (units.hour_of_day.cast("float64") + 0.5) * (2 * pi / HOURS)
    units = units.mutate(c=angle.cos(), s=angle.sin())
    deviations = {f: units[f"deviation_{f}"] for f in MOOD_FEATURES}
    sessions = units.group_by("listener", "session_started_at").agg(
        day=units.first_date.min(),
        month=units.month.min(),
        **{f"x_{f}": deviation.mean() for f, deviation in deviations.items()},
        **{f"{a}_{f}": units[a].mean(where=d.notnull()) for f, d in deviations.items() for a in "cs"},
    )
    lengths = {f: (sessions[f"c_{f}"] ** 2 + sessions[f"s_{f}"] ** 2).sqrt() for f in MOOD_FEATURES}
    # A session around the clock has no time of day.
    lengths = {f: (length > _NO_DIRECTION).ifelse(length, None) for f, length in lengths.items()}
    known = {f"x_{f}": length.notnull().ifelse(sessions[f"x_{f}"], None) for f, length in lengths.items()}
    turned = {f"{a}_{f}": sessions[f"{a}_{f}"] / length for f, length in lengths.items() for a in "cs"}
    return sessions.mutate(known | turned)


def _pulls(sessions: ir.Table) -> ir.Table:
    """How far each day pulls the fitted curve along cosine and sine, beside the usual times of its month.

    ``weight`` is what the squares of these count (HC2 of MacKinnon and White 1985): a day that has a large part of its
    month's sessions is compared mostly with itself, and of a month's two days, each says what the other says.
    """
    usual = sessions.group_by("listener", "month").agg(
        **{f"usual_{a}_{f}": sessions[f"{a}_{f}"].mean() for f in MOOD_FEATURES for a in "cs"},
        **{f"all_{f}": sessions[f"x_{f}"].count().cast("float64") for f in MOOD_FEATURES},
    )
    beside = sessions.inner_join(usual, ["listener", "month"])
    days = beside.group_by("listener", "month", "day").agg(
        **{
            f"{a}_{f}": (beside[f"x_{f}"] * (beside[f"{a}_{f}"] - beside[f"usual_{a}_{f}"])).sum()
            for f in MOOD_FEATURES
            for a in "cs"
        },
        **{f"own_{f}": beside[f"x_{f}"].count().cast("float64") for f in MOOD_FEATURES},
        **{f"all_{f}": beside[f"all_{f}"].max() for f in MOOD_FEATURES},
    )
    weights = {
        f"weight_{f}": days[f"all_{f}"] / (days[f"all_{f}"] - days[f"own_{f}"]).nullif(0.0) for f in MOOD_FEATURES
    }
    # A day alone in its month has nothing but its own sessions to be compared with.
    return days.mutate({name: weight.fill_null(1.0) for name, weight in weights.items()})


def _pull_sums(pulls: ir.Table, feature: str) -> dict[str, ir.Value]:
    c, s, weight = pulls[f"c_{feature}"], pulls[f"s_{feature}"], pulls[f"weight_{feature}"]
    squares = {"pull_cc": weight * c * c, "pull_cs": weight * c * s, "pull_ss": weight * s * s}
    sums = {name: value.sum() for name, value in ({"pull_c": c, "pull_s": s} | squares).items()}
    return {"day_units": c.count(), **sums}


def _sums_of(sessions: ir.Table, feature: str) -> dict[str, ir.Value]:
    of = {a: sessions[f"{a}_{feature}"] for a in "xcs"}
    sums = {a: value.sum() for a, value in of.items()}
    return {"day_sessions": of["x"].count(), **sums, **{a + b: (of[a] * of[b]).sum() for a, b in _PRODUCTS}}


_PRODUCTS = (("x", "x"), ("x", "c"), ("x", "s"), ("c", "c"), ("c", "s"), ("s", "s"))
_PULLS = ("pull_c", "pull_s", "pull_cc", "pull_cs", "pull_ss")
_DAY_SUMS = ("day_sessions", "x", "c", "s", *(a + b for a, b in _PRODUCTS), "day_units", *_PULLS)
_NO_DIRECTION = 1e-6


def _hours(rows: pa.Table) -> dict[str, npt.NDArray[np.generic]]:
    """What each hour's row says of a feature."""
    names = ("n", "sessions", "session_mean", "session_stddev", "compared", "month_deviation", "month_stddev")
    n, sessions, mean, stddev, compared, month_mean, month_stddev = (numbers(rows, c) for c in names)
    of_listener = codes(rows, "listener", "feature")
    overall = _sums(np.nan_to_num(mean) * sessions, of_listener) / _nan_at_0(_sums(sessions, of_listener))
    is_enough = np.minimum(compared, _sums(compared, of_listener) - compared) >= ENOUGH_UNITS
    raw = against(mean, stddev, sessions, overall)
    month = against(month_mean, spread(month_stddev, compared, of_listener), compared)
    p = np.where(is_enough, month.p, np.nan)
    return {
        **{"n": n, "sessions": sessions, "session_mean": mean, "session_stddev": stddev, "compared": compared},
        **_interval("deviation", raw, sessions >= ENOUGH_UNITS),
        **_interval("month_deviation", month, is_enough),
        "effect": np.where(is_enough, month.effect, np.nan),
        **concluded(month.difference, p, month.error, month.freedom, codes(rows, "listener")),
    }


def _interval(name: str, found: Comparison, is_enough: npt.NDArray[np.bool_]) -> dict[str, npt.NDArray[np.generic]]:
    return {
        name: found.difference,
        f"{name}_low": np.where(is_enough, found.low, np.nan),
        f"{name}_high": np.where(is_enough, found.high, np.nan),
    }


def _days(rows: pa.Table) -> dict[str, npt.NDArray[np.generic]]:
    """The correlation with the time of day, which is the same in all hours of a listener and feature."""
    of_listener = codes(rows, "listener", "feature")
    _, first = np.unique(of_listener, return_index=True)
    once = rows.take(first)
    sums = {c: numbers(once, c) for c in _DAY_SUMS}
    found = circular_linear(sums.pop("day_sessions"), sums)
    number_of_days = np.nan_to_num(sums["day_units"])
    is_enough = number_of_days >= ENOUGH_UNITS
    p = hotelling(number_of_days, *(sums[c] for c in _PULLS))
    p = false_discovery(np.where(is_enough & ~np.isnan(found.r), p, np.nan), codes(once, "listener"))
    days = {
        "day_sessions": np.nan_to_num(found.n),
        "day_units": number_of_days,
        "day_r": np.where(is_enough, found.r, np.nan),
        "day_p_corrected": p,
        "day_peak_hour": np.where(p < SIGNIFICANT, found.peak_hour, np.nan),
    }
    return {name: values[of_listener] for name, values in days.items()}


class CircularLinear(NamedTuple):
    """Correlation of an angle with a number over n observations, and the hour at which it peaks."""

    n: Numbers
    r: Numbers
    peak_hour: Numbers


def circular_linear(n: Numbers, sums: dict[str, Numbers]) -> CircularLinear:
    """Circular–linear correlation (Mardia 1976) from the sums of x, cosine, sine and of their products.

    It is the multiple correlation of x with cosine and sine. NaN where x has no spread, or the times of day lie on a
    line (all equal, or two of them).
    """
    size = np.where(n > 3, n, np.nan)
    xx, xc, xs, cc, cs, ss = (sums[a + b] / size - sums[a] / size * sums[b] / size for a, b in _PRODUCTS)
    spread = cc * ss - cs**2
    spread = np.where(spread > ROUNDING, spread, np.nan)
    of_c, of_s = (xc * ss - xs * cs) / spread, (xs * cc - xc * cs) / spread
    explained = (of_c * xc + of_s * xs) / np.where(xx > ROUNDING**2, xx, np.nan)
    explained = np.clip(explained, 0.0, 1.0)
    return CircularLinear(n, np.sqrt(explained), np.arctan2(of_s, of_c) * HOURS / (2 * np.pi) % HOURS)


def hotelling(n: Numbers, c: Numbers, s: Numbers, cc: Numbers, cs: Numbers, ss: Numbers) -> Numbers:
    """p of Hotelling's T² test that two numbers, of n observations each, have mean 0, from their sums and products.

    NaN below three observations, and where these lie on a line.
    """
    size = np.where(n > 2, n, np.nan)
    mean_c, mean_s = c / size, s / size
    var_c, both, var_s = (
        (product - size * of_c * of_s) / (size - 1)
        for product, of_c, of_s in ((cc, mean_c, mean_c), (cs, mean_c, mean_s), (ss, mean_s, mean_s))
    )
    spread = var_c * var_s - both**2
    spread = np.where(spread > ROUNDING * np.maximum(var_c, var_s) ** 2, spread, np.nan)
    t2 = size * (mean_c**2 * var_s - 2 * mean_c * mean_s * both + mean_s**2 * var_c) / spread
    return f_survival(t2 * (size - 2) / (2 * (size - 1)), 2, size - 2)


def _sums(values: Numbers, group: npt.NDArray[np.int64]) -> Numbers:
    """For each row the sum over its group."""
    return np.asarray(np.bincount(group, values)[group], dtype=np.float64)


def _nan_at_0(values: Numbers) -> Numbers:
    return np.where(values == 0, np.nan, values)
