"""A listener's hours: in which of them sessions started, and what was known before each."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from scipy.signal import lfilter
from scipy.special import expit

from tonearm.gold.hour_comparisons import HOURS

if TYPE_CHECKING:
    from tonearm.models.listeners import Numbers

HOUR = timedelta(hours=1)
SATURDAY = 5
BASELINE_HALF_LIFE_DAYS = 28.0
CONSTANT_HALF_LIFE_DAYS = 365.0
CHOSEN_BY_DAYS = 120.0
"""Half-life of the losses by which one of the simple rates is chosen."""
PRIOR_DAYS = 2.0
"""How many days of the listener's hourly rate the frequency of an hour begins with."""
SURE = 7.0
"""Log odds beyond which no frequency is taken at its word: about one in a thousand."""
LONGEST_SILENCE_MIN = 200 * 60.0
SILENCES_MIN = (0, 6, 15, 30, 60, 90)
"""A session ends after 30 minutes, so whether one can start within the hour turns on these."""
NEIGHBOURS = (0.1, 0.2, 0.4, 0.2, 0.1)
"""Weights of the two hours before, the hour, and the two after: habits are not kept to the minute."""


@dataclass(frozen=True)
class Grid:
    """A history in rows of 24 local hours, beginning at any hour."""

    begin: pd.Timestamp
    """Local time at which the first row begins."""
    has_start: Numbers
    """(days, 24) 1 where a session started in the hour."""
    listens: Numbers
    silence_min: Numbers
    """From the newest listen before the hour to its beginning."""

    @property
    def days(self) -> int:
        """Rows."""
        return len(self.has_start)

    @classmethod
    def until(cls, listens: pd.DataFrame, as_of: pd.Timestamp) -> Grid:
        """The whole days from the first listen's to the newest's, as far as they were over at ``as_of``."""
        local = listens["started_at_local"]
        offset = local.iloc[-1] - listens["started_at"].iloc[-1].tz_convert(None)
        over = (as_of.tz_convert("UTC").tz_localize(None) + offset).floor("h")
        begin = local.min().normalize()
        end = min(local.max().floor("h") + HOUR, over)
        return _counted(listens, begin, max(0, (end - begin).days))

    @classmethod
    def before(cls, listens: pd.DataFrame, now_local: pd.Timestamp, hour: int) -> Grid:
        """All days from the first listen on, each beginning at ``hour``; the last one holds ``now_local``."""
        begin = listens["started_at_local"].min().normalize() + hour * HOUR - 24 * HOUR
        return _counted(listens, begin, (now_local - begin).days + 1)

    @classmethod
    def of(cls, rows: pd.DataFrame) -> Grid:
        """What :meth:`frame` made."""
        values = (rows[name].to_numpy(float).reshape(-1, HOURS) for name in ("has_start", "listens", "silence_min"))
        return cls(rows["at_local"].iloc[0], *values)

    def frame(self, listener: str, offset: pd.Timedelta) -> pd.DataFrame:
        """One row for each hour; local time is ``offset`` ahead of UTC."""
        at_local = pd.date_range(self.begin, periods=self.has_start.size, freq="h")
        return pd.DataFrame(
            {
                "listener": listener,
                "at": (at_local - offset).tz_localize("UTC"),
                "at_local": at_local,
                "has_start": self.has_start.ravel(),
                "listens": self.listens.ravel(),
                "silence_min": self.silence_min.ravel(),
            }
        )


def _counted(listens: pd.DataFrame, begin: pd.Timestamp, days: int) -> Grid:
    local = listens["started_at_local"]
    minute = np.asarray((local - begin).dt.total_seconds(), dtype=float) / 60
    hour = np.floor(minute / 60).astype(int)
    is_start = (listens["started_at"] == listens["session_started_at"]).to_numpy()
    inside = (hour >= 0) & (hour < HOURS * days)
    starts = np.bincount(hour[inside & is_start], minlength=HOURS * days)
    heard = np.bincount(hour[inside], minlength=HOURS * days)
    beginning = np.arange(HOURS * days) * 60.0
    minute = np.sort(minute)
    newest = np.searchsorted(minute, beginning) - 1
    silence = np.where(newest >= 0, beginning - minute[np.maximum(newest, 0)], LONGEST_SILENCE_MIN)
    parts = (np.minimum(starts, 1), heard, np.minimum(silence, LONGEST_SILENCE_MIN))
    return Grid(begin, *(values.reshape(-1, HOURS).astype(float) for values in parts))


