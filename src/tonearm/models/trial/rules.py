"""Which predictions are on trial, what each is about, and when its outcome is known."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from itertools import groupby
from operator import itemgetter
from typing import Any, NamedTuple

from tonearm.gold.predictive.artist_breakouts import LISTED
from tonearm.silver.listens import SESSION_GAP_MIN
from tonearm.store.forecasts import Forecast

Row = Mapping[str, Any]
HOUR = timedelta(hours=1)
SESSION_GAP = timedelta(minutes=SESSION_GAP_MIN)
"""A session that has not gone on by then is over."""
LATE_LISTENS = timedelta(days=30)
LAST_ZONE = timedelta(hours=12)
"""A month ends last where local time is 12 hours behind UTC."""


def _hour_after(at: datetime) -> datetime:
    return at + HOUR


def _two_months_after(at: datetime) -> datetime:
    year, month = divmod(12 * at.year + at.month - 1 + 2, 12)
    return at.replace(year=year, month=month + 1) + LAST_ZONE


class Rule(NamedTuple):
    """How the predictions of one model are put on trial."""

    is_probability: bool
    due_at: Callable[[datetime], datetime]
    """When the outcome is known, by the instant that is predicted for."""
    subject: str
    """The column of ``model_scores`` that names what a prediction is about."""
    late: timedelta = timedelta(0)
    """How long after what is predicted has begun a prediction may still be kept."""
    most: int | None = None
    """The likeliest alone, where no page shows more."""
    again: timedelta = timedelta(0)
    """So long after it was due an outcome is looked at again: another service's export may come later."""


RULES: Mapping[str, Rule] = {
    "session_start": Rule(True, _hour_after, "quantity", again=LATE_LISTENS),
    # Whoever scores keeps the forecast a moment later, after all other models have answered.
    "next_mood": Rule(True, lambda at: at + SESSION_GAP, "quantity", late=timedelta(minutes=10)),
    "energy_forecast": Rule(False, _hour_after, "quantity", again=LATE_LISTENS),
    # Predicted when a month has ended everywhere, of the two months that have just begun.
    "breakout": Rule(True, _two_months_after, "subject_id", late=timedelta(days=7), most=LISTED),
}


def target(model: str, subject: str) -> str:
    """What a forecast counts as when forecasts are summed up: a quantity of hours, or the model's one target."""
    return {"next_mood": "next_mood", "breakout": "core"}.get(model, subject)


def served(scores: Iterable[Row], now: datetime) -> Iterator[Forecast]:
    """The predictions that may be kept at ``now``, from rows of ``model_scores``."""
    coming = [row for row in scores if _is_coming(row, now)]
    by = itemgetter("listener", "model")
    for (_, model), rows in groupby(sorted(coming, key=by), key=by):
        likeliest = sorted(rows, key=lambda row: (-row["score"], str(row["subject_id"])))
        for row in likeliest[: RULES[model].most]:
            yield _forecast(row, RULES[model])


def _is_coming(row: Row, now: datetime) -> bool:
    rule = RULES.get(row["model"])
    at = row["predicted_for_at"]
    return rule is not None and row["listener"] is not None and at is not None and at + rule.late > now


def _forecast(row: Row, rule: Rule) -> Forecast:
    return Forecast(
        listener=row["listener"],
        model=row["model"],
        version=str(row["model_version"]),
        served_by=row["served_by"],
        subject=str(row[rule.subject])[:128],
        due_at=rule.due_at(row["predicted_for_at"]),
        predicted=row["score"],
        baseline=row["baseline_score"],
    )
