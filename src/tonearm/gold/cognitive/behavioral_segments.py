"""Five traits of a listener compared with others, and a word for the most pronounced."""

from __future__ import annotations

import json
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, NamedTuple

import ibis
import numpy as np

from tonearm.gold.cognitive.listener_traits import LISTENS_OF_MONTH, TRAITS
from tonearm.gold.frames import as_table, numbers
from tonearm.gold.statistics import ENOUGH_UNITS, mean_interval
from tonearm.table import table

if TYPE_CHECKING:
    import ibis.expr.types as ir
    import numpy.typing as npt
    import pyarrow as pa

    Numbers = npt.NDArray[np.float64]


HOUSEHOLD = 5
"""Fewer listeners are not ranked among themselves."""
PRONOUNCED = 30.0
"""Percent from the middle rank: the outer fifths."""
BALANCED = "balanced"
_PARTS = ("mean", "stddev", "n", "below", "equal", "judged", "middle")
FINISH_COLUMNS = (
    *("listener", "archetype", "in_words"),
    *(f"{trait}{part}" for trait in TRAITS for part in ("", "_low", "_high", "_rank", "_months")),
    *("compared_with", "compared_listeners", "months_compared", "listens"),
)


def finish(listeners: pa.Table) -> pa.Table:
    """Intervals, percent ranks and words for each listener's traits."""
    population = demo_population()
    household = numbers(listeners, "household")
    is_household = household >= HOUSEHOLD
    traits = {trait: _ranked(listeners, trait, population[trait], is_household) for trait in TRAITS}
    columns = {f"{trait}_{part}": value for trait, found in traits.items() for part, value in found._asdict().items()}
    columns |= {trait: found.value for trait, found in traits.items()}
    with_whom = np.where(is_household, "household", "demo")
    archetypes, words = _words(traits, with_whom)
    rows = {
        "listener": listeners["listener"],
        "archetype": archetypes,
        "in_words": words,
        "compared_with": with_whom,
        "compared_listeners": np.where(is_household, household, len(population["after_dark_pct"])),
        "months_compared": numbers(listeners, "months"),
        "listens": listeners["listens"],
    }
    return as_table(columns | rows, FINISH_COLUMNS)


@table(
    grain=("listener",),
    finish=finish,
    finish_columns=FINISH_COLUMNS,
    finish_by=("listener",),
    finish_limit=1,
    across_listeners=True,
)
def behavioral_segments(listener_traits: ir.Table) -> ir.Table:
    """How you listen: five traits compared with other listeners, and a word for the most pronounced.

    One row per listener. The unit is the month: each trait is the mean over up to the latest 24 whole months with at
    least 50 listens (``…_months`` of them), so that recent habits count in a long history, with the 95 % t interval of
    that mean. All but the first two traits use 50 listens of each month, those with the smallest ``listen_id``. The id
    is a hash, so this is a random sample, and listening more does not make anyone more eclectic or steadier.

    * ``exploring_pct`` (repeating – exploring): listens of tracks that were not heard in the previous 180 days. A month
      counts if the history began at least 180 days before it.
    * ``after_dark_pct`` (by day – after dark): listens from 18:00 to 5:59 by the listener's clock.
    * ``bursts_pct`` (steady – in bursts): listens on the three busiest days of the month; 10 % is perfectly steady.
    * ``eclectic_bits`` (focused – eclectic): entropy of the artists (Shannon 1948), from 0 for a single artist to 5.6
      for 50.
    * ``loyal_pct`` (drifting – loyal): overlap of the artists' shares with those of the previous calendar month, the
      sum of the smaller of the two.

    ``…_rank`` is a percent rank: the share of the compared listeners (including this one) with a lower value, plus half
    of those with the same value, so the middle is 50. The comparison is with the listeners of this home if five or more
    can be ranked in every trait (``compared_with`` is ``household``), otherwise with ``compared_listeners`` simulated
    ones (``demo``), which shows the direction but is no survey of real people.

    ``archetype`` names up to two traits whose rank is in the top or bottom fifth and whose interval does not include
    the middle of the compared listeners, the most extreme first; ``balanced`` has none. With fewer than 10 such months
    a trait has no interval and no rank, and without ranks there is no archetype.
    """
    values = _long(listener_traits)
    judged = values.filter(values.n >= ENOUGH_UNITS)
    by_value = ibis.window(group_by="trait", order_by="mean")
    ranked = judged.mutate(
        below=ibis.rank().over(by_value).cast("float64"),
        equal=judged.count().over(ibis.window(group_by=("trait", "mean"))).cast("float64"),
        judged=judged.count().over(ibis.window(group_by="trait")).cast("float64"),
    )
    middles = judged.group_by("trait").agg(middle=judged["mean"].median())
    ranked = ranked.inner_join(middles, "trait").select("listener", "trait", "below", "equal", "judged", "middle")
    long = values.left_join(ranked, ["listener", "trait"]).drop("listener_right", "trait_right")
    wide = long.group_by("listener").agg(
        months=long.n.max(),
        **{f"{t}_{part}": long[part].max(where=long.trait == t) for t in TRAITS for part in _PARTS},
    )
    counts = judged.agg(**{t: judged.count(where=judged.trait == t) for t in TRAITS})
    household = counts.select(household=ibis.least(*(counts[t] for t in TRAITS)))
    rows = (
        listener_traits.select("listener", "listens")
        .left_join(wide, "listener")
        .drop("listener_right")
        .cross_join(household)
    )
    return rows.mutate(months=rows.months.fill_null(0))


