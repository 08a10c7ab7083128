from __future__ import annotations

import random
import shutil
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from tonearm.bronze import SCHEMAS
from tonearm.building.execute import build
from tonearm.columns import MOODS, arrow_schema
from tonearm.ingest.imports import import_paths
from tonearm.lake import Lake, open_lake
from tonearm.settings import Settings

LISTENS = 600


def history(listens: int = LISTENS) -> str:
    """Header-less Last.fm rows over two years, the same each time."""
    draw = random.Random(1)
    start = datetime(2022, 3, 1, 8)
    times = sorted(start + timedelta(minutes=5 * n) for n in draw.sample(range(150_000), listens))
    rows = ((draw.randint(1, 40), draw.randint(1, 5), at) for at in times)
    return "".join(f"Artist {a},Album {a},Track {a}-{t},{at:%d %b %Y %H:%M}\n" for a, t, at in rows)


@pytest.fixture(scope="session")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """A home with one simulated listener."""
    folder = tmp_path_factory.mktemp("filled")
    (folder / "history.csv").write_text(history())
    made = Settings(home=folder / "home")
    import_paths(made, [folder / "history.csv"], "Ada (demo)", "Europe/Berlin")
    build(made)
    return made


@pytest.fixture
def looking_at(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[Path], None]]:
    """Points the page at a home."""
    import streamlit as st

    from tonearm.ui import frame

    def choose(home: Path) -> None:
        monkeypatch.setenv("TONEARM_HOME", str(home))
        frame.client.clear()
        st.cache_data.clear()

    yield choose
    frame.client.clear()


def catalogue() -> str:
    """Measured features of every track of :func:`history`; the later an artist's number, the livelier the music."""
    head = (
        ",track_id,artists,album_name,track_name,popularity,duration_ms,explicit,danceability,energy,key,loudness,mode,"
        "speechiness,acousticness,instrumentalness,liveness,valence,tempo,time_signature,track_genre\n"
    )
    return head + "".join(
        f"{a * 10 + t},id{a:03}x{t}abcdefghijklmnopq,Artist {a},Album {a},Track {a}-{t},50,200000,False,"
        f"{0.2 + a / 60:.3f},{0.15 + a / 50:.3f},1,{-20 + a / 3:.2f},1,0.0{t},{0.95 - a / 50:.3f},{0.1 * t:.2f},0.1,"
        f"{0.1 + ((a * 7 + t * 3) % 40) / 50:.3f},{80 + a},4,{('ambient', 'rock')[a % 2]}\n"
        for a in range(1, 41)
        for t in range(1, 6)
    )


