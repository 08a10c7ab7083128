"""Which hours suit which aim, judging by the music the listener chooses in them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import ibis
import numpy as np

from tonearm.columns import DESCRIBED, FEATURES
from tonearm.gold.frames import as_table, codes, for_order, numbers, places
from tonearm.gold.hour_comparisons import COUNTS, HOURS, compared, compared_in_month, heard_in_hours, in_words, means
from tonearm.gold.measures import first_day_of, with_measured_features
from tonearm.gold.prescriptive.aims import AIMS, MUSIC, fit
from tonearm.gold.statistics import concluded
from tonearm.table import table

if TYPE_CHECKING:
    import ibis.expr.types as ir
    import numpy.typing as npt
    import pyarrow as pa

    Numbers = npt.NDArray[np.float64]

_AIM_WORDS = {"focus": "focus", "relax": "relaxing", "energise": "energising", "lift": "lifting the mood"}
FINISH_COLUMNS = (
    *("listener", "hour_of_day", "aim", *COUNTS, "n_fit", "units", "mean_fit", "usual_fit"),
    *("difference", "difference_low", "difference_high", "effect"),
    *("detectable_difference", "p_corrected", "verdict"),
    *("hour_rank", "suggestion"),
)


def judged(rows: pa.Table) -> pa.Table:
    """Tests each hour for each aim, ranks the hours and says it in words."""
    found = compared(rows, "aim")
    conclusion = concluded(found.difference, found.p, found.error, found.freedom, codes(rows, "listener"))
    verdict = conclusion["verdict"]
    columns = {
        **{name: rows[name] for name in ("listener", "hour_of_day", "aim", *COUNTS)},
        "n_fit": np.nan_to_num(numbers(rows, "n")),
        "units": np.nan_to_num(numbers(rows, "units")),
        **{"mean_fit": numbers(rows, "own_mean"), "usual_fit": numbers(rows, "usual_mean")},
        **{"difference": found.difference, "difference_low": found.low, "difference_high": found.high},
        **{"effect": found.effect, **conclusion},
        "hour_rank": _ranks(found.low, codes(rows, "listener", "aim"), verdict),
    }
    return as_table(columns | {"suggestion": _suggestions(rows, verdict)}, FINISH_COLUMNS)


@table(
    grain=("listener", "hour_of_day", "aim"),
    finish=judged,
    finish_columns=FINISH_COLUMNS,
    finish_by=("listener",),
    finish_limit=HOURS * len(AIMS),
)
def optimal_listening_times(listening_with_features: ir.Table) -> ir.Table:
    """Which hours suit focus, relaxing, energy and a lift, judging by the music you choose then.

    One row per listener, local hour with a listen, and aim; an hour without listens has no row. How well a track suits
    an aim (0–1) is a fixed rule over its features, measured (real or catalogue) or the means of the artist's measured
    tracks (artist), the same for everyone; ``mean_fit`` is
    the fit of what you hear in that hour. It shows what music you choose at that hour, not how well you work or rest
    then.

    The unit is a session in an hour: its mean fit. Each is compared with the *other* sessions of the same month, at
    whatever hour (``usual_fit``), so that neither years of changing taste nor one week's craze look like a habit of the
    hour; sessions alone in their month are left out of ``units`` and ``n_fit``. ``effect`` is Cohen's d,
    ``p_corrected`` Student's t test corrected over all hours and aims of the listener, with the spread of the hour's
    sessions or that within all hours, whichever is larger. The 95 % intervals are each hour's own. (Placebo: with the
    clock of each week turned by a random number of hours, 2 to 5 % of the comparisons fell below p = .05 in five
    histories, and no table of 75 had a finding.)

    ``insufficient`` was not tested, and has no suggestion: fewer than 10 sessions in the hour, or in all the others, or
    fewer than 10 different measured tracks in it, or all music alike. ``not_shown`` does not prove that the hour is
    like the others, and ``detectable_difference`` is what would have been found with a chance of 80 %. ``hour_rank``
    orders the hours that are shown to suit an aim more than usual, by the lower end of the interval; no other hour is
    called a good one.
    """
    units = compared_in_month(_units(with_measured_features(listening_with_features, FEATURES, DESCRIBED)), *AIMS)
    hours = heard_in_hours(with_measured_features(listening_with_features, (), DESCRIBED))
    of_aims = {aim: means(units, aim, f"n_{aim}") for aim in AIMS}
    found = units.group_by("listener", "hour_of_day").agg(
        {f"{part}_{aim}": value for aim, parts in of_aims.items() for part, value in parts.items()}
    )
    each = hours.inner_join(found, ["listener", "hour_of_day"])
    rows = [
        ibis.struct({"aim": aim, **{part: each[f"{part}_{aim}"] for part in parts}}) for aim, parts in of_aims.items()
    ]
    long = each.select("listener", "hour_of_day", *COUNTS, one=ibis.array(rows).unnest()).unpack("one")
    return long.relocate("aim", after="hour_of_day")


def _units(listens: ir.Table) -> ir.Table:
    """Each session's mean fit for each aim in each of its hours."""
    fits = listens.mutate(**{aim: fit(aim, listens) for aim in AIMS})
    return fits.group_by("listener", "session_started_at", "hour_of_day").agg(
        month=first_day_of("month", fits.local_date.min()),
        **{aim: fits[aim].mean() for aim in AIMS},
        **{f"n_{aim}": fits[aim].count() for aim in AIMS},
    )


def _ranks(low: Numbers, family: npt.NDArray[np.int64], verdict: npt.NDArray[np.str_]) -> Numbers:
    """Place of each row that is shown to suit the aim in its family, highest ``low`` first; NaN for the others."""
    ranks = np.full(len(low), np.nan)
    shown = np.flatnonzero(verdict == "higher")
    order = shown[np.lexsort((for_order(-low[shown]), family[shown]))]
    ranks[order] = places(family[order]) + 1
    return ranks


def _suggestions(rows: pa.Table, verdict: npt.NDArray[np.str_]) -> list[str | None]:
    names = ("hour_of_day", "aim", "own_mean", "usual_mean", "units")
    columns = (rows[name].to_pylist() for name in names)
    return [_suggestion(*values) for values in zip(*columns, verdict, strict=True)]


def _suggestion(hour: int, aim: str, own: float, usual: float, sessions: int, verdict: str) -> str | None:
    if verdict == "insufficient":
        return None
    evidence = f"fit {own:.2f} against {usual:.2f}, {sessions} sessions"
    if verdict == "not_shown":
        return f"{in_words(hour)}: no difference shown for {_AIM_WORDS[aim]} ({evidence})."
    side, to = ("more", "nearer to") if verdict == "higher" else ("less", "further from")
    # Beside the other hours only: in absolute terms another aim may suit the hour better.
    when = f"{in_words(hour)} is {side} a time for {_AIM_WORDS[aim]} than your other hours"
    return f"{when}: your music is {to} {MUSIC[aim]} than usual in the same months ({evidence})."
