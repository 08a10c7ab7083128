"""What ListenBrainz's clients read, in the forms of its documentation and through its own client library."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import liblistenbrainz
import pyarrow as pa
import pytest
from liblistenbrainz import errors

from tests.api.conftest import client_of
from tests.api.listening import listening
from tests.read.test_overview import home_of, listen
from tonearm.columns import arrow_schema
from tonearm.lake import open_lake
from tonearm.settings import Settings
from tonearm.store import open_store
from tonearm.store.loves import Love, give_love
from tonearm.store.playing import set_playing
from tonearm.store.submissions import Submission, keep
from tonearm.store.tokens import create_token

MBID = "f1c7d5d4-5d2a-4b5e-9f3a-0f6f2a3b4c5d"
NOW = datetime.now(UTC).replace(microsecond=0)
ROWS = [
    listen(1, "2020-01-01T08:30", "Air", "Sexy Boy", album_name="Moon Safari", listened_s=100.4, duration_s=298.0),
    listen(2, "2020-01-01T09:30", "Air", "Remember"),
    listen(3, "2021-06-02T23:00", "Air", "Sexy Boy", album_name="Moon Safari"),
    listen(4, "2021-06-02T23:00", "Ben", "b", listener="Ben"),
]


def at(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp())


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """Ada's three listens in the tables, and one that was submitted a minute ago."""
    made = home_of(tmp_path_factory.mktemp("home"), ROWS)
    ids = [{"track_id": ROWS[0]["track_id"], "spotify_id": "0" * 22, "recording_mbid": MBID}]
    names = [{"artist_name": "Air", "track_name": "Sexy Boy", "artist_id": ROWS[0]["artist_id"], **ids[0]}]
    columns = ("track_id", "artist_id", "artist_name", "track_name", "spotify_id", "recording_mbid")
    open_lake(made.lake).replace("tracks", pa.Table.from_pylist(names, schema=arrow_schema(columns)), {})
    store = open_store(made)
    store.ensure_listener("Ada", "Europe/Berlin")
    store.ensure_listener("Ben", "UTC")
    at_s = (NOW - timedelta(minutes=1)).timestamp()
    body = {"listened_at": at_s, "track_metadata": {"artist_name": "Zero 7", "track_name": "Destiny"}}
    keep(store, "Ada", [Submission("listenbrainz", json.dumps(body), at_s)])
    store.close()
    return made


@pytest.fixture(scope="module")
def http(home: Settings) -> Iterator[httpx.Client]:
    with client_of(home) as client:
        yield client


def payload(http: httpx.Client, path: str, **parameters: Any) -> dict[str, Any]:
    answer = http.get(path, params=parameters)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()["payload"]
    return found


def test_listens_have_the_documented_form_and_begin_with_what_was_just_submitted(http: httpx.Client) -> None:
    found = payload(http, "/1/user/ada/listens", count=2)
    newest, second = found.pop("listens")
    assert found == {
        "count": 2,
        "latest_listen_ts": int(NOW.timestamp()) - 60,
        "oldest_listen_ts": at("2020-01-01T08:30"),
        "user_id": "Ada",
    }
    assert newest["track_metadata"]["track_name"] == "Destiny"
    msid = second.pop("recording_msid")
    assert second == {
        "inserted_at": 0,
        "listened_at": at("2021-06-02T23:00"),
        "user_name": "Ada",
        "track_metadata": {
            "artist_name": "Air",
            "track_name": "Sexy Boy",
            "release_name": "Moon Safari",
            "additional_info": {
                "recording_mbid": MBID,
                "recording_msid": msid,
                "spotify_id": "https://open.spotify.com/track/" + "0" * 22,
            },
        },
    }


def test_bounds_are_exclusive_and_after_min_ts_come_the_nearest(http: httpx.Client) -> None:
    def times(**bounds: int) -> list[int]:
        return [one["listened_at"] for one in payload(http, "/1/user/Ada/listens", **bounds)["listens"]]

    first, second, third = at("2020-01-01T08:30"), at("2020-01-01T09:30"), at("2021-06-02T23:00")
    assert times(max_ts=third) == [second, first]
    assert times(min_ts=first, count=1) == [second]
    assert times(min_ts=first, max_ts=third) == [second]
    assert times(min_ts=third + 1, max_ts=third + 2) == []


