from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.sources.conftest import Read
from tonearm.errors import UnknownKind

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


IMPORTS = Path(__file__).parent / "imports"


@pytest.mark.parametrize(("name", "rows"), [("f31_listoflists.json", 6), ("f33_pretty.json", 5)])
def test_rows_are_tracks_whatever_holds_them(read: Read, name: str, rows: int) -> None:
    found = read(name, (IMPORTS / name).read_bytes())
    assert (found.kind, len(found.rows), len(found.kept)) == ("lastfm_json", rows, rows)


def test_the_answer_of_the_api_as_saved(read: Read) -> None:
    answer = {"recenttracks": {"track": [scrobble(), scrobble()], "@attr": {"user": "somebody-private", "total": "2"}}}
    for content in (json.dumps(answer), json.dumps([answer, answer], indent=1), json.dumps(scrobble())):
        found = read("a.json", content)
        assert (found.kind, found.reasons) == ("lastfm_json", [])
        assert len(found.kept) in (1, 2, 4)


def test_refused_tracks_show_no_other_fields(read: Read) -> None:
    private = {"user": "somebody-private", "email": "somebody@private.example"}
    rows = [scrobble(date={"uts": "soon", **private}, **private), {"name": "no artist", **private}, scrobble()]
    found = read("a.json", json.dumps(rows))
    assert [row["reason"] is None for row in found.rows] == [False, False, True]
    assert "Jóga" in found.rows[0]["raw"] and "private" not in json.dumps(found.rows, default=str)


@pytest.mark.parametrize("date", ["-1e400", "1e400", "NaN", "Infinity", "1" + "0" * 5000, '"0000-01-01"', "true", "[]"])
def test_no_date_stops_the_tracks_after_it(read: Read, date: str) -> None:
    odd = json.dumps(scrobble()).replace(json.dumps(scrobble()["date"]), date)
    found = read("a.json", f"[{json.dumps(scrobble())}, {odd}, {json.dumps(scrobble())}]")
    assert [row["reason"] is None for row in found.rows] == [True, False, True]


def test_json_that_is_no_history_is_refused_with_what_it_looks_like(read: Read) -> None:
    with pytest.raises(UnknownKind, match="a list with the fields name, price, which is no history that is known"):
        read("a.json", '[{"name": "x", "price": 1}]')
