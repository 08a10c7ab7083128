from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx
import pytest

from tests.api.conftest import client_of, upload
from tests.api.test_hostile import BODIES, check
from tonearm.api.recommending import Recommending
from tonearm.settings import Settings

HEADER = (
    "track_id,artists,album_name,track_name,popularity,duration_ms,explicit,danceability,energy,key,loudness,"
    "mode,speechiness,acousticness,instrumentalness,liveness,valence,tempo,time_signature,track_genre"
)
GENRES = ("rock", "jazz")
HEARD = "".join(f"Rock Band {k // 6},,Song {k},{k // 2 + 1:02d} Nov 2020 09:35\n" for k in range(0, 20, 2))


def catalogue() -> str:
    """A track catalogue of 60 tracks of two genres, as CSV."""
    lines = [HEADER]
    for k in range(60):
        part = (k * 7 % 60) / 60
        lines.append(
            f"{k:022d},{GENRES[k % 2].title()} Band {k // 6},,Song {k},{k},200000,{k % 3 == 0},{part},{1 - part},1,"
            f"-9.0,0,0.1,{part},0.1,0.1,{part},{80 + k},4,{GENRES[k % 2]}"
        )
    return "\n".join(lines) + "\n"


@pytest.fixture(scope="module")
def http(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    """A home with 60 tracks of two genres, in which Ada has heard ten of rock."""
    with client_of(Settings(home=tmp_path_factory.mktemp("recommend") / "home")) as client:
        content = catalogue().encode()
        assert client.post("/imports", files=[("files", ("catalogue.csv", content))]).status_code == 200
        assert upload(client, HEARD, timezone="UTC").status_code == 200
        yield client


def answer(response: httpx.Response) -> Any:
    assert response.status_code == 200, response.text
    return response.json()


def test_a_song_has_songs_that_go_with_it(http: httpx.Client) -> None:
    found = answer(http.get(f"/recommend/song/{0:022d}", params={"k": 5, "genres": ["rock"], "tempo": "80-"}))
    assert found["title"] == "like Rock Band 0 – Song 0"
    assert len(found["tracks"]) == 5
    assert {track["genre"] for track in found["tracks"]} == {"rock"}
    assert answer(http.get("/recommend/song/Rock Band 0 - Song 0", params={"k": 5, "genres": "rock"})) == found
    assert answer(http.get(f"/recommend/song/{found['tracks'][0]['track_id']}"))["tracks"]


def test_a_listener_gets_what_is_new_to_them(http: httpx.Client) -> None:
    for path in ("/recommend/user/", "/recommend/user"):
        found = answer(http.post(path, json={"listener": "ADA", "k": 8, "day": "2024-05-01"}))
        assert found["title"] == "for Ada"
        assert not any(track["is_heard"] for track in found["tracks"])
        known = {f"Rock Band {k}" for k in range(4)}
        assert all(track["is_artist_heard"] == (track["artist_name"] in known) for track in found["tracks"])
        assert all(track["because"] for track in found["tracks"])
    assert found["served_by"] == "baseline"


def test_a_playlist_of_the_listener_goes_on_and_counts_as_liked(http: httpx.Client) -> None:
    tracks = ["Jazz Band 0 - Song 1", "Jazz Band 0 - Song 3", "Nobody - Nothing"]
    made = http.post("/playlists", json={"title": "Jazz", "tracks": tracks}).json()
    found = answer(http.post("/recommend/playlist", json={"playlist": made["id"], "k": 5}))
    assert found == answer(http.post("/recommend/playlist", json={"tracks": tracks[:2], "k": 5}))
    plain = {"listener": "Ada", "k": 20, "day": "2024-05-01", "explained": False}
    liked = answer(http.post("/recommend/user/", json=plain | {"playlists": True}))
    assert liked == answer(http.post("/recommend/user/", json=plain | {"liked": tracks[:2]}))
    empty = http.post("/playlists", json={"title": "Jazz", "tracks": tracks[2:]}).json()
    for wrong, status in (({}, 422), ({"playlist": "x"}, 404), ({"playlist": empty["id"]}, 422)):
        assert http.post("/recommend/playlist", json=wrong).status_code == status


def test_liked_tracks_and_filters_are_enough(http: httpx.Client) -> None:
    wishes = {"liked": ["song 1", f"{3:022d}"], "disliked": ["song 0"], "k": 4, "not_artists": ["jazz band 1"]}
    found = answer(http.post("/recommend/user/", json={**wishes, "explicit": False, "seen": ["song 5"]}))
    assert not {"Song 1", "Song 3", "Song 5", "Song 0"} & {track["track_name"] for track in found["tracks"]}
    assert not any(track["is_explicit"] for track in found["tracks"])
    assert "Jazz Band 1" not in {track["artist_name"] for track in found["tracks"]}


def test_a_playlist_goes_on_without_its_own_tracks(http: httpx.Client) -> None:
    tracks = [f"song {k}" for k in (1, 3, 5)]
    found = answer(http.post("/recommend/playlist", json={"tracks": tracks, "k": 6, "explained": False}))
    assert not {t.title() for t in tracks} & {track["track_name"] for track in found["tracks"]}
    assert found["title"].endswith("and 1 more")
    assert found["tracks"][0]["why"] == []


def test_relaxed_filters_are_stated(http: httpx.Client) -> None:
    wishes = {"listener": "Ada", "genres": ["jazz"], "popularity": "50-", "k": 10}
    found = answer(http.post("/recommend/user/", json=wishes))
    assert found["relaxed"] == ["popularity"]
    assert [track["misses"] for track in found["tracks"]].count(["popularity"]) == 6, "four at most two by each of two"
    strict = answer(http.post("/recommend/user/", json={**wishes, "relax": False}))
    assert len(strict["tracks"]) == 4
    assert strict["fewer"]


def test_search_forgives_typing_errors(http: httpx.Client) -> None:
    assert answer(http.get("/search", params={"q": "jazz bnad 3 snog 19"}))[0]["track_name"] == "Song 19"
    assert answer(http.get("/search", params={"q": "rok band 2", "kind": "artist"}))[0]["artist_name"] == "Rock Band 2"


def test_feedback_changes_the_next_answer_until_it_is_taken_back(http: httpx.Client) -> None:
    ask = {"listener": "Ada", "k": 10, "day": "2024-05-01"}
    before = answer(http.post("/recommend/user/", json=ask))
    artist = before["tracks"][0]
    given = {"kind": "hide", "subject": "artist", "name": artist["artist_name"]}
    assert answer(http.post("/listeners/ada/feedback", json=given))["subject_id"] == artist["artist_id"]
    assert [one["kind"] for one in answer(http.get("/listeners/Ada/feedback"))] == ["hide"]
    after = answer(http.post("/recommend/user/", json=ask))
    assert artist["artist_name"] not in {track["artist_name"] for track in after["tracks"]}
    song = answer(http.get("/recommend/song/Song 0", params={"listener": "ada", "k": 50, "unheard": True}))
    assert artist["artist_name"] not in {track["artist_name"] for track in song["tracks"]}
    gone = http.delete(f"/listeners/ada/feedback/artist/{artist['artist_id']}")
    assert answer(gone) == {"entries": 1}
    assert answer(http.post("/recommend/user/", json=ask)) == before


def test_what_was_imported_meanwhile_is_there(http: httpx.Client) -> None:
    upload(http, "New Band,,Brand New,20 Dec 2020 09:35\n", listener="Ben", timezone="UTC")
    assert answer(http.get("/search", params={"q": "brand new"}))[0]["listens"] == 1


@pytest.mark.parametrize(
    ("method", "path", "sent", "status", "message"),
    [
        ("GET", "/recommend/song/Song 1000", {}, 404, "Song"),
        ("GET", "/recommend/song/99999999999999999999", {}, 404, "no track"),
        ("GET", "/recommend/song/Song 1", {"k": 0}, 422, "k is the number of tracks, 1 to 500"),
        ("GET", "/recommend/song/Song 1", {"k": 10**6}, 422, "1,000,000"),
        ("GET", "/recommend/song/Song 1", {"genres": "rokc"}, 404, "did you mean rock"),
        ("GET", "/recommend/song/Song 1", {"tempo": "fast"}, 422, "not a range"),
        ("GET", "/recommend/song/Song 1", {"tempo": "500-"}, 422, "there are 80–139"),
        ("GET", "/recommend/song/Song 1", {"unheard": True}, 422, "unheard by whom"),
        ("GET", "/recommend/song/Song 1", {"colour": "blue"}, 422, "colour"),
        ("POST", "/recommend/user/", {}, 422, "for whom"),
        ("POST", "/recommend/user/", {"listener": "adda"}, 404, "did you mean Ada"),
        ("POST", "/recommend/user/", {"liked": ["song 1"], "disliked": ["Song 1"]}, 422, "both liked and disliked"),
        ("POST", "/recommend/user/", {"liked": ["x"] * 1001}, 422, "liked"),
        ("POST", "/recommend/user/", {"liked": ["x" * 1000]}, 422, "liked"),
        ("POST", "/recommend/user/", {"listener": "ada", "k": 2**70}, 422, "k is"),
        ("POST", "/recommend/user/", {"listener": "ada", "diversity": "NaN"}, 422, "diversity"),
        ("POST", "/recommend/playlist", {"tracks": []}, 422, "tracks"),
        ("GET", "/search", {"q": " "}, 422, "the text is empty"),
        ("GET", "/search", {"q": "x" * 300}, 422, "q"),
        ("POST", "/listeners/Ada/feedback", {"kind": "adore", "name": "song 1"}, 422, "kind"),
        (
            "POST",
            "/listeners/Ada/feedback",
            {"kind": "like", "subject": "artist", "name": "jazz band 1"},
            422,
            "hidden",
        ),
        ("POST", "/listeners/Nobody/feedback", {"kind": "like", "name": "song 1"}, 404, "no listener"),
        ("DELETE", f"/listeners/Ada/feedback/track/{2**63}", {}, 200, "entries"),
    ],
)
def test_what_cannot_be_answered_is_a_problem(
    http: httpx.Client, method: str, path: str, sent: dict[str, Any], status: int, message: str
) -> None:
    how = {"params": sent} if method == "GET" else {"json": sent}
    response = http.request(method, path, **(how if sent or method == "POST" else {}))
    assert response.status_code == status, response.text
    assert message in response.text


@pytest.mark.parametrize("path", ["/recommend/user/", "/recommend/playlist", "/listeners/Ada/feedback"])
def test_a_body_that_cannot_be_read_is_a_problem(http: httpx.Client, path: str) -> None:
    wishes = '{"listener": "Ada", "liked": ["song 1"], "tracks": ["song 1"], "kind": "like", "name": "song 1"'
    odd = [wishes + more for more in (', "k": 1e999}', ', "novelty": NaN}', ', "day": "0001-01-01"}', ', "seed": 1}')]
    for body in (*BODIES, *odd, '{"tracks": ["\\ud800"], "liked": ["\\ud800"], "name": "\\ud800", "kind": "skip"}'):
        sent = body.encode("latin-1", "replace")
        check(http.post(path, content=sent, headers={"content-type": "application/json"}))


def test_a_home_without_tracks_says_what_to_do(home: Settings) -> None:
    with client_of(home) as http:
        for response in (http.get("/recommend/song/x"), http.get("/search", params={"q": "x"})):
            assert response.status_code == 422
            assert "import" in response.json()["message"]


def test_the_api_starts_without_what_recommends() -> None:
    code = "import sys, tonearm.api.app; print([m for m in ('scipy', 'rapidfuzz') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=Path.cwd())
    assert done.stdout.strip() == "[]"


def test_an_answer_is_remembered_until_the_tables_change() -> None:
    versions, now_s = {"tracks": 1}, [0.0]
    lake: Any = SimpleNamespace(version=versions.get)
    asked = Recommending(Settings(home=Path("nowhere")), lake, clock=lambda: now_s[0])
    asked.remember("/recommend/song/7?", b"{}", asked.versions())
    assert asked.remembered("/recommend/song/7?") == b"{}"
    assert asked.remembered("/recommend/song/7?k=3") is None
    versions["tracks"], now_s[0] = 2, 1.0
    assert asked.remembered("/recommend/song/7?") is None


def test_what_is_remembered_is_answered_while_the_tables_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    lake: Any = SimpleNamespace(version=lambda _: 1)
    asked = Recommending(Settings(home=Path("nowhere")), lake)
    asked.remember("/recommend/song/7?", b"{}", asked.versions())

    def read(_: Settings) -> Any:
        return pool.submit(asked.remembered, "/recommend/song/7?").result(timeout=10)

    monkeypatch.setattr("tonearm.api.recommending.read_names", read)
    with ThreadPoolExecutor(1) as pool:
        assert asked.names() == b"{}"


def test_answers_make_room_for_newer_ones() -> None:
    lake: Any = SimpleNamespace(version=lambda _: 1)
    asked = Recommending(Settings(home=Path("nowhere")), lake)
    for number in range(40):
        asked.remember(str(number), b"x" * 1_000_000, asked.versions())
    assert asked.remembered("0") is None
    assert asked.remembered("39") is not None
    asked.remember("large", b"x" * 1_000_001, asked.versions())
    assert asked.remembered("large") is None
