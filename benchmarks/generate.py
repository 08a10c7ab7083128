"""Generates a Spotify extended history of any size, and a catalogue that knows a part of it.

Simulated, not found: the artists and tracks are those of the demo's name maker. About 700 bytes a row,
60,000 tracks by a power law, twelve years, 2 % podcasts, and files of some 12 MB of which each repeats the
end of the one before: 1 % of the rows are exact duplicates.

    python benchmarks/generate.py history.zip --rows 1000000 --catalogue dataset.csv
"""

from __future__ import annotations

import argparse
import csv
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

import msgspec
import numpy as np

from measure import finish
from tonearm.demo.names import album_names, artist_names, track_names
from tonearm.demo.world import GENRES

TRACKS = 60_000
TRACKS_PER_ARTIST = 8
LISTED_SHARE = 0.5
FIRST_S = int(np.datetime64("2013-01-01", "s").astype(int))
LAST_S = int(np.datetime64("2025-01-01", "s").astype(int))
FILE_ROWS = 17_000
REPEATED_ROWS = 170
SESSION_LISTENS = 12
PODCAST_SHARE = 0.02
SKIP_SHARE = 0.12
MEAN_HEARD_S = 0.88 * 210 + 0.12 * 16

_TAIL = '"audiobook_title":null,"audiobook_uri":null,"audiobook_chapter_uri":null,"audiobook_chapter_title":null,'
_PLATFORMS = ("Android OS 13 API 33 (demo, phone)", "Windows 10 (10.0.19045; x64; AppX)", "iOS 16.5 (demo phone)")


