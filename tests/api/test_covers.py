from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import httpx
import pytest
from msgspec.structs import replace

from tests.api.conftest import PROBLEM, client_of
from tonearm.settings import Settings
from tonearm.store import open_store
from tonearm.store.tokens import create_token

JPEG = b"\xff\xd8\xff\xe0 picture"


@pytest.fixture
def covered(filled_home: Settings, tmp_path: Path) -> Iterator[httpx.Client]:
    """The filled home with a cover of its album Moon Safari."""
    made = tmp_path / "Air" / "Moon Safari" / "cover.jpg"
    made.parent.mkdir(parents=True)
    made.write_bytes(JPEG)
    with client_of(replace(filled_home, covers=str(tmp_path))) as client:
        yield client


def row_of(http: httpx.Client, **asked: str) -> dict[str, str]:
    found = http.get("/documents/charts", params={"kind": "albums", **asked}).json()["ranking"]["rows"][0]
    assert isinstance(found, dict)
    return found


def address(row: dict[str, str]) -> str:
    return f"/covers/{row['album_artist_id']}/{quote(row['album'], safe='')}"


def test_a_document_says_which_albums_have_a_cover_if_it_is_asked(covered: httpx.Client, filled: httpx.Client) -> None:
    row = row_of(covered, covers="true")
    assert row["album"] == "Moon Safari" and row["cover"]
    assert "cover" not in row_of(covered)
    assert "cover" not in row_of(filled, covers="true")
    recent = covered.get("/documents/recent", params={"covers": "true"}).json()
    assert [listen["cover"] for listen in recent["listens"]] == [row["cover"]] * 2


def test_a_cover_is_answered_once_and_kept(covered: httpx.Client) -> None:
    row = row_of(covered, covers="true")
    answer = covered.get(address(row), params={"v": row["cover"]})
    assert (answer.status_code, answer.content, answer.headers["content-type"]) == (200, JPEG, "image/jpeg")
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["cross-origin-resource-policy"] == "same-origin"
    assert "immutable" in answer.headers["cache-control"] and "private" in answer.headers["cache-control"]
    assert "no-cache" in covered.get(address(row)).headers["cache-control"]
    again = covered.get(address(row), headers={"If-None-Match": answer.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


@pytest.mark.parametrize(
    "path",
    ["/covers/1/Moon%20Safari", "/covers/{id}/Other", "/covers/{id}/..%2F..%2Fetc%2Fpasswd", "/covers/{id}/%2e%2e"],
)
def test_any_other_address_is_a_problem(covered: httpx.Client, path: str) -> None:
    answer = covered.get(path.format(id=row_of(covered)["album_artist_id"]))
    assert (answer.status_code, set(answer.json())) == (404, PROBLEM)


def test_without_the_setting_there_are_none(filled: httpx.Client) -> None:
    assert filled.get(address(row_of(filled))).status_code == 404
    assert filled.get("/covers/x/y").status_code == 422


def test_where_tokens_are_needed_a_cover_needs_one_of_its_listener(filled_home: Settings, tmp_path: Path) -> None:
    home = replace(filled_home, home=tmp_path / "home", covers=str(tmp_path))
    shutil.copytree(filled_home.home, home.home)
    (tmp_path / "Air - Moon Safari.jpg").write_bytes(JPEG)
    store = open_store(home)
    (listener,) = [one.name for one in store.listeners()]
    store.ensure_listener("Ben", "UTC")
    secrets = [create_token(store, name, ["read"])[0] for name in (listener, "Ben")]
    store.close()
    with client_of(home) as here:
        path = address(row_of(here, listener=listener))
    with client_of(home, needs_tokens=True) as client:
        own, other = ({"Authorization": f"Token {secret}"} for secret in secrets)
        assert client.get(path).status_code == 401
        assert client.get(path, headers=own).content == JPEG
        assert client.get(path, headers=other).status_code == 404
        assert client.get(path, headers=other, params={"listener": listener}).status_code == 403


def test_another_websites_page_cannot_find_out_which_covers_there_are(covered: httpx.Client) -> None:
    row = row_of(covered, covers="true")
    embedded = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Dest": "image"}
    asked = (address(row), f"/covers/{row['album_artist_id']}/Talkie%20Walkie")
    answers = [covered.get(path, headers=embedded) for path in asked]
    assert [answer.status_code for answer in answers] == [401, 401]
    assert answers[0].content == answers[1].content