@pytest.mark.parametrize("query", ["max_ts=soon", "max_ts=99999999999999", "max_ts=5&min_ts=5", "count=-1"])
def test_what_cannot_be_meant_is_refused_in_listenbrainz_form(http: httpx.Client, query: str) -> None:
    answer = http.get(f"/1/user/Ada/listens?{query}")
    assert (answer.status_code, set(answer.json())) == (400, {"code", "error"})
    assert answer.json()["code"] == 400


@pytest.mark.parametrize(
    "path",
    [
        "/1/user/Ada/listens",
        "/1/user/Ada/listen-count",
        "/1/user/Ada/playing-now",
        "/1/user/Ada/following",
        "/1/user/Ada/playlists",
        "/1/stats/user/Ada/artists",
        "/1/feedback/user/Ada/get-feedback",
        "/1/metadata/lookup",
    ],
)
def test_a_slash_at_the_end_changes_nothing(http: httpx.Client, path: str) -> None:
    query = "?artist_name=air&recording_name=sexy+boy"
    assert http.get(path + query).json() == http.get(path + "/" + query).json()


def test_the_count_and_nobody_of_that_name(http: httpx.Client) -> None:
    assert payload(http, "/1/user/Ada/listen-count") == {"count": 4}
    answer = http.get("/1/user/Eve/listen-count")
    assert (answer.status_code, answer.json()["code"]) == (404, 404)


def test_what_is_playing_has_no_instant(home: Settings, http: httpx.Client) -> None:
    nothing = {"count": 0, "listens": [], "playing_now": True, "user_id": "Ben"}
    assert payload(http, "/1/user/Ben/playing-now") == nothing
    body = {"track_metadata": {"artist_name": "Air", "track_name": "Talisman"}}
    set_playing(open_store(home), "Ben", json.dumps(body), 200.0, datetime.now(UTC))
    (found,) = payload(http, "/1/user/Ben/playing-now")["listens"]
    assert (found["playing_now"], found["user_name"]) == (True, "Ben")
    assert found["track_metadata"]["track_name"] == "Talisman"
    assert "listened_at" not in found


def test_statistics_have_the_documented_form(http: httpx.Client) -> None:
    found = payload(http, "/1/stats/user/Ada/recordings")
    recordings, last_updated = found.pop("recordings"), found.pop("last_updated")
    tomorrow = datetime.combine(date.today(), datetime.min.time(), UTC) + timedelta(2)
    assert abs(found.pop("to_ts") - tomorrow.timestamp()) < 2 * 86_400
    assert found == {
        "count": 2,
        "total_recording_count": 2,
        "offset": 0,
        "range": "all_time",
        "from_ts": at("2019-12-31T23:00"),
        "user_id": "Ada",
    }
    assert last_updated > 0
    assert recordings[0] == {
        "artist_mbids": [],
        "artist_name": "Air",
        "listen_count": 2,
        "recording_mbid": MBID,
        "release_mbid": None,
        "release_name": "Moon Safari",
        "track_name": "Sexy Boy",
    }
    artists = payload(http, "/1/stats/user/Ada/artists", count=5)
    assert artists["artists"] == [{"artist_mbid": None, "artist_name": "Air", "listen_count": 3}]
    assert artists["total_artist_count"] == 1
    releases = payload(http, "/1/stats/user/Ada/releases")
    assert releases["releases"][0] == {
        "artist_mbids": [],
        "artist_name": "Air",
        "listen_count": 2,
        "release_mbid": None,
        "release_name": "Moon Safari",
    }


def test_an_empty_range_is_204_and_an_unknown_one_400(http: httpx.Client) -> None:
    for entity in ("artists", "releases", "recordings", "listening-activity", "daily-activity"):
        assert http.get(f"/1/stats/user/Ada/{entity}?range=quarter").status_code == 204
        assert http.get(f"/1/stats/user/Ada/{entity}?range=decade").json()["code"] == 400


def test_activity_by_year_and_by_the_listeners_hour(http: httpx.Client) -> None:
    found = payload(http, "/1/stats/user/Ada/listening-activity")
    assert [(one["time_range"], one["listen_count"]) for one in found["listening_activity"]] == [
        ("2020", 2),
        ("2021", 1),
    ]
    first, second = found["listening_activity"]
    assert second["from_ts"] == at("2020-12-31T23:00") > first["to_ts"]
    daily = payload(http, "/1/stats/user/Ada/daily-activity")["daily_activity"]
    assert list(daily) == ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"]
    assert daily["Wednesday"][8] == {"hour": 8, "listen_count": 1}
    assert sum(hour["listen_count"] for day in daily.values() for hour in day) == 3


