from __future__ import annotations

import json
from datetime import UTC, datetime

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
    assert json.loads(row["extra"]) == {"other_artists": ["Thom Yorke"]}
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
    assert json.loads(row["extra"]) == {"other_artists": ["Guest"]}


def rockbox(zone: str) -> str:
    return (
        f"#AUDIOSCROBBLER/1.1\n#TZ/{zone}\n#CLIENT/Rockbox ipodvideo\n"
        f"Björk\tHomogenic\tJóga\t2\t305\tL\t{UTS}\tt-id\n"
        f'Björk\tHomogenic\tThe "Hunter\t1\t255\tS\t{UTS}\n'
        f"Björk\tHomogenic\tPluto\t9\t200\tL\t0\t\nBjörk\tPluto\n"
    )


def test_rockbox_in_utc(read: Read) -> None:
    found = read(".scrobbler.log", rockbox("UTC"))
    assert found.kind == "rockbox_log"
    first, second = found.kept
    assert (first["artist_name"], first["album_name"], first["track_name"]) == ("Björk", "Homogenic", "Jóga")
    assert (first["reported_at"], first["duration_s"], first["recording_mbid"]) == (AT, 305.0, "t-id")
    assert (first["is_skipped"], second["is_skipped"], first["client"]) == (False, True, "Rockbox ipodvideo")
    assert second["track_name"] == 'The "Hunter'
    assert found.reasons == [
        "dated 1970: now playing or a clock not set",
        "has 2 fields where 7 or 8 are expected",
    ]


def test_rockbox_without_zone_tells_the_listener_s_local_time(read: Read) -> None:
    found = read(".scrobbler.log", rockbox("UNKNOWN"), zone="Europe/Berlin")
    assert found.kept[0]["reported_at"] == datetime(2020, 7, 20, 7, 35, tzinfo=UTC)
    assert "local time" in found.phrase
