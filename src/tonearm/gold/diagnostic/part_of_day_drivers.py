"""What distinguishes each part of a listener's day from the rest."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import ibis
import numpy as np

from tonearm.columns import DESCRIBED, FEATURES, PARTS_OF_DAY
from tonearm.gold.distributions import skewed_two_sided, t_two_sided
from tonearm.gold.frames import as_table, codes, for_order, numbers, places
from tonearm.gold.measures import first_day_of, total, with_measured_features
from tonearm.gold.statistics import ENOUGH_UNITS, concluded, quantile
from tonearm.silver.first_n import first_n
from tonearm.table import table

if TYPE_CHECKING:
    import ibis.expr.types as ir
    import numpy.typing as npt
    import pyarrow as pa

    Numbers = npt.NDArray[np.float64]
    Columns = dict[str, Numbers]

LONGEST_LIST = 10
MOST_CANDIDATES = 500
"""Genres, and artists, that are tested for one listener: those heard in most sessions. How often something is
heard in all says nothing of when, so the choice favours no part of the day."""
ENOUGH_EXPECTED = 15
"""Units with the genre or artist that each side must expect: below, hardly any difference could be a finding, and each
test costs the others power."""
_ROW = ("listener", "part_of_day", "driver_type", "driver")
_DRIVER = ("listener", "driver_type", "driver")
_UNIT = ("listener", "local_date", "part_of_day")
"""All sessions of one part of a day: two of them on one evening are of one mood, as two albums of one session are."""
_BASIS = ("listener", "basis")
"""What a mean is over: a feature's name, ``genre`` (units with one known) or ``artist`` (all units)."""
_COUNTS = ("driver_listens", "units", "units_with_driver", "units_outside")
_COLUMNS = (
    *(*_ROW, "rank", *_COUNTS, "mean_inside", "mean_outside"),
    *("difference", "difference_low", "difference_high", "effect", "detectable_difference", "p_corrected", "verdict"),
    "consistency",
)


def _finish(rows: pa.Table) -> pa.Table:
    own = {name: numbers(rows, name) for name in rows.column_names if name not in _ROW}
    is_feature = np.asarray(rows["driver_type"].to_pylist(), dtype=str) == "feature"
    found = _compared(own, is_feature, codes(rows, "listener"))
    # Untested ones come last; of two that are alike, the one heard in more sessions comes first.
    best_first = (for_order(-np.abs(found["effect"])), -own["units_with_driver"])
    rank = _ranks(codes(rows, "listener", "part_of_day", "driver_type"), *best_first)
    given = {name: rows[name] for name in (*_ROW, *_COUNTS, "mean_inside", "mean_outside")}
    table = as_table({**given, **found, "rank": rank}, _COLUMNS)
    return table.take(np.flatnonzero(is_feature | (rank <= LONGEST_LIST)))


def _ranks(lists: npt.NDArray[np.int64], *order_by: Numbers) -> Numbers:
    """Each row's place from 1 in its list, smallest first, NaN last, else as the rows come."""
    order = np.lexsort((*order_by[::-1], lists))
    ranks = np.empty(len(order))
    ranks[order] = places(lists[order]) + 1
    return ranks


def _compared(own: Columns, is_feature: npt.NDArray[np.bool_], listeners: npt.NDArray[np.int64]) -> dict[str, Any]:
    """Difference, interval, test and effect of each row; NaN where there is too little to say."""
    weight = np.where(_is_tested(own, is_feature), own["weight"], np.nan)
    freedom = np.where(own["freedom"] > 0, own["freedom"], np.nan)
    difference = own["excess"] / weight
    error = np.sqrt(own["variance"]) / weight
    half = quantile(freedom) * error
    skewness = own["third_moment"] / np.where(own["variance"] > 0, own["variance"], np.nan) ** 1.5
    p = _p(difference / error, freedom, skewness)
    inside, outside = own["stddev_inside"], own["stddev_outside"]
    both = (own["units"] - 1, own["units_outside"] - 1)
    pooled = np.sqrt((both[0] * inside**2 + both[1] * outside**2) / np.where(np.isnan(p), np.nan, sum(both)))
    steadier = 1 - inside / np.where(is_feature & (outside > 0) & ~np.isnan(p), outside, np.nan)
    return {
        "difference": difference,
        "difference_low": difference - half,
        "difference_high": difference + half,
        "effect": difference / pooled,
        **concluded(difference, p, error, freedom, listeners),
        "consistency": steadier,
    }