@pytest.fixture(scope="session")
def measured(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """The same home with a catalogue that knows every track."""
    folder = tmp_path_factory.mktemp("measured")
    (folder / "history.csv").write_text(history(3 * LISTENS))
    (folder / "dataset.csv").write_text(catalogue())
    made = Settings(home=folder / "home")
    import_paths(made, [folder / "history.csv"], "Ada (demo)", "Europe/Berlin")
    import_paths(made, [folder / "dataset.csv"], None, None)
    build(made)
    return made


PREDICTED_FROM = datetime(2023, 8, 4, 10, tzinfo=UTC)
"""About the end of :func:`history`: a Friday, 12 h in Berlin."""


@pytest.fixture(scope="session")
def predicted(measured: Settings, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """The measured home with what models would have left in its lake: one served, one whose baseline answers."""
    home = tmp_path_factory.mktemp("predicted") / "home"
    shutil.copytree(measured.home, home)
    made = Settings(home=home)
    lake = open_lake(made.lake)
    columns = ["track_id", "artist_id"]
    listens = lake.dataset("listening_with_features").to_table(columns=columns).to_pylist()
    tracks, artists = (sorted({row[c] for row in listens}) for c in columns)
    _leave(lake, "model_scores", [*_of_hours(), *_of_next_track(), *_of_artists(artists), *_of_tracks(tracks)])
    _leave(lake, "model_evaluations", list(_evaluations()))
    build(made, ("session_start_forecasts", "next_mood_forecasts", "energy_forecasts", "artist_breakouts",
                 "mood_predictions", "model_performance_metrics"))  # fmt: skip
    return made


def _leave(lake: Lake, name: str, rows: Sequence[dict[str, Any]]) -> None:
    lake.replace(name, pa.Table.from_pylist(list(rows), schema=arrow_schema(SCHEMAS[name])), {})


def _score(model: str, quantity: str, score: float, **more: Any) -> dict[str, Any]:
    served_by = "baseline" if model == "breakout" else "model"
    about = {"model": model, "model_version": 1, "served_by": served_by, "as_of_at": PREDICTED_FROM}
    return {**about, "listener": "Ada (demo)", "quantity": quantity, "score": score, **more}


def _of_hours() -> Iterator[dict[str, Any]]:
    for n in range(168):
        at = {"subject": "hour", "predicted_for_at": PREDICTED_FROM + timedelta(hours=n)}
        energy = 0.3 + 0.4 * (n % 24) / 24
        band = {"score_low": energy - 0.2, "score_high": energy + 0.2, "baseline_score": 0.5}
        for quantity in ("energy", "valence"):
            yield _score("energy_forecast", quantity, energy, **at, **band)
        if n < 24:
            yield _score("session_start", "session_start_day_ahead", (n + 1) / 50, **at, baseline_score=0.2)
    at = {"subject": "hour", "predicted_for_at": PREDICTED_FROM}
    yield _score("session_start", "session_start_hour_ahead", 0.04, **at, baseline_score=0.2)


def _of_next_track() -> Iterator[dict[str, Any]]:
    for kind, score, usual in (("calm and acoustic", 0.6, 0.3), ("loud", 0.3, 0.5), ("bright", 0.1, 0.2)):
        at = {"subject": "next_track", "predicted_for_at": PREDICTED_FROM}
        yield _score("next_mood", kind, score, **at, baseline_score=usual)


def _of_artists(artists: Sequence[int]) -> Iterator[dict[str, Any]]:
    month = datetime(2023, 8, 1, tzinfo=UTC)
    for n, artist in enumerate(artists):
        score = 0.3 - n / 200
        of = {"subject": "artist", "subject_id": artist, "predicted_for_at": month, "baseline_score": score}
        yield _score("breakout", "breakout", score, **of)


def _of_tracks(tracks: Sequence[int]) -> Iterator[dict[str, Any]]:
    for track in tracks:
        of = {"subject": "track", "subject_id": track, "listener": None}
        band = {"score_low": 0.2, "score_high": 0.7, "baseline_score": 0.4}
        yield _score("mood", "valence", 0.45, **of, **band)
        for mood in MOODS:
            yield _score("mood", mood, 1 / len(MOODS), **of, baseline_score=1 / len(MOODS))


def evaluation(model: str, metric: str, value: float, usual: float, gain: float, **more: Any) -> dict[str, Any]:
    """A deciding metric of a version over everybody, whose gain is certain to within 0.01."""
    is_better = gain > 0.01
    return {
        "listener": None, "model": model, "model_version": 1, "is_served": is_better, "target": model,
        "protocol": "rolling", "metric": metric, "is_deciding": True, "value": value, "value_low": value - 0.02,
        "value_high": value + 0.02, "rows": 1200, "baseline_name": "usual", "baseline_value": usual, "gain": gain,
        "gain_low": gain - 0.01, "gain_high": gain + 0.01, "is_better": is_better,
        "trained_at": datetime(2023, 8, 5, tzinfo=UTC), "data_version": "listens@1",
    } | more  # fmt: skip


def _evaluations() -> Iterator[dict[str, Any]]:
    for ahead in ("hour", "day"):
        target = f"session_start_{ahead}_ahead"
        yield evaluation("session_start", "log_loss", 0.08, 0.10, 0.02, target=target, is_deciding=ahead == "hour")
    yield evaluation("next_mood", "log_loss", 0.9, 1.0, 0.1)
    yield evaluation("energy_forecast", "rmse", 0.16, 0.18, 0.02, target="energy")
    yield evaluation("breakout", "average_precision", 0.06, 0.065, -0.005)
    yield evaluation("mood", "r2", 0.3, 0.0, 0.3)
