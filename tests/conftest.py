"""What tests share: a home of their own, small files to import and the real histories where they are."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import hypothesis
import pytest

from tests.browser import browser  # noqa: F401 - a fixture
from tests.postgres import database_url, each_database_url, postgres  # noqa: F401 - fixtures
from tests.serving import PATIENCE_S
from tonearm.api import looking
from tonearm.errors import EngineMissing
from tonearm.settings import Settings, load_settings

# How long an example takes says how busy the machine is, and nothing about the code.
hypothesis.settings.register_profile("tonearm", deadline=None, print_blob=True)
hypothesis.settings.load_profile("tonearm")

SHARED = Path(__file__).parents[2] / "shared" / "data"
Row = tuple[str, str, str, str]


@pytest.fixture(scope="session", autouse=True)
def compiled_once(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Lets all homes of a test run share their tables' SQL, which takes most of a small build's time."""
    folder = tmp_path_factory.mktemp("compiled")
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(Settings, "compiled", property(lambda _: folder))
        yield


@pytest.fixture(scope="session", autouse=True)
def patient_looks() -> Iterator[None]:
    """Probes and metrics in this process say how things stand now, however busy the machine is."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(looking, "WAIT_S", PATIENCE_S)
        patched.setattr(looking, "FRESH_S", 0.0)
        yield


@pytest.fixture(autouse=True)
def wide_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tables of commands do not wrap, however narrow the terminal in which the tests run."""
    monkeypatch.setenv("COLUMNS", "160")


@pytest.fixture(scope="session")
def spark() -> None:
    """Skips where Spark cannot run."""
    pytest.importorskip("pyspark", reason="pyspark is not installed: make spark")
    from tonearm.engine.java import check_java

    try:
        check_java()
    except EngineMissing as error:
        pytest.skip(str(error))


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """A home that is not there yet."""
    return load_settings(tmp_path / "home", environ={})


@pytest.fixture
def lastfm(tmp_path: Path) -> Callable[..., Path]:
    """Writes rows of (artist, album, track, "20 Nov 2020 09:35") as a header-less Last.fm CSV."""

    def write(rows: Iterable[Row], name: str = "lastfm.csv") -> Path:
        path = tmp_path / name
        with path.open("w", newline="", encoding="utf-8") as file:
            csv.writer(file, lineterminator="\n").writerows(rows)
        return path

    return write


@pytest.fixture
def catalogue(tmp_path: Path) -> Callable[..., Path]:
    """Writes calm, slow, acoustic tracks of (artist, title) as a catalogue; their Spotify ids count from 0."""

    def write(tracks: Iterable[tuple[str, str]], name: str = "catalogue.csv") -> Path:
        path = tmp_path / name
        header = (
            "track_id,artists,album_name,track_name,popularity,duration_ms,explicit,danceability,energy,key,loudness,"
            "mode,speechiness,acousticness,instrumentalness,liveness,valence,tempo,time_signature,track_genre"
        )
        calm = ",0,200000,False,0.3,0.2,1,-20.0,0,0.04,0.9,0.0,0.1,0.3,75.0,4,acoustic"
        rows = [f"{k:022d},{artist},,{title}{calm}" for k, (artist, title) in enumerate(tracks)]
        path.write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")
        return path

    return write


def real(name: str) -> Path:
    """A file of the shared real data; skips the test where it is absent."""
    path = SHARED / name
    if not path.exists():
        pytest.skip(f"real data {name} is not on this machine")
    return path
