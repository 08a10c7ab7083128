"""What is usual of a track in a catalogue, in one genre of it, and of one track."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pytest

from tonearm.columns import arrow_schema
from tonearm.errors import UnknownName, UsageError
from tonearm.lake import open_lake
from tonearm.read.track_fields import TrackField, track_fields
from tonearm.settings import Settings

COLUMNS = ("track_id", "artist_name", "track_name", "album_name", "genre", "subgenre", "release_date", "energy",
           "loudness", "tempo", "key", "is_explicit")  # fmt: skip


def track(n: int, genre: str | None, **known: Any) -> dict[str, Any]:
    return dict.fromkeys(COLUMNS) | {"track_id": n, "genre": genre, "artist_name": "Can", "track_name": "X"} | known


@pytest.fixture
def catalogue(settings: Settings) -> Settings:
    rows = [
        track(1, "rock", energy=0.2, loudness=-20.0, key=1, release_date="1971-02"),
        track(2, "rock", energy=0.4, loudness=-10.0, key=1, release_date="1973"),
        track(3, "jazz", energy=0.9, loudness=-5.0, key=7, release_date="0000"),
        track(4, None, is_explicit=True),
    ]
    open_lake(settings.lake).replace("catalogue_tracks", pa.Table.from_pylist(rows, arrow_schema(COLUMNS)), {})
    return settings


def named(found: list[TrackField]) -> dict[str, TrackField]:
    return {one.name: one for one in found}


def test_usual_is_the_median_of_numbers_and_the_most_frequent_of_others(catalogue: Settings) -> None:
    found = named(track_fields(catalogue))
    assert {name: (found[name].value, found[name].n) for name in ("energy", "key", "year", "is_explicit", "tempo")} == {
        "energy": (0.4, 3), "key": (1.0, 3), "year": (1972.0, 2), "is_explicit": (True, 1), "tempo": (None, 0),
    }  # fmt: skip
    assert (found["genre"].value, found["genre"].values) == (None, ("jazz", "rock"))
    assert found["artist_name"].value is None


def test_a_range_is_that_of_the_meaning_or_of_the_catalogue(catalogue: Settings) -> None:
    found = named(track_fields(catalogue))
    assert (found["energy"].low, found["energy"].high) == (0, 1)
    assert (found["loudness"].low, found["loudness"].high) == (pytest.approx(-19.8), pytest.approx(-5.1))
    assert (found["tempo"].low, found["tempo"].high) == (None, None)
    assert (found["loudness"].unit, found["loudness"].kind) == ("dB", "number")


def test_a_genre_has_its_own_usual_and_the_same_range(catalogue: Settings) -> None:
    found = named(track_fields(catalogue, "jazz"))
    assert (found["energy"].value, found["energy"].n, found["genre"].value) == (0.9, 1, "jazz")
    assert found["loudness"].low == pytest.approx(-19.8)
    with pytest.raises(UnknownName, match="did you mean jazz"):
        track_fields(catalogue, "jaz")


def test_a_track_has_what_it_has(catalogue: Settings) -> None:
    found = named(track_fields(catalogue, track=1))
    assert (found["artist_name"].value, found["year"].value, found["loudness"].value) == ("Can", 1971.0, -20.0)
    assert (found["is_explicit"].value, found["is_explicit"].n) == (None, 0)
    with pytest.raises(UnknownName, match="no track of the catalogue '99'"):
        track_fields(catalogue, track=99)


def test_without_a_catalogue_it_says_what_to_import(settings: Settings) -> None:
    with pytest.raises(UsageError, match=r"tonearm import FILE\.csv"):
        track_fields(settings)
