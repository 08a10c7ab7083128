from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from tests.api.conftest import PROBLEM, client_of, upload
from tonearm.documents.export import SITE
from tonearm.settings import Settings
from tonearm.store import open_store
from tonearm.store.forecasts import Forecast, keep_forecasts
from tonearm.store.tokens import create_token


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


def test_insights_come_in_parts_and_are_made_anew_when_a_forecast_is_kept(
    http: httpx.Client, settings: Settings
) -> None:
    assert upload(http).status_code == 200
    before = http.get("/documents/insights")
    (clock,) = [card for card in before.json()["cards"] if card["id"] == "clock"]
    assert {"text": "2", "number": 2, "digits": 0} in clock["sure"]["n_parts"]
    due = datetime.now(UTC) + timedelta(hours=2)
    one = Forecast("Ada", "session_start", "1", "model", "session_start_day_ahead", due, 0.5, 0.4)
    assert keep_forecasts(open_store(settings), [one], datetime.now(UTC)) == 1
    assert http.get("/documents/insights", headers={"If-None-Match": before.headers["etag"]}).status_code == 200


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
    page = http.get("/", headers={"Accept": "text/html"}).text
    answers = {path: http.get(path) for path in re.findall(r'"(site/[^"]+)"', page)}
    assert "core.js" in str(list(answers))
    assert [path for path, answer in answers.items() if answer.status_code != 200] == []
    assert {answer.headers["cache-control"] for answer in answers.values()} == {"public, max-age=31536000, immutable"}


@pytest.mark.parametrize("version", ["", "?v=older"])
def test_a_file_at_another_address_than_the_pages_is_asked_for_again(http: httpx.Client, version: str) -> None:
    assert http.get(f"/site/core.js{version}").headers["cache-control"] == "no-cache"


@pytest.mark.parametrize("path", ["nothing.js", "../api/app.py", "%2e%2e/api/app.py", "vendor/LICENSE-d3", ""])
def test_nothing_else_is_a_file_of_the_page(http: httpx.Client, path: str) -> None:
    assert http.get(f"/site/{path}").status_code == 404


def test_every_name_leads_to_a_document(filled: httpx.Client) -> None:
    play = filled.get("/documents/recent").json()["listens"][0]
    ids = {name: play[name] for name in ("artist_id", "track_id")}
    album = {"artist_id": ids["artist_id"], "album": "Moon Safari"}
    assert filled.get("/documents/artist", params=ids).json()["artist"] == "Air"
    assert filled.get("/documents/album", params=album).json()["totals"]["listens"] == 2
    assert filled.get("/documents/track", params=ids).json()["track"] == "La femme d'argent"
    day = filled.get("/documents/day", params={"day": "2020-11-20"}).json()
    assert [row["track"] for row in day["plays"]["rows"]] == ["Sexy Boy", "La femme d'argent"]
    session = filled.get("/documents/session", params={"at": play["started_at"]}).json()
    assert session["session_at"] == day["sessions"][0]["session_at"]
    plays = filled.get("/documents/listed/plays", params={**album, "page": 2}).json()
    assert (plays["rows"], plays["n"]) == ([], 2)


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("artist?artist_id=1", 404),
        ("artist?artist_id=9223372036854775808", 422),
        ("artist?artist_id=x", 422),
        ("album?artist_id=1&album=%00", 404),
        ("track?track_id=-9223372036854775808", 404),
        ("genre?genre=<script>alert(1)</script>", 404),
        ("genre?genre=", 422),
        ("day?day=2020-02-30", 422),
        ("charts?range=2019-13", 422),
        ("day?day=0001-01-01", 200),
        ("session?at=2020-11-20T09:35:01", 404),
        ("session?at=0001-01-01T00:00:00%2B14:00", 404),
        ("session?at=9999-12-31T23:59:59-14:00", 404),
        ("listed/plays", 422),
        ("listed/plays?artist_id=1&page=0", 422),
        ("listed/nothing?artist_id=1", 422),
    ],
)
def test_what_was_never_heard_and_what_is_no_name(filled: httpx.Client, path: str, status: int) -> None:
    answer = filled.get(f"/documents/{path}")
    assert answer.status_code == status, answer.text
    assert status == 200 or set(answer.json()) == PROBLEM


def test_a_household_opens_for_who_may_see_everybody_alone(home: Settings) -> None:
    with client_of(home, needs_tokens=True) as http:
        store = open_store(home)
        ada, ben = (store.ensure_listener(name, "UTC").name for name in ("Ada", "Ben"))
        mine, admin = create_token(store, ada, ["read"])[0], create_token(store, ada, ["admin"])[0]
        asked = {"listener": ada, "with": ben}
        refused = http.get("/documents/household", params=asked, headers={"Authorization": f"Token {mine}"})
        assert (refused.status_code, set(refused.json())) == (403, PROBLEM)
        own = {"listener": ada, "with": ada}
        assert (
            http.get("/documents/household", params=own, headers={"Authorization": f"Token {mine}"}).status_code == 403
        )
        opened = http.get("/documents/household", params=asked, headers={"Authorization": f"Token {admin}"})
        assert [one["listener"] for one in opened.json()["listeners"]] == [ada, ben]
        again = http.get("/documents/household", params=own, headers={"Authorization": f"Token {admin}"})
        assert again.status_code == 422 and "is one listener" in again.json()["detail"]
