"""Features of artist-months, each from that month and those before it alone."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    import numpy.typing as npt

    Matrix = npt.NDArray[np.float64]
    """Artists × months."""

REFERENCE = (
    "plays_t",
    "share_t",
    "total_monthly_scrobbles",
    "months_since_first_seen",
    "is_first_month",
    "active_months_count_before_t",
    "cumulative_plays_before_t",
    "days_active_t",
    "plays_per_track_t",
    "track_novelty_rate_t",
    "last_play_gap_days_t",
    "plays_t_minus_1",
    "plays_prev3_mean",
    "delta_1m",
    "delta_1m_pct",
    "ratio_to_prev3",
    "trend_slope_3m",
    "share_delta_1m",
    "prev_month_plays_was_zero",
)
"""Features under the names that the artist-lifecycle project gave them, on their own scales."""
HALF_LIVES = (1, 2, 4, 8, 16, 32)
"""Months: from what is heard now to what was always heard."""
HABIT_HALF_LIVES = (3, 12)
RULE_HALF_LIFE = 4
"""Months; the half-life of the rule that models are compared with."""
LEAST_NEAR, LEAST_COUNT = 0.005, 0.02
"""Added before logarithms: a tenth of a listen a month, and a fiftieth of a track or day."""
LONG_AGO = 99
"""Months since what never happened."""


@dataclass(frozen=True)
class History:
    """A listener's artists through all months from the first to the last, those without a listen among them."""

    listener: str
    artists: npt.NDArray[Any]
    first_month: int
    """Number of the first column: months counted through the years."""
    listens: Matrix
    share: Matrix
    days: Matrix
    tracks: Matrix
    new_tracks: Matrix
    gap_days: Matrix
    """From the last listen to the month's end; NaN in months without one."""
    total: npt.NDArray[np.float64]
    """(months,) listens of all artists."""
    age: Matrix
    """Months since the artist was first heard; negative before."""
    place: Matrix
    """How many of all artists the listener had heard more often by the month's end; where only the artists of late
    were asked for, of the last month alone."""


def month_number(month: pd.Series) -> npt.NDArray[np.int64]:
    """Months counted through the years, so that neighbours differ by one."""
    dates = pd.to_datetime(month)
    return np.asarray(12 * dates.dt.year + dates.dt.month - 1, dtype=np.int64)


def histories(artist_months: pd.DataFrame, lately: int | None = None) -> Iterator[History]:
    """One for each listener of rows of ``artist_months``, in the order of their names.

    Its artists are all, or those heard in the last months, ``lately`` so many; the listener's totals are of all.
    """
    for listener, rows in artist_months.groupby("listener", sort=True):
        yield _history(str(listener), rows, lately)


def _history(listener: str, rows: pd.DataFrame, lately: int | None) -> History:
    number = month_number(rows["month"])
    first, months = int(number.min()), int(number.max() - number.min()) + 1
    total = np.zeros(months)
    total[number - first] = rows["total_listens"]
    ever = rows.groupby("artist_id")["listens"].sum()
    if lately is not None:
        is_kept = rows["artist_id"].isin(rows["artist_id"][number > number.max() - lately]).to_numpy()
        rows, number = rows[is_kept], number[is_kept]
    of, artists = pd.factorize(rows["artist_id"], sort=True)
    at = number - first

    def spread(column: str, empty: float = 0.0) -> Matrix:
        matrix = np.full((len(artists), months), empty)
        matrix[of, at] = rows[column]
        return matrix

    born = np.full(len(artists), months)
    np.minimum.at(born, of, at)
    listens = spread("listens")
    return History(
        listener=listener,
        artists=np.asarray(artists),
        first_month=first,
        listens=listens,
        share=spread("share_pct") / 100,
        days=spread("days_active"),
        tracks=spread("tracks"),
        new_tracks=spread("new_tracks"),
        gap_days=spread("last_listen_gap_days", np.nan),
        total=total,
        age=np.arange(months)[None, :] - born[:, None].astype(float),
        place=_places(np.cumsum(listens, axis=1), ever.to_numpy(float), is_last_month=lately is not None),
    )


