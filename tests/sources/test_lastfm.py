from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.sources.conftest import Read, Write
from tonearm.errors import UnknownKind
from tonearm.settings import Settings
from tonearm.sources import Context, source_of
from tonearm.sources.inputs import input_files

AT = datetime(2020, 11, 20, 9, 35, tzinfo=UTC)
UTS = int(AT.timestamp())
HISTORIES = Path("../shared/data/histories")

FORMS = {
    "lastfm-to-csv": 'Björk,Homogenic,Jóga,"20 Nov 2020 09:35"\nBjörk,,Hunter,20 Nov 2020 09:31\n',
    "ghan": "uts,utc_time,artist,artist_mbid,album,album_mbid,track,track_mbid\n"
    f'"{UTS}","20 Nov 2020, 09:35","Björk","","Homogenic","","Jóga",""\n',
    "utc_time": 'utc_time,artist,album,track\n"20 Nov 2020, 09:35",Björk,Homogenic,Jóga\n',
    "uts last": f"artist,album,track,uts\nBjörk,Homogenic,Jóga,{UTS}\n",
    "R with an index": '"","date","artist","track","album"\n"1","2020-11-20 09:35:00","Björk","Jóga","Homogenic"\n',
    "R with a short header": '"date","artist","track","album"\n"1","2020-11-20 09:35:00","Björk","Jóga","Homogenic"\n',
    "semicolons": "Artist Name;Track Name;Album;Scrobbled At\nBjörk;Jóga;Homogenic;2020-11-20T09:35:00Z\n",
    "tabs": f"artist\talbum\ttitle\ttimestamp\nBjörk\tHomogenic\tJóga\t{UTS}000\n",
    "libre.fm": f"{UTS}\tJóga\tBjörk\tHomogenic\t\t\t\n" * 2,
    "a date column of another name": "artist,track,album,heard\nBjörk,Jóga,Homogenic,2020-11-20 10:35:00+01:00\n",
    "CRLF and a mark": f"\ufeffartist,album,track,uts\r\nBjörk,Homogenic,Jóga,{UTS}\r\n",
}


@pytest.mark.parametrize("content", FORMS.values(), ids=FORMS)
def test_the_forms_in_which_people_have_it(read: Read, content: str) -> None:
    found = read("history.csv", content)
    row = found.rows[0]
    assert found.kind == "lastfm_csv"
    assert (row["artist_name"], row["album_name"], row["track_name"]) == ("Björk", "Homogenic", "Jóga")
    assert (row["reported_at"], row["reason"]) == (AT, None)


def test_utf_16(read: Read) -> None:
    assert read("history.csv", FORMS["uts last"].encode("utf-16")).kept[0]["artist_name"] == "Björk"


def test_the_reading_is_said_and_minutes_are_known_as_such(read: Read) -> None:
    headerless = read("a.csv", FORMS["lastfm-to-csv"])
    assert headerless.phrase == "no header; columns by content: artist, album, track, date '20 Nov 2020 09:35'"
    assert [row["precision_s"] for row in headerless.rows] == [60.0, 60.0]
    named = read("a.csv", FORMS["uts last"])
    assert named.phrase.startswith("columns by header: uts as reported_at, artist as artist_name")
    assert named.rows[0]["precision_s"] == 1.0


def test_mbids(read: Read) -> None:
    header = "artist,artist_mbid,album,album_mbid,track,track_mbid,timestamp,datetime\n"
    row = read("a.csv", header + f"Björk,a-id,Homogenic,b-id,Jóga,t-id,{UTS},2020-11-20 09:35:00\n").rows[0]
    assert (row["artist_mbid"], row["release_mbid"], row["recording_mbid"]) == ("a-id", "b-id", "t-id")


def test_order_without_header_follows_what_the_columns_hold(read: Read) -> None:
    rows = "".join(f"Björk,Track {i},Homogenic,20 Nov 2020 09:{i:02}\n" for i in range(40))
    assert read("a.csv", rows).rows[3]["track_name"] == "Track 3"


