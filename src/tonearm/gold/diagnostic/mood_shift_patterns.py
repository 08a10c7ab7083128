"""How mood moves from one track to the next, hour by hour."""

from __future__ import annotations

from typing import TYPE_CHECKING

import ibis
import numpy as np

from tonearm.columns import MOODS, SHIFT_SIZES
from tonearm.gold.frames import as_table, codes, numbers
from tonearm.gold.measures import percent, total, with_measured_features
from tonearm.gold.statistics import (
    ENOUGH_UNITS,
    against,
    detectable,
    false_discovery,
    level_of_another,
    quantile,
    verdicts,
)
from tonearm.table import table

if TYPE_CHECKING:
    import ibis.expr.types as ir
    import numpy.typing as npt
    import pyarrow as pa

    Numbers = npt.NDArray[np.float64]

STABLE_BELOW = 0.1
"""Half the width of the Neutral square. Of two tracks drawn from the catalogue 6 % are as near."""
MAJOR_FROM = 0.35
"""How far apart two tracks drawn from the catalogue at random are in the median (.355, of its 22,000 tracks): such
a shift is one that says nothing of the track before."""
MOVED = ("valence", "energy")
ALL_DAY = "all day"
_HOUR = ("listener", "hours")
_ROW = (*_HOUR, "shift_size")
_PAIRS = [(before, after) for before in MOODS for after in MOODS]
_SUMS = ("squares", "products", "hour_squares")
_CHANGES = tuple(f"{f}_change" for f in MOVED)
_ENDS = ("", "_low", "_high", "_effect", "_detectable", "_p_corrected", "_verdict")
_COLUMNS = (
    *("listener", "hours", "hour_of_day", "shift_size", "shifts", "units", "hour_shifts", "hour_repeats"),
    *("shift_share_pct", "shift_share_low_pct", "shift_share_high_pct"),
    *(f"{c}{end}" for c in _CHANGES for end in _ENDS),
    *(f"from_{m.lower()}_n" for m in MOODS),
    *(f"{before.lower()}_to_{after.lower()}_pct" for before, after in _PAIRS),
)


def _finish(rows: pa.Table) -> pa.Table:
    own = {name: rows[name] for name in rows.column_names}
    return as_table({**own, **_share_interval(rows), **_tested_changes(rows)}, _COLUMNS)


def _share_interval(rows: pa.Table) -> dict[str, Numbers]:
    """The share's interval with sessions as clusters: that of a ratio of two sums over sessions."""
    n, shifts, of_hour = (numbers(rows, c) for c in ("hour_units", "shifts", "hour_shifts"))
    squares, products, hour_squares = (numbers(rows, c) for c in _SUMS)
    share = shifts / of_hour
    residuals = np.maximum(squares - 2 * share * products + share**2 * hour_squares, 0)
    # A share of 0 or 1 has no spread of which an interval could be made.
    is_told = (n >= ENOUGH_UNITS) & (shifts > 0) & (shifts < of_hour)
    freedom = np.where(is_told, n - 1, np.nan)
    half = quantile(freedom) * np.sqrt(residuals * n / freedom) / of_hour
    return {
        "shift_share_low_pct": 100 * np.maximum(share - half, 0),
        "shift_share_high_pct": 100 * np.minimum(share + half, 1),
    }


