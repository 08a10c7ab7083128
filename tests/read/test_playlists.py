"""Playlists as files: what players and other services read in them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tonearm.errors import UnknownName
from tonearm.read.playlists import Playlist, jspf, m3u, playlist_name, recording_uri, spotify_uris, without_uri

ID = "5SuOikwiRyPMVoIQDJUgSV"


def track(artist: str | None = "Björk", title: str | None = "Hyperballad", **columns: Any) -> dict[str, Any]:
    return {"artist_name": artist, "track_name": title, "spotify_id": ID, "duration_s": 321.6, **columns}


def of(*tracks: dict[str, Any], name: str = "Mood lift") -> Playlist:
    return Playlist("ada", name, list(tracks))


def test_an_m3u_has_a_name_a_length_and_a_place_for_each_track() -> None:
    assert m3u(of(track())).splitlines() == [
        "#EXTM3U",
        "#EXTENC:UTF-8",
        "#PLAYLIST:Mood lift",
        "#EXTINF:322,Björk - Hyperballad",
        f"spotify:track:{ID}",
    ]


def test_a_track_of_unknown_id_and_length_is_searched_for() -> None:
    entry = m3u(of(track("Simon & Garfunkel", "50 % /#?", spotify_id=None, duration_s=None))).splitlines()[3:]
    assert entry == [
        "#EXTINF:-1,Simon & Garfunkel - 50 % /#?",
        "spotify:search:Simon%20%26%20Garfunkel%2050%20%25%20%2F%23%3F",
    ]


@pytest.mark.parametrize(
    ("name", "written"),
    [
        ("a\nb", "a b"),
        ("a\r\n#EXTINF:1,b", "a #EXTINF:1,b"),
        ("a\u2028b\u2029c\x85d", "a b c d"),
        ("\x1b[31mred\x00", "[31mred"),
        ("\ttabs\t", "tabs"),
        ('Earth, Wind "&" Fire', 'Earth, Wind "&" Fire'),
        ("#hash", "#hash"),
        ("東京事変 🎧", "東京事変 🎧"),
        (None, ""),
    ],
)
def test_names_stay_on_their_line(name: str | None, written: str) -> None:
    lines = m3u(of(track(title=name, spotify_id=None))).split("\n")
    assert lines[3] == f"#EXTINF:322,Björk - {written}"
    assert len(lines) == 6, "three of the head, two of the track, and the end of the last"
    assert all(line.isprintable() for line in lines)


def test_readers_that_split_artist_and_title_at_the_first_dash_split_in_the_right_place() -> None:
    line = m3u(of(track("Kruder - Dorfmeister", "Bug - Remix"))).splitlines()[3]
    assert line.partition(",")[2].partition(" - ")[::2] == ("Kruder – Dorfmeister", "Bug - Remix")


def test_spotify_uris_are_a_line_each_and_the_others_are_named() -> None:
    found = of(track(), track("Can", "Vitamin C", spotify_id=None), track("Neu!", "Hero\n", spotify_id="x\nrm -rf"))
    assert spotify_uris(found) == f"spotify:track:{ID}\n"
    assert without_uri(found) == ["Can - Vitamin C", "Neu! - Hero"]


def test_jspf_has_what_is_known_of_each_track() -> None:
    mbid = "0e6871fc-d16f-4cc8-86fc-c8d368f906d4"
    found = json.loads(
        jspf(
            of(
                track(recording_mbid=mbid, because="Heard once", album_name="Post"),
                track(spotify_id=None, duration_s=None),
            )
        )
    )
    whole, bare = found["playlist"]["track"]
    assert whole == {
        "identifier": [f"https://musicbrainz.org/recording/{mbid}"],
        "location": [f"spotify:track:{ID}"],
        "album": "Post",
        "title": "Hyperballad",
        "creator": "Björk",
        "annotation": "Heard once",
        "duration": 321_600,
    }
    assert bare == {"title": "Hyperballad", "creator": "Björk"}, "what is not known is left out"
    assert (found["playlist"]["title"], found["playlist"]["creator"]) == ("Mood lift", "ada")
    assert json.loads(jspf(of()))["playlist"]["track"] == []


@pytest.mark.parametrize("mbid", [None, "", "x", "0e6871fc-d16f-4cc8-86fc-c8d368f906d4\nrm"])
def test_what_is_no_recording_id_is_no_uri(mbid: str | None) -> None:
    assert recording_uri({"recording_mbid": mbid}) is None


def test_an_empty_playlist_is_an_empty_file() -> None:
    assert m3u(of()).splitlines() == ["#EXTM3U", "#EXTENC:UTF-8", "#PLAYLIST:Mood lift"]
    assert (spotify_uris(of()), without_uri(of())) == ("", [])


@pytest.mark.parametrize("name", ["Mood lift", "mood LIFT", " mood  lift "])
def test_names_are_found_whatever_their_case(name: str) -> None:
    assert playlist_name(name) == "Mood lift"


def test_an_unknown_name_gets_the_closest_suggested() -> None:
    with pytest.raises(UnknownName, match="did you mean Relaxation"):
        playlist_name("relax")
    with pytest.raises(UnknownName, match="there are Focus, Relaxation, Energy, Mood lift"):
        playlist_name("xyz")
