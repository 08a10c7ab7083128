"""What models are given of the lake."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pandas as pd
import pyarrow as pa
import pytest

from tonearm.columns import FEATURES
from tonearm.lake import open_lake
from tonearm.models import find
from tonearm.models.lifecycle.registry import Version
from tonearm.models.lifecycle.scoring import as_arrow, as_of_listens, outdated, read, score, write_scores
from tonearm.settings import Settings

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def test_what_was_estimated_does_not_come_back_as_measured(settings: Settings) -> None:
    lake = open_lake(settings.lake)
    sources = ["catalogue", "imputed", None]
    features = {name: [0.5, 0.5, None] for name in FEATURES}
    tracks = pd.DataFrame({"track_id": [1, 2, 3], "feature_source": sources, **features})
    lake.replace("tracks", pa.Table.from_pandas(tracks, preserve_index=False), {})
    rows = read(lake, ["tracks"], settings)["tracks"]
    assert rows["energy"].notna().tolist() == [True, False, False]
    assert rows["feature_source"].notna().tolist() == [True, False, False]


def scored(settings: Settings, rows: list[dict[str, Any]], model: str, serves: tuple[str, ...]) -> None:
    """Write scores of a model that said ``rows``, by a version that serves some targets."""
    names = ("subject", "subject_id", "quantity", "score")
    found = pd.DataFrame(rows) if rows else pd.DataFrame({name: [] for name in names})
    fitted: Any = SimpleNamespace(scores=lambda tables, as_of: found)
    version = Version(model=model, version=1, trained_at=NOW, serves=serves)
    write_scores(open_lake(settings.lake), find(model), fitted, version, {}, NOW)


def test_estimates_are_kept_with_their_errors_if_they_are_served_also_when_there_are_none(settings: Settings) -> None:
    track = {"subject": "track", "subject_id": 7, "score": 0.4, "standard_error": 0.1, "baseline_score": 0.3}
    rows = [{**track, "quantity": feature} for feature in ("energy", "speechiness")]
    for said, serves, kept in (
        (rows, ("energy",), [(7, 0.4, 0.1, 0.3, None)]),
        ([], ("energy",), []),
        (rows, ("energy",), [(7, 0.4, 0.1, 0.3, None)]),
        (rows, (), []),
    ):
        scored(settings, said, "imputation", serves)
        found = open_lake(settings.lake).dataset("imputed_features").to_table().to_pylist()
        columns = ("track_id", "energy", "energy_error", "speechiness", "speechiness_error")
        assert [tuple(row[c] for c in columns) for row in found] == kept


def test_an_estimated_mood_is_named_where_it_is_served_and_sure(settings: Settings) -> None:
    chances = {7: (0.8, 0.1), 8: (0.79, 0.1), 9: (0.05, 0.9)}
    rows = [
        {"subject": "track", "subject_id": track, "quantity": quantity, "score": score, "baseline_score": 0.2}
        for track, (happy, sad) in chances.items()
        for quantity, score in (("energy", 0.4), ("Happy_Calm", happy), ("Sad_Calm", sad))
    ]
    for serves, moods in ((("energy", "mood"), ["Happy_Calm", None, "Sad_Calm"]), (("energy",), [None] * 3)):
        scored(settings, rows, "imputation", serves)
        found = open_lake(settings.lake).dataset("imputed_features").to_table().sort_by("track_id")
        assert found["mood"].to_pylist() == moods


def test_each_target_is_by_the_model_or_by_its_baseline(settings: Settings) -> None:
    hour = {"subject": "hour", "score": 0.4, "low": 0.1, "high": 0.6, "baseline_score": 0.3, "baseline_low": 0.2}
    rows = [
        {**hour, "listener": "ada", "quantity": "energy", "served_by": "model"},
        # The model's number, though it is the same as the baseline's.
        {**hour, "listener": "bob", "quantity": "energy", "served_by": "model", "score": 0.3},
        {**hour, "listener": "eve", "quantity": "energy", "served_by": "baseline", "score": 0.3},
        {**hour, "listener": "ada", "quantity": "valence", "served_by": "model"},
    ]
    scored(settings, rows, "energy_forecast", ("energy",))
    found = open_lake(settings.lake).dataset("model_scores").to_table().to_pylist()
    said = {(row["listener"], row["quantity"]): (row["score"], row["score_low"], row["served_by"]) for row in found}
    assert said == {
        ("ada", "energy"): (0.4, 0.1, "model"),
        ("bob", "energy"): (0.3, 0.1, "model"),
        ("eve", "energy"): (0.3, 0.1, "baseline"),
        ("ada", "valence"): (0.3, 0.2, "baseline"),
    }


def test_the_probabilities_of_moods_are_served_or_not_as_one(settings: Settings) -> None:
    rows = [
        {"subject": "track", "subject_id": 1, "quantity": name, "score": 0.4, "baseline_score": 0.3}
        for name in ("valence", "Sad_Calm", "Neutral")
    ]
    scored(settings, rows, "mood", ("mood",))
    found = open_lake(settings.lake).dataset("model_scores").to_table().to_pylist()
    by = {row["quantity"]: row["served_by"] for row in found}
    assert by == {"valence": "baseline", "Sad_Calm": "model", "Neutral": "model"}


def test_a_history_that_has_ended_is_predicted_from_its_end(settings: Settings) -> None:
    lake = open_lake(settings.lake)
    assert as_of_listens(lake, NOW) == NOW
    last = NOW - timedelta(days=40)
    lake.replace("listens", pa.table({"started_at": pa.array([last], pa.timestamp("us", "UTC"))}), {})
    assert as_of_listens(lake, NOW) == last + timedelta(seconds=1)
    assert as_of_listens(lake, NOW - timedelta(days=20)) == NOW - timedelta(days=20)


def test_a_column_that_is_not_there_is_null() -> None:
    rows = as_arrow("model_scores", pd.DataFrame({"model": ["mood"], "score": [0.5]}))
    assert rows["listener"].null_count == 1


def test_models_that_were_never_trained_are_not_loaded(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    loaded: list[str] = []
    monkeypatch.setattr("tonearm.models.importlib.import_module", loaded.append)
    assert (score(settings), outdated(settings)) == ([], [])
    assert loaded == []