def _tested_changes(rows: pa.Table) -> dict[str, Numbers | npt.NDArray[np.str_]]:
    """Whether valence and energy change: Student's t over the sessions, corrected over a listener's rows of both.

    The day as a whole is a question of its own, with a correction of its own.
    """
    units = numbers(rows, "units")
    enough = np.where(units >= ENOUGH_UNITS, units, np.nan)
    found = {c: against(numbers(rows, c), numbers(rows, f"{c}_stddev"), enough) for c in _CHANGES}
    is_all_day = np.isnan(numbers(rows, "hour_of_day"))
    families = np.tile(2 * codes(rows, "listener") + is_all_day, len(found))
    corrected = false_discovery(np.concatenate([one.p for one in found.values()]), families)
    columns: dict[str, Numbers | npt.NDArray[np.str_]] = {}
    levels = np.split(level_of_another(corrected, families), len(found))
    for (change, one), p, level in zip(found.items(), np.split(corrected, len(found)), levels, strict=True):
        columns |= {
            f"{change}_low": np.where(np.isnan(p), np.nan, one.low),
            f"{change}_high": np.where(np.isnan(p), np.nan, one.high),
            f"{change}_effect": np.where(np.isnan(p), np.nan, one.effect),
            f"{change}_detectable": detectable(one.error, one.freedom, level),
            f"{change}_p_corrected": p,
            f"{change}_verdict": verdicts(one.difference, p),
        }
    return columns


@table(
    grain=_ROW,
    finish=_finish,
    finish_columns=_COLUMNS,
    finish_by=("listener",),
    finish_limit=25 * len(SHIFT_SIZES),
)
def mood_shift_patterns(listening_with_features: ir.Table) -> ir.Table:
    """How the mood of your music moves from one track to the next, in each hour of the day.

    A shift is a pair of different tracks heard directly one after the other in a session, both with measured features
    (real or catalogue); it belongs to the hour of the second, by your clock. A track repeated immediately is not a
    shift and is counted in ``hour_repeats``: otherwise one song on repeat would make an hour look stable. The size of a
    shift is the distance in valence and energy: ``Stable`` below .1 (half the width of Neutral), ``Major_Shift`` from
    .35 (the median distance of two random tracks of the catalogue), ``Minor_Shift`` between.

    One row per listener, hour and size, and one per size for ``all day``, whose ``hour_of_day`` is null; an hour with a
    shift has all three sizes, an hour without has no row. ``shift_share_pct`` is the size's share of the hour's shifts.
    ``valence_change`` and ``energy_change`` show where such shifts lead, as the mean of the sessions' means, because
    the shifts of one session (an album, say) are one piece of evidence: ``units`` counts sessions. Below 10 sessions a
    change is ``insufficient``, without interval or p. Changes are tested against zero with Student's t, p corrected
    over all hours, sizes and both features, and by itself for the whole day; ``…_detectable`` is the change that would
    have been found with a chance of 80 %, where none was. The intervals of shares treat sessions as clusters.

    ``sad_calm_to_happy_calm_pct`` and the like are the share of the row's shifts from the first mood that end in the
    second; ``from_sad_calm_n`` counts the shifts from that mood, and with few of them the shares are anecdotes. Each
    row has shifts of one size only, so the three rows of an hour belong together.
    """
    pairs = _pairs(with_measured_features(listening_with_features, MOVED))
    pairs = pairs.union(pairs.mutate(hours=ibis.literal(ALL_DAY), hour_of_day=ibis.null("int64")))
    shifts = pairs.filter(~pairs.is_repeat)
    return _described(_all_sizes(pairs).left_join(_rows(_sessions(shifts)), _ROW))


def _pairs(listens: ir.Table) -> ir.Table:
    """Each measured listen whose listen directly before it, in the same session, was measured too."""
    heard = ibis.window(group_by=("listener", "session_started_at"), order_by=("started_at", "listen_id"))
    values = {"track": listens.track_id, "mood": listens.mood, **{f: listens[f] for f in MOVED}}
    # Taken before any listen is dropped: an unmeasured one stands between two measured ones.
    listens = listens.mutate({f"{name}_before": value.lag().over(heard) for name, value in values.items()})
    needed = [listens[f"{f}{when}"].notnull() for f in MOVED for when in ("", "_before")]
    pairs = listens.filter(*needed)
    return pairs.select(
        *("listener", "session_started_at", "mood", "mood_before", "hour_of_day"),
        hours=pairs.hour_of_day.cast("string"),
        is_repeat=pairs.track_id == pairs.track_before,
        **{f"{f}_change": pairs[f] - pairs[f"{f}_before"] for f in MOVED},
    )


