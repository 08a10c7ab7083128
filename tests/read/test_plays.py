from __future__ import annotations

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from tests.read.test_overview import home_of, listen
from tonearm.building.execute import build
from tonearm.ingest.imports import import_paths
from tonearm.ingest.submissions import import_submissions
from tonearm.lake import open_lake
from tonearm.read.plays import Plays, is_same_play
from tonearm.settings import Settings
from tonearm.store import Store, open_store
from tonearm.store.submissions import Protocol, Submission, Waiting, keep, waiting

NOON_S = 1_710_000_000.0


def submission(at_s: float, track: str = "Sexy Boy", protocol: Protocol = "listenbrainz") -> Submission:
    body = {"listened_at": at_s, "track_metadata": {"artist_name": "Air", "track_name": track}}
    return Submission(protocol, json.dumps(body), at_s)


def store_of(settings: Settings) -> Store:
    store = open_store(settings)
    for name in ("Ada", "Ben"):
        store.ensure_listener(name, "Europe/Berlin")
    return store


def ids(page: pa.Table) -> list[int]:
    return page["listen_id"].to_pylist()


def tracks(page: pa.Table) -> list[str]:
    return page["track_name"].to_pylist()


ROWS = [
    listen(1, "2024-01-01T08:30"),
    listen(2, "2024-03-02T23:00"),
    listen(3, "2024-03-02T23:00", "B", "b"),
    listen(4, "2024-03-05T10:00", "B", "b"),
    listen(5, "2024-03-04T10:00", "C", "c", listener="Ben"),
]


def test_the_newest_listens_come_first_and_pages_join_without_a_gap(tmp_path: Path) -> None:
    settings = home_of(tmp_path, ROWS)
    plays, store = Plays(open_lake(settings.lake)), store_of(settings)
    assert ids(plays.page(store, "Ada", limit=2)) == [4, 3]
    following = plays.page(store, "Ada", before=(datetime(2024, 3, 2, 23, tzinfo=UTC), 3), limit=2)
    assert ids(following) == [2, 1]
    assert plays.count(store, "Ada") == 4
    assert plays.ends(store, "Ben") == (datetime(2024, 3, 4, 10, tzinfo=UTC),) * 2


def test_a_waiting_listen_has_the_source_that_it_has_in_the_tables_later(tmp_path: Path) -> None:
    settings = home_of(tmp_path, [])
    plays, store = Plays(open_lake(settings.lake)), store_of(settings)
    keep(store, "Ada", [submission(NOON_S), submission(NOON_S + 3600, protocol="spotify_api")])
    assert plays.page(store, "Ada")["source"].to_pylist() == ["spotify_api", "listenbrainz_submission"]


def test_bounds_are_exclusive_and_the_listens_nearest_to_the_older_one_can_be_asked_for(tmp_path: Path) -> None:
    settings = home_of(tmp_path, ROWS)
    plays, store = Plays(open_lake(settings.lake)), store_of(settings)
    first, last = datetime(2024, 1, 1, 8, 30, tzinfo=UTC), datetime(2024, 3, 5, 10, tzinfo=UTC)
    assert ids(plays.page(store, "Ada", after=(first, None), before=(last, None))) == [3, 2]
    assert ids(plays.page(store, "Ada", after=(first, None), limit=1, oldest_first=True)) == [2]


def test_a_page_is_right_however_the_listens_are_spread_over_files(tmp_path: Path) -> None:
    start = datetime(2020, 1, 1)
    rows = [
        listen(n, (start + timedelta(hours=7 * n)).isoformat(), listener="Ada" if n % 3 else "Ben") for n in range(90)
    ]
    settings = home_of(tmp_path, rows[:0])
    lake = open_lake(settings.lake)
    for part in range(6):
        lake.append("listening_with_features", home_rows(rows[part::6] if part < 3 else rows[part::6][::-1]), {})
    plays, store = Plays(lake), store_of(settings)
    own = [n for n in range(89, -1, -1) if n % 3]
    assert ids(plays.page(store, "Ada", limit=100)) == own
    assert ids(plays.page(store, "Ada", limit=7)) == own[:7]
    assert ids(plays.page(store, "Ada", limit=7, oldest_first=True)) == own[-7:]
    assert plays.count(store, "Ada") == len(own)