class Music:
    """The tracks of a generated history and how each is written in a row."""

    def __init__(self, seed: int) -> None:
        rng = np.random.default_rng([seed, 0])
        self.artists = artist_names(rng, TRACKS // TRACKS_PER_ARTIST)
        self.by = [self.artists[i // TRACKS_PER_ARTIST] for i in range(TRACKS)]
        self.titles = track_names(rng, self.by, self.artists)
        albums = album_names(rng, len(self.artists))
        self.albums = [albums[i // TRACKS_PER_ARTIST] for i in range(TRACKS)]
        self.ids = [f"bench{i:017d}" for i in range(TRACKS)]
        self.lengths_s = np.clip(rng.normal(210, 45, TRACKS), 60, 500)
        self.reach = np.cumsum((rng.permutation(TRACKS) + 10.0) ** -0.95)
        self.reach /= self.reach[-1]
        # danceability, energy, speechiness, acousticness, instrumentalness, liveness, valence: an artist's own, and
        # around them each track's.
        own = np.repeat(rng.beta(2, 2, (len(self.artists), 7)), TRACKS_PER_ARTIST, axis=0)
        self.sound = np.clip(own + rng.normal(0, 0.12, (TRACKS, 7)), 0, 1).round(3)
        self.fields = [self._fields(i) for i in range(TRACKS)]

    def _fields(self, track: int) -> str:
        return (
            f'"master_metadata_track_name":{_json(self.titles[track])},'
            f'"master_metadata_album_artist_name":{_json(self.by[track])},'
            f'"master_metadata_album_album_name":{_json(self.albums[track])},'
            f'"spotify_track_uri":"spotify:track:{self.ids[track]}",'
            '"episode_name":null,"episode_show_name":null,"spotify_episode_uri":null,'
        )


def generate_extended(path: Path, rows: int, listeners: int = 1, seed: int = 1) -> list[Path]:
    """Write ``rows`` rows in all, shared by ``listeners``, and return the file of each.

    A name ending in ``.zip`` gives a zip of files of about 12 MB, another one loose JSON file. With several
    listeners their number is put before the ending. Memory does not grow with ``rows``.
    """
    music = Music(seed)
    paths = [path if listeners == 1 else path.with_stem(f"{path.stem}-{n + 1}") for n in range(listeners)]
    for number, one in enumerate(paths):
        rng = np.random.default_rng([seed, 1, number])
        files = _files(music, rows // listeners, rng)
        with _archive(one) as write:
            for index, lines in enumerate(files):
                write(index, lines)
    return paths


def generate_later(path: Path, count: int, seed: int = 1) -> None:
    """Write ``count`` listens of the same music from after the history's end as one loose JSON file."""
    rng = np.random.default_rng([seed, 2])
    lines, _ = _rows(Music(seed), count, LAST_S + 86_400, 3_600.0, rng)
    path.write_text("[" + ",".join(lines) + "]", encoding="utf-8")


def generate_catalogue(path: Path, seed: int = 1, listed_share: float = LISTED_SHARE) -> int:
    """Write a part of the music in Kaggle's form with made-up features; returns the number of tracks."""
    music, rng = Music(seed), np.random.default_rng([seed, 3])
    listed = np.flatnonzero(rng.random(TRACKS) < listed_share).tolist()
    genre = np.repeat(rng.integers(0, len(GENRES), len(music.artists)), TRACKS_PER_ARTIST).tolist()
    shares = music.sound.tolist()
    names = list(GENRES)
    header = (
        ",track_id,artists,album_name,track_name,popularity,duration_ms,explicit,danceability,energy,key,loudness,"
        "mode,speechiness,acousticness,instrumentalness,liveness,valence,tempo,time_signature,track_genre"
    )
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(header.split(","))
        for i, t in enumerate(listed):
            dance, energy, speech, acoustic, instrumental, live, valence = shares[t]
            length_ms = int(music.lengths_s[t] * 1000)
            described = (i, music.ids[t], music.by[t], music.albums[t], music.titles[t], 50, length_ms, False)
            loudness, tempo = round(-20 * (1 - energy), 2), round(90 + 80 * dance, 2)
            heard = (dance, energy, t % 12, loudness, 1, speech, acoustic, instrumental, live, valence, tempo)
            writer.writerow((*described, *heard, 4, names[genre[t]]))
    return len(listed)


def _files(music: Music, rows: int, rng: np.random.Generator) -> Iterator[list[str]]:
    """The rows, file by file; each file begins with the last rows of the one before."""
    pause_s = max((LAST_S - FIRST_S) / rows - MEAN_HEARD_S - 2, 5.0) * SESSION_LISTENS
    at_s, written = float(FIRST_S), 0
    repeated: list[str] = []
    while written < rows:
        count = min(FILE_ROWS, rows - written) - len(repeated)
        if count <= 0:
            repeated, count = [], min(FILE_ROWS, rows - written)
        lines, at_s = _rows(music, count, at_s, pause_s, rng)
        yield repeated + lines
        written += len(repeated) + len(lines)
        repeated = lines[-REPEATED_ROWS:]


def _rows(music: Music, count: int, at_s: float, pause_s: float, rng: np.random.Generator) -> tuple[list[str], float]:
    """``count`` rows as JSON, beginning at ``at_s``, and the instant at which the last one stops."""
    track = np.searchsorted(music.reach, rng.random(count)).clip(0, TRACKS - 1)
    is_skipped = rng.random(count) < SKIP_SHARE
    heard_ms = np.where(is_skipped, rng.uniform(2, 30, count), music.lengths_s[track])
    heard_ms = (heard_ms * 1000).astype(np.int64)
    opens = rng.random(count) < 1 / SESSION_LISTENS
    silence_s = np.where(opens, rng.exponential(pause_s, count), rng.uniform(0.5, 3.5, count))
    stop_ms = (at_s * 1000 + np.cumsum(heard_ms + silence_s * 1000)).astype(np.int64)
    stops = np.datetime_as_string((stop_ms // 1000).astype("datetime64[s]")).tolist()
    is_podcast = rng.random(count) < PODCAST_SHARE
    start_s = ((stop_ms - heard_ms) // 1000).tolist()
    columns = zip(
        track.tolist(), is_podcast.tolist(), heard_ms.tolist(), is_skipped.tolist(), stops, start_s, strict=True
    )
    lines = [
        f'{{"ts":"{stop}Z","platform":"{_PLATFORMS[at % 3]}","ms_played":{ms},"conn_country":"DE",'
        f'"ip_addr":"192.0.2.{at % 256}",{_episode(t) if podcast else music.fields[t]}{_TAIL}'
        f'"reason_start":"trackdone","reason_end":"{"fwdbtn" if skipped else "trackdone"}","shuffle":false,'
        f'"skipped":{"true" if skipped else "false"},"offline":false,"offline_timestamp":{at},'
        '"incognito_mode":false}'
        for t, podcast, ms, skipped, stop, at in columns
    ]
    return lines, stop_ms[-1] / 1000


def _episode(number: int) -> str:
    return (
        '"master_metadata_track_name":null,"master_metadata_album_artist_name":null,'
        '"master_metadata_album_album_name":null,"spotify_track_uri":null,'
        f'"episode_name":"Episode {number}","episode_show_name":"Turnstile Talks",'
        f'"spotify_episode_uri":"spotify:episode:bench{number:017d}",'
    )


def _json(text: str) -> str:
    return msgspec.json.encode(text).decode()


@contextmanager
def _archive(path: Path) -> Iterator[Any]:
    """A function that writes the n-th file's rows, into a zip or one after another into a single array."""
    if path.suffix == ".zip":
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
            yield lambda index, lines: _member(archive, index, lines)
        return
    with path.open("wb") as file:
        yield lambda index, lines: _append(file, index, lines)
        file.write(b"]")


def _member(archive: zipfile.ZipFile, index: int, lines: list[str]) -> None:
    name = f"Spotify Extended Streaming History/Streaming_History_Audio_{index}.json"
    archive.writestr(name, "[" + ",".join(lines) + "]")


def _append(file: BinaryIO, index: int, lines: list[str]) -> None:
    file.write(("," if index else "[").encode() + ",".join(lines).encode())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("path", type=Path)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--listeners", type=int, default=1)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--catalogue", type=Path)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    paths = generate_extended(options.path, options.rows, options.listeners, options.seed)
    listed = generate_catalogue(options.catalogue, options.seed) if options.catalogue else 0
    size_mb = sum(path.stat().st_size for path in paths) / 1e6
    figures = {"rows": options.rows, "files": [str(p) for p in paths], "size_mb": size_mb, "listed": listed}
    finish(figures, options.json)


if __name__ == "__main__":
    main()
