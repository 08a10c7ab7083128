"""A household with what divides engines, and the comparison of its tables, row by row.

It has several zones, a clock that goes forward and back, a move in mid-history, a listener without listens, one with a
single listen, one with one track only, one whose tracks nobody measured, ties, nulls, NaN and a tempo of 0.
"""

from __future__ import annotations

import csv
import shutil
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

from msgspec.structs import replace
from tools.differences import same

from tonearm.building.execute import build
from tonearm.columns import IMPUTED, MOODS
from tonearm.ingest.imports import import_paths
from tonearm.lake import open_lake
from tonearm.models.lifecycle.scoring import as_arrow
from tonearm.settings import Settings, load_settings
from tonearm.store import open_store
from tonearm.table import find, tables

Row = dict[str, Any]

HEADER = (
    *("track_id", "artists", "album_name", "track_name", "popularity", "duration_ms", "explicit", "danceability"),
    *("energy", "key", "loudness", "mode", "speechiness", "acousticness", "instrumentalness", "liveness", "valence"),
    *("tempo", "time_signature", "track_genre"),
)
ARTISTS, TRACKS = 14, 9
"""Artists, and tracks of each; the last three artists are not in the catalogue."""
NOT_LISTED = 3
SPRING_FORWARD = datetime(2023, 3, 26, 0, 0, tzinfo=UTC)
FALL_BACK = datetime(2023, 10, 29, 0, 0, tzinfo=UTC)


def make_household(folder: Path) -> Settings:
    """A home in ``folder`` with everything imported and nothing built."""
    settings = load_settings(folder / "home", {})
    random = Random(7)
    import_paths(settings, [write_catalogue(folder / "dataset.csv", random)])
    for name, zone, plays in listeners(random):
        import_paths(settings, [write_history(folder / f"{name}.csv", plays)], name, zone)
    with closing(open_store(settings)) as store:
        store.ensure_listener("zoe", "Europe/London")
        store.set_zone("bob", "Asia/Tokyo", date(2023, 6, 1))
    predict(settings, random)
    return replace(settings, allow_synthetic=True)


def predict(settings: Settings, random: Random) -> None:
    """Leave in the lake what models would: scores of tracks, hours and artists, estimated features, evaluations."""
    assert build(settings, ["tracks", "artist_months"]).failed == []
    lake = open_lake(settings.lake)
    tracks = lake.dataset("tracks").to_table().to_pandas()
    artists = lake.dataset("artist_months").to_table().to_pandas()
    scores = [
        {"model": "mood", "subject": "track", "subject_id": track, "quantity": quantity, "score": random.random()}
        | {"score_low": 0.1, "score_high": 0.9, "baseline_score": 0.5}
        for track in tracks["track_id"]
        for quantity in ("valence", "energy", *MOODS)
    ]
    for name, model, quantity in (
        ("ann", "energy_forecast", "energy"),
        ("ann", "energy_forecast", "valence"),
        ("bob", "session_start", "session_start_day_ahead"),
        ("bob", "session_start", "session_start_hour_ahead"),
    ):
        hours = [FALL_BACK + timedelta(hours=h) for h in range(-4, 8)]
        scores += [
            {"model": model, "subject": "hour", "listener": name, "predicted_for_at": at, "quantity": quantity}
            | {"score": random.random(), "baseline_score": 0.25}
            for at in hours
        ]
    heard = artists[["listener", "artist_id"]].drop_duplicates().itertuples(index=False)
    scores += [
        {"model": "breakout", "subject": "artist", "listener": name, "subject_id": artist, "quantity": "breakout"}
        | {"score": random.choice((0.1, 0.2, 0.3)), "baseline_score": 0.1}
        for name, artist in heard
    ]
    scores += [
        {"model": "next_mood", "subject": "next_track", "listener": "ann", "quantity": kind, "score": 0.5}
        for kind in ("calm", "loud")
    ]
    of_version = {"model_version": 2, "served_by": "model", "as_of_at": FALL_BACK}
    _leave(settings, "model_scores", [{**row, **of_version} for row in scores])
    unknown = tracks[tracks["feature_source"].isna()]["track_id"]
    estimate = {**dict.fromkeys(IMPUTED, 0.5), **{f"{f}_error": 0.2 for f in IMPUTED}, "model_version": 1}
    _leave(settings, "imputed_features", [{"track_id": t, **estimate, "as_of_at": FALL_BACK} for t in unknown])
    evaluation = {"model": "mood", "model_version": 2, "target": "valence", "protocol": "by artist", "metric": "r2"}
    evaluation |= {"rows": 9, "value": 0.5, "is_better": True, "is_served": True, "is_deciding": True}
    evaluation |= {"baseline_name": "the mean", "trained_at": FALL_BACK, "data_version": "tracks@1"}
    _leave(settings, "model_evaluations", [evaluation, {**evaluation, "listener": "bob", "value": 0.25}])
    for name in tables():
        shutil.rmtree(Path(lake.address(name)), ignore_errors=True)


