"""When somebody listens next, where it is known because it was invented so."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tests.models.listening import AS_OF, BEGIN, ZONE, later, listens, tables
from tonearm.errors import NotEnoughData
from tonearm.models.evaluate import measure, of_rows
from tonearm.models.session_start import DAY_AHEAD, HOUR_AHEAD, SessionStart
from tonearm.models.session_start.grid import HOURS, Grid, features, frequency, names_of, simple_forecast

EVENING, MORNING = 19, 7
NOW = pd.Timestamp(AS_OF)


def every_day(hours: tuple[int, ...], days: int = 200, begin: pd.Timestamp = BEGIN) -> pd.DataFrame:
    """One listen at each local hour of every day."""
    midnight = begin - ZONE
    at = [midnight + pd.Timedelta(days=day, hours=hour, minutes=10) for day in range(days) for hour in hours]
    return listens(pd.Series(at))


def on_working_days(days: int = 300) -> pd.DataFrame:
    rows = every_day((MORNING,), days)
    return rows[rows["started_at_local"].dt.day_of_week < 5].reset_index(drop=True)


def test_a_grid_counts_starts_by_local_hours() -> None:
    grid = Grid.until(every_day((EVENING,), 3), NOW)
    assert grid.begin == pd.Timestamp("2024-01-01")
    assert grid.days == 2, "the last day ends with its newest listen and is not whole"
    assert np.argwhere(grid.has_start).tolist() == [[0, EVENING], [1, EVENING]]
    assert grid.silence_min[0, EVENING + 1] == 50
    again = Grid.of(grid.frame("ada", ZONE))
    assert (again.has_start == grid.has_start).all()
    assert again.begin == grid.begin


def test_the_baseline_is_the_simple_rate_that_was_best_in_the_days_before() -> None:
    grid = Grid.until(every_day((EVENING,), 100), NOW)
    rate = simple_forecast(grid)
    assert rate[-1, EVENING] > 0.9
    assert rate[-1, MORNING] < 0.01
    assert rate[0, EVENING] == pytest.approx(rate[0, MORNING]), "nothing is known on the first day"
    assert frequency(np.eye(2, HOURS), 28.0)[1, 0] == pytest.approx((1 + 2 * 2 / 48) / 3)


def by_lot(seed: int, days: int = 150) -> Grid:
    """A start in any hour with the same chance, whatever was before."""
    rng = np.random.default_rng(seed)
    has_start = (rng.random((days, HOURS)) < 2 / HOURS).astype(float)
    return Grid(pd.Timestamp("2024-01-01"), has_start, has_start, np.full((days, HOURS), 100.0))


def test_where_a_session_may_start_at_any_hour_the_baseline_is_a_constant_and_is_not_beaten() -> None:
    model, served = SessionStart(), 0
    for seed in range(6):
        grid = by_lot(seed)
        assert np.ptp(simple_forecast(grid)[-1]) == 0
        held = model.held_out(grid.frame("ada", ZONE))
        served += sum(one.is_better for part in held for one in measure(part) if one.metric == "log_loss")
    assert served <= 1


def test_what_the_baseline_does_not_know_is_predicted_better() -> None:
    model = SessionStart()
    examples = model.examples(tables(on_working_days()), AS_OF)
    day, hour = model.held_out(examples)
    assert (day.target, hour.target) == (DAY_AHEAD, HOUR_AHEAD)
    for found in (day, hour):
        measured = {one.metric: one for one in measure(found)}
        assert measured["log_loss"].is_better
        assert measured["ece"].value < 0.03
    weekend = pd.Series(day.predicted.reshape(-1, HOURS)[:, MORNING])
    calm = (day.actual.reshape(-1, HOURS)[:, MORNING] == 0).astype(bool)
    assert weekend[calm].median() < 0.2 < 0.8 < weekend[~calm].median()


def test_a_day_is_predicted_from_the_days_before_it_and_an_hour_from_the_hours_before_it() -> None:
    grid = Grid.until(every_day((MORNING, EVENING), 50), NOW)
    changed = Grid(grid.begin, grid.has_start.copy(), grid.listens.copy(), grid.silence_min)
    changed.has_start[30, 12:], changed.listens[30, 12:] = 1.0, 9.0
    day, day_changed = features(grid, False), features(changed, False)
    assert (day[:31] == day_changed[:31]).all()
    assert (day[31] != day_changed[31]).any()
    hour, hour_changed = features(grid, True), features(changed, True)
    assert (hour[:30] == hour_changed[:30]).all()
    assert (hour[30, :13] == hour_changed[30, :13]).all()
    assert (hour[30, 13:] != hour_changed[30, 13:]).any()
    assert hour.shape[2] == len(names_of(True))


def test_what_is_held_out_is_not_learned_from() -> None:
    model, rows = SessionStart(), on_working_days()
    whole, cut = (model.held_out(model.examples(tables(part), AS_OF))[1] for part in (rows, rows[:100]))
    n = len(cut.actual)
    assert cut.predicted == pytest.approx(whole.predicted[:n])
    assert (cut.actual == of_rows(whole, np.arange(n)).actual).all()


def test_nothing_after_as_of_is_learned_from() -> None:
    model, rows = SessionStart(), every_day((EVENING,), 300, BEGIN + pd.Timedelta(days=200))
    assert (rows["started_at"] >= AS_OF).any()
    fitted = [model.fit(model.examples(tables(part), AS_OF)) for part in (rows, later(rows))]
    assert fitted[0].listeners == fitted[1].listeners


def test_too_short_a_history_is_refused() -> None:
    with pytest.raises(NotEnoughData, match="are 39 days, and 39 hours"):
        SessionStart().examples(tables(every_day((EVENING,), 40)), AS_OF)


def test_scores_are_of_the_coming_day_and_of_the_next_hour() -> None:
    model, rows = SessionStart(), every_day((EVENING,), 300)
    fitted = model.fit(model.examples(tables(rows), AS_OF))
    as_of = rows["started_at"].iloc[-1] + pd.Timedelta(hours=20)
    scores = fitted.scores(tables(rows), as_of)
    day = scores[scores["quantity"] == DAY_AHEAD]
    assert len(day) == HOURS
    assert (scores["quantity"] == HOUR_AHEAD).sum() == 1
    assert scores["at"].min() == as_of.ceil("h")
    likely = day.loc[day["score"].idxmax()]
    assert (likely["at"] + ZONE).hour == EVENING
    assert likely["score"] > 0.9
    assert (day["score"].drop(day["score"].idxmax()) < 0.1).all()


def test_records_may_lack_anything(tmp_path: Path) -> None:
    model, rows = SessionStart(), every_day((EVENING,), 200)
    fitted = model.fit(model.examples(tables(rows), AS_OF))
    records = pd.DataFrame(
        {
            "listener": ["ada", "ada", "ada", None, "bob"],
            "hour_of_day": [EVENING, 3, np.inf, EVENING, EVENING],
            "is_weekend": [1, np.nan, 0, 0, 0],
        }
    )
    predicted = fitted.predict(records)
    assert predicted[DAY_AHEAD][0] > 0.5 > predicted[DAY_AHEAD][1]
    assert predicted.iloc[2:].isna().all().all()
    assert len(fitted.predict(pd.DataFrame({"x": [1]}))) == 1
    fitted.save(tmp_path)
    pd.testing.assert_frame_equal(model.load(tmp_path).predict(records), predicted)
