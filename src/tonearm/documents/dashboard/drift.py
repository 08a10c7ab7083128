"""Whether the last two weeks of a history are like the four before."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from math import log2
from statistics import fmean, pstdev
from typing import Any

from tonearm.documents.dashboard.shape import (
    Drift,
    DriftSummary,
    Entropy,
    FeatureDrift,
    LabelDrift,
    Moved,
    Rates,
)
from tonearm.documents.history import History

CHANGED_PCT = 20.0
"""What moved further than this has drifted."""
_RECENT_D, _PRIOR_D = 14, 28

Rows = list[dict[str, Any]]


def drift(history: History, last: date | None) -> Drift | None:
    """The 14 days up to ``last`` against the 28 before; None for a history that is shorter than both."""
    if last is None or history.first_day is None or (last - history.first_day).days < _RECENT_D + _PRIOR_D:
        return None
    middle = last - timedelta(days=_RECENT_D - 1)
    first = middle - timedelta(days=_PRIOR_D)
    days, sessions = history.rows(_BY_DAY, first, last), history.rows(_SESSIONS, first, last)
    features, labels = _features(days, sessions, middle), _labels(days, sessions, middle)
    return Drift(
        feature_drift=features,
        label_drift=labels,
        overall_drift_detected=features.drift_summary.drift_detected or labels.drift_summary.drift_detected,
        detection_date=last,
    )


def _features(days: Rows, sessions: Rows, middle: date) -> FeatureDrift:
    moved = {
        "session_duration": _moved(*_split(sessions, "minutes", middle)),
        "sessions_per_day": _moved(*_split(days, "sessions", middle)),
        "tracks_per_day": _moved(*_split(days, "tracks", middle)),
    }
    recent, prior = _split(sessions, "started_at_local", middle)
    return FeatureDrift(
        **moved,
        start_hour_entropy=_entropies(recent, prior),
        drift_summary=_summary(one.mean_pct_change for one in moved.values()),
    )


def _labels(days: Rows, sessions: Rows, middle: date) -> LabelDrift:
    recent, prior = _split(days, "sessions", middle)
    starts = _split(sessions, "started_at_local", middle)
    rates = {
        "session_start_rate": _rates(sum(recent), sum(prior)),
        "days_with_sessions": _rates(sum(n > 0 for n in recent), sum(n > 0 for n in prior)),
    }
    return LabelDrift(
        **rates, per_hour_frequency=_by_hour(*starts), drift_summary=_summary(one.pct_change for one in rates.values())
    )


def _split(rows: Rows, name: str, middle: date) -> tuple[list[Any], list[Any]]:
    """Values from ``middle`` on, and those before."""
    return [row[name] for row in rows if row["day"] >= middle], [row[name] for row in rows if row["day"] < middle]


def _moved(recent: list[float], prior: list[float]) -> Moved:
    now, before = _mean_and_spread(recent), _mean_and_spread(prior)
    return Moved(
        recent_mean=now[0],
        recent_std=now[1],
        prior_mean=before[0],
        prior_std=before[1],
        mean_pct_change=_change(now[0], before[0]),
        std_pct_change=_change(now[1], before[1]),
    )


def _mean_and_spread(values: list[float]) -> tuple[float, float] | tuple[None, None]:
    return (fmean(values), pstdev(values)) if values else (None, None)


def _entropies(recent: list[datetime], prior: list[datetime]) -> Entropy:
    now, before = _entropy(recent), _entropy(prior)
    change = None if now is None or before is None else now - before
    return Entropy(recent=now, prior=before, change=change, pct_change=_change(now, before))


def _entropy(starts: list[datetime]) -> float | None:
    """Of the hours in which sessions start, in bits; None without any."""
    hours = [at.hour for at in starts]
    shares = [hours.count(hour) / len(hours) for hour in set(hours)]
    return abs(sum(share * log2(share) for share in shares)) if hours else None


def _rates(recent: int, prior: int) -> Rates:
    """Of counts, by the day."""
    now, before = recent / _RECENT_D, prior / _PRIOR_D
    return Rates(recent=now, prior=before, pct_change=_change(now, before))


def _change(recent: float | None, prior: float | None) -> float | None:
    """Per cent; None where there is nothing to compare with."""
    return 100 * (recent - prior) / prior if prior and recent is not None else None


def _by_hour(recent: list[datetime], prior: list[datetime]) -> dict[str, Rates]:
    now, before = [at.hour for at in recent], [at.hour for at in prior]
    return {str(hour): _rates(now.count(hour), before.count(hour)) for hour in range(24)}


def _summary(changes: Iterable[float | None]) -> DriftSummary:
    most = max((abs(change) for change in changes if change is not None), default=None)
    return DriftSummary(
        drift_detected=most is not None and most > CHANGED_PCT, threshold=CHANGED_PCT, max_pct_change=most
    )


_BY_DAY = """
SELECT day, count(DISTINCT session_at) AS sessions, count(*) AS tracks FROM heard WHERE day BETWEEN $1 AND $2
GROUP BY day ORDER BY day
"""
_SESSIONS = """
SELECT min(day) AS day, min(at_local) AS started_at_local,
    date_diff('second', min(started_at), max(started_at)) / 60 AS minutes
FROM heard WHERE session_at IS NOT NULL AND day BETWEEN $1 AND $2 GROUP BY session_at ORDER BY started_at_local
"""
