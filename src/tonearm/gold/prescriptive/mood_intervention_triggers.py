"""Hours in which a listener hears more of the saddest-sounding music than usual, and what to try."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import ibis
import numpy as np

from tonearm.columns import DESCRIBED
from tonearm.gold.frames import as_table, codes, numbers
from tonearm.gold.hour_comparisons import (
    COUNTS,
    HOURS,
    compared,
    compared_in_month,
    heard_in_hours,
    hour_means,
    in_words,
)
from tonearm.gold.measures import first_day_of, with_measured_features
from tonearm.gold.statistics import concluded
from tonearm.silver.first_n import first_n
from tonearm.table import table

if TYPE_CHECKING:
    import ibis.expr.types as ir
    import numpy.typing as npt
    import pyarrow as pa

    Numbers = npt.NDArray[np.float64]

LOW_SHARE = 0.25
BRIGHTER_BY, BRIGHTER_SESSIONS = 0.1, 3
"""An artist may be suggested whose mean valence is that much above the listener's, over that many sessions."""
MOST_BRIGHTER = 50
"""Brighter artists of a listener that are looked through, the most heard first."""
NOTE = (
    "About how the music sounds, not about how you feel: a hint, not a diagnosis. Music that sounds sad or is in a "
    "minor key is often calm, loved and good for its listener."
)
_STEP = ("low_valence", "n", "units", "own_mean", "usual_mean", "stddev", "brighter_artist_name", "brighter_valence")
FINISH_COLUMNS = (
    *("listener", "hour_of_day", *COUNTS, "low_valence", "n_low", "units", "low_share_pct", "usual_low_share_pct"),
    *("difference", "difference_low", "difference_high", "effect"),
    *("detectable_difference", "p_corrected", "verdict"),
    *("priority", "brighter_artist_name", "what_to_try", "note"),
)


def judged(rows: pa.Table) -> pa.Table:
    """Tests each hour, and gives those with more low music than usual a priority and something to try."""
    found = compared(rows)
    conclusion = concluded(found.difference, found.p, found.error, found.freedom, codes(rows, "listener"))
    verdict = conclusion["verdict"]
    columns = {
        **{name: rows[name] for name in ("listener", "hour_of_day", *COUNTS, "low_valence")},
        "n_low": np.nan_to_num(numbers(rows, "n")),
        "units": np.nan_to_num(numbers(rows, "units")),
        **{"low_share_pct": numbers(rows, "own_mean"), "usual_low_share_pct": numbers(rows, "usual_mean")},
        **{"difference": found.difference, "difference_low": found.low, "difference_high": found.high},
        **{"effect": found.effect, **conclusion, "priority": _priorities(verdict, found.effect)},
        **_what_to_try(rows, verdict),
        "note": [NOTE] * rows.num_rows,
    }
    return as_table(columns, FINISH_COLUMNS)


@table(
    grain=("listener", "hour_of_day"),
    finish=judged,
    finish_columns=FINISH_COLUMNS,
    finish_by=("listener",),
    finish_limit=HOURS,
)
def mood_intervention_triggers(listening_with_features: ir.Table) -> ir.Table:
    """Hours in which you hear more of your saddest-sounding music than usual. A hint about music, not a diagnosis.

    One row per listener and local hour with a listen. *Low* is the quarter of your own listens with the
    lowest valence, measured (real or catalogue) or the mean of the artist's measured tracks (artist), which shows how
    positive music sounds: up to ``low_valence``, with those at exactly this value counting in part, so that always a
    quarter is low. It is relative to your music and does not
    measure your mood: calm music in a minor key has a low valence and may be just what does you good.

    The unit is a session in an hour: the share of its measured listens that is low. Each is compared with the *other*
    sessions of the same month, at whatever hour (``usual_low_share_pct``), so that a sad winter or years of changing
    taste do not look like a habit of the hour; sessions alone in their month are left out. ``difference`` is in
    percentage points, ``effect`` is Cohen's d, ``p_corrected`` Student's t test corrected over all hours of the
    listener, with the spread of the hour's sessions or of all hours', whichever is larger. ``insufficient`` was not
    tested: fewer than 10 sessions in the hour, or in all the others, or fewer than 10 different measured tracks in it,
    or all music alike.

    ``priority`` is given to hours with verdict ``higher`` by Cohen's (1988) sizes: high from .5, medium from .2, low
    below; ``none`` means that no increase was shown. ``what_to_try`` names an artist you know, with a mean valence at
    least .1 above yours and at least 3 sessions: the one most heard in that hour, otherwise the one most heard overall.
    """
    listens = with_measured_features(listening_with_features, ("valence",), DESCRIBED)
    units = _units(listens, _thresholds(listens))
    hours = heard_in_hours(listens).left_join(_thresholds(listens), "listener").drop("listener_right")
    row = ["listener", "hour_of_day"]
    hours = hours.left_join(hour_means(compared_in_month(units)), row).drop("listener_right", "hour_of_day_right")
    found = hours.left_join(_brighter(listens), row)
    return found.select(*row, *COUNTS, *_STEP)


