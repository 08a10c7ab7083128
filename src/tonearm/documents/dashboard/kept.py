"""Predictions that were kept before the fact, beside what happened."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import groupby
from statistics import fmean
from typing import TYPE_CHECKING

from tonearm.columns import PARTS_OF_DAY
from tonearm.documents.dashboard.shape import CheckedHour, CheckedPredictions, CheckedTrack, PartOfDay, PerHour
from tonearm.read.ranges import local_time
from tonearm.store.forecasts import Forecast, scored_forecasts

if TYPE_CHECKING:
    from tonearm.store import Store

_HOURS, _TRACKS = "session_start_day_ahead", "next_mood"
_HOUR = timedelta(hours=1)
_KEPT_D, _CHECKED_D = 365, 30


@dataclass(frozen=True)
class Kept:
    """A prediction with a known outcome."""

    at_local: datetime
    """The start of the hour that it is about, or when it was made of the next track, by the listener's clock."""
    is_of_hour: bool
    version: str
    served_by: str
    subject: str
    due_at: datetime
    predicted: float
    baseline: float | None
    happened: bool


def kept_predictions(store: Store, listener: str, last_day: date | None) -> list[Kept]:
    """Those of the last year up to ``last_day``: of sessions' starts a day ahead, and of next tracks."""
    if last_day is None:
        return []
    since = datetime.combine(last_day - timedelta(days=_KEPT_D), time.min, UTC)
    scored = [one for one in scored_forecasts(store, since, listener) if one.model == _TRACKS or one.subject == _HOURS]
    if not scored:
        return []
    who = store.listener(listener)
    return [_kept(one, local_time(who, one.due_at - _HOUR if one.subject == _HOURS else one.made_at)) for one in scored]


def _kept(one: Forecast, at_local: datetime) -> Kept:
    return Kept(
        at_local=at_local,
        is_of_hour=one.subject == _HOURS,
        version=one.version,
        served_by=one.served_by,
        subject=one.subject,
        due_at=one.due_at,
        predicted=one.predicted,
        baseline=one.baseline,
        happened=one.outcome == 1,
    )


def checked_predictions(kept: Sequence[Kept], last_day: date | None) -> CheckedPredictions | None:
    """The newest local day before ``last_day``, the last of the history, of which starts of sessions were predicted.

    ``last_day`` itself may go on. None where there is no such day within a month.
    """
    if last_day is None:
        return None
    over = {one.at_local.date() for one in kept if one.is_of_hour and one.at_local.date() < last_day}
    day = max(over, default=date.min)
    if day < last_day - timedelta(days=_CHECKED_D):
        return None
    own = [one for one in kept if one.at_local.date() == day]
    hours, tracks = [one for one in own if one.is_of_hour], [one for one in own if not one.is_of_hour]
    return CheckedPredictions(
        date=day,
        hours=[_hour(one) for one in hours],
        n=len(hours),
        expected_starts=sum(one.predicted for one in hours),
        actual_starts=sum(one.happened for one in hours),
        brier=fmean((one.predicted - one.happened) ** 2 for one in hours),
        baseline_brier=_baseline(hours),
        next_tracks=[_likeliest(list(some)) for _, some in groupby(tracks, key=lambda one: one.due_at)],
    )


def _hour(one: Kept) -> CheckedHour:
    return CheckedHour(hour=one.at_local.hour, probability=one.predicted, baseline=one.baseline, started=one.happened)


def _baseline(hours: Sequence[Kept]) -> float | None:
    """The same score of the baseline; None unless it predicted all."""
    squares = [(one.baseline - one.happened) ** 2 for one in hours if one.baseline is not None]
    return fmean(squares) if len(squares) == len(hours) else None


def _likeliest(groups: Sequence[Kept]) -> CheckedTrack:
    """The likeliest of the groups that were predicted of one track."""
    best = max(groups, key=lambda one: one.predicted)
    return CheckedTrack(
        predicted_until=best.due_at, mood_label=best.subject, confidence=best.predicted, was_right=best.happened
    )


def by_part_of_day(kept: Sequence[Kept], version: int) -> PerHour | None:
    """How well a served version ranked the hours of each part of the day; None before its first outcome."""
    own = [one for one in kept if one.is_of_hour and one.served_by == "model" and one.version == str(version)]
    if not own:
        return None
    parts = {
        name: _measured([one for one in own if PARTS_OF_DAY[one.at_local.hour // 6] == name]) for name in PARTS_OF_DAY
    }
    return PerHour(**parts)


def _measured(hours: Sequence[Kept]) -> PartOfDay | None:
    if not hours:
        return None
    return PartOfDay(
        pr_auc=_average_precision(hours),
        roc_auc=_roc_auc(hours),
        n_samples=len(hours),
        n_positive=sum(one.happened for one in hours),
    )


def _average_precision(hours: Sequence[Kept]) -> float | None:
    """The mean, over the hours with a start, of the share of starts among the hours at least as likely."""
    starts, above, total = 0, 0, 0.0
    for _, some in groupby(sorted(hours, key=_likeliest_first), key=_likeliest_first):
        alike = [one.happened for one in some]
        starts, above = starts + sum(alike), above + len(alike)
        total += sum(alike) * starts / above
    return total / starts if starts else None


def _likeliest_first(one: Kept) -> float:
    return -one.predicted


def _roc_auc(hours: Sequence[Kept]) -> float | None:
    """The share of pairs of an hour with a start and one without in which the first was likelier; ties are halves."""
    with_start, without = (sorted(one.predicted for one in hours if one.happened is is_it) for is_it in (True, False))
    won = sum((bisect_left(without, one) + bisect_right(without, one)) / 2 for one in with_start)
    return won / (len(with_start) * len(without)) if with_start and without else None
