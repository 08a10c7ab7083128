from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from tests.api.conftest import upload

HEARD = "".join(f"Artist {k},,Track {k},{k + 1:02d} Nov 2020 09:35\n" for k in range(6))


@pytest.fixture
def calm(http: httpx.Client, catalogue: Callable[..., Path]) -> Iterator[httpx.Client]:
    """A home in which Ada has heard six calm tracks, of which the catalogue knows five."""
    path = catalogue([(f"Artist {k}", f"Track {k}") for k in range(5)])
    http.post("/imports", files=[("files", (path.name, path.read_bytes()))], data={"listener": "Ada"})
    assert upload(http, HEARD, timezone="UTC").status_code == 200
    yield http


def test_a_playlist_is_read_in_every_format(calm: httpx.Client) -> None:
    found = calm.get("/listeners/ada/playlists/relaxation").json()
    assert (found["listener"], found["playlist"]) == ("Ada", "Relaxation")
    assert [track["position"] for track in found["tracks"]] == [1, 2, 3, 4, 5]
    m3u = calm.get("/listeners/ada/playlists/relaxation", params={"format": "m3u"})
    assert m3u.headers["content-type"] == "audio/mpegurl; charset=utf-8"
    assert m3u.headers["content-disposition"] == 'attachment; filename="Relaxation.m3u8"'
    first = found["tracks"][0]
    assert m3u.text.splitlines()[:5] == [
        *("#EXTM3U", "#EXTENC:UTF-8", "#PLAYLIST:Relaxation"),
        f"#EXTINF:200,{first['artist_name']} - {first['track_name']}",
        f"spotify:track:{first['spotify_id']}",
    ]
    uris = calm.get("/listeners/ada/playlists/Relaxation", params={"format": "spotify"})
    assert uris.text.splitlines() == [f"spotify:track:{track['spotify_id']}" for track in found["tracks"]]
    assert uris.headers["x-left-out"] == "0"
    listed = calm.get("/listeners/ada/playlists/relaxation", params={"format": "jspf"})
    assert listed.headers["content-type"] == "application/jspf+json"
    assert listed.headers["content-disposition"] == 'attachment; filename="Relaxation.jspf"'
    assert [track["title"] for track in listed.json()["playlist"]["track"]] == [
        t["track_name"] for t in found["tracks"]
    ]


def test_a_playlist_for_which_too_little_suits_is_empty(filled: httpx.Client) -> None:
    assert filled.get("/listeners/Ada/playlists/Mood%20lift").json()["tracks"] == []


def test_unknown_names_are_404_with_the_nearest(filled: httpx.Client) -> None:
    answer = filled.get("/listeners/Ada/playlists/relax")
    assert (answer.status_code, answer.json()["error"]) == (404, "UnknownName")
    assert "Relaxation" in answer.json()["message"]
    assert filled.get("/listeners/Bob/playlists/Focus").status_code == 404
    assert filled.get("/listeners/Ada/playlists/Focus", params={"format": "xspf"}).status_code == 422


def test_before_a_build_the_way_to_one_is_told(http: httpx.Client) -> None:
    http.put("/listeners/Ada", json={"zone": "UTC"})
    answer = http.get("/listeners/Ada/playlists/Focus")
    assert answer.status_code == 422
    assert "tonearm build" in answer.json()["message"]