def test_feedback_is_listed_by_score(home: Settings, http: httpx.Client) -> None:
    given_at = datetime(2024, 1, 1, tzinfo=UTC)
    give_love(open_store(home), "Ada", Love(1, given_at, "Air", "Sexy Boy", MBID))
    give_love(open_store(home), "Ada", Love(-1, given_at, "Air", "Remember"))
    found = http.get("/1/feedback/user/Ada/get-feedback", params={"score": 1, "metadata": "true"}).json()
    (loved,) = found["feedback"]
    assert (found["count"], found["total_count"], found["offset"]) == (1, 1, 0)
    assert loved.pop("recording_msid")
    assert loved == {
        "created": int(given_at.timestamp()),
        "recording_mbid": MBID,
        "score": 1,
        "track_metadata": {"artist_name": "Air", "track_name": "Sexy Boy"},
        "user_id": "Ada",
    }
    assert http.get("/1/feedback/user/Ada/get-feedback").json()["total_count"] == 2


def test_a_track_is_looked_up_whatever_its_case(http: httpx.Client) -> None:
    names = {"artist_name": "AIR", "recording_name": "sexy boy"}
    assert http.get("/1/metadata/lookup/", params=names).json()["recording_mbid"] == MBID
    assert http.get("/1/metadata/lookup/", params={**names, "artist_name": "Water"}).json() == {}
    assert http.get("/1/metadata/lookup/", params={"artist_name": "Air"}).json()["code"] == 400


def test_where_tokens_are_needed_a_listener_reads_their_own_and_an_admin_everybodys(home: Settings) -> None:
    store = open_store(home)
    tokens = {
        "own": create_token(store, "Ada", ["read"])[0],
        "other": create_token(store, "Ben", ["read"])[0],
        "submit": create_token(store, "Ada", ["submit"])[0],
        "admin": create_token(store, "Ben", ["admin"])[0],
    }
    with client_of(home, needs_tokens=True) as http:
        status = {
            name: http.get("/1/user/Ada/listen-count", headers={"Authorization": f"Token {token}"}).status_code
            for name, token in tokens.items()
        }
        assert status == {"own": 200, "other": 403, "submit": 403, "admin": 200}
        without = http.get("/1/user/Ada/listens")
        assert (without.status_code, without.json()["code"]) == (401, 401)


def test_the_clients_own_library_reads_all_of_it(home: Settings) -> None:
    token, _ = create_token(open_store(home), "Ada", ["read", "submit"])
    with listening(home, needs_tokens=True) as address:
        client = liblistenbrainz.ListenBrainz(api_base_url=f"http://{address}")
        client.set_auth_token(token)
        assert [one.track_name for one in client.get_listens("Ada", count=2)] == ["Destiny", "Sexy Boy"]
        assert client.get_user_listen_count("Ada") == 4
        assert client.get_playing_now("Ada") is None
        assert client.get_user_artists("Ada")["payload"]["artists"][0]["listen_count"] == 3
        assert client.get_user_recordings("Ada", count=1)["payload"]["recordings"][0]["recording_mbid"] == MBID
        assert client.get_user_releases("Ada", time_range="half_yearly") is None
        assert client.get_user_feedback("Ada", 1, True)["feedback"] is not None
        with pytest.raises(errors.ListenBrainzAPIException) as refused:
            client.get_listens("Ben")
        assert refused.value.status_code == 403


def test_a_home_without_tables_has_empty_answers(tmp_path: Path) -> None:
    home = Settings(home=tmp_path / "home")
    store = open_store(home)
    store.ensure_listener("Ada", "UTC")
    with client_of(home) as http:
        found = payload(http, "/1/user/Ada/listens")
        assert (found["listens"], found["latest_listen_ts"]) == ([], 0)
        assert http.get("/1/stats/user/Ada/artists").status_code == 204
        assert http.get("/1/user/Ada/playlists/createdfor").json()["playlists"] == []
        assert http.get("/1/cf/recommendation/user/Ada/recording").status_code == 204