def _sessions(shifts: ir.Table) -> ir.Table:
    """Each session's shifts of each hour and size: how many, their mean changes, and which moods they join."""
    distance = (shifts.valence_change**2 + shifts.energy_change**2).sqrt()
    size = ibis.cases((distance < STABLE_BELOW, "Stable"), (distance < MAJOR_FROM, "Minor_Shift"), else_="Major_Shift")
    sized = shifts.mutate(shift_size=size)
    sessions = sized.group_by(*_ROW, "session_started_at").agg(
        shifts=sized.count(),
        **{c: sized[c].mean() for c in _CHANGES},
        **{
            f"pair_{k}": sized.count(where=(sized.mood_before == before) & (sized.mood == after))
            for k, (before, after) in enumerate(_PAIRS)
        },
    )
    of_the_hour = ibis.window(group_by=(*_HOUR, "session_started_at"))
    # As fractions, because their products are summed, and DuckDB sums integers into 128 bits.
    return sessions.mutate(all_shifts=sessions.shifts.cast("float64").sum().over(of_the_hour))


def _rows(sessions: ir.Table) -> ir.Table:
    shifts = sessions.shifts.cast("float64")
    return sessions.group_by(*_ROW).agg(
        shifts=total(sessions.shifts),
        units=sessions.count(),
        squares=(shifts * shifts).sum(),
        products=(shifts * sessions.all_shifts).sum(),
        **{c: sessions[c].mean() for c in _CHANGES},
        **{f"{c}_stddev": sessions[c].std(how="sample") for c in _CHANGES},
        **{f"pair_{k}": total(sessions[f"pair_{k}"]) for k in range(len(_PAIRS))},
    )


def _all_sizes(pairs: ir.Table) -> ir.Table:
    """Every hour with a shift, once for each size, and what its sessions have in all."""
    sessions = pairs.group_by(*_HOUR, "session_started_at").agg(
        hour_of_day=pairs.hour_of_day.max(),
        hour_shifts=pairs.count(where=~pairs.is_repeat),
        hour_repeats=pairs.count(where=pairs.is_repeat),
    )
    shifts = sessions.hour_shifts.cast("float64")
    hours = sessions.group_by(*_HOUR).agg(
        hour_of_day=sessions.hour_of_day.max(),
        hour_shifts=total(sessions.hour_shifts),
        hour_repeats=total(sessions.hour_repeats),
        hour_units=sessions.count(where=sessions.hour_shifts > 0),
        hour_squares=(shifts * shifts).sum(),
    )
    return hours.filter(hours.hour_shifts > 0).mutate(shift_size=ibis.array(list(SHIFT_SIZES)).unnest())


def _described(rows: ir.Table) -> ir.Table:
    """The row as the second step takes it; what a size without shifts has none of is 0."""
    counts = {f"pair_{k}": rows[f"pair_{k}"].fill_null(0) for k in range(len(_PAIRS))}
    starts = {
        before: sum(counts[f"pair_{k}"] for k, (begin, _) in enumerate(_PAIRS) if begin == before) for before in MOODS
    }
    return rows.select(
        *(*_ROW, "hour_of_day", "hour_shifts", "hour_repeats", "hour_units", "hour_squares"),
        rows.shifts.fill_null(0).name("shifts"),
        rows.units.fill_null(0).name("units"),
        rows.squares.fill_null(0.0).name("squares"),
        rows.products.fill_null(0.0).name("products"),
        percent(rows.shifts.fill_null(0), rows.hour_shifts).name("shift_share_pct"),
        *_CHANGES,
        *(f"{c}_stddev" for c in _CHANGES),
        **{f"from_{before.lower()}_n": count for before, count in starts.items()},
        **{
            f"{before.lower()}_to_{after.lower()}_pct": percent(counts[f"pair_{k}"], starts[before])
            for k, (before, after) in enumerate(_PAIRS)
        },
    )
