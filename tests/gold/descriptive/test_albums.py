from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pyarrow as pa
from tests.embedded import made

from tonearm.columns import arrow_schema
from tonearm.gold.descriptive.albums import albums
from tonearm.silver.listening_with_features import LISTEN_COLUMNS

NAMES = ("listener", "artist_id", "album_name", "album_artist_id", "album_artist_name", "album_title")


def test_an_album_adds_up_what_was_heard_under_all_its_names(listen: Callable[..., Any]) -> None:
    listens = [
        listen("2020-01-02T10:00", 11, album_name="Mix", listened_s=60.0),
        listen("2020-01-01T10:00", 21, album_name="Mix (Deluxe)"),
        listen("2020-01-03T10:00", 21, album_name="Mix", listened_s=30.0),
        listen("2020-01-03T11:00", 21, album_name="Alone"),
        listen("2020-01-04T10:00", 21),
    ]
    named = [
        ("ann", 1, "Mix", 9, "Various Artists", "Mix"),
        ("ann", 2, "Mix", 9, "Various Artists", "Mix"),
        ("ann", 2, "Mix (Deluxe)", 9, "Various Artists", "Mix"),
        ("ann", 2, "Alone", 2, "Artist 2", "Alone"),
        ("bob", 2, "Mix", 2, "Artist 2", "Mix"),
    ]
    names = [dict(zip(NAMES, row, strict=True)) for row in named]
    inputs = {
        "listening_with_features": pa.Table.from_pylist(listens, schema=arrow_schema(LISTEN_COLUMNS)),
        "album_names": pa.Table.from_pylist(names, schema=arrow_schema(NAMES)),
    }
    rows = {row["album_title"]: row for row in made(albums, **inputs).to_pylist()}
    assert rows["Mix"] == {
        "listener": "ann",
        "album_artist_id": 9,
        "album_title": "Mix",
        "album_artist_name": "Various Artists",
        "tracks": 2,
        "artists_heard": 2,
        "listens": 3,
        "minutes": 1.5,
        "timed_listens": 2,
        "first_heard_at": datetime(2020, 1, 1, 10, tzinfo=UTC),
        "last_heard_at": datetime(2020, 1, 3, 10, tzinfo=UTC),
    }
    assert (rows["Alone"]["listens"], rows["Alone"]["minutes"], len(rows)) == (1, None, 2)
