from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path
from threading import Thread

from tests.documents.conftest import HistoryOf, listen
from tonearm.documents.history import History, as_json
from tonearm.settings import Settings


def test_a_history_has_one_listeners_plays_artists_tracks_and_albums(history_of: HistoryOf) -> None:
    history = history_of(
        listen("2020-03-02T10:00", album="Moon Safari", listened_s=100.0),
        listen("2020-03-01T10:00", album="Moon Safari"),
        listen("2020-03-03T10:00", track="Remember", album=""),
        listen("2020-03-04T10:00", artist="Can", track="Halleluhwah", listener="Ben"),
    )
    assert (history.listens, history.first_day, history.last_day) == (3, date(2020, 3, 1), date(2020, 3, 3))
    (artist,) = history.rows("FROM artists")
    assert (artist["artist"], artist["listens"], artist["tracks"], artist["heard_s"]) == ("Air", 3, 2, 100.0)
    assert [(row["track"], row["album"]) for row in history.rows("FROM tracks ORDER BY listens DESC")] == [
        ("Sexy Boy", "Moon Safari"),
        ("Remember", None),
    ]
    assert [(row["album"], row["listens"]) for row in history.rows("FROM albums")] == [("Moon Safari", 2)]


def test_a_name_is_the_one_it_had_last(history_of: HistoryOf) -> None:
    named = [listen(f"2020-03-0{day}T10:00", artist_id=7, artist_name=name) for day, name in ((1, "AIR"), (2, "Air"))]
    assert history_of(*named).row(
        "FROM artists",
    ) == {
        "artist_id": 7,
        "artist": "Air",
        "listens": 2,
        "heard_s": None,
        "first_day": date(2020, 3, 1),
        "last_day": date(2020, 3, 2),
        "tracks": 1,
    }


def test_a_listener_without_plays_and_a_home_without_tables_have_an_empty_history(
    history_of: HistoryOf, tmp_path: Path
) -> None:
    for history in (
        history_of(listen("2020-03-01T10:00"), listener="Ben"),
        History(Settings(home=tmp_path / "x"), "A"),
    ):
        assert (history.listens, history.first_day, history.rows("FROM artists"), history.row("FROM heard")) == (
            *(0, None, []),
            None,
        )


def test_threads_ask_at_the_same_time(history_of: HistoryOf) -> None:
    history = history_of(*(listen(f"2020-03-01T10:{minute:02}") for minute in range(60)))
    found: list[int] = []
    threads = [
        Thread(target=lambda: found.extend(len(history.rows("FROM heard")) for _ in range(20))) for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [60] * 80


def test_ids_are_text_in_json_because_a_browsers_numbers_have_fewer_digits() -> None:
    made = {
        "track_id": 2**62,
        "n": [{"artist_id": None}],
        "day": date(2020, 2, 29),
        "at": datetime(2020, 2, 29, tzinfo=UTC),
    }
    assert as_json(made) == {
        "track_id": "4611686018427387904",
        "n": [{"artist_id": None}],
        "day": "2020-02-29",
        "at": "2020-02-29T00:00:00+00:00",
    }