def decayed(values: Numbers, half_life_days: float) -> tuple[Numbers, Numbers]:
    """Sums over the days before each day, older ones counting less, and how many days they count as."""
    keep = 0.5 ** (1 / half_life_days)
    sums = lfilter([1.0], [1.0, -keep], values, axis=0)
    days = lfilter([1.0], [1.0, -keep], np.ones(len(values)))
    return _before(sums), _before(days)


def _before(values: Numbers, days: int = 1) -> Numbers:
    """The same of so many days before; zero where there is none."""
    none = np.zeros((min(days, len(values)), *values.shape[1:]))
    return np.concatenate([none, values[: max(0, len(values) - days)]])


def frequency(has_start: Numbers, half_life_days: float, prior_days: float = PRIOR_DAYS) -> Numbers:
    """How often each hour of the day had a start, of the days before each day."""
    sums, days = decayed(has_start, half_life_days)
    anyhow = (sums.sum(axis=1) + 1) / (HOURS * (days + 1))
    rate: Numbers = (sums + prior_days * anyhow[:, None]) / (days[:, None] + prior_days)
    return rate


def simple_rates(grid: Grid) -> Numbers:
    """(candidates, days, 24) what is expected without a model: the same chance for every hour, the frequency of the
    hour lately and of late, and that of near hours."""
    y = grid.has_start
    sums, days = decayed(y.mean(axis=1), CONSTANT_HALF_LIFE_DAYS)
    constant = (sums + 1 / HOURS) / (days + 1)
    hours = (frequency(y, BASELINE_HALF_LIFE_DAYS), frequency(y, 120.0), frequency(_near(y), 60.0, 1.0))
    return np.stack([np.broadcast_to(constant[:, None], y.shape), *hours])


def simple_forecast(grid: Grid) -> Numbers:
    """The baseline: on each day the simple rate that predicted the days before best, in log loss."""
    rates = expit(_odds(simple_rates(grid)))
    lost = -np.log(np.where(grid.has_start > 0, rates, 1 - rates)).sum(axis=2)
    before = np.stack([decayed(one, CHOSEN_BY_DAYS)[0] for one in lost])
    return np.asarray(np.take_along_axis(rates, before.argmin(axis=0)[None, :, None], axis=0)[0])


def _odds(rate: Numbers) -> Numbers:
    return np.asarray(np.clip(np.log(rate / (1 - rate)), -SURE, SURE))


def features(grid: Grid, is_hour_ahead: bool, days: slice = slice(None)) -> Numbers:
    """What was known before each of the ``days``, or before each hour of theirs, all by default.

    (days, 24, features), the baseline's log odds first.
    """
    found = _before_the_day(grid) | (_before_the_hour(grid) if is_hour_ahead else {})
    shape = grid.has_start.shape
    return np.stack([np.broadcast_to(values, shape)[days] for values in found.values()], axis=2)


def names_of(is_hour_ahead: bool) -> tuple[str, ...]:
    """Names of the features, in their order."""
    empty = np.zeros((1, HOURS))
    grid = Grid(pd.Timestamp(0), empty, empty, empty)
    return tuple(_before_the_day(grid) | (_before_the_hour(grid) if is_hour_ahead else {}))


def _before_the_day(grid: Grid) -> dict[str, Any]:
    return _habits(grid) | _levels(grid) | _calendar(grid)


def _habits(grid: Grid) -> dict[str, Any]:
    """Log odds of a start in this hour, lately and long ago, in near hours, and on such days of the week."""
    y = grid.has_start
    near = _near(y)
    found = {"simple": _odds(simple_forecast(grid))}
    found |= {f"hour_{d:g}d": _odds(frequency(y, d)) for d in (BASELINE_HALF_LIFE_DAYS, 3.0, 7.0, 120.0, 365.0)}
    found |= {f"near_hours_{d:g}d": _odds(frequency(near, d, 1.0)) for d in (14.0, 60.0)}
    usual = frequency(near, 60.0, 1.0)
    return found | {"weekday": _odds(_same_weekday(near, usual)), "weekend": _odds(_alike(grid, near, usual))}


def _near(has_start: Numbers) -> Numbers:
    return sum(w * np.roll(has_start, k - 2, axis=1) for k, w in enumerate(NEIGHBOURS))  # type: ignore[return-value]


