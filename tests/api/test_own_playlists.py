from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from uuid import uuid4

import httpx
import pytest
from sqlalchemy import Engine, event

from tests.api.conftest import client_of, upload
from tonearm.settings import Settings
from tonearm.store import open_store
from tonearm.store.tokens import create_token

MBID = "b1a9c0e9-d987-4042-ae91-78d6a3267d69"
SPOTIFY = "4uLU6hMCjMI75M1A2tKUQC"
CAN = {"artist_name": "Can", "track_name": "Vitamin C", "spotify_id": f"spotify:track:{SPOTIFY}", "duration_s": 211.5}


@pytest.fixture(scope="module")
def mine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    """A home in which Ada has heard two tracks of Air."""
    with client_of(Settings(home=tmp_path_factory.mktemp("own") / "home")) as client:
        upload(client)
        yield client


def make(http: httpx.Client, *tracks: object, **about: object) -> httpx.Response:
    return http.post("/playlists", json={"title": "Mix", "tracks": list(tracks), **about})


def labels(answer: httpx.Response) -> list[str]:
    assert answer.is_success, answer.text
    return [f"{one['artist_name']} - {one['track_name']}" for one in answer.json()["entries"]]


def test_tracks_are_given_by_names_or_ids_and_known_to_the_lake(mine: httpx.Client) -> None:
    sexy_boy = mine.get("/songs", params={"q": "sexy"}).json()["songs"][0]["id"]
    made = make(mine, "Air - Sexy Boy", str(sexy_boy), CAN, "Air – Nowhere – Live")
    assert made.status_code == 201
    assert labels(made) == ["Air - Sexy Boy", "Air - Sexy Boy", "Can - Vitamin C", "Air - Nowhere – Live"]
    assert [one["track_id"] for one in made.json()["entries"]] == [sexy_boy, sexy_boy, None, None]
    assert made.json()["entries"][2]["spotify_id"] == SPOTIFY
    assert mine.get(f"/playlists/{made.json()['id']}").json() == made.json()


def test_a_playlist_is_replaced_listed_and_removed(mine: httpx.Client) -> None:
    id = make(mine, "Air - Sexy Boy", description="for rain").json()["id"]
    before = mine.get("/playlists").json()["total"]
    changed = mine.put(f"/playlists/{id}", json={"title": "Other", "tracks": [CAN, "Air - Sexy Boy"]})
    assert (changed.json()["title"], changed.json()["description"]) == ("Other", None)
    page = mine.get("/playlists", params={"limit": 1}).json()
    assert [(one["id"], one["title"], one["tracks"]) for one in page["playlists"]] == [(id, "Other", 2)]
    assert mine.delete(f"/playlists/{id}").status_code == 204
    assert mine.get(f"/playlists/{id}").status_code == 404
    assert mine.get("/playlists").json()["total"] == before - 1


