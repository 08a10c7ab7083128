from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tonearm.columns import arrow_schema
from tonearm.errors import UnknownName
from tonearm.lake import open_lake
from tonearm.read.overview import Day, Hour, Month, favourites, overview
from tonearm.settings import Settings

COLUMNS = (
    *("listener", "listen_id", "started_at", "started_at_local", "local_date", "hour_of_day", "day_of_week"),
    *("track_id", "artist_id", "artist_name", "track_name", "album_name", "listened_s", "duration_s"),
    *("source", "also_seen_in", "feature_source", "mood"),
)


def listen(number: int, at: str, artist: str = "A", track: str = "a", **more: Any) -> dict[str, Any]:
    local = datetime.fromisoformat(at)
    return {
        "listener": "Ada",
        "listen_id": number,
        "started_at": local.replace(tzinfo=UTC),
        "started_at_local": local,
        "local_date": local.date(),
        "hour_of_day": local.hour,
        "day_of_week": local.weekday(),
        "artist_id": sum(artist.encode()),
        "track_id": sum(artist.encode()) * 1000 + sum(track.encode()),
        "artist_name": artist,
        "track_name": track,
        "source": "lastfm_csv",
        **more,
    }


def home_of(folder: Path, rows: list[dict[str, Any]]) -> Settings:
    made = Settings(home=folder)
    open_lake(made.lake).replace(
        "listening_with_features", pa.Table.from_pylist(rows, schema=arrow_schema(COLUMNS)), {}
    )
    return made


ROWS = [
    listen(1, "2024-01-01T08:30", "A", "a", listened_s=180.0, feature_source="real", mood="Neutral"),
    listen(2, "2024-01-01T08:40", "B", "b", listened_s=20.0, feature_source="imputed", mood="Sad_Calm"),
    listen(3, "2024-03-02T23:00", "A", "c"),
    listen(4, "2024-03-02T23:00", "A", "a", feature_source="catalogue", mood="Happy_Calm"),
    listen(5, "2024-03-02T23:00", "B", "b", listener="Ben"),
]


@pytest.fixture
def home(tmp_path: Path) -> Settings:
    return home_of(tmp_path, ROWS)


def test_totals_are_of_the_one_listener_and_say_how_many_listens_are_timed(home: Settings) -> None:
    totals = overview(home, "Ada").totals
    assert (totals.listens, totals.tracks, totals.artists, totals.days) == (4, 3, 2, 2)
    assert (totals.timed_listens, totals.minutes) == (2, pytest.approx(200 / 60))
    assert (totals.first_date, totals.last_date) == (date(2024, 1, 1), date(2024, 3, 2))


def test_days_hours_and_what_was_new_in_each_month(home: Settings) -> None:
    shown = overview(home, "Ada")
    assert shown.days == [Day(date(2024, 1, 1), 2), Day(date(2024, 3, 2), 2)]
    assert shown.hours == [Hour(0, 8, 2), Hour(5, 23, 2)]
    assert shown.months == [Month(date(2024, 1, 1), 2, 2, 2), Month(date(2024, 3, 1), 2, 1, 0)]


def test_moods_count_the_listens_that_have_one_and_every_source_is_named(home: Settings) -> None:
    shown = overview(home, "Ada")
    assert {m.name: m.listens for m in shown.moods if m.listens} == {"Neutral": 1, "Happy_Calm": 1, "Sad_Calm": 1}
    assert {s.name: s.listens for s in shown.mood_sources if s.listens} == {"real": 1, "catalogue": 1, "imputed": 1}
    assert {s.name: s.listens for s in shown.feature_sources} == {
        "real": 1,
        "catalogue": 1,
        "artist": 0,
        "imputed": 1,
        "synthetic": 0,
        "none": 1,
    }


def test_a_rule_leaves_out_what_it_does_not_count(home: Settings) -> None:
    shown = overview(home, "Ada", "30s")
    assert (shown.totals.listens, shown.totals.tracks) == (3, 2)
    with pytest.raises(UnknownName, match="30s"):
        overview(home, "Ada", "31s")


def test_favourites_of_a_period_include_both_its_days_and_break_ties_by_name(home: Settings) -> None:
    artists = favourites(home, "Ada", "artists")
    assert [(f.rank, f.artist, f.track, f.listens, f.tracks) for f in artists] == [
        (1, "A", None, 3, 2),
        (2, "B", None, 1, 1),
    ]
    january = favourites(home, "Ada", "tracks", date(2023, 12, 31), date(2024, 1, 1))
    assert [(f.artist, f.track, f.minutes) for f in january] == [
        ("A", "a", 3.0),
        ("B", "b", pytest.approx(1 / 3)),
    ]
    assert favourites(home, "Ada", "tracks", date(2025, 1, 1)) == []
    assert len(favourites(home, "Ada", "tracks", limit=1)) == 1


def test_a_home_without_listens_shows_zeros(tmp_path: Path) -> None:
    shown = overview(Settings(home=tmp_path), "Ada")
    assert (shown.totals.listens, shown.totals.minutes, shown.totals.first_date) == (0, None, None)
    assert shown.days == shown.hours == shown.months == []
    assert favourites(Settings(home=tmp_path), "Ada", "artists") == []


@settings(max_examples=25, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.integers(0, 24 * 800),
            st.sampled_from("ABC"),
            st.sampled_from("abc"),
            st.sampled_from([None, "real", "catalogue", "imputed"]),
        ),
        max_size=30,
    )
)
def test_every_way_of_counting_gives_the_same_listens(drawn: list[tuple[int, str, str, str | None]]) -> None:
    first = datetime(2022, 5, 30)
    rows = [
        listen(i, str(first + timedelta(hours=hour)), artist, track, feature_source=source)
        for i, (hour, artist, track, source) in enumerate(drawn)
    ]
    with TemporaryDirectory() as folder:
        shown = overview(home_of(Path(folder), rows), "Ada")
    for parts in (shown.days, shown.hours, shown.months, shown.feature_sources):
        assert sum(part.listens for part in parts) == shown.totals.listens == len(rows)
    assert sum(month.new_tracks for month in shown.months) == shown.totals.tracks
    assert sum(month.new_artists for month in shown.months) == shown.totals.artists