def _leave(settings: Settings, name: str, rows: list[Row]) -> None:
    import pandas as pd

    # As objects: beside rows without one, an id of 63 bits would become a float.
    open_lake(settings.lake).replace(name, as_arrow(name, pd.DataFrame(rows, dtype=object)), {})


def write_catalogue(path: Path, random: Random) -> Path:
    def track(artist: int, number: int) -> list[object]:
        energy, valence = (round(random.betavariate(2, 2), 3) for _ in range(2))
        features = {
            "danceability": round(random.random(), 3),
            "energy": energy,
            "loudness": round(-20 + 15 * energy, 3),
            "speechiness": 0.05,
            "acousticness": round(1 - energy * random.random(), 3),
            "instrumentalness": round(random.random() ** 6, 6),
            "liveness": 0.1,
            # What a catalogue may hold instead of a number.
            "valence": "nan" if number == 7 and artist % 2 else valence,
            "tempo": 0 if number == 8 else round(random.uniform(70, 180), 3),
        }
        row = {
            "track_id": f"{artist:02d}{number:02d}".rjust(22, "x"),
            "artists": f"Artist {artist}",
            "album_name": "Album",
            "track_name": f"Song {number}",
            "popularity": 50,
            "duration_ms": 180_000 + 1000 * number,
            "explicit": False,
            "key": 1,
            "mode": 1,
            "time_signature": 4,
            "track_genre": ("rock", "pop", "jazz")[artist % 3],
            **features,
        }
        return [row[column] for column in HEADER]

    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["", *HEADER])
        rows = [track(i // TRACKS, i % TRACKS) for i in range((ARTISTS - NOT_LISTED) * TRACKS)]
        renamed = [{"Song 0": "The Very First Song"}.get(str(value), value) for value in rows[0]]
        writer.writerows([i, *row] for i, row in enumerate([*rows, renamed]))
    return path


def listeners(random: Random) -> Iterator[tuple[str, str, list[tuple[datetime, int, int]]]]:
    """Name, zone and plays (instant, artist, track) of each."""
    yield "ann", "Europe/Berlin", [*sessions(random, 260, datetime(2022, 12, 1, tzinfo=UTC)), *around_changes()]
    yield "bob", "America/Los_Angeles", list(sessions(random, 120, datetime(2023, 1, 1, tzinfo=UTC)))
    yield "cy", "UTC", [(datetime(2023, 5, 1, 12, tzinfo=UTC), 1, 1)]
    yield "dee", "Australia/Lord_Howe", [(datetime(2023, 5, 1 + i, 12, tzinfo=UTC), 2, 2) for i in range(10)]
    unlisted = [(at, ARTISTS - 1 - artist % NOT_LISTED, n) for at, artist, n in sessions(random, 40, SPRING_FORWARD)]
    yield "eve", "Asia/Kolkata", unlisted
    yield "o'fay", "America/Sao_Paulo", list(sessions(random, 40, FALL_BACK))


def sessions(random: Random, count: int, since: datetime) -> Iterator[tuple[datetime, int, int]]:
    """Sessions of a few albums or of a mixture, at hours that differ in taste."""
    for number in range(count):
        day = since + timedelta(days=number * 330 / count)
        at = day.replace(minute=0) + timedelta(
            hours=random.choice((7, 8, 13, 19, 22, 23)), minutes=random.randrange(50)
        )
        favourite = random.randrange(ARTISTS) if at.hour < 12 else random.randrange(ARTISTS // 2)
        for place in range(random.randrange(1, 14)):
            artist = favourite if random.random() < 0.5 else random.randrange(ARTISTS)
            yield at, artist, (place if artist == favourite else random.randrange(TRACKS)) % TRACKS
            at += timedelta(minutes=random.choice((3, 4, 5)))


def around_changes() -> Iterator[tuple[datetime, int, int]]:
    """Every quarter of an hour while clocks change."""
    for begin in (SPRING_FORWARD, FALL_BACK):
        yield from ((begin + timedelta(minutes=15 * i), i % ARTISTS, i % TRACKS) for i in range(16))


def write_history(path: Path, plays: list[tuple[datetime, int, int]]) -> Path:
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows(
            [f"Artist {artist}", "Album", f"Song {number}", f"{at:%d %b %Y %H:%M}"] for at, artist, number in plays
        )
    return path


def rows(settings: Settings, name: str) -> dict[tuple[Any, ...], Row]:
    grain = find(name).grain
    found = open_lake(settings.lake).dataset(name).to_table().to_pylist()
    return {tuple(row[column] for column in grain): row for row in found}


def compare(embedded: Settings, on_spark: Settings, name: str) -> None:
    mine, theirs = rows(embedded, name), rows(on_spark, name)
    assert mine.keys() == theirs.keys()
    different = [
        (grain, column, value, theirs[grain][column])
        for grain, row in mine.items()
        for column, value in row.items()
        if not same(value, theirs[grain][column])
    ]
    assert different[:3] == []
    types = [
        {field.name: str(field.type) for field in open_lake(s.lake).dataset(name).schema} for s in (embedded, on_spark)
    ]
    assert types[0] == types[1]