@pytest.mark.parametrize("path", ["/playlists", "/1/user/Ada/playlists"])
def test_a_list_of_playlists_reads_no_track(mine: httpx.Client, path: str) -> None:
    make(mine, CAN)
    statements: list[str] = []

    def seen(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        statements.append(statement)

    event.listen(Engine, "before_cursor_execute", seen)
    try:
        assert mine.get(path).json()["playlists"]
    finally:
        event.remove(Engine, "before_cursor_execute", seen)
    assert any("FROM playlists" in one for one in statements)
    assert not any("playlist_tracks.track_name" in one for one in statements)


def test_a_playlist_leaves_in_the_forms_that_others_read_and_comes_back(mine: httpx.Client) -> None:
    id = make(mine, CAN | {"recording_mbid": MBID}, "Air - Sexy Boy", title='R/ "ain').json()["id"]
    m3u = mine.get(f"/playlists/{id}?format=m3u")
    assert "#EXTINF:212,Can - Vitamin C" in m3u.text
    assert m3u.headers["content-disposition"] == 'attachment; filename="R_ _ain.m3u8"'
    uris = mine.get(f"/playlists/{id}?format=spotify")
    assert (uris.text, uris.headers["x-left-out"]) == (f"spotify:track:{SPOTIFY}\n", "1")
    document = mine.get(f"/playlists/{id}?format=jspf").json()
    again = mine.post("/playlists/jspf", json=document)
    assert (again.json()["title"], again.json()["source"]) == ('R/ "ain', "jspf")
    assert labels(again) == ["Can - Vitamin C", "Air - Sexy Boy"]
    first = again.json()["entries"][0]
    assert (first["recording_mbid"], first["spotify_id"], first["duration_s"]) == (MBID, SPOTIFY, 211.5)


def test_what_is_exported_and_imported_is_the_same_playlist_once(mine: httpx.Client) -> None:
    whole = CAN | {"recording_mbid": MBID, "album_name": "Ege Bamyası"}
    made = make(mine, whole, "Air - Sexy Boy", title="Rain", description="For two rainy evenings").json()
    document = mine.get(f"/playlists/{made['id']}?format=jspf").json()
    first, again = (mine.post("/playlists/jspf", json=document).json() for _ in range(2))
    assert first["id"] == again["id"] != made["id"]
    assert first["source_id"] == made["id"]
    for one in (first, made):
        for track in one["entries"]:
            del track["added_at"]
    same = ("title", "description", "entries")
    assert {name: first[name] for name in same} == {name: made[name] for name in same}


def test_a_document_with_an_identifier_is_known_when_it_comes_again(mine: httpx.Client) -> None:
    track = {"title": "Remember", "creator": "Air", "identifier": [f"https://musicbrainz.org/recording/{MBID}"]}
    held = {"title": "Weekly", "identifier": f"https://listenbrainz.org/playlist/{uuid4()}", "track": [track]}
    first = mine.post("/playlists/jspf", json={"playlist": held})
    again = mine.post("/playlists/jspf", json={"playlist": held | {"track": [track, track]}})
    assert (first.json()["id"], len(labels(again))) == (again.json()["id"], 2)


@pytest.mark.parametrize(
    ("body", "why"),
    [
        ({"title": "Mix", "tracks": ["Sexy Boy"]}, "is no track"),
        ({"title": "Mix", "tracks": ["7"]}, "the lake has no track '7'"),
        ({"title": "Mix", "tracks": [f"spotify:track:{SPOTIFY}"]}, "the lake has no track"),
        ({"title": "Mix", "tracks": [CAN | {"spotify_id": "x"}]}, "22 letters"),
        ({"title": " "}, "needs a title"),
        ({"tracks": []}, "title"),
    ],
)
def test_what_is_no_playlist_is_refused_in_words(mine: httpx.Client, body: object, why: str) -> None:
    answer = mine.post("/playlists", json=body)
    assert (answer.status_code, why in answer.json()["message"]) == (422, True), answer.text


@pytest.mark.parametrize(
    "document",
    [{}, {"playlist": 3}, {"playlist": {"title": "Mix", "track": {}}}, {"playlist": {"title": "Mix", "track": [3]}}],
)
def test_what_is_no_jspf_is_refused_in_words(mine: httpx.Client, document: object) -> None:
    answer = mine.post("/playlists/jspf", json=document)
    assert (answer.status_code, "playlist" in answer.json()["message"]) == (422, True), answer.text


def test_a_playlist_is_its_listener_s_unless_it_is_public(home: Settings) -> None:
    secrets = {}
    with closing(open_store(home)) as store:
        for name in ("Ada", "Ben"):
            store.ensure_listener(name, "UTC")
            secrets[name], _ = create_token(store, name, ["read", "submit"])
    with client_of(home, needs_tokens=True) as http:

        def as_(name: str) -> dict[str, str]:
            return {"Authorization": f"Token {secrets[name]}"}

        body = {"title": "Mix", "tracks": ["Air - Sexy Boy"]}
        id = http.post("/playlists", json=body, headers=as_("Ada")).json()["id"]
        assert http.get(f"/playlists/{id}", headers=as_("Ada")).json()["listener"] == "Ada"
        for method in ("GET", "DELETE"):
            assert http.request(method, f"/playlists/{id}", headers=as_("Ben")).status_code == 403
        assert http.post("/playlists?listener=Ada", json=body, headers=as_("Ben")).status_code == 403
        http.put(f"/playlists/{id}", json=body | {"is_public": True}, headers=as_("Ada"))
        assert http.get(f"/playlists/{id}", headers=as_("Ben")).status_code == 200
        assert http.put(f"/playlists/{id}", json=body, headers=as_("Ben")).status_code == 403
