"""The music of the demo: invented artists and tracks, some of them listed in a simulated catalogue."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from tonearm.columns import FEATURES
from tonearm.demo.names import album_names, artist_names, track_names

if TYPE_CHECKING:
    import numpy.typing as npt

    Floats = npt.NDArray[np.float64]
    Ints = npt.NDArray[np.int64]
    Flags = npt.NDArray[np.bool_]

ARTISTS = 960
LISTED_OF_THREE = 2
"""Of every three artists by popularity, how many the catalogue lists; real catalogues are incomplete too."""

# danceability, energy, valence, acousticness, instrumentalness, speechiness, tempo: round numbers near what
# such genres have in public catalogues.
GENRES: dict[str, tuple[float, float, float, float, float, float, float]] = {
    "acoustic": (0.55, 0.40, 0.42, 0.70, 0.05, 0.04, 118),
    "afrobeat": (0.68, 0.70, 0.72, 0.28, 0.20, 0.08, 112),
    "ambient": (0.34, 0.22, 0.15, 0.80, 0.82, 0.04, 108),
    "blues": (0.56, 0.55, 0.58, 0.40, 0.08, 0.05, 120),
    "classical": (0.36, 0.18, 0.30, 0.93, 0.70, 0.05, 105),
    "country": (0.57, 0.64, 0.58, 0.28, 0.02, 0.04, 124),
    "disco": (0.70, 0.74, 0.76, 0.20, 0.10, 0.05, 119),
    "drum-and-bass": (0.55, 0.87, 0.38, 0.04, 0.40, 0.09, 172),
    "electronic": (0.64, 0.72, 0.42, 0.12, 0.40, 0.07, 124),
    "folk": (0.50, 0.40, 0.44, 0.65, 0.08, 0.04, 118),
    "funk": (0.70, 0.72, 0.76, 0.18, 0.08, 0.08, 113),
    "hip-hop": (0.74, 0.66, 0.52, 0.18, 0.02, 0.20, 112),
    "house": (0.72, 0.80, 0.54, 0.06, 0.35, 0.06, 124),
    "indian": (0.58, 0.56, 0.55, 0.50, 0.04, 0.06, 114),
    "indie": (0.55, 0.58, 0.46, 0.30, 0.12, 0.05, 122),
    "j-pop": (0.56, 0.76, 0.60, 0.15, 0.03, 0.06, 130),
    "jazz": (0.50, 0.35, 0.48, 0.74, 0.40, 0.05, 110),
    "k-pop": (0.66, 0.74, 0.58, 0.18, 0.01, 0.08, 120),
    "latin": (0.72, 0.73, 0.66, 0.22, 0.01, 0.10, 114),
    "metal": (0.40, 0.92, 0.30, 0.01, 0.25, 0.09, 128),
    "piano": (0.38, 0.22, 0.22, 0.88, 0.72, 0.04, 106),
    "pop": (0.66, 0.68, 0.56, 0.20, 0.01, 0.07, 120),
    "r-n-b": (0.66, 0.55, 0.48, 0.28, 0.02, 0.10, 112),
    "rock": (0.52, 0.74, 0.52, 0.12, 0.08, 0.05, 126),
    "soul": (0.62, 0.52, 0.60, 0.40, 0.04, 0.06, 112),
    "techno": (0.70, 0.78, 0.28, 0.06, 0.70, 0.06, 130),
}


@dataclass(frozen=True)
class World:
    """Artists, ordered by genre and then by popularity, and their tracks, ordered by artist."""

    artists: list[str]
    artist_genre: Ints
    artist_weight: Floats
    """How often people play the artist, by a power law."""
    first_track: Ints
    """Position of each artist's first track, and one past the last of all."""
    track_artist: Ints
    titles: list[str]
    albums: list[str]
    spotify_ids: list[str]
    duration_ms: Ints
    features: dict[str, Floats]
    is_listed: Flags
    """Whether the catalogue has the track."""

    def artist_of(self, track: int) -> str:
        """Name of the track's artist."""
        return self.artists[int(self.track_artist[track])]


def make_world(rng: np.random.Generator, count: int = ARTISTS) -> World:
    """A world of ``count`` artists, the same for the same state of ``rng``."""
    artists = artist_names(rng, count)
    rank = rng.permutation(count)
    genre = rng.integers(0, len(GENRES), count)
    order = np.lexsort((rank, genre))
    rank, genre = rank[order], genre[order]

    tracks = np.clip(rng.lognormal(2.2, 0.5, count), 4, 30).astype(np.int64)
    first = np.concatenate([[0], np.cumsum(tracks)])
    artist = np.repeat(np.arange(count), tracks)
    names = [artists[a] for a in artist.tolist()]
    album_of, albums = _albums(rng, first, artist)
    total = len(names)
    return World(
        artists=artists,
        artist_genre=genre,
        artist_weight=np.power(rank + 3.0, -0.8).astype(np.float64),
        first_track=first,
        track_artist=artist,
        titles=track_names(rng, names, artists),
        albums=[albums[a] for a in album_of.tolist()],
        spotify_ids=_spotify_ids(rng, total),
        duration_ms=np.clip(rng.normal(215_000, 50_000, total), 95_000, 540_000).astype(np.int64),
        features=_features(rng, genre, artist),
        is_listed=(rank % 3 < LISTED_OF_THREE)[artist] & (rng.random(total) < 0.97),
    )


