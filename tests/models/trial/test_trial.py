"""What is kept of forecasts, and what becomes of them when listens come in."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pyarrow as pa
import pytest

from tests.models.trial.conftest import HOUR, NOON, Row, start
from tonearm.lake import open_lake
from tonearm.models import trial
from tonearm.models.trial import truth
from tonearm.models.trial.summary import trial_gauges, trials
from tonearm.settings import Settings
from tonearm.store import Store
from tonearm.store.forecasts import Forecast, keep_forecasts, scored_forecasts

Write = Callable[[Iterable[Row]], None]
Hear = Callable[..., None]
LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)


def known(store: Store) -> dict[datetime, float | None]:
    """What happened, by due time."""
    return {one.due_at: one.outcome for one in scored_forecasts(store, LONG_AGO)}


def test_a_forecast_is_kept_once_and_stays_as_it_was_made(
    settings: Settings, store: Store, forecast: Write, heard: Hear
) -> None:
    forecast([start(NOON, 0.8), start(NOON + HOUR, 0.3)])
    assert trial.log_forecasts(settings, store, NOON - HOUR) == 2
    forecast([start(NOON, 0.1), start(NOON + 2 * HOUR, 0.4)])
    assert trial.log_forecasts(settings, store, NOON - HOUR / 2) == 1
    heard([NOON + HOUR / 4, NOON + 9 * HOUR])
    assert trial.score_forecasts(settings, store, NOON + 9 * HOUR) == 3
    first = scored_forecasts(store, LONG_AGO)[0]
    assert (first.predicted, first.made_at, first.outcome) == (0.8, NOON - HOUR, 1.0)


def test_what_has_begun_cannot_be_forecast_any_more(settings: Settings, store: Store, forecast: Write) -> None:
    forecast([start(NOON, 0.8), start(NOON + HOUR, 0.3)])
    assert trial.log_forecasts(settings, store, NOON) == 1
    due = Forecast("Ada", "session_start", "1", "model", "session_start_day_ahead", NOON, 0.8, 0.5)
    assert keep_forecasts(store, [due], NOON) == 0, "a forecast was kept when its outcome could be known"


def test_silence_is_no_outcome_before_a_later_listen_shows_that_the_history_goes_on(
    settings: Settings, store: Store, forecast: Write, heard: Hear
) -> None:
    forecast([start(NOON, 0.8)])
    trial.log_forecasts(settings, store, NOON - HOUR)
    heard([NOON - HOUR])
    assert trial.score_forecasts(settings, store, NOON + 99 * HOUR) == 0
    heard([NOON - HOUR, NOON + 5 * HOUR])
    trial.score_forecasts(settings, store, NOON + 99 * HOUR)
    assert known(store) == {NOON + HOUR: 0.0}


def test_listens_that_come_in_late_correct_the_outcome_for_a_month(
    settings: Settings, store: Store, forecast: Write, heard: Hear
) -> None:
    forecast([start(NOON, 0.8)])
    trial.log_forecasts(settings, store, NOON - HOUR)
    heard([NOON + 5 * HOUR])
    trial.score_forecasts(settings, store, NOON + 6 * HOUR)
    heard([NOON + HOUR / 3, NOON + 5 * HOUR])
    assert trial.score_forecasts(settings, store, NOON + timedelta(days=20)) == 1
    assert known(store) == {NOON + HOUR: 1.0}
    heard([NOON + 5 * HOUR])
    assert trial.score_forecasts(settings, store, NOON + timedelta(days=40)) == 0


def test_a_pass_that_is_killed_between_keeping_and_scoring_loses_and_doubles_nothing(
    settings: Settings, store: Store, forecast: Write, heard: Hear, monkeypatch: pytest.MonkeyPatch
) -> None:
    forecast([start(NOON, 0.8)])
    trial.log_forecasts(settings, store, NOON - HOUR)
    heard([NOON + HOUR / 3, NOON + 5 * HOUR])
    with monkeypatch.context() as killed:
        killed.setattr(trial, "keep_outcomes", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            trial.score_forecasts(settings, store, NOON + 6 * HOUR)
    assert trial.log_forecasts(settings, store, NOON - HOUR / 2) == 0
    assert [trial.score_forecasts(settings, store, NOON + 6 * HOUR) for _ in range(2)] == [1, 0]
    assert known(store) == {NOON + HOUR: 1.0}


def test_a_number_is_compared_with_the_mean_of_what_was_heard_in_its_hour(
    settings: Settings, store: Store, forecast: Write, heard: Hear
) -> None:
    energy = {"model": "energy_forecast", "quantity": "energy"}
    # Half past: where local time is half an hour off, so are the hours.
    forecast([start(NOON + HOUR / 2, 0.6, 0.4, **energy), start(NOON + 3 * HOUR, 0.6, 0.4, **energy)])
    trial.log_forecasts(settings, store, NOON)
    heard([NOON + HOUR, NOON + 1.2 * HOUR, NOON + 6 * HOUR], energy=0.5)
    trial.score_forecasts(settings, store, NOON + 7 * HOUR)
    assert known(store) == {NOON + 1.5 * HOUR: 0.5}, "an hour without listens counts, or one with listens does not"
    (one,) = trials(store, now=NOON + 7 * HOUR).trials
    assert (one.metric, one.n, one.brier, one.bins) == ("squared_error", 1, None, [])
    assert [one.loss, one.gain] == pytest.approx([0.01, 0.0])


def test_an_artist_is_core_in_one_of_the_two_months(
    settings: Settings, store: Store, forecast: Write, heard: Hear
) -> None:
    begin = datetime(2026, 3, 1, tzinfo=UTC)
    rows = [
        start(begin, 0.2, 0.1, model="breakout", subject="artist", subject_id=artist, quantity="breakout")
        for artist in (7, 8, 9)
    ]
    forecast(rows)
    assert trial.log_forecasts(settings, store, begin + timedelta(days=8)) == 0, "a week of the two months had passed"
    assert trial.log_forecasts(settings, store, begin + timedelta(days=1)) == 3
    months = [(7, date(2026, 4, 1), 20, 0.5), (8, date(2026, 3, 1), 3, 1.2), (9, date(2026, 5, 1), 50, 5.0)]
    table = [{"listener": "Ada", "artist_id": a, "month": m, "listens": n, "share_pct": s} for a, m, n, s in months]
    open_lake(settings.lake).replace("artist_months", pa.Table.from_pylist(table), {})
    due_at = datetime(2026, 5, 1, 12, tzinfo=UTC)
    heard([due_at + HOUR])
    assert trial.score_forecasts(settings, store, due_at + HOUR) == 3
    assert {one.subject: one.outcome for one in scored_forecasts(store, LONG_AGO)} == {"7": 1.0, "8": 1.0, "9": 0.0}


@pytest.mark.parametrize(("minutes", "happened"), [(10, {"lively": 1.0, "calm": 0.0}), (300, {})])
def test_the_next_track_counts_where_the_session_went_on(
    settings: Settings,
    store: Store,
    forecast: Write,
    heard: Hear,
    monkeypatch: pytest.MonkeyPatch,
    minutes: int,
    happened: dict[str, float],
) -> None:
    monkeypatch.setattr(truth, "_groups", lambda *_: lambda row: "lively" if row["energy"] > 0.5 else "calm")
    next_track = {"model": "next_mood", "subject": "next_track"}
    forecast([start(NOON, p, 0.5, quantity=q, **next_track) for q, p in (("lively", 0.7), ("calm", 0.3))])
    assert trial.log_forecasts(settings, store, NOON + timedelta(minutes=1)) == 2
    heard([NOON - HOUR / 6, NOON + timedelta(minutes=minutes), NOON + 9 * HOUR], energy=0.9)
    assert trial.score_forecasts(settings, store, NOON + 9 * HOUR) == 2
    assert {one.subject: one.outcome for one in scored_forecasts(store, LONG_AGO)} == happened


def test_what_is_monitored_is_what_was_summed_up(
    settings: Settings, store: Store, forecast: Write, heard: Hear
) -> None:
    forecast([start(NOON, 0.8), start(NOON + 20 * HOUR, 0.3)])
    trial.log_forecasts(settings, store, NOON - HOUR)
    heard([NOON + HOUR / 4, NOON + 9 * HOUR])
    trial.score_forecasts(settings, store, NOON + 9 * HOUR)
    found = {one.name: one for one in trial_gauges(store, NOON + 9 * HOUR)}
    (one,) = trials(store, now=NOON + 9 * HOUR).trials
    assert found["tonearm_forecasts_open"].value == 1
    assert found["tonearm_forecasts_loss"].value == one.loss
    assert found["tonearm_forecasts_scored"].labels == {
        "model": "session_start",
        "version": "1",
        "target": "session_start_day_ahead",
        "served_by": "model",
    }


def simulated(settings: Settings, store: Store, forecast: Write, heard: Hear, said: Callable[[float], float]) -> Any:
    """A month of a listener whose sessions start with a chance that depends on the hour; of it is forecast ``said``."""
    draw = random.Random(3)
    hours = [NOON + n * HOUR for n in range(24 * 30)]
    chance = {at: 0.6 if at.hour in (8, 18, 19) else 0.05 for at in hours}
    forecast([start(at, said(chance[at]), 0.12) for at in hours])
    trial.log_forecasts(settings, store, NOON - HOUR)
    heard([at + HOUR / 4 for at in hours if draw.random() < chance[at]] + [hours[-1] + 9 * HOUR])
    trial.score_forecasts(settings, store, hours[-1] + 10 * HOUR)
    (found,) = trials(store, now=hours[-1]).trials
    return found


def test_a_listener_who_follows_the_forecast_shows_it_calibrated_and_better(
    settings: Settings, store: Store, forecast: Write, heard: Hear
) -> None:
    found = simulated(settings, store, forecast, heard, lambda chance: chance)
    assert found.n == 720
    assert found.gain_low > 0
    assert found.weeks_won == len(found.weeks)
    for part in found.bins:
        assert abs(part.predicted - part.happened) < 3 * (part.predicted * (1 - part.predicted) / part.n) ** 0.5
    assert found.brier < found.baseline_brier


def test_a_sabotaged_forecast_loses(settings: Settings, store: Store, forecast: Write, heard: Hear) -> None:
    found = simulated(settings, store, forecast, heard, lambda chance: 0.65 - chance)
    assert found.gain_high < 0
    assert found.weeks_won == 0
