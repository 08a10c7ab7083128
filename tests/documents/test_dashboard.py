from __future__ import annotations

import json
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from tests.documents.conftest import home_of, listen
from tonearm.documents.dashboard import dashboard_data
from tonearm.lake import open_lake

REFERENCE = {
    *("next_prediction", "session_probs", "top_hours", "session_actual", "mood_clusters", "mood_trajectory"),
    *("recently_played", "metrics", "drift", "generated_at", "genre_profiles", "version"),
}


def test_without_models_and_features_every_field_is_there_and_says_so(tmp_path: Path) -> None:
    found = dashboard_data(home_of(tmp_path, [listen("2020-01-01T10:00"), listen("2020-01-01T10:05")]), "Ada")
    assert set(found) == REFERENCE
    assert (found["next_prediction"], found["drift"], found["mood_clusters"]) == (None, None, [])
    assert found["session_actual"]["10"] == pytest.approx(1 / 84)
    assert [(one["track_name"], one["played_at"]) for one in found["recently_played"]] == [
        ("Sexy Boy", datetime(2020, 1, 1, 10, minute, tzinfo=UTC)) for minute in (5, 0)
    ]
    assert (found["metrics"]["latest"]["num_tracks"], found["metrics"]["latest"]["num_sessions"]) == (1, 2)
    assert json.loads(json.dumps(found, default=str))["recently_played"][0]["track_id"].isdigit()


def test_a_listener_without_listens_has_an_empty_dashboard(tmp_path: Path) -> None:
    found = dashboard_data(home_of(tmp_path, [listen("2020-01-01T10:00")]), "Ben")
    assert (found["recently_played"], found["session_actual"], found["drift"]) == ([], {}, None)


def test_forecasts_are_probabilities_and_the_best_hours_come_first(tmp_path: Path) -> None:
    settings = home_of(tmp_path, [listen("2020-01-01T10:00")])
    at = datetime(2020, 1, 2, tzinfo=UTC)
    hours = [
        {"listener": who, "horizon": horizon, "hour_of_day": hour, "probability_pct": pct}
        for who, horizon, hour, pct in (
            *(("Ada", "day_ahead", hour, float(hour)) for hour in (0, 7, 20, 21)),
            *(("Ada", "hour_ahead", 3, 99.0), ("Ben", "day_ahead", 4, 98.0)),
        )
    ]
    groups: list[dict[str, Any]] = [
        {"listener": "Ada", "music_group": name, "probability_pct": pct, "baseline_pct": 50.0, "predicted_for_at": at}
        for name, pct in (("calm", 30.0), ("energetic", 70.0))
    ]
    open_lake(settings.lake).replace("session_start_forecasts", pa.Table.from_pylist(hours), {})
    open_lake(settings.lake).replace("next_mood_forecasts", pa.Table.from_pylist(groups), {})
    found = dashboard_data(settings, "Ada")
    assert found["session_probs"] == {"0": 0.0, "7": 0.07, "20": 0.2, "21": 0.21}
    assert [one["hour"] for one in found["top_hours"]] == [21, 20, 7]
    prediction = found["next_prediction"]
    assert (prediction["mood_label"], prediction["confidence"], prediction["baseline"]) == ("energetic", 0.7, 0.5)
    assert (prediction["mood_cluster_id"], prediction["cluster_centroid"]) == (None, None)


def test_drift_compares_the_last_two_weeks_with_the_four_before(tmp_path: Path) -> None:
    rows = [
        listen(f"2020-{month:02}-{day:02}T10:00") for month, days in ((1, 31), (2, 16)) for day in range(1, days + 1)
    ]
    rows += [listen(f"2020-02-{day:02}T20:00") for day in range(3, 17)]
    drift = dashboard_data(home_of(tmp_path, rows), "Ada")["drift"]
    assert drift["detection_date"] == date(2020, 2, 16)
    assert drift["feature_drift"]["tracks_per_day"]["mean_pct_change"] == pytest.approx(100)
    assert drift["label_drift"]["days_with_sessions"]["pct_change"] == pytest.approx(0)
    assert drift["label_drift"]["per_hour_frequency"]["20"] == {"recent": 1.0, "prior": 0.0, "pct_change": None}
    assert drift["overall_drift_detected"]
