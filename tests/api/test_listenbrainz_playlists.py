"""Playlists as players fetch them, and recommended recordings."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlparse
from uuid import UUID, uuid5

import httpx
import pytest

from tests.api.conftest import client_of
from tonearm.api.recommending import Recommending
from tonearm.api.routes.listenbrainz_playlists import first_day
from tonearm.building.execute import build
from tonearm.ingest.imports import import_paths
from tonearm.settings import Settings
from tonearm.store import open_store
from tonearm.store.playlists import Playlist, PlaylistTrack, save_playlist
from tonearm.store.tokens import create_token

SONGS = 24
MUSICBRAINZ = UUID("12345678-1234-5678-1234-567812345678")
PLAYLIST, TRACK = "https://musicbrainz.org/doc/jspf#playlist", "https://musicbrainz.org/doc/jspf#track"


def song(number: int, day: int) -> dict[str, Any]:
    at = datetime(2024, 1, 1, 12, tzinfo=UTC) + timedelta(days=day, minutes=4 * number)
    info = {"recording_mbid": str(uuid5(MUSICBRAINZ, str(number))), "duration_ms": 200_000}
    names = {"artist_name": f"Artist {number // 2}", "track_name": f"Song {number}", "release_name": "Album"}
    return {"listened_at": int(at.timestamp()), "track_metadata": {**names, "additional_info": info}}


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """24 songs by 12 artists, heard on ten days of which the last is long ago."""
    folder = tmp_path_factory.mktemp("home")
    made = Settings(home=folder / "home")
    store = open_store(made)
    store.ensure_listener("Ada", "UTC")
    store.ensure_listener("Ben", "UTC")
    store.close()
    file = folder / "listens.jsonl"
    songs = [song(number, day) for day in (0, 1, 2, 3, 100) for number in range(SONGS if day < 100 else 2)]
    file.write_text("".join(json.dumps(one) + "\n" for one in songs))
    import_paths(made, [file], "Ada")
    build(made, ["listening_with_features", "tracks"])
    return made


@pytest.fixture(scope="module")
def http(home: Settings) -> Iterator[httpx.Client]:
    with client_of(home) as client:
        yield client


def test_what_is_made_for_a_listener_is_listed_without_tracks_and_fetched_with_them(http: httpx.Client) -> None:
    listed = http.get("/1/user/ada/playlists/createdfor").json()
    assert (listed["playlist_count"], listed["count"], listed["offset"]) == (len(listed["playlists"]), 25, 0)
    patches = {}
    for one in listed["playlists"]:
        found = one["playlist"]
        extension = found["extension"][PLAYLIST]
        patches[extension["additional_metadata"]["algorithm_metadata"]["source_patch"]] = found
        assert found["track"] == []
        assert extension["created_for"] == "Ada"
        assert datetime.fromisoformat(found["date"]) == datetime.fromisoformat(extension["last_modified_at"])
    jams = patches["weekly-jams"]
    assert jams["title"] == "Weekly jams, week of 08 April 2024"
    mbid = urlparse(jams["identifier"]).path.removeprefix("/playlist/")
    whole = http.get(f"/1/playlist/{mbid}").json()["playlist"]
    assert whole | {"track": []} == jams
    first = whole["track"][0]
    number = int(first["title"].removeprefix("Song "))
    assert first["identifier"] == [f"https://musicbrainz.org/recording/{uuid5(MUSICBRAINZ, str(number))}"]
    assert (first["creator"], first["duration"]) == (f"Artist {number // 2}", 200_000)
    assert first["extension"][TRACK]["added_by"] == "tonearm"


def test_an_own_playlist_is_read_by_its_listener(home: Settings, http: httpx.Client) -> None:
    store = open_store(home)
    tracks = [PlaylistTrack(artist_name="Air", track_name="Sexy Boy", recording_mbid=str(MUSICBRAINZ))]
    mbid = save_playlist(store, "Ada", Playlist(title="Mine", tracks=tracks))
    (listed,) = http.get("/1/user/Ada/playlists").json()["playlists"]
    assert (listed["playlist"]["title"], listed["playlist"]["creator"], listed["playlist"]["track"]) == (
        "Mine",
        "Ada",
        [],
    )
    tokens = {name: create_token(store, name, ["read"])[0] for name in ("Ada", "Ben")}
    with client_of(home, needs_tokens=True) as locked:
        status = {
            name: locked.get(f"/1/playlist/{mbid}", headers={"Authorization": f"Token {token}"}).status_code
            for name, token in tokens.items()
        }
    assert status == {"Ada": 200, "Ben": 403}
    whole = http.get(f"/1/playlist/{mbid}").json()["playlist"]
    assert whole["track"][0]["identifier"] == [f"https://musicbrainz.org/recording/{MUSICBRAINZ}"]


def test_no_count_is_too_large(http: httpx.Client) -> None:
    for name in ("playlists", "playlists/createdfor", "playlists/collaborator"):
        assert http.get(f"/1/user/Ada/{name}", params={"count": 10**20}).status_code == 200


def test_an_id_of_no_playlist_is_404_and_what_is_no_id_400(http: httpx.Client) -> None:
    assert http.get(f"/1/playlist/{MUSICBRAINZ}").json()["code"] == 404
    assert http.get("/1/playlist/jams").json()["code"] == 400


def test_named_playlists_are_at_our_own_route_in_every_form(http: httpx.Client) -> None:
    found = http.get("/listeners/ada/playlists/weekly-jams").json()
    titles = [track["track_name"] for track in found["tracks"]]
    assert (found["playlist"], found["on"]) == ("Weekly jams", "2024-04-10")
    assert titles
    form = {name: http.get("/listeners/ada/playlists/Weekly Jams", params={"format": name}) for name in ("m3u", "jspf")}
    assert form["m3u"].text.startswith("#EXTM3U")
    assert [track["title"] for track in form["jspf"].json()["playlist"]["track"]] == titles
    assert http.get("/listeners/ada/playlists/monthly-jams").status_code == 404


def test_recordings_are_recommended_by_their_mbid(http: httpx.Client) -> None:
    answer = http.get("/1/cf/recommendation/user/Ada/recording", params={"count": 3})
    # Everything in this home was heard by Ada.
    assert answer.status_code == 204


@pytest.mark.parametrize(
    ("path", "step"),
    [
        ("/1/user/Ada/playlists/createdfor", "tonearm.api.routes.listenbrainz_playlists.named_playlist"),
        ("/1/cf/recommendation/user/Ada/recording", "tonearm.recommend.answers.answering.for_listener"),
    ],
)
def test_what_another_model_may_recommend_is_asked_anew(
    home: Settings, monkeypatch: pytest.MonkeyPatch, path: str, step: str
) -> None:
    made = []

    def nothing(*given: Any) -> Any:
        made.append(given)
        return SimpleNamespace(tracks=(), version=None)

    monkeypatch.setattr(step, nothing)
    versions = Recommending.versions
    with client_of(home) as http:
        http.get(path)
        once = len(made)
        http.get(path)
        assert len(made) == once > 0
        monkeypatch.setattr(Recommending, "versions", lambda self: (*versions(self), 1))
        http.get(path)
    assert len(made) == 2 * once


@pytest.mark.parametrize(
    ("name", "on", "first"),
    [
        ("weekly-jams", date(2024, 4, 10), date(2024, 4, 8)),
        ("weekly-jams", date(2024, 4, 8), date(2024, 4, 8)),
        ("weekly-exploration", date(2024, 4, 14), date(2024, 4, 8)),
        ("daily", date(2024, 4, 10), date(2024, 4, 10)),
    ],
)
def test_a_playlist_is_dated_by_the_first_day_of_its_period(name: str, on: date, first: date) -> None:
    assert first_day(name, on) == first


def test_a_home_that_heard_nothing_has_no_playlists(tmp_path: Path) -> None:
    made = Settings(home=tmp_path / "home")
    open_store(made).ensure_listener("Ada", "UTC")
    with client_of(made) as http:
        assert http.get("/1/user/Ada/playlists/createdfor").json()["playlists"] == []
