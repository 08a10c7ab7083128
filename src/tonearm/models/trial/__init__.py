"""Predictions on trial: what was forecast is kept before the fact, and compared with what happened."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from tonearm.lake import Lake, open_lake
from tonearm.models.trial.rules import LATE_LISTENS, RULES, served
from tonearm.models.trial.truth import outcomes
from tonearm.store.forecasts import count_open, forecasts_to_score, keep_forecasts, keep_outcomes

if TYPE_CHECKING:
    from tonearm.settings import Settings
    from tonearm.store import Store
    from tonearm.store.forecasts import Forecast

_SCORES, _LISTENS = "model_scores", "listening_with_features"


def log_forecasts(settings: Settings, store: Store, now: datetime) -> int:
    """Keep the forecasts that the lake holds of what begins after ``now``; how many are new.

    What was kept before stays as it was, so that a pass that is interrupted or repeated changes nothing.
    """
    lake = open_lake(settings.lake)
    if not lake.has(_SCORES):
        return 0
    of_models = pc.field("model").isin(list(RULES)) & (pc.field("predicted_for_at") > _earliest(now))
    rows = lake.dataset(_SCORES).to_table(filter=of_models).to_pylist()
    return keep_forecasts(store, served(rows, now), now)


def score_forecasts(settings: Settings, store: Store, now: datetime) -> int:
    """Write what happened of the forecasts that are due and whose listens are in; how many outcomes are new or other.

    The listens up to a due time are in once there is a later one of the same listener: until then, silence may be a
    history that was not imported yet.
    """
    lake = open_lake(settings.lake)
    if not lake.has(_LISTENS):
        return 0
    again_since = now - LATE_LISTENS
    _, first_due_at = count_open(store)
    heard_until = _heard_until(lake, min(first_due_at or again_since, again_since))
    known = forecasts_to_score(store, heard_until, again_since)
    due = [one for one in known if one.model in RULES and (one.scored_at is None or _is_seen_again(one, now))]
    happened = outcomes(settings, lake, due)
    unlike = [one.number for one in due if one.scored_at is None or one.outcome != happened[one.number]]
    keep_outcomes(store, {number: happened[number] for number in unlike}, now)
    return len(unlike)


def _is_seen_again(forecast: Forecast, now: datetime) -> bool:
    return forecast.due_at >= now - RULES[forecast.model].again


def _earliest(now: datetime) -> pa.Scalar:
    return _instant(now - max(rule.late for rule in RULES.values()))


def _heard_until(lake: Lake, since: datetime) -> dict[str, datetime]:
    """The instant of the newest listen of each listener who heard something ``since``."""
    of = pc.field("started_at") >= _instant(since)
    rows = lake.dataset(_LISTENS).to_table(columns=["listener", "started_at"], filter=of)
    newest = rows.group_by("listener").aggregate([("started_at", "max")])
    return dict(zip(newest["listener"].to_pylist(), newest["started_at_max"].to_pylist(), strict=True))


def _instant(at: datetime) -> pa.Scalar:
    return pa.scalar(at, pa.timestamp("us", "UTC"))