def _albums(rng: np.random.Generator, first: Ints, artist: Ints) -> tuple[Ints, list[str]]:
    """The album of each track, about nine to an album, and the albums' names."""
    within = np.arange(len(artist)) - first[artist]
    starts = within % 9 == 0
    album = np.cumsum(starts) - 1
    return album, album_names(rng, int(starts.sum()))


def _spotify_ids(rng: np.random.Generator, count: int) -> list[str]:
    """Ids in Spotify's format, starting with "demo"."""
    letters = np.array(list("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"))
    return ["demo" + "".join(row) for row in letters[rng.integers(0, 62, (count, 18))].tolist()]


def _features(rng: np.random.Generator, genre: Ints, artist: Ints) -> dict[str, Floats]:
    """Features that vary around the genre's by artist and, less, by track."""
    centre = np.array(list(GENRES.values()))[genre]
    centre[:, :6] = np.log(centre[:, :6] / (1 - centre[:, :6]))
    centre[:, :6] += rng.normal(0, 0.45, (len(genre), 6))
    shares = 1 / (1 + np.exp(-(centre[artist, :6] + rng.normal(0, 0.4, (len(artist), 6)))))
    names = ("danceability", "energy", "valence", "acousticness", "instrumentalness", "speechiness")
    features = {name: shares[:, i] for i, name in enumerate(names)}
    tempo = centre[artist, 6] + rng.normal(0, 9, len(genre))[artist] + rng.normal(0, 8, len(artist))
    loudness = -22 + 17 * features["energy"] + rng.normal(0, 1.6, len(artist))
    return features | {"loudness": np.clip(loudness, -45, 0), "tempo": np.clip(tempo, 55, 210)}


_COLUMNS = (
    "",
    "track_id",
    "artists",
    "album_name",
    "track_name",
    "popularity",
    "duration_ms",
    "explicit",
    "danceability",
    "energy",
    "key",
    "loudness",
    "mode",
    "speechiness",
    "acousticness",
    "instrumentalness",
    "liveness",
    "valence",
    "tempo",
    "time_signature",
    "track_genre",
)


def write_catalogue(world: World, path: Path, rng: np.random.Generator) -> None:
    """Write the listed tracks to ``path`` in the columns of Kaggle's Spotify Tracks Dataset.

    As there, a track is listed once for each of its genres; about one in eight has a second one.
    """
    listed = np.flatnonzero(world.is_listed)
    genre = world.artist_genre[world.track_artist[listed]]
    second = (genre + rng.integers(1, len(GENRES), len(listed))) % len(GENRES)
    again = rng.random(len(listed)) < 0.125
    values = _catalogue_values(world, rng)
    track = np.concatenate([listed, listed[again]])
    under = np.concatenate([genre, second[again]])
    order = np.argsort(under, kind="stable")
    names = list(GENRES)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(_COLUMNS)
        for i, (t, g) in enumerate(zip(track[order].tolist(), under[order].tolist(), strict=True)):
            writer.writerow((i, *(column[t] for column in values), names[g]))


def _catalogue_values(world: World, rng: np.random.Generator) -> list[list[object]]:
    """The columns between the row's number and its genre, for every track of the world."""
    total = len(world.titles)
    # By the artist's rank, so that a fifth of the tracks is above 60, and slightly by danceability.
    place = world.artist_weight.argsort().argsort() / len(world.artist_weight)
    popularity = 70 * place[world.track_artist] + 20 * world.features["danceability"] - 16
    shown = {name: np.round(world.features[name], 3).tolist() for name in FEATURES}
    by_name: dict[str, list[object]] = shown | {
        "track_id": world.spotify_ids,
        "artists": [_credits(world, track) for track in range(total)],
        "album_name": world.albums,
        "track_name": world.titles,
        "popularity": np.clip(popularity + rng.normal(8, 6, total), 0, 100).astype(int).tolist(),
        "duration_ms": world.duration_ms.tolist(),
        "explicit": (rng.random(total) < 0.08).tolist(),
        "key": rng.integers(0, 12, total).tolist(),
        "mode": (rng.random(total) < 0.64).astype(int).tolist(),
        "liveness": np.round(rng.beta(2, 8, total), 3).tolist(),
        "time_signature": rng.choice([3, 4, 5], total, p=[0.08, 0.9, 0.02]).tolist(),
    }
    return [by_name[name] for name in _COLUMNS[1:-1]]


def _credits(world: World, track: int) -> str:
    """The track's artists as the catalogue writes them, guests after a semicolon."""
    _, _, guest = world.titles[track].rstrip(")").partition(" (feat. ")
    return f"{world.artist_of(track)};{guest}" if guest else world.artist_of(track)
