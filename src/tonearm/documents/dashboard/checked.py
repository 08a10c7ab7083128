"""What was predicted of the newest day that is over, and whether it was right."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from itertools import groupby
from statistics import fmean
from typing import TYPE_CHECKING

from tonearm.documents.dashboard.shape import CheckedHour, CheckedPredictions, CheckedTrack
from tonearm.read.ranges import local_time
from tonearm.store.forecasts import Forecast, scored_forecasts

if TYPE_CHECKING:
    from tonearm.store import Listener, Store

_HOURS, _TRACKS = "session_start_day_ahead", "next_mood"
_HOUR = timedelta(hours=1)
_LOOKED_BACK_D = 30


def checked_predictions(store: Store, listener: str, last_day: date | None) -> CheckedPredictions | None:
    """The newest local day before ``last_day``, the last of the history, of which starts of sessions were predicted.

    ``last_day`` itself may go on. Predictions are those that ``tonearm run`` kept before the fact. None where there is
    no such day within a month.
    """
    if last_day is None:
        return None
    since = datetime.combine(last_day - timedelta(days=_LOOKED_BACK_D), time.min, UTC)
    scored = scored_forecasts(store, since, listener)
    return of_newest_day(scored, store.listener(listener), last_day) if scored else None


def of_newest_day(scored: Sequence[Forecast], who: Listener, last_day: date) -> CheckedPredictions | None:
    """The same, from predictions with a known outcome in the order of their due times."""
    hours = [(local_time(who, one.due_at - _HOUR), one) for one in scored if one.subject == _HOURS]
    day = max((at.date() for at, _ in hours if at.date() < last_day), default=None)
    if day is None:
        return None
    own = [(at, one) for at, one in hours if at.date() == day]
    tracks = [one for one in scored if one.model == _TRACKS and local_time(who, one.made_at).date() == day]
    return CheckedPredictions(
        date=day,
        hours=[_hour(at, one) for at, one in own],
        n=len(own),
        expected_starts=sum(one.predicted for _, one in own),
        actual_starts=sum(one.outcome == 1 for _, one in own),
        brier=fmean((one.predicted - (one.outcome or 0.0)) ** 2 for _, one in own),
        baseline_brier=_baseline([one for _, one in own]),
        next_tracks=[_likeliest(list(some)) for _, some in groupby(tracks, key=lambda one: one.due_at)],
    )


def _hour(at: datetime, one: Forecast) -> CheckedHour:
    return CheckedHour(hour=at.hour, probability=one.predicted, baseline=one.baseline, started=one.outcome == 1)


def _baseline(hours: Sequence[Forecast]) -> float | None:
    """The same score of the baseline; None unless it predicted all."""
    squares = [(one.baseline - (one.outcome or 0.0)) ** 2 for one in hours if one.baseline is not None]
    return fmean(squares) if len(squares) == len(hours) else None


def _likeliest(groups: Sequence[Forecast]) -> CheckedTrack:
    """The likeliest of the groups that were predicted of one track."""
    best = max(groups, key=lambda one: one.predicted)
    return CheckedTrack(
        predicted_until=best.due_at, mood_label=best.subject, confidence=best.predicted, was_right=best.outcome == 1
    )
