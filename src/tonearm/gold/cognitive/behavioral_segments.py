"""Five traits of a listener compared with others, and a word for the most pronounced."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, NamedTuple

import ibis
import numpy as np

from tonearm.gold.frames import as_table, numbers
from tonearm.gold.measures import first_day_of, percent
from tonearm.gold.statistics import ENOUGH_UNITS, mean_interval
from tonearm.silver.first_n import first_n
from tonearm.table import table

if TYPE_CHECKING:
    import ibis.expr.types as ir
    import numpy.typing as npt
    import pyarrow as pa

    Numbers = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Trait:
    """One way in which listeners differ, with words for its two ends and for its value."""

    low: str
    high: str
    value: str


TRAITS = {
    "exploring_pct": Trait("repeating", "exploring", "{:.0f} % of the listens are of tracks new in half a year"),
    "after_dark_pct": Trait("by day", "after dark", "{:.0f} % of the listens are from 18:00 to 5:59"),
    "bursts_pct": Trait("steady", "in bursts", "three days of a month hold {:.0f} % of its listens"),
    "eclectic_bits": Trait("focused", "eclectic", "artists have an entropy of {:.1f} bits in 50 listens"),
    "loyal_pct": Trait("drifting", "loyal", "{:.0f} % of the artists' shares stay from month to month"),
}
LISTENS_OF_MONTH = 50
"""Listens of each month that are compared: shares, entropies and overlaps depend on how many there are."""
MONTHS = 24
NEW_AFTER_DAYS = 180
BUSIEST_DAYS = 3
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
def behavioral_segments(listening_with_features: ir.Table) -> ir.Table:
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
    values = trait_values(listening_with_features)
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
    everybody = listening_with_features.group_by("listener").agg(listens=listening_with_features.count())
    rows = everybody.left_join(wide, "listener").drop("listener_right").cross_join(household)
    return rows.mutate(months=rows.months.fill_null(0))


def trait_values(listening_with_features: ir.Table) -> ir.Table:
    """Mean, standard deviation and number of months (``n``) of each trait of each listener, in long form."""
    listens = _with_months(listening_with_features)
    months = _months(listens)
    pieces = ibis.array([ibis.struct({"trait": trait, "value": months[trait]}) for trait in TRAITS])
    each = months.select("listener", one=pieces.unnest()).unpack("one")
    each = each.filter(each.value.notnull())
    return each.group_by("listener", "trait").agg(
        mean=each.value.mean(), stddev=each.value.std(how="sample"), n=each.count()
    )


def _with_months(listening_with_features: ir.Table) -> ir.Table:
    """The listens of whole months with enough of them, the latest MONTHS, and whether their track was new."""
    lwf = listening_with_features
    of_listener = ibis.window(group_by="listener")
    # By date and not by instant: who flies west may hear Tuesday before Monday.
    before = lwf.local_date.lag().over(ibis.window(group_by=("listener", "track_id"), order_by="local_date"))
    dated = lwf.select(
        *("listener", "listen_id", "artist_id", "local_date", "hour_of_day"),
        month=first_day_of("month", lwf.local_date),
        number=(12 * lwf.local_date.year() + lwf.local_date.month()).cast("int64"),
        is_new=before.isnull() | (lwf.local_date.delta(before, unit="day") > NEW_AFTER_DAYS),
    )
    dated = dated.mutate(
        month_listens=dated.count().over(ibis.window(group_by=("listener", "month"))),
        began=dated.local_date.min().over(of_listener),
        first=dated.number.min().over(of_listener),
        last=dated.number.max().over(of_listener),
    )
    is_whole = (dated.number > dated.first) & (dated.number < dated.last)
    enough = dated.filter(is_whole & (dated.month_listens >= LISTENS_OF_MONTH))
    newest = ibis.window(group_by="listener", order_by=enough.number.desc())
    recent = enough.mutate(age=ibis.dense_rank().over(newest))
    return recent.filter(recent.age < MONTHS)


def _months(listens: ir.Table) -> ir.Table:
    """Each month's traits; null where the month has too little data."""
    of_month = ("listener", "number")
    is_dark = (listens.hour_of_day >= 18) | (listens.hour_of_day < 6)
    begins = listens.month.min().delta(listens.began.min(), unit="day")
    shares = listens.group_by(*of_month).agg(
        exploring_pct=ibis.ifelse(
            begins >= NEW_AFTER_DAYS, percent(listens.count(where=listens.is_new), listens.count()), None
        ),
        after_dark_pct=percent(listens.count(where=is_dark), listens.count()),
    )
    sample = first_n(listens, ("listener", "month"), "listen_id", LISTENS_OF_MONTH)
    joined = shares.inner_join(_of_days(sample), of_month).inner_join(_of_artists(sample), of_month)
    months = joined.select(*of_month, "exploring_pct", "after_dark_pct", "bursts_pct", "eclectic_bits", "overlap")
    before = months.number.lag().over(ibis.window(group_by="listener", order_by="number"))
    return months.mutate(loyal_pct=ibis.ifelse(before == months.number - 1, months.overlap, None))


def _of_days(sample: ir.Table) -> ir.Table:
    """Share of each month's sampled listens on its busiest days."""
    days = sample.group_by("listener", "number", "local_date").agg(listens=sample.count())
    top = first_n(days, ("listener", "number"), (days.listens.desc(), days.local_date), BUSIEST_DAYS)
    return top.group_by("listener", "number").agg(
        bursts_pct=top.listens.cast("float64").sum() * (100.0 / LISTENS_OF_MONTH)
    )


def _of_artists(sample: ir.Table) -> ir.Table:
    """Entropy of each month's sampled artists, and the overlap of their shares with the month before."""
    artists = sample.group_by("listener", "number", "artist_id").agg(listens=sample.count())
    of_artist = ibis.window(group_by=("listener", "artist_id"), order_by="number")
    follows = artists.number.lag().over(of_artist) == artists.number - 1
    share = artists.listens.cast("float64") / float(LISTENS_OF_MONTH)
    shares = artists.mutate(
        share=share, stayed=ibis.ifelse(follows, ibis.least(share, share.lag().over(of_artist)), 0.0)
    )
    return shares.group_by("listener", "number").agg(
        # Without the sign of the zero that a single artist has.
        eclectic_bits=(-(shares.share * shares.share.log2()).sum()).abs(),
        overlap=100.0 * shares.stayed.sum(),
    )


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
