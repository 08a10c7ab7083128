from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.sources.conftest import Read
from tonearm.errors import UnknownKind

IMPORTS = Path(__file__).parent / "imports"
AT = datetime(2023, 11, 14, 22, 13, 20, tzinfo=UTC)


def test_lastfmstats(read: Read) -> None:
    found = read("x.json", (IMPORTS / "i06_lastfmstats.json").read_bytes())
    assert (found.kind, len(found.rows), found.reasons) == ("lastfmstats_json", 5, [])
    row = found.rows[0]
    assert (row["artist_name"], row["track_name"], row["album_name"]) == ("Band A", "Song 0", "Alb")
    assert row["reported_at"] == AT


def test_pano_s_events(read: Read) -> None:
    found = read("x.jsonl", (IMPORTS / "f04_pano.jsonl").read_bytes())
    assert (found.kind, len(found.rows), len(found.kept)) == ("pano_events", 5, 4)
    assert found.reasons == ["no listen, but the event 'love'"]
    row = found.rows[0]
    assert (row["reported_at"].replace(microsecond=0), row["duration_s"], row["client"]) == (AT, 200.0, "X")


def test_scrubbler(read: Read) -> None:
    rows = [
        {"artistName": "Björk", "albumName": "Homogenic", "trackName": "Jóga", "time": "2023-11-14T23:13:20+01:00"},
        {"artistName": "Björk", "trackName": "Jóga", "time": "once"},
    ]
    found = read("x.json", json.dumps(rows))
    assert (found.kind, found.reasons) == ("scrubbler_json", ["date 'once' is not understood"])
    assert (found.rows[0]["reported_at"], found.rows[0]["album_name"]) == (AT, "Homogenic")


def info(owner: str = "a", **changes: object) -> str:
    row = {"_id": {"$oid": "1"}, "owner": {"$oid": owner}, "id": "4RxYVl3dYIAbBJQDgpB0MG", "durationMs": 180000}
    return json.dumps({**row, "played_at": {"$date": "2023-11-14T22:13:20Z"}, **changes}) + "\n"


def test_your_spotify(read: Read) -> None:
    found = read("infos.json", info() + info(played_at={"$date": 1700000000000}) + info(played_at=None))
    assert (found.kind, found.reasons) == ("your_spotify", ["date 'None' is not understood"])
    for row in found.kept:
        assert (row["reported_at"], row["spotify_id"], row["duration_s"]) == (AT, "4RxYVl3dYIAbBJQDgpB0MG", 180.0)


def test_your_spotify_of_several_people(read: Read) -> None:
    with pytest.raises(UnknownKind, match="the plays of 2 people"):
        read("infos.json", info("a") + info("b"))
