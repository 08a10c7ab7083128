from __future__ import annotations

import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from xml.etree import ElementTree

import httpx
import pytest

from tests.api.conftest import PROBLEM, client_of, upload
from tests.api.test_auth import BOBS, household, shown, store
from tonearm.settings import Settings
from tonearm.store import Store
from tonearm.store.playing import set_playing
from tonearm.store.showing import show_cards

__all__ = ["BOBS", "household", "store"]

CARDS = ("now.svg", "week.svg", "artists.svg", "albums.svg", "tracks.svg", "grid.svg", "grid.png", "artists.png")
GRID = "/1/art/grid-stats/{}/all_time/3/0/300"


def words(answer: httpx.Response) -> list[str]:
    root = ElementTree.fromstring(answer.text)
    return [element.text or "" for element in root.iter("{http://www.w3.org/2000/svg}text")]


@pytest.fixture(scope="module")
def beyond(household: Settings, store: Store) -> Iterator[httpx.Client]:
    """The API where others can reach it; Bob's cards are public, and Ada's are not."""
    show_cards(store, "Bob", is_public=True)
    with client_of(household, needs_tokens=True) as http:
        yield http


@pytest.mark.parametrize("card", CARDS)
def test_each_card_is_a_picture_that_is_not_sent_twice(filled: httpx.Client, card: str) -> None:
    answer = filled.get(f"/cards/ada/{card}")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == ("image/png" if card.endswith("png") else "image/svg+xml")
    assert answer.headers["cache-control"] == "private, no-cache"
    assert answer.headers["cross-origin-resource-policy"] == "same-origin"
    again = filled.get(f"/cards/ada/{card}", headers={"If-None-Match": answer.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


@pytest.mark.parametrize("kind", ["image", "iframe", "object", "embed", "script"])
def test_on_this_machine_too_another_websites_page_shows_no_private_card(filled: httpx.Client, kind: str) -> None:
    embedded = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Dest": kind}
    ours, nobodys = (filled.get(f"/cards/{name}/now.svg", headers=embedded) for name in ("ada", "nobody"))
    assert (ours.status_code, nobodys.status_code) == (404, 404)
    assert ours.json()["detail"] == nobodys.json()["detail"]
    grid = filled.get(GRID.format("ada"), headers=embedded)
    assert grid.status_code == 404
    followed = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Dest": "document"}
    assert filled.get("/cards/ada/now.svg", headers=followed).status_code == 200
    assert "frame-ancestors 'none'" in filled.get("/cards/ada/now.svg").headers["content-security-policy"]


def test_a_public_card_may_be_embedded(beyond: httpx.Client) -> None:
    embedded = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Dest": "image"}
    answer = beyond.get("/cards/bob/now.svg", headers=embedded)
    assert (answer.status_code, answer.headers["cross-origin-resource-policy"]) == (200, "cross-origin")
    assert "frame-ancestors" not in answer.headers["content-security-policy"]


def test_cards_count_what_was_imported(filled: httpx.Client) -> None:
    assert words(filled.get("/cards/Ada/now.svg"))[:4] == [
        *("Last played 20 Nov 2020, 10:35", "Ada", "La femme d'argent", "Air")
    ]
    assert words(filled.get("/cards/Ada/week.svg"))[:4] == ["The week", "16 – 22 Nov 2020", "Ada", "2 plays"]
    listed = words(filled.get("/cards/Ada/tracks.svg", params={"range": "2020", "count": 1}))
    assert listed == ["Top tracks", "2020", "Ada", "1", "La femme d'argent – Air", "1"]


def test_what_plays_is_shown_at_once(home: Settings, http: httpx.Client) -> None:
    upload(http)
    before = http.get("/cards/Ada/now.svg")
    from tonearm.store import open_store

    body = '{"track_metadata": {"artist_name": "Can", "track_name": "<Vitamin C>"}}'
    set_playing(open_store(home), "Ada", body, 200, datetime.now(UTC))
    after = http.get("/cards/Ada/now.svg", headers={"If-None-Match": before.headers["etag"]})
    assert words(after)[:4] == ["Playing now", "Ada", "<Vitamin C>", "Can"]


@pytest.mark.parametrize(
    ("asked", "status"),
    [
        ("artists.svg?range=2020", 200),
        ("artists.svg?range=2020-11", 422),
        ("artists.svg?range=soon", 422),
        ("artists.svg?count=11", 422),
        ("artists.svg?count=0", 422),
        ("artists.svg?theme=pink", 422),
        ("artists.png?scale=4", 422),
        ("artists.gif", 422),
        ("grid.svg?dimension=5&layout=1", 200),
        ("grid.svg?dimension=5&layout=2", 422),
        ("grid.svg?dimension=6", 422),
        ("genres.svg", 422),
        ("now.svg/x", 404),
    ],
)
def test_what_is_no_card_is_a_problem(filled: httpx.Client, asked: str, status: int) -> None:
    answer = filled.get(f"/cards/Ada/{asked}")
    assert answer.status_code == status
    assert status == 200 or set(answer.json()) == PROBLEM


def test_a_range_that_cards_do_not_have_is_answered_with_those_there_are(filled: httpx.Client) -> None:
    for card in ("artists.svg", "grid.svg"):
        detail = filled.get(f"/cards/Ada/{card}", params={"range": "2020-11"}).json()["detail"]
        assert detail == "no range '2020-11'; there are all, week, month, year, and years as 2019"


@pytest.mark.parametrize(
    ("asked", "status"),
    [
        ("Ada/all_time/3/0/300", 200),
        ("Ada/all_time/1/0/128", 200),
        ("Ada/year/5/1/1024", 400),
        ("Ada/soon/3/0/300", 400),
        ("Ada/all_time/6/0/300", 400),
        ("Ada/all_time/0/0/300", 400),
        ("Ada/all_time/3/3/300", 400),
        ("Ada/all_time/3/-1/300", 400),
        ("Ada/all_time/3/0/127", 400),
        ("Ada/all_time/3/0/1025", 400),
        ("Ada/all_time/three/0/300", 400),
        ("Nobody/all_time/3/0/300", 404),
    ],
)
def test_grids_are_those_of_listenbrainz_and_so_are_its_errors(filled: httpx.Client, asked: str, status: int) -> None:
    answer = filled.get(f"/1/art/grid-stats/{asked}")
    assert answer.status_code == status
    if status == 200:
        assert "Moon Safari – Air" in [one.text for one in ElementTree.fromstring(answer.text).iter()]
    else:
        assert set(answer.json()) == {"code", "error"} and answer.json()["code"] == status


def test_png_names_the_extra_that_it_needs(filled: httpx.Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "resvg_py", None)
    monkeypatch.delitem(sys.modules, "tonearm.pictures.png", raising=False)
    answer = filled.get("/cards/Ada/week.png?scale=3")
    assert (answer.status_code, set(answer.json())) == (501, PROBLEM)
    assert "pip install 'tonearm[pictures]'" in answer.json()["detail"]
    assert filled.get("/cards/Ada/week.svg").status_code == 200


@pytest.mark.parametrize("path", [*(f"/cards/{{}}/{card}" for card in CARDS), GRID])
def test_only_public_cards_need_no_token(beyond: httpx.Client, path: str) -> None:
    answer = beyond.get(path.format("bob"))
    assert answer.status_code == 200
    assert answer.headers["cache-control"].startswith("public, max-age=")
    assert answer.headers["cross-origin-resource-policy"] == "cross-origin"
    again = beyond.get(path.format("bob"), headers={"If-None-Match": answer.headers["etag"]})
    assert (again.status_code, again.headers["cache-control"]) == (304, answer.headers["cache-control"])


@pytest.mark.parametrize("path", ["/cards/{}/now.svg", "/cards/{}/artists.png?range=2020", GRID])
def test_nobody_finds_out_who_there_is(beyond: httpx.Client, path: str) -> None:
    hidden, made_up = (beyond.get(path.format(name)) for name in ("Ada", "Nobody"))
    assert hidden.status_code == made_up.status_code == 404
    assert (hidden.content, sorted(hidden.headers)) == (made_up.content, sorted(made_up.headers))


def test_a_token_opens_its_own_listeners_cards(beyond: httpx.Client, store: Store) -> None:
    mine, sends = shown(store, "Ada", "read"), shown(store, "Ada", "submit")
    assert beyond.get("/cards/Ada/now.svg", headers=mine).status_code == 200
    assert beyond.get("/cards/Ada/now.svg", headers=sends).status_code == 403
    assert beyond.get("/cards/Nobody/now.svg", headers=mine).status_code == 403
    assert beyond.get("/cards/Ada/now.svg", headers={"Authorization": "Token wrong"}).status_code == 401
    assert beyond.get("/cards/Bob/now.svg", headers=mine).status_code == 200


def test_public_cards_open_nothing_else(beyond: httpx.Client) -> None:
    for path in (
        "/1/user/Bob/listens",
        "/documents/home?listener=Bob",
        "/listeners/Bob/cards",
        "/listens?listener=Bob",
    ):
        assert beyond.get(path).status_code == 401, path


def test_cards_are_shown_and_hidden_by_an_administrator(beyond: httpx.Client, store: Store) -> None:
    admin, reader = shown(store, "Ada", "admin"), shown(store, "Ada", "read")
    show = {"json": {"is_public": True}}
    assert beyond.put("/listeners/Ada/cards", headers=reader, **show).status_code == 403
    assert beyond.get("/cards/Ada/now.svg").status_code == 404
    made = beyond.put("/listeners/ada/cards", headers=admin, **show).json()
    assert (made["listener"], made["is_public"]) == ("Ada", True)
    assert [beyond.get(path).status_code for path in made["cards"]] == [200] * 6
    beyond.put("/listeners/Ada/cards", headers=admin, json={"is_public": False})
    assert beyond.get("/listeners/Ada/cards", headers=reader).json()["is_public"] is False
    assert beyond.get("/cards/Ada/now.svg").status_code == 404


def test_a_removed_listener_leaves_nothing_public(tmp_path: Path) -> None:
    home = Settings(home=tmp_path / "home")
    with client_of(home, needs_tokens=True) as http:
        from tonearm.store import open_store

        opened = open_store(home)
        opened.ensure_listener("Ada", "UTC")
        show_cards(opened, "Ada", is_public=True)
        assert words(http.get("/cards/Ada/now.svg")) == ["Nothing played yet", "Ada"]
        assert words(http.get("/cards/Ada/week.svg"))[1:] == ["Ada"]
        opened.remove("Ada")
        opened.ensure_listener("Ben", "UTC")
        assert http.get("/cards/Ada/now.svg").status_code == http.get("/cards/Ben/now.svg").status_code == 404
