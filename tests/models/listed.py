"""A small catalogue and a history, of which it is known how each feature comes about."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import cache

import numpy as np
import pandas as pd

from tests.embedded import session
from tonearm.bronze import SCHEMAS
from tonearm.columns import arrow_schema
from tonearm.engine.duckdb import Engine
from tonearm.models.lifecycle.scoring import as_arrow
from tonearm.silver.catalogue_tracks import catalogue_tracks
from tonearm.silver.names import artist_key, key_id, title_key
from tonearm.table import schema_of

AS_OF = datetime(2024, 1, 1, tzinfo=UTC)
PER_ARTIST = 6
FEATURES = ("danceability", "energy", "valence", "acousticness", "instrumentalness", "speechiness", "loudness")


def empty(name: str) -> pd.DataFrame:
    """A table of the lake that has no rows."""
    return arrow_schema(schema_of(name)).empty_table().to_pandas()


def catalogue(artists: int = 120, seed: int = 1) -> pd.DataFrame:
    """Tracks of which the danceable are popular, those with energy, too, happy; artists differ in energy."""
    rng = np.random.default_rng(seed)
    n = artists * PER_ARTIST
    of = np.repeat(np.arange(artists), PER_ARTIST)
    level = rng.uniform(0.2, 0.8, artists)[of]
    rows = pd.DataFrame(
        {
            "source": "spotify_songs",
            "record_id": np.arange(n),
            "spotify_id": [f"id{i:05}" for i in range(n)],
            "artist_name": [f"Artist {i}" for i in of],
            "track_name": [f"Song {i}" for i in range(n)],
            "album_name": [f"Album {i // 3}" for i in range(n)],
            "danceability": rng.uniform(0, 1, n),
            "energy": (level + rng.normal(0, 0.05, n)).clip(0, 1),
            "acousticness": (1 - level + rng.normal(0, 0.05, n)).clip(0, 1),
            "instrumentalness": rng.uniform(0, 1, n),
            "speechiness": rng.uniform(0, 0.5, n),
            "loudness": rng.uniform(-12, -3, n),
            "liveness": rng.uniform(0, 1, n),
            "tempo": rng.uniform(80, 160, n),
            "duration_s": rng.uniform(150, 300, n),
            "genre": np.array(["pop", "rock"])[rng.integers(0, 2, n)],
            "subgenre": np.array(["dance pop", "hard rock"])[rng.integers(0, 2, n)],
            "release_date": [f"{year}-05-0{day}" for year, day in rng.integers((1990, 1), (2020, 9), (n, 2))],
            "playlist_id": [f"list{i}" for i in rng.integers(0, 30, n)],
            "outcome": "kept",
        }
    )
    rows["valence"] = (0.5 * rows.danceability + 0.5 * rows.energy + rng.normal(0, 0.05, n)).clip(0, 1)
    rows["popularity"] = np.where(rows.danceability + rng.normal(0, 0.1, n) > 0.6, 75, 30)
    rows["name_id"] = [_id(a, t) for a, t in zip(rows.artist_name, rows.track_name, strict=True)]
    return rows.reindex(columns=list(SCHEMAS["kaggle_tracks_bronze"]))


def tables(listed: pd.DataFrame, heard: pd.DataFrame | None = None) -> dict[str, pd.DataFrame]:
    """The lake's tables: the catalogue, and listens of the tracks ``heard`` (artist_name, track_name, session)."""
    known = listed.drop_duplicates("name_id")
    heard = pd.DataFrame({"artist_name": [], "track_name": [], "session": []}) if heard is None else heard
    heard = heard.assign(name_id=[_id(a, t) for a, t in zip(heard.artist_name, heard.track_name, strict=True)])
    new = heard[~heard.name_id.isin(known.name_id)].drop_duplicates("name_id")
    tracks = pd.concat([known.assign(feature_source="catalogue"), new], ignore_index=True)
    tracks["track_id"] = tracks.name_id.astype("int64")
    tracks["artist_id"] = [key_id(artist_key(a)) for a in tracks.artist_name]
    started = pd.to_datetime("2023-01-01", utc=True) + pd.to_timedelta(heard.session.astype("int64"), unit="D")
    listens = heard.assign(listener="l", started_at=started, session_started_at=started)
    return {
        "catalogue_tracks": _chosen(listed, tracks),
        "track_identities": tracks[["name_id", "track_id", "artist_id"]],
        "tracks": tracks.reindex(columns=empty("tracks").columns),
        "listens": listens.reindex(columns=empty("listens").columns),
        "my_tracks_features_bronze": empty("my_tracks_features_bronze"),
    }


def _chosen(listed: pd.DataFrame, identities: pd.DataFrame) -> pd.DataFrame:
    engine, sql = _engine()
    engine.register("kaggle_tracks_bronze", as_arrow("kaggle_tracks_bronze", listed))
    engine.register("track_identities", identities[["name_id", "track_id"]])
    return engine.table(sql).to_pandas()


@cache
def _engine() -> tuple[Engine, str]:
    """A session with tables that have no rows yet, and the SQL of ``catalogue_tracks``."""
    engine = session()
    inputs = ("kaggle_tracks_bronze", "track_identities", "listening_history_bronze")
    for name in inputs:
        engine.register(name, arrow_schema(schema_of(name)).empty_table())
    return engine, engine.compiled(catalogue_tracks, *inputs)


def _id(artist: str, title: str) -> int:
    return key_id(artist_key(artist), title_key(title))
