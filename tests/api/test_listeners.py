from __future__ import annotations

import httpx

from tests.api.conftest import upload


def test_a_listener_is_added_and_moves(http: httpx.Client) -> None:
    http.put("/listeners/Ada", json={"zone": "Asia/Calcutta"})
    moved = http.put("/listeners/ada", json={"zone": "Europe/Berlin", "from": "2021-03-01"})
    assert moved.json() == {
        "name": "Ada",
        "zones": [
            {"from": "2000-01-01", "zone": "Asia/Calcutta"},
            {"from": "2021-03-01", "zone": "Europe/Berlin"},
        ],
    }
    assert http.get("/listeners").json() == [moved.json()]


def test_a_correction_of_the_zone_moves_the_local_times(http: httpx.Client) -> None:
    upload(http, timezone="UTC")
    (before,) = {row["hour_of_day"] for row in http.get("/listens").json()["listens"]}
    http.put("/listeners/Ada", json={"zone": "Europe/Berlin"})
    (after,) = {row["hour_of_day"] for row in http.get("/listens").json()["listens"]}
    assert (before, after) == (9, 10)


def test_an_unknown_zone_is_404_with_the_nearest(http: httpx.Client) -> None:
    answer = http.put("/listeners/Ada", json={"zone": "Europe/Berln"})
    assert answer.status_code == 404
    assert "Europe/Berlin" in answer.json()["message"]


def test_the_overview_and_favourites_of_a_listener(filled: httpx.Client) -> None:
    shown = filled.get("/listeners/ada/overview").json()
    assert (shown["listener"], shown["totals"]["listens"], shown["totals"]["tracks"]) == ("Ada", 2, 2)
    (air,) = filled.get("/listeners/Ada/top/artists").json()
    assert (air["artist"], air["listens"], air["minutes"]) == ("Air", 2, None)
    assert filled.get("/listeners/Ada/top/artists", params={"to": "2019-12-31"}).json() == []
    assert filled.get("/listeners/Bob/overview").status_code == 404


def test_listens_newest_first_and_on_from_next(filled: httpx.Client) -> None:
    first = filled.get("/listens", params={"limit": 1}).json()
    second = filled.get("/listens", params={"limit": 1, "before": first["next"]}).json()
    assert [page["listens"][0]["track_name"] for page in (first, second)] == ["La femme d'argent", "Sexy Boy"]
    assert second["next"] is None
    within = {"from": "2020-11-20T09:30:00Z", "to": "2020-11-20T10:00:00Z"}
    assert len(filled.get("/listens", params=within).json()["listens"]) == 1


def test_with_several_listeners_one_must_be_named(http: httpx.Client) -> None:
    for name in ("Ada", "Ben"):
        http.put(f"/listeners/{name}", json={"zone": "UTC"})
    answer = http.get("/listens")
    assert (answer.status_code, answer.json()["message"]) == (
        422,
        "there are several listeners; name one (--listener, a token, or ?listener=): Ada, Ben",
    )
