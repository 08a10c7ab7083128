from __future__ import annotations

import json
import random
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import jsonschema
import pyarrow as pa
import pytest
from pydantic import ValidationError

from tests.conftest import SHARED
from tests.documents.conftest import home_of, listen
from tonearm.documents.dashboard import dashboard_data
from tonearm.documents.dashboard.kept import Kept, by_part_of_day, checked_predictions
from tonearm.documents.dashboard.shape import SCHEMA_ID, VERSION, DashboardData, PartOfDay, schema, withheld
from tonearm.lake import open_lake
from tonearm.settings import Settings
from tonearm.store import open_store
from tonearm.store.forecasts import Forecast, keep_forecasts, keep_outcomes

Row = dict[str, Any]
KEYS = Path(__file__).with_name("reference_keys.txt")
"""Every key of the file whose names are the contract; * stands for an hour."""
REFERENCE = SHARED / "next-track" / "dashboard_data.json"
SCHEMA = jsonschema.Draft202012Validator(schema(), format_checker=jsonschema.FormatChecker())


def written(settings: Settings, listener: str = "Ada") -> Row:
    """The document as it is written, which its schema allows."""
    found: Row = json.loads(dashboard_data(settings, listener).model_dump_json())
    SCHEMA.validate(found)
    return found


def of_schema(part: Any, path: str = "") -> Iterator[str]:
    """Every key that the schema allows."""
    if isinstance(part, dict):
        if ref := part.get("$ref"):
            yield from of_schema(schema()["$defs"][ref.rsplit("/", 1)[1]], path)
        for name, of in part.get("properties", {}).items():
            yield f"{path}{name}"
            yield from of_schema(of, f"{path}{name}.")
        for hours in part.get("patternProperties", {}).values():
            yield f"{path}*"
            yield from of_schema(hours, f"{path}*.")
        for one in (part.get("items"), *part.get("anyOf", [])):
            yield from of_schema(one, path)


def of_document(value: Any, path: str = "") -> Iterator[str]:
    """Every key of a document."""
    if isinstance(value, dict):
        for name, of in value.items():
            key = f"{path}{'*' if name.isdigit() else name}"
            yield key
            yield from of_document(of, f"{key}.")
    if isinstance(value, list):
        for one in value:
            yield from of_document(one, path)


def test_every_key_of_the_contract_is_in_the_schema() -> None:
    assert set(KEYS.read_text().split()) - set(of_schema(schema())) == set()


@pytest.mark.skipif(not REFERENCE.is_file(), reason="the file of the contract is not here")
def test_the_contract_is_the_file_and_its_values_fit_but_where_tonearm_has_none() -> None:
    document = json.loads(REFERENCE.read_text())
    assert sorted(set(of_document(document))) == KEYS.read_text().split()
    with pytest.raises(ValidationError) as refused:
        DashboardData.model_validate(document)
    unlike = {(one["type"], str(one["loc"][-1])) for one in refused.value.errors() if one["type"] != "missing"}
    always_null = ("image_url", "train_accuracy", "train_f1_macro", "train_roc_auc", "val_roc_auc", "val_accuracy")
    more = ("val_f1", "baseline_neg_pr_auc", "model_beats_neg")
    windows = [f"{of}_window_{end}" for of in ("training", "validation") for end in ("start", "end")]
    # The contract has the instant of the run, tonearm the day that is described.
    a_day = ("date_from_datetime_inexact", "detection_date")
    assert unlike == {a_day, *(("none_required", name) for name in (*always_null, *more, *windows))}


def test_the_schema_is_versioned_and_valid() -> None:
    jsonschema.Draft202012Validator.check_schema(schema())
    assert (schema()["$id"], schema()["version"]) == (SCHEMA_ID, VERSION)
    assert schema()["properties"]["version"]["const"] == VERSION


def test_without_models_and_features_every_field_is_there_and_says_so(tmp_path: Path) -> None:
    found = written(home_of(tmp_path, [listen("2020-01-01T10:00"), listen("2020-01-01T10:05")]))
    assert set(found) == set(DashboardData.model_fields)
    assert (found["next_prediction"], found["drift"], found["mood_clusters"]) == (None, None, [])
    assert found["session_actual"]["10"] == pytest.approx(1 / 84)
    assert [(one["track_name"], one["played_at"]) for one in found["recently_played"]] == [
        ("Sexy Boy", f"2020-01-01T10:{minute:02}:00Z") for minute in (5, 0)
    ]
    latest = found["metrics"]["latest"]
    assert (latest["num_tracks"], latest["num_sessions"], latest["session_model"]) == (1, 2, None)
    assert found["recently_played"][0]["track_id"].isdigit()