def _long(listener_traits: ir.Table) -> ir.Table:
    """Mean, standard deviation and number of months (``n``) of each trait that a listener has, one below the other."""
    t = listener_traits
    pieces = ibis.array(
        [
            ibis.struct({"trait": trait, "mean": t[trait], "stddev": t[f"{trait}_stddev"], "n": t[f"{trait}_months"]})
            for trait in TRAITS
        ]
    )
    each = t.select("listener", one=pieces.unnest()).unpack("one")
    return each.filter(each["mean"].notnull())


class Ranked(NamedTuple):
    """A trait of each listener; ``middle`` is the median of those compared."""

    value: Numbers
    low: Numbers
    high: Numbers
    rank: Numbers
    months: Numbers
    middle: Numbers


def _ranked(listeners: pa.Table, trait: str, population: Numbers, is_household: npt.NDArray[np.bool_]) -> Ranked:
    value, stddev, n, below, equal, judged, middle = (numbers(listeners, f"{trait}_{part}") for part in _PARTS)
    low, high = mean_interval(value, stddev, n)
    is_enough = n >= ENOUGH_UNITS
    # By trait, since a month may have enough data for one and not for another.
    at_home = percent_rank(below, equal, judged)
    # Who is compared with others is one of those compared.
    fewer = np.searchsorted(population, value).astype(np.float64)
    up_to = np.searchsorted(population, value, side="right").astype(np.float64)
    elsewhere = percent_rank(fewer, up_to - fewer + 1, len(population) + 1)
    return Ranked(
        value,
        np.where(is_enough, low, np.nan),
        np.where(is_enough, high, np.nan),
        np.where(is_enough, np.where(is_household, at_home, elsewhere), np.nan),
        np.where(np.isnan(n), 0.0, n),
        np.where(is_household, middle, np.median(population)),
    )


def percent_rank(below: Numbers, equal: Numbers, all_of_them: Numbers | float) -> Numbers:
    """Share in % of the compared with a lower value, plus half of those with the same, oneself included."""
    return 100.0 * (below + equal / 2) / all_of_them


@cache
def demo_population() -> dict[str, Numbers]:
    """The sorted traits of the simulated listeners written by :mod:`tools.population`."""
    written = json.loads(files(__package__).joinpath("demo_population.json").read_text(encoding="utf-8"))
    return {trait: np.array(written["traits"][trait]) for trait in TRAITS}


def _words(traits: dict[str, Ranked], with_whom: npt.NDArray[np.str_]) -> tuple[list[str | None], list[str]]:
    """Archetype and sentence of each listener."""
    ranks = np.stack([found.rank for found in traits.values()], axis=1)
    is_clear = np.stack([(f.low > f.middle) | (f.high < f.middle) for f in traits.values()], axis=1)
    away = np.where(is_clear, np.abs(ranks - 50), 0.0)
    furthest = np.argsort(-away, axis=1, kind="stable")[:, :2]
    archetypes: list[str | None] = []
    sentences = []
    for row, picked in enumerate(furthest):
        if np.isnan(ranks[row]).all():
            archetypes.append(None)
            sentences.append(f"Not enough data: {ENOUGH_UNITS} months with {LISTENS_OF_MONTH} listens are needed.")
            continue
        stand_out = [list(TRAITS)[i] for i in picked if away[row, i] >= PRONOUNCED]
        names = [TRAITS[t].high if traits[t].rank[row] > 50 else TRAITS[t].low for t in stand_out]
        archetypes.append(" and ".join(names) or BALANCED)
        sentences.append(_sentence(traits, stand_out, row, str(with_whom[row])))
    return archetypes, sentences


def _sentence(traits: dict[str, Ranked], stand_out: list[str], row: int, with_whom: str) -> str:
    others = "the household" if with_whom == "household" else "simulated listeners"
    if not stand_out:
        return f"No trait is clearly in the top or bottom fifth of {others}."
    traits_in_words = [
        f"{TRAITS[t].value.format(traits[t].value[row])} (percent rank {traits[t].rank[row]:.0f})" for t in stand_out
    ]
    sentence = "; ".join(traits_in_words)
    return f"{sentence[0].upper()}{sentence[1:]}, compared with {others}."