def _same_weekday(near: Numbers, usual: Numbers) -> Numbers:
    """Of the same day of the week, with the ``usual`` rate counting as four of them."""
    rate = np.empty_like(near)
    for day in range(7):
        sums, weeks = decayed(near[day::7], 20.0)
        rate[day::7] = (sums + 4 * usual[day::7]) / (weeks[:, None] + 4)
    return rate


def _alike(grid: Grid, near: Numbers, usual: Numbers) -> Numbers:
    """Of weekends for a weekend, of other days for another day."""
    is_weekend = _is_weekend(grid)
    rates = []
    for such in (is_weekend, 1 - is_weekend):
        sums, days = decayed(near * such, 60.0)[0], decayed(such, 60.0)[0]
        rates.append((sums + 4 * usual) / (days + 4))
    return np.where(is_weekend > 0, *rates)


def _levels(grid: Grid) -> dict[str, Any]:
    """How much was heard in the days before."""
    y, heard = grid.has_start, (grid.listens > 0).astype(float)
    a_day = y.sum(axis=1)
    found: dict[str, Any] = {}
    for days in (1.0, 3.0, 7.0, 28.0):
        sums, weight = decayed(a_day, days)
        found[f"starts_a_day_{days:g}d"] = np.log1p(sums / np.maximum(weight, 1e-9))[:, None]
    found["silent_days"] = np.log1p(_silent_days(a_day))[:, None]
    found["evening_before"] = _before(heard[:, 18:].sum(axis=1))[:, None]
    return found | {"day_before": _before(y), "week_before": _before(y, 7)}


def _silent_days(a_day: Numbers) -> Numbers:
    """Whole days without a start right before each day."""
    day = np.arange(len(a_day))
    last = np.maximum.accumulate(np.where(a_day > 0, day, -1))
    return np.asarray(np.r_[0, (day - last)[:-1]], dtype=float)


def _calendar(grid: Grid) -> dict[str, Any]:
    angle = 2 * np.pi * ((grid.begin.hour + np.arange(HOURS)) % HOURS) / HOURS
    waves = {f"{name}_{k}": f(k * angle)[None] for k in (1, 2) for name, f in (("sin", np.sin), ("cos", np.cos))}
    return {"is_weekend": _is_weekend(grid)} | waves


def _is_weekend(grid: Grid) -> Numbers:
    day = grid.begin.day_of_week + (grid.begin.hour + np.arange(HOURS * grid.days)) // HOURS
    return np.asarray(day % 7 >= SATURDAY, dtype=float).reshape(-1, HOURS)


def _before_the_hour(grid: Grid) -> dict[str, Any]:
    """What was heard in the hours right before, and how long it is since."""
    shape = grid.has_start.shape
    heard, started = grid.listens.ravel(), grid.has_start.ravel()
    found = {f"listens_{k}h_ago": np.log1p(_before(heard, k)).reshape(shape) for k in (1, 2)}
    total = np.r_[0.0, np.cumsum(heard)]
    at = np.arange(heard.size)
    for hours in (3, 6, 24):
        found[f"listens_{hours}h"] = np.log1p(total[at] - total[np.maximum(at - hours, 0)]).reshape(shape)
    found |= {f"started_{k}h_ago": _before(started, k).reshape(shape) for k in (1, 2)}
    today = np.cumsum(grid.has_start, axis=1) - grid.has_start
    expected = frequency(grid.has_start, BASELINE_HALF_LIFE_DAYS)
    surplus = today - (np.cumsum(expected, axis=1) - expected)
    return found | _silence(grid) | {"starts_today": np.log1p(today), "more_than_usual_today": surplus}


def _silence(grid: Grid) -> dict[str, Any]:
    silence = np.minimum(grid.silence_min, LONGEST_SILENCE_MIN)
    hours = np.ceil(silence / 60)
    found = {"silence": np.log1p(silence / 10), "silent_hours": np.log1p(hours)}
    for low, high in pairwise(SILENCES_MIN):
        found[f"silence_from_{low}_min"] = ((silence >= low) & (silence < high)).astype(float)
    found |= {f"silent_{k}_hours": (hours == k).astype(float) for k in (2, 3)}
    about_a_day = (np.abs(hours % HOURS - 0.5) <= 1) | (hours % HOURS == HOURS - 1)
    return found | {"silent_about_a_day": (about_a_day & (hours > 2)).astype(float)}
