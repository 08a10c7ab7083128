from __future__ import annotations

from datetime import UTC, datetime

import pytest

from tests.sources.conftest import Read

UTS = 1605864900
AT = datetime.fromtimestamp(UTS, UTC)


def track(name: str = "Jóga", date: str = f'<date uts="{UTS}">20 Nov 2020, 09:35</date>') -> str:
    return (
        f'<track><artist mbid="a-id">Björk</artist><name>{name}</name><mbid>t-id</mbid>'
        f'<album mbid="">Homogenic</album><url>https://private.example</url>{date}</track>'
    )


def page(*tracks: str) -> str:
    return (
        '<?xml version="1.0" encoding="utf-8"?>\n<lfm status="ok"><recenttracks user="somebody-private">'
        + "".join(tracks)
        + "</recenttracks></lfm>\n"
    )


def test_the_answer_of_the_api_as_saved(read: Read) -> None:
    found = read("recenttracks.xml", page(track("A &amp; B &lt;live&gt;"), track(), track(date="")))
    assert (found.kind, found.reasons) == ("lastfm_xml", ["no date (now playing)"])
    row = found.rows[0]
    assert (row["artist_name"], row["track_name"], row["album_name"]) == ("Björk", "A & B <live>", "Homogenic")
    assert (row["reported_at"], row["artist_mbid"], row["recording_mbid"]) == (AT, "a-id", "t-id")


def test_pages_one_after_the_other_and_without_a_root(read: Read) -> None:
    assert len(read("a.xml", page(track(), track()) * 3).kept) == 6
    bare = (
        "<recenttracks>"
        + "<track><artist><name>Björk</name></artist><name>Jóga</name>"
        + f'<date uts="{UTS}"/></track>'
    )
    found = read("a.xml", bare + "</recenttracks>")
    assert (found.rows[0]["artist_name"], found.rows[0]["track_name"]) == ("Björk", "Jóga")


def test_damage_keeps_every_whole_track(read: Read) -> None:
    for content in (page(track(), track())[:-60], page(track(), track()) + "<broken <"):
        found = read("a.xml", content)
        assert (len(found.kept), len(found.reasons)) == (content.count("</track>"), 1)
        assert "the file is unreadable from row" in found.reasons[0]


@pytest.mark.parametrize("date", ["soon", "9" * 30, "-1", "1e5"])
def test_no_date_stops_the_tracks_after_it(read: Read, date: str) -> None:
    found = read("a.xml", page(track(date=f'<date uts="{date}"/>'), track()))
    assert [row["reason"] is None for row in found.rows] == [False, True]


def test_entities_are_not_expanded(read: Read) -> None:
    bomb = '<!DOCTYPE lfm [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]>' + page(track("&b;"))
    found = read("a.xml", bomb)
    assert (found.kept, len(found.reasons)) == ([], 1)


def test_a_track_too_long_is_refused(read: Read) -> None:
    found = read("a.xml", page(track("x" * 5000), track()), most=1024)
    assert [row["reason"] for row in found.rows] == ["the row is longer than 1 KB", None]
