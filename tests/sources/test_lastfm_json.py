from __future__ import annotations

import json
from datetime import UTC, datetime

from tests.sources.conftest import Read

AT = datetime(2020, 11, 20, 9, 35, tzinfo=UTC)
UTS = int(AT.timestamp())


def scrobble(**changes: object) -> dict[str, object]:
    return {
        "artist": {"mbid": "a-id", "#text": "Björk"},
        "album": {"mbid": "", "#text": "Homogenic"},
        "name": "Jóga",
        "mbid": "t-id",
        "date": {"uts": str(UTS), "#text": "20 Nov 2020, 09:35"},
        **changes,
    }


def test_json_pages(read: Read) -> None:
    playing = scrobble(**{"@attr": {"nowplaying": "true"}})
    del playing["date"]
    pages = [{"track": [playing, scrobble()]}, {"track": scrobble(name="Hunter")}]
    found = read("recenttracks.json", json.dumps(pages))
    assert found.kind == "lastfm_json"
    assert found.reasons == ["no date (now playing)"]
    assert [row["track_name"] for row in found.kept] == ["Jóga", "Hunter"]
    row = found.kept[0]
    assert (row["artist_name"], row["album_name"], row["reported_at"]) == ("Björk", "Homogenic", AT)
    assert (row["artist_mbid"], row["release_mbid"], row["recording_mbid"]) == ("a-id", None, "t-id")


def test_json_flat(read: Read) -> None:
    flat = [scrobble(), {"artist": "Björk", "album": "Homogenic", "track": "Hunter", "date": UTS}]
    found = read("a.json", json.dumps(flat))
    assert [(row["track_name"], row["reported_at"]) for row in found.kept] == [("Jóga", AT), ("Hunter", AT)]