def _places(so_far: Matrix, ever: npt.NDArray[np.float64], is_last_month: bool) -> Matrix:
    """How many artists stand above each in each month; in the last month ``ever`` is all artists' listens."""
    if is_last_month:
        found = np.full(so_far.shape, np.inf)
        found[:, -1] = len(ever) - np.searchsorted(np.sort(ever), so_far[:, -1], side="right")
        return found
    above = [len(of) - np.searchsorted(np.sort(of), of, side="right") for of in so_far.T]
    return np.stack(above, axis=1).astype(float)


def earlier(matrix: Matrix, months: int) -> Matrix:
    """What each cell's row was ``months`` before; 0 before the first month."""
    if not months:
        return matrix
    return np.asarray(np.concatenate([np.zeros((len(matrix), months)), matrix], axis=1)[:, : matrix.shape[1]])


def decayed(matrix: Matrix, half_life: float) -> Matrix:
    """Mean of a month and those before it, each counting half as much as the one ``half_life`` months later."""
    keep = 0.5 ** (1 / half_life)
    found, mean = np.empty(matrix.shape), np.zeros(len(matrix))
    # Month by month: scipy's filter takes as long for so many artists, and a second to load.
    for month, values in enumerate(matrix.T):
        mean = mean * keep + values * (1 - keep)
        found[:, month] = mean
    return found


def highest(matrix: Matrix, months: int) -> Matrix:
    """The highest of the month and the ``months`` - 1 before it."""
    return np.asarray(np.maximum.reduce([earlier(matrix, k) for k in range(months)]))


def months_since(happened: npt.NDArray[np.bool_]) -> Matrix:
    """Months since something last happened, 0 in the month itself."""
    month = np.arange(happened.shape[1], dtype=float)[None, :]
    last = np.maximum.accumulate(np.where(happened, month, -np.inf), axis=1)
    return np.asarray(np.minimum(month - last, LONG_AGO))


def proximity(history: History, plays_min: float, share_min: float) -> Matrix:
    """How near to core each artist-month is: 1 and more is core."""
    return np.maximum(history.listens / plays_min, history.share / share_min)


def soon(happens: npt.NDArray[np.bool_], months: int) -> npt.NDArray[np.bool_]:
    """Whether it happens in one of the next ``months``; never beyond the last."""
    found = np.zeros_like(happens)
    for ahead in range(1, months + 1):
        found[:, :-ahead] |= happens[:, ahead:]
    return found


def reference_features(history: History) -> Iterator[tuple[str, Matrix]]:
    """REFERENCE, name by name."""
    listens, tracks, age = history.listens, history.tracks, history.age
    before, two_before = earlier(listens, 1), earlier(listens, 2)
    # A mean over the months since the artist was first heard, of which there are fewer than three at first.
    mean = (before + two_before + earlier(listens, 3)) / np.clip(age, 1, 3)
    total = np.broadcast_to(history.total, listens.shape)
    yield "plays_t", listens
    yield "share_t", history.share
    yield "total_monthly_scrobbles", total
    yield "months_since_first_seen", age
    yield "is_first_month", (age == 0).astype(float)
    yield "active_months_count_before_t", earlier(np.cumsum(listens > 0, axis=1).astype(float), 1)
    yield "cumulative_plays_before_t", earlier(np.cumsum(listens, axis=1), 1)
    yield "days_active_t", history.days
    yield "plays_per_track_t", listens / np.maximum(tracks, 1)
    yield "track_novelty_rate_t", history.new_tracks / np.maximum(tracks, 1)
    yield "last_play_gap_days_t", history.gap_days
    yield "plays_t_minus_1", before
    yield "plays_prev3_mean", mean
    yield "delta_1m", listens - before
    yield "delta_1m_pct", (listens - before) / np.where(before > 0, before, np.nan)
    yield "ratio_to_prev3", listens / (1 + mean)
    yield "trend_slope_3m", np.where(age >= 2, (listens - two_before) / 2, np.where(age == 1, listens - before, 0))
    yield "share_delta_1m", history.share - earlier(history.share, 1)
    yield "prev_month_plays_was_zero", (before == 0).astype(float)


def rule(near: Matrix) -> Matrix:
    """The simple rule for who becomes core: how near to core an artist was, the last months the most."""
    return decayed(near, RULE_HALF_LIFE)


