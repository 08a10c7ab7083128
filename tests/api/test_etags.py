from __future__ import annotations

import httpx
import pytest

from tests.api.conftest import client_of
from tonearm.api.etags import is_among
from tonearm.lake import open_lake
from tonearm.read import overview
from tonearm.settings import Settings
from tonearm.store import open_store
from tonearm.store.submissions import Submission, keep

PATHS = ["/tables/sessions", "/tables/listens/history", "/listeners/Ada/overview", "/listeners/Ada/top/artists",
         "/listens", "/dashboard"]  # fmt: skip


@pytest.mark.parametrize(
    ("shown", "is_shown"),
    [('W/"a"', True), ('"a"', True), ('"b", W/"a"', True), ("*", True), ('"b"', False), ("", False), ("a", False)],
)
def test_tags_are_compared_weakly(shown: str, is_shown: bool) -> None:
    assert is_among('W/"a"', shown) is is_shown


@pytest.mark.parametrize("path", PATHS)
def test_what_a_client_has_is_not_sent_again(filled: httpx.Client, path: str) -> None:
    first = filled.get(path)
    assert first.status_code == 200 and first.headers["etag"].startswith('W/"')
    assert first.headers["cache-control"] == "private, no-cache"
    again = filled.get(path, headers={"if-none-match": first.headers["etag"]})
    assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", first.headers["etag"])
    other = filled.get(path, params={"limit": 1, "rule": "30s"}, headers={"if-none-match": first.headers["etag"]})
    assert other.status_code == 200


def test_nothing_is_computed_for_a_client_that_has_it(filled: httpx.Client, monkeypatch: pytest.MonkeyPatch) -> None:
    etag = filled.get("/listeners/Ada/overview").headers["etag"]

    def computed(*_: object) -> None:
        raise AssertionError

    monkeypatch.setattr(overview, "engine", computed)
    assert filled.get("/listeners/Ada/overview", headers={"if-none-match": etag}).status_code == 304


def test_an_answer_is_new_when_a_table_has_a_new_version(filled: httpx.Client, filled_home: Settings) -> None:
    tags = {path: filled.get(path).headers["etag"] for path in PATHS}
    lake = open_lake(filled_home.lake)
    for table in ("listening_with_features", "listens"):
        lake.remark(table, lake.note(table))
    for path, tag in tags.items():
        assert filled.get(path, headers={"if-none-match": tag}).status_code == 200, path


def test_listens_are_new_when_a_submission_waits(home: Settings) -> None:
    with client_of(home) as http:
        http.put("/listeners/Ada", json={"zone": "UTC"})
        tag = http.get("/listens").headers["etag"]
        assert http.get("/listens", headers={"if-none-match": tag}).status_code == 304
        store = open_store(home)
        body = '{"listened_at": 1700000000, "track_metadata": {"artist_name": "Can", "track_name": "Spoon"}}'
        keep(store, "Ada", [Submission("listenbrainz", body, 1_700_000_000.0)])
        store.close()
        assert http.get("/listens", headers={"if-none-match": tag}).status_code == 200


def test_what_failed_has_no_tag(filled: httpx.Client) -> None:
    for path in ("/tables/nothing", "/listeners/Ada/overview?rule=none", "/tables/tracks?as_of=never"):
        answer = filled.get(path)
        assert answer.status_code >= 400 and "etag" not in answer.headers
