from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from tests.sources.conftest import Read

AT = datetime(2020, 7, 20, 9, 35, tzinfo=UTC)
UTS = int(AT.timestamp())


def test_maloja(read: Read) -> None:
    track = {
        "artists": ["Björk", "Thom Yorke"],
        "title": "I've Seen It All",
        "album": {"artists": ["Björk"], "albumtitle": "Selmasongs"},
        "length": 329,
    }
    bare = {"artists": ["Björk"], "title": "Jóga", "album": None, "length": None}
    scrobbles = [
        {"time": UTS, "track": track, "duration": 300, "origin": "client:navidrome"},
        {"time": UTS + 400, "track": bare, "duration": None, "origin": "import:lastfm"},
        {"time": UTS, "track": {"title": "nobody's"}},
    ]
    found = read("export.json", json.dumps({"maloja": {"export_time": 1}, "scrobbles": scrobbles}))
    assert found.kind == "maloja_json"
    row = found.rows[0]
    assert (row["artist_name"], row["track_name"], row["album_name"]) == ("Björk", "I've Seen It All", "Selmasongs")
    assert (row["duration_s"], row["listened_s"], row["reported_at"]) == (329.0, 300.0, AT)
    assert (row["artists"], row["extra"]) == ("Björk; Thom Yorke", None)
    assert found.rows[1]["album_name"] is None
    assert "missing required field `artists`" in found.reasons[0]


def named(*names: str) -> list[dict[str, object]]:
    return [{"alias": name, "source": "x", "is_primary": i == len(names) - 1} for i, name in enumerate(names)]


def test_koito(read: Read) -> None:
    listen = {
        "listened_at": "2020-07-20T11:35:00+02:00",
        "client": "multi-scrobbler",
        "track": {"mbid": "t", "duration": 305, "aliases": named("joga", "Jóga")},
        "album": {"mbid": "l", "aliases": named("Homogenic")},
        "artists": [
            {"mbid": "other", "is_primary": False, "aliases": named("Guest")},
            {"mbid": "a", "is_primary": True, "aliases": named("Bjork", "Björk")},
        ],
    }
    found = read("koito.json", json.dumps({"version": "1", "exported_at": "x", "user": "u", "listens": [listen] * 3}))
    assert (found.kind, len(found.kept)) == ("koito_json", 3)
    row = found.rows[2]
    assert (row["artist_name"], row["track_name"], row["album_name"]) == ("Björk", "Jóga", "Homogenic")
    assert (row["artist_mbid"], row["recording_mbid"], row["release_mbid"]) == ("a", "t", "l")
    assert (row["reported_at"], row["duration_s"], row["client"]) == (AT, 305.0, "multi-scrobbler")
    assert (row["artists"], row["extra"]) == ("Björk; Guest", None)


@pytest.mark.parametrize("date", ["0000-01-01", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "", "1e400"])
def test_no_date_stops_the_rows_after_it(read: Read, date: str) -> None:
    listen = {"listened_at": date, "track": {"aliases": named("Jóga")}, "artists": [{"aliases": named("Björk")}]}
    good = {**listen, "listened_at": "2020-07-20T09:35:00.123456789Z"}
    found = read("koito.json", json.dumps({"version": "1", "exported_at": "x", "listens": [listen, good]}))
    assert [row["reason"] is None for row in found.rows] == [False, True]
    assert "Björk" in found.rows[0]["raw"]