def test_a_home_without_listens_has_an_empty_dashboard(tmp_path: Path) -> None:
    found = written(Settings(home=tmp_path))
    assert (found["recently_played"], found["session_actual"], found["drift"], found["new_music"]) == (
        [],
        {},
        None,
        None,
    )
    assert written(home_of(tmp_path, [listen("2020-01-01T10:00")]), "Ben")["recently_played"] == []


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
    groups: list[Row] = [
        {"listener": "Ada", "music_group": name, "probability_pct": pct, "baseline_pct": 50.0, "predicted_for_at": at}
        for name, pct in (("calm", 30.0), ("energetic", 70.0))
    ]
    open_lake(settings.lake).replace("session_start_forecasts", pa.Table.from_pylist(hours), {})
    open_lake(settings.lake).replace("next_mood_forecasts", pa.Table.from_pylist(groups), {})
    found = written(settings)
    assert found["session_probs"] == {"0": 0.0, "7": 0.07, "20": 0.2, "21": 0.21}
    assert [one["hour"] for one in found["top_hours"]] == [21, 20, 7]
    prediction = found["next_prediction"]
    assert (prediction["mood_label"], prediction["confidence"], prediction["baseline"]) == ("energetic", 0.7, 0.5)
    assert (prediction["mood_cluster_id"], prediction["cluster_centroid"]) == (None, None)


def measured(metric: str, value: float, version: int, target: str = "session_start_day_ahead") -> Row:
    """A row of ``model_performance_metrics``."""
    return {
        **{"listener": "Ada", "scope": "listener", "model": "session_start", "target": target, "metric": metric},
        **{"model_version": version, "trained_at": datetime(2020, version, 1, tzinfo=UTC), "rows": 100 * version},
        **{"value": value, "baseline_value": value / 2, "is_better": version == 2, "is_served": version == 2},
        **{"data_version": f"listens {version}"},
    }


def test_metrics_are_of_the_day_ahead_beside_the_baseline_and_of_each_training(tmp_path: Path) -> None:
    settings = home_of(tmp_path, [listen("2020-01-01T10:00"), listen("2020-02-20T10:00", track="Kelly")])
    rows = [
        *(measured("average_precision", value, version) for value, version in ((0.4, 1), (0.6, 2))),
        measured("log_loss", float("nan"), 2),
        measured("average_precision", 0.9, 2, "session_start_hour_ahead"),
    ]
    open_lake(settings.lake).replace("model_performance_metrics", pa.Table.from_pylist(rows), {})
    found = written(settings)["metrics"]
    model = found["latest"]["session_model"]
    assert (model["version"], model["val_pr_auc"], model["baseline_hist_pr_auc"], model["n_val"]) == (2, 0.6, 0.3, 200)
    assert (model["model_beats_hist"], model["val_log_loss"], model["n_train"]) == (True, None, None)
    earlier = [(one["run_at"], one["num_tracks"], one["session_model"]["val_pr_auc"]) for one in found["history"]]
    assert earlier == [("2020-02-01T00:00:00Z", 1, 0.6), ("2020-01-01T00:00:00Z", 0, 0.4)]
    assert found["latest"]["num_tracks"] == 2


def test_new_is_what_was_first_heard_in_the_last_four_weeks(tmp_path: Path) -> None:
    rows = [listen("2020-01-01T10:00"), listen("2020-02-03T10:00"), listen("2020-02-04T10:00", track="Kelly")]
    rows += [listen(f"2020-03-0{day}T10:00", "Can", "Halleluhwah") for day in (1, 2)]
    new = written(home_of(tmp_path, rows))["new_music"]
    assert (new["since"], new["until"], new["n_artists"], new["n_tracks"]) == ("2020-02-04", "2020-03-02", 1, 2)
    assert [(one["artist_name"], one["listens"]) for one in new["artists"]] == [("Can", 2)]
    assert [(one["track_name"], one["first_heard"]) for one in new["tracks"]] == [
        ("Halleluhwah", "2020-03-01"),
        ("Kelly", "2020-02-04"),
    ]


def kept(at: str, predicted: float, happened: bool, subject: str = "session_start_day_ahead") -> Kept:
    """A prediction of version 1, which was served, by the listener's clock; the baseline answered with a half."""
    at_local = datetime.fromisoformat(at)
    is_of_hour = subject == "session_start_day_ahead"
    return Kept(at_local, is_of_hour, "1", "model", subject, at_local.replace(tzinfo=UTC), predicted, 0.5, happened)


def test_checked_predictions_are_of_the_newest_day_that_is_over() -> None:
    found = checked_predictions(
        [
            kept("2020-01-01T20:00", 0.9, True),
            *(kept("2020-01-02T00:00", 0.2, False), kept("2020-01-02T09:00", 0.6, True)),
            *(kept("2020-01-02T10:00", share, name == "calm", name) for name, share in (("calm", 0.7), ("loud", 0.3))),
            kept("2020-01-03T09:00", 0.6, True),
        ],
        date(2020, 1, 3),
    )
    assert found is not None
    assert (found.date, found.n, found.actual_starts) == (date(2020, 1, 2), 2, 1)
    assert [(one.hour, one.probability, one.started) for one in found.hours] == [(0, 0.2, False), (9, 0.6, True)]
    assert found.brier == pytest.approx((0.04 + 0.16) / 2)
    assert found.baseline_brier == pytest.approx(0.25)
    assert [(one.mood_label, one.confidence, one.was_right) for one in found.next_tracks] == [("calm", 0.7, True)]
    assert checked_predictions([kept("2020-01-01T20:00", 0.9, True)], date(2020, 3, 1)) is None