def home_rows(rows: list[dict[str, Any]]) -> pa.Table:
    from tests.read.test_overview import COLUMNS
    from tonearm.columns import arrow_schema

    return pa.Table.from_pylist(rows, schema=arrow_schema(COLUMNS))


def test_what_was_submitted_is_there_at_once_in_the_listeners_local_time(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path)
    store = store_of(settings)
    (number,) = keep(store, "ada", [submission(NOON_S)])
    (row,) = Plays(open_lake(settings.lake)).page(store, "Ada").to_pylist()
    assert (row["track_name"], row["listen_id"], row["source"]) == ("Sexy Boy", -number, "listenbrainz_submission")
    assert row["started_at_local"] == datetime(2024, 3, 9, 17, 0)
    assert row["track_id"] is None


def test_a_rejected_submission_is_no_listen(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path)
    store = store_of(settings)
    keep(store, "ada", [Submission("listenbrainz", "{", NOON_S, "not JSON")])
    assert Plays(open_lake(settings.lake)).count(store, "Ada") == 0


@pytest.mark.parametrize(
    ("apart_s", "other", "listens"),
    [
        (0, submission(NOON_S), 1),
        (5, submission(NOON_S + 5), 1),
        (30, submission(NOON_S + 30), 2),
        (30, submission(NOON_S + 30, protocol="lastfm"), 1),
        (90, submission(NOON_S + 90, protocol="lastfm"), 2),
        (5, submission(NOON_S + 5, track="La femme d'argent"), 2),
    ],
)
def test_one_play_through_two_ways_shows_once(tmp_path: Path, apart_s: int, other: Submission, listens: int) -> None:
    settings = Settings(home=tmp_path)
    store = store_of(settings)
    keep(store, "ada", [submission(NOON_S), other])
    plays = Plays(open_lake(settings.lake))
    assert plays.page(store, "Ada").num_rows == listens == plays.count(store, "Ada")


def test_a_listen_is_compared_with_the_few_that_may_be_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = Settings(home=tmp_path)
    store = store_of(settings)
    keep(store, "ada", [submission(NOON_S + 30 * n, f"Song {n % 7}") for n in range(300)])
    compared = []

    def counted(one: dict[str, Any], other: dict[str, Any]) -> bool:
        compared.append(one)
        return is_same_play(one, other)

    monkeypatch.setattr("tonearm.read.plays.is_same_play", counted)
    assert Plays(open_lake(settings.lake)).count(store, "Ada") == 300
    assert len(compared) < 300


def test_readers_do_not_wait_for_the_fresh_listens_of_another(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = Settings(home=tmp_path)
    store = store_of(settings)
    keep(store, "ada", [submission(NOON_S)])
    plays = Plays(open_lake(settings.lake))

    def read_meanwhile(store: Store, listener: str) -> list[Waiting]:
        with ThreadPoolExecutor() as others:
            assert others.submit(plays._lock.acquire, blocking=False).result(), "everybody waits"
        plays._lock.release()
        return waiting(store, listener)

    monkeypatch.setattr("tonearm.read.plays.waiting", read_meanwhile)
    assert plays.count(store, "Ada") == 1


def test_a_listen_never_vanishes_and_never_doubles_on_its_way_into_the_tables(
    settings: Settings, lastfm: Callable[..., Path]
) -> None:
    store = store_of(settings)
    import_paths(settings, [lastfm([("Air", "Moon Safari", "Sexy Boy", "09 Mar 2024 12:00")])], "Ada")
    build(settings, ["listening_with_features", "tracks"])
    plays = Plays(open_lake(settings.lake))
    keep(store, "ada", [submission(NOON_S + 86_400, "Remember")])
    seen = [tracks(plays.page(store, "Ada"))]
    import_submissions(settings, store)
    seen.append(tracks(plays.page(store, "Ada")))
    build(settings, ["listening_with_features", "tracks"])
    seen.append(tracks(plays.page(store, "Ada")))
    assert seen == [["Remember", "Sexy Boy"]] * 3
    assert plays.fresh(store, "Ada").num_rows == 0