def decayed_features(history: History, near: Matrix) -> Iterator[tuple[str, Matrix]]:
    """How near to core, how broad and how habitual, over short and long memories.

    In logarithms, because the odds of becoming core grow about with a power of these. Nearness is taken by its
    logarithm before decaying, too: one month of frenzy predicts the next less well than several months near core.
    """
    yield "rule_log", np.log(rule(near) + LEAST_NEAR)
    for half_life in HALF_LIVES:
        yield f"proximity_decayed_{half_life}m", np.log(decayed(np.log1p(near), half_life) + LEAST_NEAR)
    for name, matrix in (("tracks", history.tracks), ("days", history.days), ("new_tracks", history.new_tracks)):
        for half_life in HALF_LIVES:
            yield f"{name}_decayed_{half_life}m", np.log(decayed(matrix, half_life) + LEAST_COUNT)
    for name, happened in (("core", near >= 1), ("half_core", near >= 0.5), ("heard", near > 0)):
        for half_life in HABIT_HALF_LIVES:
            yield f"{name}_decayed_{half_life}m", decayed(happened.astype(float), half_life)


def path_features(history: History, near: Matrix) -> Iterator[tuple[str, Matrix]]:
    """The last months one by one, the heights reached, and how long ago."""
    logged = np.log1p(near)
    for months in range(6):
        yield f"proximity_t_minus_{months}", earlier(logged, months)
    yield "proximity_highest_12m", highest(logged, 12)
    yield "proximity_highest", np.maximum.accumulate(logged, axis=1)
    yield "months_core_log", np.log1p(np.cumsum(near >= 1, axis=1))
    yield "months_since_core_log", np.log1p(months_since(near >= 1))
    yield "months_since_heard", months_since(near > 0)
    yield "months_heard_of_3", 3 - sum((earlier(near, k) == 0).astype(float) for k in range(3))
    yield "age_log", np.log1p(np.maximum(history.age, 0))
    # The two months to come, as they were a year ago: some artists belong to a season.
    yield "proximity_last_year", np.log1p(np.maximum(earlier(near, 10), earlier(near, 11)))
    gap = np.where(near > 0, np.nan_to_num(history.gap_days, nan=31), 31)
    yield "proximity_late_in_month", logged * np.exp(-gap / 7)


def context_features(
    history: History, near: Matrix, plays_min: float, share_min: float
) -> Iterator[tuple[str, Matrix]]:
    """The listener's month as a whole: how much is heard, how much of it new, and the artist's place in it."""
    total = np.maximum(history.total, 1)
    usual = np.maximum(decayed(total[None, :], 6)[0] / decayed(np.ones((1, len(total))), 6)[0], 1)
    heard = np.maximum((near > 0).sum(axis=0), 1)

    def of_month(values: npt.NDArray[np.float64]) -> Matrix:
        return np.broadcast_to(values, near.shape)

    yield "total_log", of_month(np.log(total))
    yield "total_to_usual_log", of_month(np.log(total / usual))
    yield "plays_to_core_log", of_month(np.log(np.minimum(plays_min, share_min * usual)))
    yield "new_artists_share", of_month((history.age == 0).sum(axis=0) / heard)
    yield "core_artists_log", of_month(np.log1p((near >= 1).sum(axis=0)))
    places = [1.0 + np.searchsorted(np.sort(of), of) for of in -near.T]
    yield "rank_log", -np.log(np.stack(places, axis=1))


def all_features(history: History, plays_min: float, share_min: float) -> Iterator[tuple[str, Matrix]]:
    """Every feature, matrix by matrix, so that only one is in memory at a time."""
    near = proximity(history, plays_min, share_min)
    yield from reference_features(history)
    yield from decayed_features(history, near)
    yield from path_features(history, near)
    yield from context_features(history, near, plays_min, share_min)


def gathered(history: History, cells: npt.NDArray[np.bool_], features: Iterator[tuple[str, Matrix]]) -> pd.DataFrame:
    """One row for each of the ``cells`` wanted: listener, artist_id, month_number and the features."""
    artist, month = np.nonzero(cells)
    columns: dict[str, Any] = {
        "listener": np.full(len(artist), history.listener, dtype=object),
        "artist_id": history.artists[artist],
        "month_number": history.first_month + month,
    }
    columns.update((name, matrix[artist, month].astype(np.float32)) for name, matrix in features)
    return pd.DataFrame(columns)
