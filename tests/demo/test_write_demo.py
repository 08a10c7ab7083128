"""The demo writes files that could have come from the services, the same ones every time."""

import csv
import hashlib
import io
import json
import zipfile
from datetime import UTC, date, datetime
from itertools import pairwise
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from tonearm.demo import DemoHousehold, write_demo

END = date(2026, 11, 1)


@pytest.fixture(scope="module")
def household(tmp_path_factory: pytest.TempPathFactory) -> DemoHousehold:
    return write_demo(tmp_path_factory.mktemp("demo"), end=END)


def digests(folder: Path) -> dict[str, str]:
    files = sorted(p for p in folder.rglob("*") if p.is_file())
    return {str(p.relative_to(folder)): hashlib.sha256(p.read_bytes()).hexdigest() for p in files}


def spotify_files(household: DemoHousehold) -> list[list[dict]]:
    with zipfile.ZipFile(household.listeners[0].paths[0]) as archive:
        return [json.loads(archive.read(name)) for name in archive.namelist()]


def headerless(household: DemoHousehold) -> list[list[str]]:
    return list(csv.reader(io.StringIO(household.listeners[0].paths[1].read_text("utf-8"))))


def quoted(household: DemoHousehold) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(household.listeners[1].paths[0].read_text("utf-8"))))


def catalogue(household: DemoHousehold) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(household.catalogue.read_text("utf-8"))))


def test_same_seed_and_end_give_the_same_bytes(household: DemoHousehold, tmp_path: Path) -> None:
    write_demo(tmp_path, end=END)
    assert digests(tmp_path) == digests(household.catalogue.parent)


def test_another_seed_gives_other_listens(household: DemoHousehold, tmp_path: Path) -> None:
    first, second = digests(household.catalogue.parent), write_demo(tmp_path, end=END, seed=2)
    assert set(digests(tmp_path)) == set(first)
    assert not set(digests(tmp_path).values()) & set(first.values())
    assert second.catalogue == tmp_path / "dataset.csv"


def test_listeners_say_that_they_are_a_demo(household: DemoHousehold) -> None:
    assert [(who.name, who.zone) for who in household.listeners] == [
        ("Ada (demo)", "Europe/Berlin"),
        ("Ben (demo)", "America/New_York"),
        ("Chidi (demo)", "Asia/Kolkata"),
    ]
    assert all(path.is_file() for who in household.listeners for path in who.paths)


def test_spotify_files_overlap_and_hold_podcasts_skips_and_private_sessions(household: DemoHousehold) -> None:
    files = spotify_files(household)
    assert len(files) >= 3
    for before, after in pairwise(files):
        assert before[-150:] == after[:150]
    rows = {json.dumps(row): row for rows in files for row in rows}.values()
    assert 20_000 < len(rows) < 35_000
    assert sum(row["episode_name"] is not None for row in rows) > 100
    assert sum(row["skipped"] for row in rows) > 1_000
    assert sum(row["incognito_mode"] for row in rows) > 100
    for row in rows:
        named = [row["master_metadata_track_name"], row["episode_name"]]
        assert named.count(None) == 1


def test_no_listen_starts_before_the_one_before_has_ended(household: DemoHousehold) -> None:
    rows = [row for number, rows in enumerate(spotify_files(household)) for row in rows[150 * bool(number) :]]
    stops = [datetime.fromisoformat(row["ts"]).timestamp() for row in rows]
    for row, stop, last in zip(rows[1:], stops[1:], stops, strict=False):
        assert stop - row["ms_played"] / 1000 > last - 1


def test_last_fm_rows_are_the_spotify_listens_at_most_a_minute_later(household: DemoHousehold) -> None:
    (*playing, no_date), *rows = headerless(household)
    assert no_date == ""
    assert playing == rows[0][:3]

    def bare(name: str) -> str:
        return name.replace(",", "").replace('"', "")

    starts: dict[tuple[str, str], list[float]] = {}
    for row in (row for rows_ in spotify_files(household) for row in rows_ if row["master_metadata_track_name"]):
        key = bare(row["master_metadata_album_artist_name"]), bare(row["master_metadata_track_name"])
        started = datetime.fromisoformat(row["ts"]).timestamp() - row["ms_played"] / 1000
        starts.setdefault(key, []).append(started)
    assert len(rows) > 8_000
    for artist, _album, track, when in rows:
        minute = datetime.strptime(when, "%d %b %Y %H:%M").replace(tzinfo=UTC).timestamp()
        assert any(-1 < minute + 60 - start <= 122 for start in starts[artist, track]), (artist, track, when)


def test_listens_keep_to_the_listeners_clock(household: DemoHousehold) -> None:
    zone = ZoneInfo(household.listeners[1].zone)
    hours = [datetime.fromtimestamp(int(row["uts"]), zone).hour for row in quoted(household)]
    night = sum(hour in (2, 3, 4) for hour in hours)
    assert night < 0.05 * len(hours)
    assert sum(hour in (7, 8) for hour in hours) > 3 * night


def test_listens_stop_before_the_end(household: DemoHousehold) -> None:
    zone = ZoneInfo(household.listeners[1].zone)
    instants = [int(row["uts"]) for row in quoted(household)]
    assert instants == sorted(instants, reverse=True)
    assert datetime.fromtimestamp(instants[0], zone).date() < END
    assert datetime.fromtimestamp(instants[-1], zone).year == END.year - 4


def test_listenbrainz_months_hold_their_own_listens(household: DemoHousehold) -> None:
    with zipfile.ZipFile(household.listeners[2].paths[0]) as archive:
        months = [name for name in archive.namelist() if name.startswith("listens/")]
        assert len(months) >= 48
        for name in months:
            year, month = name.removeprefix("listens/").removesuffix(".jsonl").split("/")
            for line in archive.read(name).splitlines():
                at = datetime.fromtimestamp(json.loads(line)["listened_at"], UTC)
                assert (at.year, at.month) == (int(year), int(month))


def test_catalogue_covers_a_part_of_what_is_heard(household: DemoHousehold) -> None:
    listed = {(row["artists"].split(";")[0], row["track_name"]) for row in catalogue(household)}
    rows = quoted(household)
    share = sum((row["artist"], row["track"]) in listed for row in rows) / len(rows)
    assert 0.5 < share < 0.75


def test_catalogue_has_tracks_under_several_genres_and_features_in_range(household: DemoHousehold) -> None:
    rows = catalogue(household)
    assert [int(row[""]) for row in rows] == list(range(len(rows)))
    assert len({row["track_id"] for row in rows}) < len(rows)
    assert 20 <= len({row["track_genre"] for row in rows}) <= 30
    for row in rows:
        assert len(row["track_id"]) == 22
        shares = (
            "danceability",
            "energy",
            "valence",
            "acousticness",
            "instrumentalness",
            "speechiness",
            "liveness",
        )
        assert all(0 <= float(row[name]) <= 1 for name in shares)
        assert -60 <= float(row["loudness"]) <= 0
        assert 40 <= float(row["tempo"]) <= 240
