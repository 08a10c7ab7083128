from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pandas as pd
import pyarrow as pa
import pytest
from fastapi import FastAPI
from streamlit.testing.v1 import AppTest

from tests.api.test_predict import ByOneField, Given, loaded
from tests.serving import PATIENCE_S
from tonearm.api.app import create_app
from tonearm.api.client import Client, InProcess
from tonearm.bronze import SCHEMAS
from tonearm.building.execute import build
from tonearm.columns import MOODS, arrow_schema
from tonearm.ingest.imports import import_paths
from tonearm.lake import open_lake
from tonearm.models.lifecycle.registry import Version
from tonearm.settings import Settings

HEADER = (
    "track_id,artists,album_name,track_name,popularity,duration_ms,explicit,danceability,energy,key,loudness,"
    "mode,speechiness,acousticness,instrumentalness,liveness,valence,tempo,time_signature,track_genre"
)
GENRES = ("rock", "jazz")
HOSTILE = "*b* [x](http://y) $1$ <img src=x onerror=alert(1)> `c`"
TRAINED = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture(scope="session")
def songs(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """A catalogue of 60 tracks of two genres, one of a hostile name, of which Ada has heard ten."""
    folder = tmp_path_factory.mktemp("songs")
    lines = [HEADER]
    for k in range(60):
        part, title = (k * 7 % 60) / 60, HOSTILE if k == 1 else f"Song {k}"
        lines.append(
            f"{k:022d},{GENRES[k % 2].title()} Band {k // 6},Album {k // 6},{title},{k},200000,False,{part},"
            f"{1 - part},1,-9.0,0,0.1,{part},0.1,0.1,{part},{80 + k},4,{GENRES[k % 2]}"
        )
    (folder / "catalogue.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    heard = (f"Rock Band {k // 6},,Song {k},{k // 2 + 1:02d} Nov 2020 09:35\n" for k in range(0, 20, 2))
    (folder / "history.csv").write_text("".join(heard), encoding="utf-8")
    home = Settings(home=folder / "home")
    import_paths(home, [folder / "catalogue.csv"], None, None)
    import_paths(home, [folder / "history.csv"], "Ada (demo)", "UTC")
    evaluated = [_evaluation("popularity", "popular"), _evaluation("breakout", "core"), _evaluation("mood", "mood")]
    lake = open_lake(home.lake)
    lake.replace("model_evaluations", pa.Table.from_pylist(evaluated, arrow_schema(SCHEMAS["model_evaluations"])), {})
    build(home)
    return home


def _evaluation(model: str, target: str) -> dict[str, Any]:
    return {
        "listener": None, "model": model, "model_version": 3, "is_served": True, "target": target,
        "protocol": "grouped by artist", "metric": "log_loss", "is_deciding": True, "value": 0.4, "value_low": 0.38,
        "value_high": 0.42, "rows": 1200, "baseline_name": "usual", "baseline_value": 0.5, "gain": 0.1,
        "gain_low": 0.09, "gain_high": 0.11, "is_better": True, "trained_at": TRAINED, "data_version": "listens@1",
    }  # fmt: skip


class Moods:
    """Says Happy_Calm with the track's energy as its probability."""

    genres: frozenset[str] = frozenset(GENRES)

    def predict(self, records: pd.DataFrame, threshold: float | None = None) -> pd.DataFrame:
        energy = records["energy"]
        found = pd.DataFrame({"valence": energy, "valence_low": energy - 0.1, "valence_high": energy + 0.1})
        found["energy"] = energy
        for mood in MOODS:
            found[mood] = energy if mood == "Happy_Calm" else (1 - energy) / 4
        return found.assign(energy_low=None, energy_high=None, mood="Happy_Calm")

    baseline = predict


class Registered:
    """Versions as a registry would have them, with one picture each."""

    def __init__(self, folder: Path, *versions: Version) -> None:
        self.known, self.picture = versions, folder / "popular-0-calibration.png"
        # The smallest PNG there is.
        self.picture.write_bytes(
            bytes.fromhex(
                "89504e470d0a1a0a0000000d494844520000000100000001080600000"
                "01f15c4890000000d49444154789c6360000002000001e221bc330000000049454e44ae426082"
            )
        )

    def versions(self, registered: str) -> list[Version]:
        return [one for one in self.known if one.model == registered]

    def in_use(self, registered: str) -> Version | None:
        return next(iter(self.versions(registered)), None)

    def plots(self, version: Version) -> list[Path]:
        return [self.picture]


def app_with_models(home: Settings, folder: Path, *, serves: bool = True) -> FastAPI:
    """The API with models whose answers can be checked by eye: popularity is energy, and a breakout is the share."""
    targets = {"popularity": ("popular",), "breakout": ("core",), "mood": ("valence", "energy", "mood")}
    fitted = {
        "popularity": ByOneField("energy", "popular"),
        "breakout": ByOneField("share_t", "is_breakout"),
        "mood": Moods(),
    }
    given = {name: loaded(name, fitted[name], *(targets[name] if serves else ())) for name in fitted}
    versions = [
        Version(
            model=one.version.model, version=3, trained_at=TRAINED, rows=1200, serves=one.version.serves,
            aliases=("production",) if serves else ("staging",), decision="log_loss 0.400 against 0.500",
        )
        for one in given.values()
    ]  # fmt: skip
    app = create_app(home)
    app.state.predicting, app.state.registry = Given(**given), Registered(folder, *versions)
    return app


@dataclass
class Lab:
    """Points the lab at an API."""

    show: Callable[[httpx.BaseTransport], None]

    def at(self, app: FastAPI) -> None:
        """Show what this API has."""
        self.show(InProcess(app))


@pytest.fixture
def lab(monkeypatch: pytest.MonkeyPatch) -> Iterator[Lab]:
    import streamlit as st

    from tonearm.lab import frame

    def clear() -> None:
        frame.client.clear()
        st.cache_data.clear()

    def show(transport: httpx.BaseTransport) -> None:
        http = httpx.Client(transport=transport, base_url="http://127.0.0.1")
        monkeypatch.setattr(frame, "open_client", lambda _: Client(http))
        clear()

    yield Lab(show)
    clear()


def opened(page: Callable[[], None]) -> AppTest:
    """A page of the lab, drawn without a failure; ``page`` is a function that imports what it draws."""
    found = AppTest.from_function(page).run(timeout=PATIENCE_S)
    assert not found.exception
    return found


def words(page: Any) -> str:
    """Everything that is written on a page, as it is read."""
    kinds: Sequence[str] = ("title", "header", "subheader", "markdown", "caption", "info", "warning", "error", "code")
    parts = [part.value for kind in kinds for part in page.get(kind)]
    return "\n".join([*parts, *(part.proto.body for part in page.get("html"))]).replace("\\", "")
