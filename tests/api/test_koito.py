"""What multi-scrobbler and aiokoito read of Koito's API.

aiokoito needs Python 3.12, so that its own checks are written down here: it takes no answer whose counts are not whole
numbers, whose rankings have no rank and item, or whose ``currently_playing`` is no truth value.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from tests.api.conftest import client_of
from tests.read.test_overview import home_of, listen
from tonearm.settings import Settings
from tonearm.store import open_store
from tonearm.store.playing import set_playing
from tonearm.store.submissions import Submission, keep
from tonearm.store.tokens import create_token

NOW = datetime.now(UTC).replace(microsecond=0)
ROWS = [
    listen(1, "2020-01-01T08:30", "Air", "Sexy Boy", album_name="Moon Safari", listened_s=100.0),
    listen(2, "2020-01-01T09:30", "Air", "Remember", listened_s=50.0),
    listen(3, "2021-06-02T23:00", "Air", "Sexy Boy", album_name="Moon Safari"),
    listen(4, "2021-06-02T23:00", "Zero 7", "Destiny"),
]
NO_IMAGE = {"xs": "", "small": "", "medium": "", "large": "", "xl": ""}


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    made = home_of(tmp_path_factory.mktemp("home"), ROWS)
    store = open_store(made)
    store.ensure_listener("Ada", "UTC")
    at_s = (NOW - timedelta(minutes=1)).timestamp()
    body = {"listened_at": at_s, "track_metadata": {"artist_name": "Air", "track_name": "Talisman"}}
    keep(store, "Ada", [Submission("listenbrainz", json.dumps(body), at_s)])
    return made


@pytest.fixture(scope="module")
def http(home: Settings) -> Iterator[httpx.Client]:
    with client_of(home) as client:
        yield client


@pytest.fixture(scope="module")
def berlin(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    made = home_of(tmp_path_factory.mktemp("berlin"), ROWS)
    open_store(made).ensure_listener("Ada", "Europe/Berlin")
    with client_of(made) as client:
        yield client


def read(http: httpx.Client, path: str, **parameters: Any) -> Any:
    answer = http.get(f"/apis/web/v1/{path}", params=parameters)
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_listens_come_in_pages_of_koitos_form(http: httpx.Client) -> None:
    first = read(http, "listens", period="all_time", page=0, limit=3)
    items = first.pop("items")
    assert first == {"total_record_count": 5, "items_per_page": 3, "has_next_page": True, "current_page": 1}
    assert items[0] == {
        "time": f"{NOW - timedelta(minutes=1):%Y-%m-%dT%H:%M:%SZ}",
        "track": {
            "id": 0,
            "title": "Talisman",
            "artists": [{"id": 0, "name": "Air"}],
            "image": NO_IMAGE,
            "musicbrainz_id": None,
        },
    }
    second = read(http, "listens", page=2, limit=3)
    assert [one["track"]["title"] for one in second["items"]] == ["Remember", "Sexy Boy"]
    assert second["has_next_page"] is False


def test_listens_of_a_time(http: httpx.Client) -> None:
    since, until = (int(datetime(2020, 1, 1, hour, tzinfo=UTC).timestamp()) for hour in (9, 10))
    assert [one["track"]["title"] for one in read(http, "listens", **{"from": since, "to": until})["items"]] == [
        "Remember"
    ]
    assert read(http, "listens", year=2021)["total_record_count"] == 2
    assert read(http, "listens", year=2021, month=5)["items"] == []
    assert len(read(http, "listens", year=2021, week=22)["items"]) == 2
    assert len(read(http, "listens", period="day")["items"]) == 1


def test_the_summary_has_what_aiokoito_checks(http: httpx.Client) -> None:
    found = read(http, "summary", period="all_time")
    assert {name: found[name] for name in ("plays", "minutes_listened", "unique_tracks", "unique_albums")} == {
        "plays": 4,
        "minutes_listened": 2,
        "unique_tracks": 3,
        "unique_albums": 1,
    }
    assert found["unique_artists"] == found["new_artists"] == 2
    for ranking in ("top_artists", "top_albums", "top_tracks"):
        assert [one["rank"] for one in found[ranking]] == list(range(1, len(found[ranking]) + 1))
    assert found["top_artists"][0]["item"]["name"] == "Air"
    assert found["top_albums"][0]["item"]["title"] == "Moon Safari"
    track = found["top_tracks"][0]["item"]
    assert (track["title"], track["listen_count"], track["time_listened"]) == ("Sexy Boy", 2, 100)
    assert track["artists"] == [{"id": ROWS[0]["artist_id"], "name": "Air"}]
    assert read(http, "summary", year=2021)["new_artists"] == 1


def test_tops_and_totals(http: httpx.Client) -> None:
    assert read(http, "stats") == {
        "listen_count": 4,
        "track_count": 3,
        "album_count": 1,
        "artist_count": 2,
        "minutes_listened": 2,
    }
    tracks = read(http, "top/tracks", limit=2)
    assert (tracks["total_record_count"], tracks["has_next_page"]) == (3, True)
    assert [one["item"]["name"] for one in read(http, "top/artists", limit=1, page=2)["items"]] == ["Zero 7"]
    assert [one["item"]["title"] for one in read(http, "top/albums")["items"]] == ["Moon Safari"]


def test_activity_counts_empty_days_and_begins_with_the_first_listen(http: httpx.Client) -> None:
    months = read(http, "listen-activity", step="month", year=2021)
    assert [one["listens"] for one in months] == [0] * 5 + [2] + [0] * 6
    assert months[5]["start_time"] == "2021-06-01T00:00:00Z"
    assert len(read(http, "listen-activity", step="week", range=4)) == 4
    assert read(http, "first-activity") == {"time": "2020-01-01T08:30:00Z"}


def test_what_is_playing(home: Settings, http: httpx.Client) -> None:
    assert read(http, "now-playing")["currently_playing"] is False
    body = {"track_metadata": {"artist_name": "Air", "track_name": "Talisman"}}
    set_playing(open_store(home), "Ada", json.dumps(body), 200.0, datetime.now(UTC))
    found = read(http, "now-playing")
    assert (found["currently_playing"], found["track"]["title"]) == (True, "Talisman")


@pytest.mark.parametrize("query", ["limit=-1", "month=13", "page=x", "page=99999999", "from=soon"])
def test_what_cannot_be_meant_is_refused_in_koitos_form(http: httpx.Client, query: str) -> None:
    answer = http.get(f"/apis/web/v1/listens?{query}")
    assert (answer.status_code, list(answer.json())) == (400, ["error"])


def test_whose_listens_are_the_tokens_listeners(home: Settings, tmp_path: Any) -> None:
    made = home_of(tmp_path, [*ROWS, listen(9, "2022-01-01T00:00", "B", "b", listener="Ben")])
    store = open_store(made)
    for name in ("Ada", "Ben"):
        store.ensure_listener(name, "UTC")
    token, _ = create_token(store, "Ben", ["read"])
    with client_of(made) as http:
        assert "token" in http.get("/apis/web/v1/stats").json()["error"]
        answer = http.get("/apis/web/v1/stats", headers={"Authorization": f"Token {token}"})
        assert answer.json()["listen_count"] == 1


@pytest.mark.parametrize("query", [{"year": 1}, {"year": 1, "week": 1}])
def test_the_first_years_have_no_listens(berlin: httpx.Client, query: dict[str, int]) -> None:
    assert read(berlin, "stats", **query)["listen_count"] == 0


@pytest.mark.parametrize(("query", "listens"), [({"year": 1}, 0), ({"step": "year", "range": 3660}, 4)])
def test_activity_may_go_back_to_the_first_year(berlin: httpx.Client, query: dict[str, Any], listens: int) -> None:
    assert sum(one["listens"] for one in read(berlin, "listen-activity", **query)) == listens
