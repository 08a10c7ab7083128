"""What models are given of the lake."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any, cast

import pandas as pd
import pyarrow as pa

from tonearm.columns import FEATURES
from tonearm.lake import open_lake
from tonearm.models.lifecycle.registry import PRODUCTION, Version
from tonearm.models.lifecycle.scoring import as_arrow, as_of_listens, read, write_scores
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


def test_estimates_are_kept_with_their_errors_also_when_there_are_none(settings: Settings) -> None:
    lake, model = open_lake(settings.lake), SimpleNamespace(name="imputation")
    version = Version(model="imputation", version=1, trained_at=NOW, aliases=(PRODUCTION,))
    row = {"subject": "track", "subject_id": 7, "quantity": "energy", "score": 0.4, "standard_error": 0.1}
    one, none = pd.DataFrame([row]), pd.DataFrame({name: [] for name in ("subject", "subject_id", "quantity", "score")})
    for found, kept in ((one, [(7, 0.4, 0.1, None)]), (none, [])):
        fitted: Any = SimpleNamespace(scores=lambda tables, as_of, found=found: found)
        write_scores(lake, cast(Any, model), fitted, version, {}, NOW)
        rows = lake.dataset("imputed_features").to_table().to_pylist()
        assert [(r["track_id"], r["energy"], r["energy_error"], r["valence"]) for r in rows] == kept


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