def test_rows_without_a_usable_date_say_why(read: Read) -> None:
    found = read("a.csv", f"artist,album,track,uts\nA,B,C,\nA,B,C,0\nA,B,C,soon\nA,B,C,{UTS}\n")
    assert found.reasons == [
        "no date (now playing)",
        "dated 1970: now playing or a clock not set",
        "date 'soon' is not understood",
    ]
    assert [row["row"] for row in found.kept] == [4]


def test_damaged_rows_are_rejected_alone(read: Read) -> None:
    good = f"A,B,C,{UTS}\n"
    rows = ["A,B,C,D,E\n", "A\n", f"A\0,B,C,{UTS}\n", f'"A,B,C,{UTS}\n', f"A,B,{'x' * 2000},{UTS}\n"]
    found = read("a.csv", "artist,album,track,uts\n" + good + good.join(rows) + good, most=1024)
    assert len(found.kept) == 6
    assert found.reasons == [
        "has 5 fields where 4 are expected",
        "has 1 fields where 4 are expected",
        "artist_name contains a NUL character",
        "a quote is opened and not closed",
        "the row is longer than 1 KB",
    ]
    assert found.rows[1]["raw"] == "A,B,C,D,E"


def test_quoted_line_ends_and_delimiters_belong_to_the_field(read: Read) -> None:
    found = read("a.csv", f'artist,album,track,uts\n"A\nB","C, D","""E""",{UTS}\n')
    row = found.kept[0]
    assert (row["artist_name"], row["album_name"], row["track_name"]) == ("A\nB", "C, D", '"E"')


def test_an_unclosed_quote_on_the_last_line(read: Read) -> None:
    found = read("a.csv", f'artist,album,track,uts\nA,B,C,{UTS}\nA,B,"C,{UTS}')
    assert (len(found.kept), found.reasons) == (1, ["a quote is opened and not closed"])


def test_a_line_without_end_is_not_held_in_memory(file_of: Write) -> None:
    import tracemalloc

    content = f"artist,album,track,uts\nA,B,C,{UTS}\n".encode() + b"x" * 80_000_000 + f"\nA,B,C,{UTS}\n".encode()
    file = file_of("a.csv", content)
    tracemalloc.start()
    rows = [row for table in source_of(file).read(file, Context()) for row in table.to_pylist()]
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert [row["reason"] for row in rows] == [None, "the row is longer than 1,024 KB", None]
    assert peak < 20_000_000


def test_a_header_that_lacks_a_column_says_which(read: Read) -> None:
    with pytest.raises(UnknownKind, match=r"no column for date; the first row is: artist, track, mood; needed are"):
        read("a.csv", "artist,track,mood\nBjörk,Jóga,calm\n")
    with pytest.raises(UnknownKind, match="no column for artist and track and date"):
        read("a.csv", "a,b,c\n1,2,3\n")
    forced = read("a.csv", "artist,track,mood\nBjörk,Jóga,calm\n", kind="lastfm_csv")
    assert "no column for date" in forced.reasons[0]


@pytest.mark.parametrize("content", [b"", b"%PDF-1.7\n\xff\0\0", b"<html></html>", b"only words"])
def test_other_files_are_nobody_s(read: Read, content: str) -> None:
    with pytest.raises(UnknownKind):
        read("a.bin", content)


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


@pytest.mark.parametrize(
    ("name", "rows", "rejected", "reason"),
    [
        ("lastfm_to_csv_headerless.csv", 60_950, 303, "no date (now playing)"),
        ("lastfm_with_header.csv", 17_503, 643, "dated 1970: now playing or a clock not set"),
    ],
)
def test_real_histories(name: str, rows: int, rejected: int, reason: str) -> None:
    if not (HISTORIES / name).exists():
        pytest.skip("the real histories are not here")
    (file,) = input_files([HISTORIES / name], Settings(home=Path("unused")))
    tables = list(source_of(file).read(file, Context()))  # type: ignore[arg-type]
    reasons = [r for table in tables for r in table["reason"].drop_null().to_pylist()]
    assert sum(len(table) for table in tables) == rows
    assert reasons == [reason] * rejected
