from __future__ import annotations

from contextlib import closing

import httpx

from tests.api.conftest import client_of
from tonearm.building.execute import build
from tonearm.ingest.added_songs import import_added_songs
from tonearm.settings import Settings
from tonearm.store import open_store

HELP = {"artist_name": "The Beatles", "track_name": "Help!", "genre": "rock", "duration_s": 139}


def names(answer: httpx.Response) -> list[str]:
    assert answer.status_code == 200, answer.text
    return [one["track_name"] for one in answer.json()["songs"]]


def test_a_song_is_added_changed_and_removed_before_anything_was_imported(http: httpx.Client) -> None:
    assert http.get("/songs").json() == {"songs": [], "total": 0}
    made = http.post("/songs", json=HELP)
    assert (made.status_code, made.json()["source"], made.json()["is_in_lake"]) == (201, "by hand", False)
    path = f"/songs/{made.json()['id']}"
    assert http.get(path).json() == made.json()
    changed = http.put(path, json=HELP | {"genre": "pop"}).json()
    assert (changed["genre"], changed["id"]) == ("pop", made.json()["id"])
    renamed = http.put(path, json=HELP | {"track_name": "Yesterday"}).json()
    assert http.get(path).status_code == 404
    assert http.delete(f"/songs/{renamed['id']}").status_code == 204
    assert http.get("/songs").json()["total"] == 0


def test_songs_of_the_lake_and_added_ones_are_found_together(filled_home: Settings, filled: httpx.Client) -> None:
    made = filled.post("/songs", json=HELP).json()
    assert names(filled.get("/songs")) == ["La femme d'argent", "Sexy Boy", "Help!"]
    assert names(filled.get("/songs", params={"q": "FÉMME"})) == ["La femme d'argent"]
    assert names(filled.get("/songs", params={"added": True})) == ["Help!"]
    page = filled.get("/songs", params={"limit": 1, "offset": 1, "added": False}).json()
    assert ([one["track_name"] for one in page["songs"]], page["total"]) == (["Sexy Boy"], 2)
    assert filled.delete(f"/songs/{made['id']}").status_code == 204


def test_what_cannot_be_done_is_answered_in_words(filled: httpx.Client) -> None:
    sexy_boy = filled.get("/songs", params={"q": "sexy"}).json()["songs"][0]["id"]
    made = filled.post("/songs", json=HELP).json()["id"]
    for request, status, why in (
        (filled.build_request("POST", "/songs", json=HELP), 409, f"it is song {made}"),
        (
            filled.build_request("POST", "/songs", json={"artist_name": "AIR", "track_name": "Sexy boy"}),
            409,
            "lake has",
        ),
        (filled.build_request("POST", "/songs", json={"artist_name": "Air"}), 422, "track_name"),
        (filled.build_request("POST", "/songs", json=HELP | {"spotify_id": "42"}), 422, "22 letters"),
        (filled.build_request("PUT", f"/songs/{sexy_boy}", json=HELP), 409, "only songs that were added"),
        (filled.build_request("DELETE", f"/songs/{sexy_boy}"), 409, "only songs that were added"),
        (filled.build_request("GET", "/songs/7"), 404, "no song '7'"),
        (filled.build_request("GET", f"/songs/{2**70}"), 422, "less than"),
    ):
        answer = filled.send(request)
        assert (answer.status_code, why in answer.json()["message"]) == (status, True), answer.text
    filled.delete(f"/songs/{made}")


def test_an_added_song_is_in_the_lake_after_its_import_and_no_longer_once_it_is_removed(home: Settings) -> None:
    def bring_in() -> None:
        with closing(open_store(home)) as store:
            import_added_songs(home, store)
        build(home, ["tracks"])

    with client_of(home) as http:
        made = http.post("/songs", json=HELP).json()
        bring_in()
        known = http.get(f"/songs/{made['id']}").json()
        assert known == made | {"is_in_lake": True}
        found = http.get("/search", params={"q": "help"}).json()
        assert [(one["track_name"], one["id"]) for one in found] == [("Help!", made["id"])]
        http.delete(f"/songs/{made['id']}")
        bring_in()
        assert http.get("/search", params={"q": "help"}).json() == []
