from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from tonearm.imports import import_paths
from tonearm.run import build
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
