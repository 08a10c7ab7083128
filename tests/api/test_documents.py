from __future__ import annotations

import httpx
import pytest

from tests.api.conftest import PROBLEM, upload
from tonearm.api.routes.site import SITE


def test_home_shows_what_was_imported_and_is_not_sent_twice(filled: httpx.Client) -> None:
    answer = filled.get("/documents/home")
    assert answer.status_code == 200
    assert answer.json()["totals"]["listens"] == 2
    assert filled.get("/documents/home", headers={"If-None-Match": answer.headers["etag"]}).status_code == 304


def test_home_follows_the_tables(http: httpx.Client) -> None:
    assert upload(http).status_code == 200
    before = http.get("/documents/home")
    assert upload(http, "Can,Tago Mago,Halleluhwah,21 Nov 2020 09:35\n", "more.csv").status_code == 200
    after = http.get("/documents/home", headers={"If-None-Match": before.headers["etag"]})
    assert (before.json()["totals"]["listens"], after.json()["totals"]["listens"]) == (2, 3)


def test_recent_has_names_and_ids_as_text(filled: httpx.Client) -> None:
    found = filled.get("/documents/recent").json()
    assert [listen["track"] for listen in found["listens"]] == ["La femme d'argent", "Sexy Boy"]
    assert all(isinstance(listen["track_id"], str) for listen in found["listens"])
    assert found["playing"] is None


def test_search_and_an_unknown_listener(filled: httpx.Client) -> None:
    assert filled.get("/documents/search", params={"q": "sexi boy"}).json()["tracks"][0]["track"] == "Sexy Boy"
    answer = filled.get("/documents/home", params={"listener": "Nobody"})
    assert (answer.status_code, set(answer.json())) == (404, PROBLEM)
    assert filled.get("/documents/search", params={"q": "x" * 201}).status_code == 422


@pytest.mark.parametrize(
    ("asked", "status"),
    [
        ({"range": "2020-11"}, 200),
        ({"from": "2020-11-01", "to": "2020-11-30", "kind": "tracks"}, 200),
        ({"page": "9"}, 200),
        ({"genre": "polka"}, 404),
        ({"range": "2019-W53"}, 422),
        ({"range": "soon"}, 422),
        ({"from": "2020-11-02", "to": "2020-11-01"}, 422),
        ({"from": "0001-01-01"}, 422),
        ({"kind": "labels"}, 422),
    ],
)
def test_charts_of_any_period_and_words_for_what_is_none(
    filled: httpx.Client, asked: dict[str, str], status: int
) -> None:
    answer = filled.get("/documents/charts", params=asked)
    assert answer.status_code == status
    if status == 200:
        assert (answer.json()["totals"]["listens"], answer.json()["ranking"]["page"]) == (2, 1)
    else:
        assert set(answer.json()) == PROBLEM


def test_the_pages_files_are_there_compressed_and_not_sent_twice(http: httpx.Client) -> None:
    page = http.get("/", headers={"Accept": "text/html"})
    assert "default-src 'self'" in page.headers["content-security-policy"]
    for path in ("core.js", "style.css", "icon.svg", "pages/home.js", "vendor/plot.min.js"):
        answer = http.get(f"/site/{path}")
        assert (answer.status_code, answer.headers["content-encoding"]) == (200, "gzip"), path
        assert answer.content == (SITE / path).read_bytes()
        plain = http.get(f"/site/{path}", headers={"Accept-Encoding": "identity"})
        assert "content-encoding" not in plain.headers and plain.content == answer.content
        again = http.get(f"/site/{path}", headers={"If-None-Match": answer.headers["etag"]})
        assert again.status_code == 304


def test_every_file_that_the_page_names_is_one_of_them(http: httpx.Client) -> None:
    page = (SITE / "index.html").read_text()
    named = [part.split('"')[0] for part in page.split('"site/')[1:]]
    assert "core.js" in named
    assert [path for path in named if http.get(f"/site/{path}").status_code != 200] == []


@pytest.mark.parametrize("path", ["nothing.js", "../api/app.py", "%2e%2e/api/app.py", "vendor/LICENSE-d3", ""])
def test_nothing_else_is_a_file_of_the_page(http: httpx.Client, path: str) -> None:
    assert http.get(f"/site/{path}").status_code == 404