def _thresholds(listens: ir.Table) -> ir.Table:
    """Per listener the valence at which the lowest quarter ends, and the part of the listens at it that is low."""
    known = listens.filter(listens.valence.notnull())
    values = known.group_by("listener", "valence").agg(at=known.count().cast("float64"))
    of_listener = ibis.window(group_by="listener")
    values = values.mutate(
        low=LOW_SHARE * values["at"].sum().over(of_listener),
        up_to=values["at"].sum().over(ibis.cumulative_window(group_by="listener", order_by="valence")),
    )
    below = values.up_to - values["at"]
    edge = values.filter((below < values.low) & (values.up_to >= values.low))
    return edge.select("listener", low_valence="valence", low_part=(edge.low - edge.up_to + edge["at"]) / edge["at"])


def _units(listens: ir.Table, thresholds: ir.Table) -> ir.Table:
    """The low share in percent of each session's measured listens in each of its hours."""
    known = listens.filter(listens.valence.notnull()).inner_join(thresholds, "listener")
    at_edge = (known.valence == known.low_valence).ifelse(known.low_part, 0.0)
    known = known.mutate(low=ibis.cases((known.valence < known.low_valence, 1.0), else_=at_edge))
    return known.group_by("listener", "session_started_at", "hour_of_day").agg(
        month=first_day_of("month", known.local_date.min()), value=100.0 * known.low.mean(), n=known.count()
    )


def _brighter(listens: ir.Table) -> ir.Table:
    """For each listener and hour the brighter artist most heard in that hour, else at all."""
    artists = _brighter_artists(listens)
    here = listens.group_by("listener", "hour_of_day", "artist_id").agg(
        sessions_here=listens.session_started_at.nunique()
    )
    hours = listens.select("listener", "hour_of_day").distinct()
    each = hours.inner_join(artists, "listener").left_join(here, ["listener", "hour_of_day", "artist_id"])
    best_first = (each.sessions_here.fill_null(0).desc(), each.sessions.desc(), each.artist_id)
    row = ("listener", "hour_of_day")
    return first_n(each, row, best_first, 1).select(*row, "brighter_artist_name", "brighter_valence")


def _brighter_artists(listens: ir.Table) -> ir.Table:
    of_listener = listens.group_by("listener").agg(mean_valence=listens.valence.mean())
    known = listens.filter(listens.valence.notnull() & listens.artist_name.notnull())
    artists = known.group_by("listener", "artist_id").agg(
        sessions=known.session_started_at.nunique(),
        brighter_valence=known.valence.mean(),
        # One spelling, whichever row comes first.
        brighter_artist_name=known.artist_name.min(),
    )
    artists = artists.inner_join(of_listener, "listener")
    bright = artists.filter(
        artists.brighter_valence >= artists.mean_valence + BRIGHTER_BY, artists.sessions >= BRIGHTER_SESSIONS
    )
    first = first_n(bright, "listener", (bright.sessions.desc(), bright.artist_id), MOST_BRIGHTER)
    return first.drop("place", "mean_valence")


def _priorities(verdict: npt.NDArray[np.str_], effect: Numbers) -> list[str | None]:
    higher = verdict == "higher"
    sizes = np.select([higher & (effect >= 0.5), higher & (effect >= 0.2), higher], ["high", "medium", "low"], "none")
    return [None if v == "insufficient" else str(size) for v, size in zip(verdict, sizes, strict=True)]


def _what_to_try(rows: pa.Table, verdict: npt.NDArray[np.str_]) -> dict[str, list[str | None]]:
    names = ("hour_of_day", "own_mean", "usual_mean", "units", "brighter_artist_name", "brighter_valence")
    hours = [row if v == "higher" else None for row, v in zip(rows.select(names).to_pylist(), verdict, strict=True)]
    return {
        "brighter_artist_name": [row and row["brighter_artist_name"] for row in hours],
        "what_to_try": [row and _idea(row) for row in hours],
    }


def _idea(row: dict[str, Any]) -> str:
    shares = f"{row['own_mean']:.0f} % of the music is among your lowest in valence, {row['usual_mean']:.0f} % usually"
    found = f"{in_words(row['hour_of_day'])}: {shares} ({row['units']} sessions)."
    if row["brighter_artist_name"] is None:
        return f"{found} If you would like it brighter, a playlist for mood lift may do."
    artist = f"{row['brighter_artist_name']} (mean valence {row['brighter_valence']:.2f})"
    return f"{found} If you would like it brighter, you also listen to {artist}."
