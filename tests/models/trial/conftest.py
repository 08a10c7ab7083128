"""A home whose lake holds forecasts and listens that a test writes down."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pyarrow as pa
import pytest

from tonearm.bronze import SCHEMAS
from tonearm.columns import arrow_schema
from tonearm.lake import open_lake
from tonearm.settings import Settings
from tonearm.store import Store, open_store

Row = dict[str, Any]
NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


@pytest.fixture
def store(settings: Settings) -> Iterator[Store]:
    settings.home.mkdir(parents=True)
    made = open_store(settings)
    made.ensure_listener("Ada", "UTC")
    yield made
    made.close()


def start(at: datetime, score: float, baseline: float = 0.5, **more: Any) -> Row:
    """The chance that a session starts in the hour from ``at`` on."""
    return {
        "listener": "Ada", "model": "session_start", "model_version": 1, "served_by": "model", "subject": "hour",
        "subject_id": None, "quantity": "session_start_day_ahead", "predicted_for_at": at, "as_of_at": at,
        "score": score, "baseline_score": baseline, **more,
    }  # fmt: skip


@pytest.fixture
def forecast(settings: Settings) -> Callable[[Iterable[Row]], None]:
    """Replaces what the models have predicted."""

    def write(rows: Iterable[Row]) -> None:
        schema = arrow_schema(SCHEMAS["model_scores"])
        found = [{name: row.get(name) for name in schema.names} for row in rows]
        open_lake(settings.lake).replace("model_scores", pa.Table.from_pylist(found, schema=schema), {})

    return write


@pytest.fixture
def heard(settings: Settings) -> Callable[..., None]:
    """Replaces the history by listens at these instants, each a session unless 30 minutes or less after another."""

    def write(at: Iterable[datetime], energy: float = 0.5) -> None:
        rows, before, session = [], datetime.min.replace(tzinfo=UTC), NOON
        for instant in sorted(at):
            session = instant if instant - before > HOUR / 2 else session
            before = instant
            rows.append({"listener": "Ada", "started_at": instant, "session_started_at": session, "energy": energy})
        sound = ("energy", "valence", "danceability", "acousticness", "instrumentalness")
        instants = {name: pa.timestamp("us", "UTC") for name in ("started_at", "session_started_at")}
        schema = pa.schema(
            {"listener": pa.string(), **instants, "feature_source": pa.string(), **dict.fromkeys(sound, pa.float64())}
        )
        whole = [{**dict.fromkeys(sound, 0.5), "feature_source": "real", **row} for row in rows]
        open_lake(settings.lake).replace("listening_with_features", pa.Table.from_pylist(whole, schema=schema), {})

    return write