def test_parts_of_the_day_are_measured_by_kept_predictions_of_the_version() -> None:
    found = by_part_of_day(
        [
            *(kept("2020-01-01T06:00", 0.6, True), kept("2020-01-01T11:00", 0.4, False)),
            *(kept("2020-01-02T07:00", 0.2, True), kept("2020-01-02T18:00", 0.1, False)),
        ],
        1,
    )
    assert found is not None
    # 1 is right at the first, 2 of 3 at the third; of the two pairs, one is in order.
    morning = PartOfDay(pr_auc=(1 + 2 / 3) / 2, roc_auc=0.5, n_samples=3, n_positive=2)
    assert (found.morning, found.night) == (morning, None)
    assert found.evening == PartOfDay(pr_auc=None, roc_auc=None, n_samples=1, n_positive=0)
    assert by_part_of_day([kept("2020-01-01T06:00", 0.6, True)], 2) is None


def test_parts_of_the_day_are_measured_as_scikit_learn_does() -> None:
    metrics = pytest.importorskip("sklearn.metrics")
    chance = random.Random(1)
    rows = [(round(chance.random(), 1), chance.random() < 0.3) for _ in range(200)]
    found = by_part_of_day([kept("2020-01-01T07:00", *row) for row in rows], 1)
    assert found is not None
    assert found.morning is not None
    predicted, happened = zip(*rows, strict=True)
    assert found.morning.pr_auc == pytest.approx(metrics.average_precision_score(happened, predicted))
    assert found.morning.roc_auc == pytest.approx(metrics.roc_auc_score(happened, predicted))


def test_predictions_that_were_kept_before_the_fact_are_checked(tmp_path: Path) -> None:
    settings = home_of(tmp_path, [listen("2020-01-03T10:00")])
    with closing(open_store(settings)) as store:
        store.ensure_listener("Ada", "Europe/Berlin")
        due_at = datetime(2020, 1, 2, 0, tzinfo=UTC)
        one = Forecast("Ada", "session_start", "1", "model", "session_start_day_ahead", due_at, 0.25, 0.5)
        keep_forecasts(store, [one], datetime(2020, 1, 1, tzinfo=UTC))
        assert written(settings)["checked_predictions"] is None
        keep_outcomes(store, {1: 1.0}, datetime(2020, 1, 3, tzinfo=UTC))
    found = written(settings)["checked_predictions"]
    assert (found["date"], found["hours"]) == (
        "2020-01-02",
        [{"hour": 0, "probability": 0.25, "baseline": 0.5, "started": True}],
    )


def a_drift(tmp_path: Path) -> Settings:
    """A home where evenings came in the last two weeks."""
    rows = [
        listen(f"2020-{month:02}-{day:02}T10:00") for month, days in ((1, 31), (2, 16)) for day in range(1, days + 1)
    ]
    rows += [
        listen(f"2020-02-{day:02}T20:00", session_started_at=datetime(2020, 2, day, 20, tzinfo=UTC))
        for day in range(3, 17)
    ]
    return home_of(tmp_path, rows)


def test_drift_compares_the_last_two_weeks_with_the_four_before(tmp_path: Path) -> None:
    drift = written(a_drift(tmp_path))["drift"]
    assert drift["detection_date"] == "2020-02-16"
    features, labels = drift["feature_drift"], drift["label_drift"]
    assert features["tracks_per_day"]["mean_pct_change"] == pytest.approx(100)
    assert features["start_hour_entropy"] == {"recent": 1.0, "prior": 0.0, "change": 1.0, "pct_change": None}
    assert labels["days_with_sessions"]["pct_change"] == pytest.approx(0)
    assert labels["per_hour_frequency"]["20"] == {"recent": 1.0, "prior": 0.0, "pct_change": None}
    assert drift["overall_drift_detected"]


def test_what_is_withheld_is_empty_and_listed(tmp_path: Path) -> None:
    data = dashboard_data(a_drift(tmp_path), "Ada")
    kept = json.loads(withheld(data, frozenset({"drift", "recently_played", "session_actual"})).model_dump_json())
    SCHEMA.validate(kept)
    assert kept["withheld"] == ["drift", "recently_played", "session_actual"]
    assert (kept["drift"], kept["recently_played"], kept["session_actual"]) == (None, [], {})
    assert data.metrics is not None
    assert data.metrics.latest.drift is not None
    assert kept["metrics"]["latest"]["drift"] is None
    assert kept["new_music"] is not None
