from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

import pyarrow as pa
import pytest

from tests.read.test_overview import home_of, listen
from tonearm.columns import arrow_schema
from tonearm.lake import open_lake
from tonearm.read.tops import listens_by_day, listens_by_hour, sums, tops
from tonearm.settings import Settings

SINCE, UNTIL = datetime(2024, 1, 1, tzinfo=UTC), datetime(2024, 4, 1, tzinfo=UTC)
ROWS = [
    listen(1, "2024-01-01T08:30", "A", "a", album_name="One", listened_s=60.0),
    listen(2, "2024-01-02T08:40", "A", "a", album_name="Two", listened_s=30.0),
    listen(3, "2024-03-02T23:00", "A", "c"),
    listen(4, "2024-03-02T23:10", "B", "b", album_name="One"),
    listen(5, "2024-04-01T00:00", "B", "b", album_name="One"),
    listen(6, "2024-03-02T23:00", "C", "c", listener="Ben"),
]


@pytest.fixture
def home(tmp_path: Path) -> Settings:
    return home_of(tmp_path, ROWS)


def test_artists_albums_and_tracks_are_ranked_by_listens_before_the_end(home: Settings) -> None:
    artists = tops(home, "Ada", "artists", SINCE, UNTIL)
    assert [(one.rank, one.artist_name, one.listens, one.listened_s) for one in artists.ranked] == [
        (1, "A", 3, 90.0),
        (2, "B", 1, None),
    ]
    albums = tops(home, "Ada", "releases", SINCE, UNTIL)
    assert [(one.artist_name, one.album_name, one.listens) for one in albums.ranked] == [
        ("A", "One", 1),
        ("A", "Two", 1),
        ("B", "One", 1),
    ]
    assert albums.total == 3


def test_a_track_comes_with_its_newest_album_and_its_ids(home: Settings) -> None:
    ids = {"track_id": ROWS[0]["track_id"], "spotify_id": "0" * 22, "recording_mbid": None}
    columns = ("track_id", "spotify_id", "recording_mbid")
    open_lake(home.lake).replace("tracks", pa.Table.from_pylist([ids], schema=arrow_schema(columns)), {})
    (first, *_) = tops(home, "Ada", "recordings", SINCE, UNTIL).ranked
    assert (first.track_name, first.listens, first.album_name, first.spotify_id) == ("a", 2, "Two", "0" * 22)


def test_totals_days_and_hours_count_the_same_listens(home: Settings) -> None:
    found = sums(home, "Ada", SINCE, UNTIL)
    assert (found.listens, found.listened_s, found.tracks, found.albums, found.artists) == (4, 90.0, 3, 3, 2)
    by_day = listens_by_day(home, "Ada", date(2024, 1, 1), date(2024, 4, 1))
    assert by_day == {date(2024, 1, 1): 1, date(2024, 1, 2): 1, date(2024, 3, 2): 2}
    by_hour = listens_by_hour(home, "Ada", SINCE, UNTIL)
    assert by_hour == {(0, 8): 1, (1, 8): 1, (5, 23): 2}


def test_an_empty_home_has_nothing_on_top(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path)
    assert tops(settings, "Ada", "recordings", SINCE, UNTIL).ranked == []
    assert sums(settings, "Ada", SINCE, UNTIL).listens == 0