def _p(t: Numbers, freedom: Numbers, skewness: Numbers) -> Numbers:
    """The larger of two approximations of the permutation test's p.

    By Student's t, and by the distribution with the first three moments that the shuffled months have (Mielke and
    Berry 2007): someone heard on few days is a rare event, and a normal tail makes a few coincidences a finding.
    """
    return np.fmax(t_two_sided(t, freedom), np.where(np.isnan(t), np.nan, skewed_two_sided(t, skewness)))


def _is_tested(own: Columns, is_feature: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    enough = np.minimum(own["compared_inside"], own["compared_outside"]) >= ENOUGH_UNITS
    expected = np.minimum(own["expected_inside"], own["expected_outside"]) >= ENOUGH_EXPECTED
    # What is left of a constant when its mean is subtracted is rounding, and no spread.
    has_spread = own["variance"] > 1e-12 * own["weight"] * own["mean_outside"] ** 2
    return enough & (is_feature | expected) & has_spread


@table(
    grain=_ROW,
    finish=_finish,
    finish_columns=_COLUMNS,
    finish_by=("listener",),
    finish_limit=len(PARTS_OF_DAY) * (len(FEATURES) + 2 * MOST_CANDIDATES),
)
def part_of_day_drivers(listening_with_features: ir.Table) -> ir.Table:
    """What distinguishes each part of your day: the audio features, genres and artists you choose then.

    One row per listener, part of the day with a listen, and driver: all eight features, and the ten genres and ten
    artists with the largest effect, by ``rank``. The unit is what you heard in one part of one day, by your clock, in
    however many sessions: the mean of a feature, an artist's share of the listens, or a genre's share of the listens
    with a known genre. Features are measured (real or catalogue) or, of tracks that nobody measured, the means of their
    artist's measured tracks (artist): with these, too, days whose hours were exchanged show no more than chance.
    ``mean_inside`` and ``mean_outside`` are the means of the ``units`` in this part and in the others, ``effect`` is
    the ``difference`` in standard deviations between units: the driver's standardised contribution.

    Taste changes over the years, and so do listening hours, so the ``difference`` compares days of the same calendar
    month, each month weighted by its units on both sides, and is not just one mean minus the other. Its p comes from a
    permutation test within months (Mantel 1963), which assumes no distribution: artists are absent from most units, and
    Welch's test finds dozens of them when the parts of the day are shuffled. It is the larger of those by Student's t
    and by the three moments of the shuffled months (Mielke and Berry 2007), which is close to counting all of them. All
    genres and artists heard on at least 10 days are tested (at most the 500 heard on most), and corrected for together
    with the features. ``detectable_difference`` is what would have been found with a chance of 80 %, where nothing was.

    ``insufficient`` means fewer than 10 comparable units on either side, or a genre or artist so rare that fewer than
    15 units with it would be expected on one side. ``consistency`` shows how much steadier a feature is inside:
    1 − standard deviation of the units inside / outside.
    """
    listens = with_measured_features(listening_with_features, FEATURES, DESCRIBED)
    units = _units(listens)
    months = _months(units)
    values = _heard(listens, units, "genre").union(_heard(listens, units, "artist")).union(_features(units))
    rows = _wholes(months).left_join(_sums(values, months), (*_BASIS, "part_of_day"))
    return _described(rows)


def _units(listens: ir.Table) -> ir.Table:
    """Each part of each day, and the means of its measured features."""
    units = listens.group_by(*_UNIT).agg(
        artist=listens.count(),
        genre=listens.genre.count(),
        **{f: listens[f].count() for f in FEATURES},
        **{f"mean_{f}": listens[f].mean() for f in FEATURES},
    )
    return units.mutate(month=first_day_of("month", units.local_date))


def _months(units: ir.Table) -> ir.Table:
    """How many units of each part of the day a month has, in all and with something to take a mean of."""
    bases = [ibis.struct({"basis": b, "is_known": units[b] > 0}) for b in (*FEATURES, "genre", "artist")]
    each = units.select("listener", "month", "part_of_day", one=ibis.array(bases).unnest()).unpack("one")
    return each.group_by(*_BASIS, "month").agg(
        **{f"all_{p}": each.count(where=each.part_of_day == p) for p in PARTS_OF_DAY},
        **{f"units_{p}": each.count(where=(each.part_of_day == p) & each.is_known) for p in PARTS_OF_DAY},
    )


def _wholes(months: ir.Table) -> ir.Table:
    """The units of each basis inside and outside each part of the day, and those that share a month."""
    n = sum(months[f"units_{p}"] for p in PARTS_OF_DAY).cast("float64")
    parts = [
        ibis.struct({"part_of_day": p, "heard": months[f"all_{p}"], "inside": months[f"units_{p}"].cast("float64")})
        for p in PARTS_OF_DAY
    ]
    each = months.select(*_BASIS, n=n, one=ibis.array(parts).unnest()).unpack("one")
    both = (each.inside > 0) & (each.inside < each.n)
    wholes = each.group_by(*_BASIS, "part_of_day").agg(
        heard=total(each.heard),
        units=each.inside.sum(),
        units_outside=(each.n - each.inside).sum(),
        weight=(each.inside * (each.n - each.inside) / each.n.nullif(0.0)).sum(where=both),
        freedom=(each.n - 1.0).sum(where=both),
        compared_inside=each.inside.sum(where=both),
        compared_outside=(each.n - each.inside).sum(where=both),
    )
    return wholes.filter(wholes.heard > 0)


def _features(units: ir.Table) -> ir.Table:
    values = [ibis.struct({"driver": f, "value": units[f"mean_{f}"], "listens": units[f]}) for f in FEATURES]
    each = units.select("listener", "month", "part_of_day", one=ibis.array(values).unnest()).unpack("one")
    each = each.filter(each.value.notnull())
    return each.select("listener", "month", "part_of_day", "driver", "value", "listens", basis=each.driver)


def _heard(listens: ir.Table, units: ir.Table, kind: str) -> ir.Table:
    """Share in percent that each genre or artist has of each unit in which it was heard; candidates alone."""
    unnamed = ibis.literal("unnamed artist ") + listens.artist_id.cast("string")
    driver = listens.genre if kind == "genre" else listens.artist_name.coalesce(unnamed)
    named = listens.select(*_UNIT, driver=driver)
    named = named.filter(named.driver.notnull())
    heard = named.group_by(*_UNIT, "driver").agg(listens=named.count())
    heard = heard.semi_join(_candidates(heard), ["listener", "driver"])
    heard = heard.inner_join(units.select(*_UNIT, "month", whole=units[kind]), _UNIT)
    share = 100.0 * heard.listens.cast("float64") / heard.whole.cast("float64")
    return heard.select("listener", "month", "part_of_day", "driver", "listens", value=share, basis=ibis.literal(kind))


def _candidates(heard: ir.Table) -> ir.Table:
    counted = heard.group_by("listener", "driver").agg(days=heard.local_date.nunique())
    most_heard = first_n(counted, "listener", (counted.days.desc(), counted.driver), MOST_CANDIDATES)
    return most_heard.filter(most_heard.days >= ENOUGH_UNITS)


def _sums(values: ir.Table, months: ir.Table) -> ir.Table:
    """What each driver's values add up to inside and outside each part of the day, and within months.

    ``excess`` is how much more the units inside have than they would if each month's values were dealt to its
    units at random, ``variance`` and ``third_moment`` what that has by such dealing.
    """
    each = _by_part(_by_month(values, months))
    spread = (each.squares - each.sum * each.sum / each.n) / (each.n - 1.0).nullif(0.0)
    both = (each.inside > 0) & (each.inside < each.n)
    # Rounding can leave a constant's spread below 0.
    spread = ibis.greatest(spread.fill_null(0.0), 0.0)
    mean, outside = each.sum / each.n, each.n - each.inside
    lopsided = (each.cubes - 3.0 * mean * each.squares + 2.0 * each.n * mean * mean * mean) / each.n
    # Of a sum of some of n numbers, drawn without replacement (Cochran 1977).
    drawn = each.inside * outside * (outside - each.inside) / ((each.n - 1.0) * (each.n - 2.0)).nullif(0.0)
    return each.group_by(*_BASIS, "driver", "part_of_day").agg(
        driver_listens=total(each.listens),
        units_with_driver=total(each.present),
        sum_inside=each.sum_inside.sum(),
        sum_outside=(each.sum - each.sum_inside).sum(),
        squares_inside=each.squares_inside.sum(),
        squares_outside=(each.squares - each.squares_inside).sum(),
        excess=(each.sum_inside - each.inside * each.sum / each.n).sum(where=both),
        variance=(each.inside * outside / each.n * spread).sum(where=both),
        third_moment=(drawn * lopsided).sum(where=both),
        expected_inside=(each.all_present * each.inside / each.n).sum(where=both),
        expected_outside=(each.all_present * (each.n - each.inside) / each.n).sum(where=both),
    )


def _by_month(values: ir.Table, months: ir.Table) -> ir.Table:
    """Each driver's months, with the sums of each part of the day side by side."""
    within = (*_BASIS, "month")
    sums = values.group_by(*within, "driver").agg(
        **{f"sum_{p}": values.value.sum(where=values.part_of_day == p).fill_null(0.0) for p in PARTS_OF_DAY},
        **{
            f"squares_{p}": (values.value * values.value).sum(where=values.part_of_day == p).fill_null(0.0)
            for p in PARTS_OF_DAY
        },
        cubes=(values.value * values.value * values.value).sum(),
        **{f"present_{p}": values.count(where=values.part_of_day == p) for p in PARTS_OF_DAY},
        **{
            f"listens_{p}": values.listens.cast("float64").sum(where=values.part_of_day == p).fill_null(0.0)
            for p in PARTS_OF_DAY
        },
    )
    return sums.inner_join(months, within)


def _by_part(months: ir.Table) -> ir.Table:
    """A row for each part of the day of each driver's months: the sums inside it, and those of the whole month."""

    def inside(p: str) -> dict[str, ir.Value]:
        own = {"sum_inside": months[f"sum_{p}"], "squares_inside": months[f"squares_{p}"]}
        counts = {"present": months[f"present_{p}"], "listens": months[f"listens_{p}"]}
        return {"part_of_day": p, "inside": months[f"units_{p}"].cast("float64"), **own, **counts}

    def whole(of: str) -> ir.FloatingValue:
        return sum(months[f"{of}_{p}"] for p in PARTS_OF_DAY).cast("float64")

    each = months.select(
        *(*_BASIS, "driver"),
        n=whole("units"),
        sum=whole("sum"),
        squares=whole("squares"),
        cubes="cubes",
        all_present=whole("present"),
        one=ibis.array([ibis.struct(inside(p)) for p in PARTS_OF_DAY]).unnest(),
    )
    return each.unpack("one")


def _described(rows: ir.Table) -> ir.Table:
    """The row as the second step takes it: means and standard deviations instead of sums."""
    is_feature = rows.basis.isin(FEATURES)
    # A feature has its row even if nothing was measured.
    driver = is_feature.ifelse(rows.basis, rows.driver)
    described = rows.select(
        *("listener", "part_of_day"),
        is_feature.ifelse("feature", rows.basis).name("driver_type"),
        driver.name("driver"),
        rows.driver_listens.fill_null(0).name("driver_listens"),
        rows.units.cast("int64").name("units"),
        rows.units_with_driver.fill_null(0).name("units_with_driver"),
        rows.units_outside.cast("int64").name("units_outside"),
        (rows.sum_inside / rows.units.nullif(0.0)).name("mean_inside"),
        (rows.sum_outside / rows.units_outside.nullif(0.0)).name("mean_outside"),
        *(
            ibis.greatest(
                (rows[f"squares_{side}"] - rows[f"sum_{side}"] * rows[f"sum_{side}"] / n.nullif(0.0))
                / (n - 1.0).nullif(0.0),
                0.0,
            )
            .sqrt()
            .name(f"stddev_{side}")
            for side, n in (("inside", rows.units), ("outside", rows.units_outside))
        ),
        *("excess", "variance", "third_moment", "expected_inside", "expected_outside"),
        *(rows[c].fill_null(0.0).name(c) for c in ("weight", "freedom", "compared_inside", "compared_outside")),
    )
    return described.filter(described.driver.notnull())
