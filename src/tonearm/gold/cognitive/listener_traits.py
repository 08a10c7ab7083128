"""Five traits of a listener, each the mean over their latest months."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import ibis

from tonearm.gold.measures import first_day_of, percent
from tonearm.silver.first_n import first_n
from tonearm.table import table

if TYPE_CHECKING:
    import ibis.expr.types as ir


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


@table(grain=("listener",))
def listener_traits(listening_with_features: ir.Table) -> ir.Table:
    """Five traits of every listener, before they are compared with anybody's.

    One row per listener, with each trait's mean, standard deviation and number of months. What the traits are and which
    months count is described with ``behavioral_segments``, which ranks them. They are a table of their own because a
    new listen changes the traits of its listener alone, but the ranks of everybody.
    """
    months = _months(_with_months(listening_with_features))
    found = months.group_by("listener").agg(
        **{trait: months[trait].mean() for trait in TRAITS},
        **{f"{trait}_stddev": months[trait].std(how="sample") for trait in TRAITS},
        **{f"{trait}_months": months[trait].count() for trait in TRAITS},
    )
    everybody = listening_with_features.group_by("listener").agg(listens=listening_with_features.count())
    rows = everybody.left_join(found, "listener").drop("listener_right")
    return rows.mutate(**{f"{trait}_months": rows[f"{trait}_months"].fill_null(0) for trait in TRAITS})


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
