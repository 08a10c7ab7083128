"""What the page What next says of rows that hold this, and how it is drawn."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from tests.ui.conftest import evaluation
from tonearm.models.needs import needs
from tonearm.models.trial.summary import Trial, Trials, Week
from tonearm.ui import forecasts
from tonearm.ui.charts import LIGHT
from tonearm.ui.forecasts import Chance
from tonearm.ui.sentences import next as sentences

Row = dict[str, Any]
FRIDAY = datetime(2020, 11, 20, 22)


def measured_as(model: str = "session_start", gain: float = 0.02, **more: Any) -> Row:
    return {"scope": "everybody", **evaluation(model, "log_loss", 0.08, 0.1, gain), **more}


def predicted(model: str, pct: float, usual: float, **more: Any) -> Row:
    return {"model": model, "served_by": "model", "probability_pct": pct, "baseline_pct": usual, **more}


def start(n: int, pct: float, usual: float, horizon: str = "day_ahead", **more: Any) -> Row:
    at = FRIDAY + timedelta(hours=n)
    clock = {"predicted_for_at": at, "predicted_for_local": at, "day_name": f"{at:%A}", "hour_of_day": at.hour}
    return predicted("session_start", pct, usual, horizon=horizon, **clock, **more)


def test_the_likeliest_hour_stands_beside_what_is_usual() -> None:
    rows = [start(1, 30, 10), start(0, 10, 20), start(0, 12, 20, "hour_ahead")]
    assert sentences.session_starts(rows, []) == (
        "**Most likely Friday at 23–24 h**: 30 % that a session starts, usually 10 %. No hour is more likely than not. "
        "Of the 2 hours from Fri 20 Nov 2020, 22 h on, a session is expected to start in 0.4. "
        "In the very next hour: 12 %, given everything heard before it. This is the model's forecast."
    )
    assert "No hour is more likely" not in sentences.session_starts([start(0, 60, 10)], [])


def test_the_source_of_a_forecast_is_named_with_its_test() -> None:
    usual = "how often you start at that hour"
    better = (
        "This is the model's forecast: on 1,200 hours it came 20 % (10 % to 30 %) closer to a perfect one than "
        + usual
        + "."
    )
    assert sentences.source_of_forecast([start(0, 30, 10)], [measured_as()]) == better
    doubtful = [measured_as(), measured_as(gain=0.005, scope="listener", rows=90)]
    assert sentences.source_of_forecast([start(0, 30, 10)], doubtful) == (
        f"This is the model's forecast, though it is not shown to be better than {usual} (90 hours of yours)."
    )
    assert sentences.source_of_forecast([start(0, 10, 10, served_by="baseline")], [measured_as(gain=-0.05)]) == (
        f"Shown is {usual}: the model was worse (1,200 hours)."
    )
    # A served model may leave the answer for one listener to the baseline.
    assert sentences.source_of_forecast([start(0, 10, 10), start(1, 20, 20)], [measured_as()]) == (
        f"Shown for you is {usual}, not the model's forecast."
    )


def test_a_model_is_judged_in_what_it_is_asked_for() -> None:
    metrics = [
        measured_as(target="hour_ahead"),
        measured_as(target="day_ahead", is_deciding=False, protocol="by day", rows=7),
        measured_as(target="hour_ahead", is_deciding=False, protocol="another", scope="listener", rows=9),
    ]
    assert [(sentences.tested(metrics, "session_start", t) or {})["rows"] for t in ("", "day_ahead")] == [1200, 7]
    assert sentences.tested(metrics, "breakout") is None


def test_of_a_models_versions_the_one_in_use_decides() -> None:
    rows = [
        measured_as(model_version=1, is_served=True),
        measured_as(model_version=2, gain=0.0, is_served=False),
        measured_as("breakout", model_version=1, is_served=False),
        measured_as("breakout", model_version=3, is_served=False),
        measured_as("breakout", model_version=4, is_deciding=False),
    ]
    assert [(r["model"], r["model_version"]) for r in sentences.deciding(rows)] == [
        ("session_start", 1),
        ("breakout", 3),
    ]


def test_where_the_baseline_is_used() -> None:
    assert sentences.believe([measured_as(), measured_as("breakout", -0.02)]) == (
        "**1 of 2 predictions** is shown to be better than a simple baseline, on data that the models had not learned "
        "from. "
        "The baseline is used for which artist becomes yours."
    )
    assert sentences.believe([]).startswith("**Not known yet**")


def on_trial(**more: Any) -> Trial:
    """40 forecasts of when a session starts over three weeks."""
    due, week = datetime(2026, 3, 2, tzinfo=UTC), Week(date(2026, 3, 2), 40, 0.2, 0.3)
    fields = {
        "model": "session_start", "version": "2", "target": "session_start_day_ahead", "served_by": "model",
        "metric": "log_loss", "n": 40, "first_due_at": due, "last_due_at": due, "predicted": 0.25, "happened": 0.3,
        "loss": 0.2, "baseline_loss": 0.3, "gain": 0.1, "gain_low": 0.05, "gain_high": 0.15, "brier": 0.1,
        "baseline_brier": 0.2, "weeks_won": 2, "bins": [], "weeks": [week] * 3,
    }  # fmt: skip
    return Trial(**fields | more)


def test_forecasts_that_were_kept_are_compared_with_what_happened() -> None:
    said = sentences.on_trial(Trials([on_trial()], 7, None))
    assert said == "**40 forecasts** made before the fact could be compared with what you heard since."
    assert sentences.trial_line(on_trial()) == (
        "**When you listen (a day ahead)**, version 2: of 40 forecasts, 10 were expected to come true and 12 did; "
        "nearer than the baseline in 2 of 3 weeks, better over all (gain 0.100, 0.050 to 0.150)."
    )
    few = sentences.trial_line(on_trial(gain_low=None, gain_high=None))
    assert few.endswith("nearer than the baseline in 2 of 3 weeks, too few days to tell.")
    assert sentences.trial_line(on_trial(served_by="baseline")).endswith("12 did; all by the baseline.")
    energy = on_trial(model="energy_forecast", target="energy", brier=None, predicted=0.61, happened=0.58)
    assert "of 40 hours, 0.61 was expected on average and 0.58 heard" in sentences.trial_line(energy)


def test_before_anything_was_compared_the_page_says_when_it_will_be() -> None:
    assert sentences.on_trial(Trials([], 0, None)).startswith("**Nothing to check yet.**")
    due = datetime(2026, 3, 2, 13, tzinfo=UTC)
    assert sentences.on_trial(Trials([], 1, due)).startswith(
        "**None checked yet**: 1 forecast kept. The first is due on 02 March 2026 at 13:00 UTC"
    )


def test_a_models_line_has_interval_baseline_and_verdict() -> None:
    assert sentences.line(measured_as()) == (
        "**When you listen**: better, the model is used. Surprise 0.080 (0.060 to 0.100), baseline 0.100; "
        "gain 0.020 (0.010 to 0.030); n 1,200 hours."
    )
    assert "not shown to be better, the model is used, by choice" in sentences.line(
        measured_as(gain=0.0, is_served=True)
    )
    few = sentences.line(measured_as("unheard_of", gain_low=None, gain_high=None, is_better=False, is_served=False))
    assert few.startswith("**Unheard of**: not shown to be better, with too little to test on, the baseline is used.")


@pytest.mark.parametrize(
    ("metric", "usual", "gain", "share"),
    [("rmse", 0.2, 0.05, 0.25), ("average_precision", 0.2, 0.4, 0.5), ("r2", -1.0, 0.5, 0.25), ("r2", 1.0, 0.0, None)],
)
def test_gains_in_any_metric_are_on_one_scale(metric: str, usual: float, gain: float, share: float | None) -> None:
    found = sentences.skill(measured_as(gain=gain, metric=metric, baseline_value=usual))
    assert (found and found[0]) == (share and pytest.approx(share))


def hour(n: int, energy: float, wide: float | None) -> Row:
    row = start(n, 0, 0) | {"model": "energy_forecast", "expected_energy": energy, "baseline_energy": 0.4}
    low, high = (None, None) if wide is None else (energy - wide, energy + wide)
    return {k: v for k, v in row.items() if "pct" not in k} | {"expected_energy_low": low, "expected_energy_high": high}


def test_hours_that_do_not_differ_have_one_value() -> None:
    rows = [hour(0, 0.601, None), hour(1, 0.602, None)]
    assert sentences.is_flat(rows, "energy")
    assert "energy about 0.60 of 1 in the week from Fri" in sentences.week(rows, "energy", [])
    assert not sentences.is_flat([hour(0, 0.60, None), hour(1, 0.62, None)], "energy")


def test_hours_that_hardly_differ_are_the_same() -> None:
    same = sentences.week([hour(0, 0.60, 0.3), hour(1, 0.62, 0.3)], "energy", [])
    assert same.startswith("**About the same at every hour**: energy between 0.60 and 0.62 of 1 in the week from Fri")
    assert "A single hour may be about 0.30 off either way (90 % interval), more than the hours differ." in same
    apart = sentences.week([hour(0, 0.2, 0.1), hour(1, 0.7, 0.1)], "energy", [])
    assert apart.startswith("**Calmest Friday at 22–23 h, most energetic Friday at 23–24 h**")
    assert "more than the hours differ" not in apart
    assert "interval" not in sentences.week([hour(0, 0.2, None)], "energy", [])


def test_artists_are_expected_by_the_sum_of_their_chances() -> None:
    rows = [
        predicted("breakout", pct, 5, artist_name="A*r", predicted_for_at=datetime(2020, 11, 1)) for pct in (30, 20, 10)
    ]
    said = sentences.breakouts(rows, [])
    assert said.startswith(r"**A\*r** is the likeliest, with 30 %. Of the 3 likeliest about 0.6 will, and even the")
    assert "the two months from November 2020 on" in said


def listen(was: float | None, said: float = 0.5, wide: float | None = 0.2) -> Row:
    low, high = (None, None) if wide is None else (said - wide, said + wide)
    return {
        "slot": "listen", "model": "mood", "served_by": "model", "actual_valence": was, "expected_valence": said,
        "expected_valence_low": low, "expected_valence_high": high, "baseline_valence": 0.4,
    }  # fmt: skip


def test_it_came_true_for_those_that_were_measured_and_in_the_interval() -> None:
    rows = [listen(0.6), listen(0.6), listen(0.6), listen(1.0), listen(None)]
    assert sentences.came_true(rows, []).startswith(
        "**For 75 %** of your latest 4 measured listens (2 tracks) the measured value lies in the interval that should "
        "hold 90 %. On average it is 0.20 off, a straight line through its other measured sound 0.30."
    )
    assert sentences.came_true([listen(0.6, wide=None)], []).startswith("**Within 0.10** on average")


@pytest.mark.parametrize(
    ("said", "model"),
    [
        (sentences.session_starts, "session_start"),
        (sentences.next_group, "next_mood"),
        (sentences.breakouts, "breakout"),
        (sentences.came_true, "mood"),
    ],
)
def test_a_missing_forecast_says_what_it_takes(said: Any, model: str) -> None:
    assert said([], []).startswith(f"**No forecast yet**: it takes {needs(model)}. Train with `tonearm")
    assert said([], [measured_as(model)]).endswith("The model was trained, but there is too little data of yours.")


@pytest.mark.parametrize(
    ("pct", "words"), [(0, "0 %"), (0.2, "under 1 %"), (12.4, "12 %"), (99.8, "over 99 %"), (100, "100 %")]
)
def test_a_chance_is_certain_only_where_it_is(pct: float, words: str) -> None:
    assert sentences.chance(pct) == words


def test_the_hours_are_named_by_the_clock_also_when_it_changes() -> None:
    chances = [Chance("", 10, 5, "")] * 4
    drawn = forecasts.hours(chances, [1, 2, 2, 3], "%", LIGHT).to_dict()
    axis = drawn["layer"][0]["encoding"]["x"]["axis"]
    assert axis["labelExpr"] == "({'0':'1','1':'2','2':'2','3':'3','4':'4'})[datum.value]"
    assert axis["values"] == [3]


def test_what_hardly_differs_looks_so() -> None:
    assert forecasts.ends_of([0.60, 0.62]) == pytest.approx((0.51, 0.71))
    assert forecasts.ends_of([0.1, 0.9]) == (0.1, 0.9)
