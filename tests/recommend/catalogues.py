"""Small catalogues and homes for tests of recommendations."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import pandas as pd

from tonearm.recommend.home import Home
from tonearm.recommend.model import BASELINES

GENRES, SUBGENRES = ("rock", "jazz", "pop"), ("indie rock", "bebop", "electropop")
MOODS = ("Happy_Energetic", "Happy_Calm", "Sad_Calm", None)


def items_of(n: int, artists: int = 12, seed: int = 0) -> pd.DataFrame:
    """A catalogue of ``n`` tracks; some have no genre, mood, year or tempo, and every seventh is a live version of the
    one before."""
    rng = np.random.default_rng(seed)
    genre = rng.integers(0, len(GENRES), n)
    artist = rng.integers(0, artists, n)
    track = np.arange(n)
    is_live = (track % 7 == 6) & (track > 0)
    artist[is_live] = artist[np.flatnonzero(is_live) - 1]
    song = np.where(is_live, track - 1, track)
    features = {name: rng.random(n) for name in ("energy", "valence", "danceability", "acousticness")}
    return pd.DataFrame(
        {
            "track_id": 1_000 + track,
            "artist_id": 10 + artist,
            "artist_name": [f"Artist {a}" for a in artist],
            "track_name": [f"Track {t}" if s == t else f"Track {s} (Live)" for t, s in zip(track, song, strict=True)],
            "album_name": None,
            "genre": [GENRES[g] if t % 5 else None for t, g in zip(track, genre, strict=True)],
            "subgenre": [SUBGENRES[g] if t % 5 else None for t, g in zip(track, genre, strict=True)],
            "mood": [MOODS[m] for m in rng.integers(0, len(MOODS), n)],
            **features,
            "instrumentalness": rng.random(n),
            "speechiness": rng.random(n),
            "tempo": np.where(track % 11 == 3, np.nan, rng.integers(60, 200, n).astype(float)),
            "year": np.where(track % 13 == 4, np.nan, rng.integers(1960, 2020, n).astype(float)),
            "is_explicit": pd.array([None if t % 17 == 2 else bool(t % 3 == 0) for t in track], "boolean"),
            "popularity": np.where(track % 19 == 5, np.nan, rng.integers(0, 100, n).astype(float)),
            "duration_s": rng.integers(90, 600, n).astype(float),
            "spotify_id": [f"{t:022d}" for t in track],
            "song_id": 1_000 + song,
            "loudness": rng.uniform(-20, 0, n),
            "feature_source": "catalogue",
            "playlist_ids": [f"list{g} list{a % 4}" for g, a in zip(genre, artist, strict=True)],
            "is_listed": True,
        }
    )


def vectors_of(items: pd.DataFrame) -> Any:
    """What :func:`items_of` sounds like, as vectors of length 1."""
    sound = items[["energy", "valence", "danceability", "acousticness"]].to_numpy() - 0.5
    return sound / np.linalg.norm(sound, axis=1, keepdims=True)


def home_of(items: pd.DataFrame, heard: Mapping[str, Iterable[int]]) -> Home:
    """A home with the ``items`` in which each listener heard tracks, in order: the first once, the second twice …"""
    rows = [(who, track, n) for who, tracks in heard.items() for n, track in enumerate(tracks, 1)]
    frame = pd.DataFrame(rows, columns=["listener", "track_id", "listens"]).astype({"track_id": "int64"})
    at = pd.Timestamp("2024-01-01", tz="UTC")
    frame = frame.assign(
        wanted=frame["listens"], recent=frame["listens"].astype(float), sessions=1, first_at=at, last_at=at
    )
    return Home(items, frame, BASELINES, {"song": "baseline", "listener": "baseline"})
