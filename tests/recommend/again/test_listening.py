"""What a listener knew, and what to hear again, read from a home."""

from __future__ import annotations

import csv
from contextlib import closing
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tonearm.building.execute import build
from tonearm.errors import UnknownName, UsageError
from tonearm.ingest.imports import import_paths
from tonearm.recommend.again.listening import known
from tonearm.recommend.again.now import GROUPS, hear_again
from tonearm.recommend.playlists.asked import hidden_of
from tonearm.settings import Settings, load_settings
from tonearm.store import open_store
from tonearm.store.feedback import Feedback, give_feedback

Rows = list[tuple[str, str, str, str]]


def heard(at: str, *songs: str) -> Rows:
    """Listens of "artist - title", four minutes apart from ``at`` on."""
    begin = datetime.fromisoformat(at)
    times = [begin + timedelta(minutes=4 * n) for n in range(len(songs))]
    named = [song.split(" - ", 1) for song in songs]
    return [(artist, "", title, f"{time:%d %b %Y %H:%M}") for (artist, title), time in zip(named, times, strict=True)]


def habits() -> list[Rows]:
    """Forty evenings of one of two bands' songs in an order of their own, and as many mornings of one song."""
    sessions = []
    for n in range(40):
        order = dict.fromkeys((n * 7 + k * 3) % 5 for k in range(4))
        day = datetime(2014, 1, 1) + timedelta(n)
        band = "AB"[n % 2]
        sessions.append(heard(day.replace(hour=20).isoformat(), *(f"{band} - {band}{k}" for k in order)))
        sessions.append(heard(day.replace(hour=8).isoformat(), "M - Morning"))
    return [*sessions, heard("2014-02-11T20:00", "A - A0", "A - A3")]


HISTORIES: dict[str, list[Rows]] = {
    "versions": [
        heard("2012-03-01T10:00", "Can - Vitamin C", "Can - Vitamin C (live)", "Can - Vitamin C"),
        heard("2014-05-01T10:00", "Can - Vitamin C"),
    ],
    "skits": [
        heard(
            "2014-05-01T10:00",
            "A - Intro",
            "A - Skit",
            "A - Song (Interlude)",
            "A - Untitled",
            "A - 7 - Mixed by A",
            "A - Intros",
        )
    ],
    "two days": [heard("2014-05-01T10:00", "A - One"), heard("2014-05-03T10:00", "A - One", "B - Two")],
    "o'ben": [heard("2014-05-01T23:30", "A - One", "B - Two", "C - Three")],
    "habits": habits(),
}


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """All histories in one home; o'ben lives in Tokyo."""
    folder = tmp_path_factory.mktemp("listening")
    made = load_settings(folder / "home", environ={})
    for number, (name, sessions) in enumerate(HISTORIES.items()):
        path = folder / f"{number}.csv"
        with path.open("w", newline="", encoding="utf-8") as file:
            csv.writer(file, lineterminator="\n").writerows(row for session in sessions for row in session)
        import_paths(made, [path], name, "Asia/Tokyo" if name == "o'ben" else "UTC")
    build(made, ["listening_with_features", "tracks"])
    return made


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def names(rows: list[dict[str, Any]]) -> list[str]:
    return [row["track_name"] for row in rows]


def test_versions_are_one_song_named_by_the_version_heard_most(home: Settings) -> None:
    found = known(home, "versions", at("2014-05-11T10:00"))
    (song,) = found.songs
    assert (song["track_name"], len(song["versions"])) == ("Vitamin C", 2)
    assert (song["listens"], song["sessions"], song["silent_d"]) == (4, 2, 10)
    assert (song["peak_year"], song["peak_listens"], song["lately"]) == (2012, 3, 1)
    assert found.moment.usual_s == 240.0


def test_what_stands_between_songs_is_no_song(home: Settings) -> None:
    assert names(known(home, "skits").songs) == ["Intros"]


def test_nothing_after_the_moment_is_known(home: Settings) -> None:
    found = known(home, "two days", at("2014-05-02T00:00"))
    assert names(found.songs) == ["One"]
    assert found.songs[0]["listens"] == 1
    with pytest.raises(UsageError, match="the first listen is of 2014-05-01"):
        known(home, "two days", at("2013-05-02T00:00"))


def test_a_history_that_ended_is_asked_at_its_end_by_the_local_clock(home: Settings) -> None:
    moment = known(home, "o'ben").moment
    assert (moment.has_ended, moment.today.isoformat(), moment.hour) == (True, "2014-05-02", 8)


def test_the_listener_has_to_be_named_among_several(home: Settings) -> None:
    assert known(home, "HABITS").moment.listener == "habits"
    with pytest.raises(UnknownName, match="did you mean habits"):
        known(home, "habit")
    with pytest.raises(UsageError, match="name a listener with --listener: habits, o'ben"):
        known(home)


def test_without_tables_the_way_to_some_is_shown(settings: Settings) -> None:
    with pytest.raises(UsageError, match="tonearm import PATH"):
        known(settings)


def test_a_session_that_runs_brings_back_what_goes_with_it(home: Settings) -> None:
    found = hear_again(home, "habits", at("2014-02-11T20:06"))
    assert set(names(found.tracks[:3])) == {"A1", "A2", "A4"}
    assert not {"A0", "A3"} & set(names(found.tracks)), "what it has played does not come again"
    assert "earlier sessions with what you are hearing" in found.tracks[0]["because"]
    for track in found.tracks:
        assert sum(track["parts"].values()) == pytest.approx(track["score"], abs=0.03)
        assert tuple(track["parts"]) == tuple(GROUPS)


def test_before_a_session_it_is_memory_and_the_hour(home: Settings) -> None:
    morning = hear_again(home, "habits", at("2014-02-10T08:00"))
    assert morning.tracks[0]["track_name"] == "Morning"
    assert "40 of 40 times around 8:00" in morning.tracks[0]["because"]
    assert hear_again(home, "habits", at("2014-02-10T08:00")) == morning


def test_a_short_history_is_answered_by_the_published_weights(home: Settings) -> None:
    found = hear_again(home, "two days", at("2014-05-04T00:00"))
    assert names(found.tracks) == ["One", "Two"]
    assert "weights as published, not fitted to you" in found.notes[0]


def test_what_is_hidden_is_left_out(home: Settings) -> None:
    one = next(song for song in known(home, "o'ben").songs if song["track_name"] == "One")
    with closing(open_store(home)) as store:
        give_feedback(store, "o'ben", Feedback("hide", "artist", one["artist_id"], "A", at("2014-05-03T00:00")))
    assert set(names(hear_again(home, "o'ben", at("2014-05-03T00:00"), hidden_of=hidden_of).tracks)) == {"Two", "Three"}
    assert len(hear_again(home, "o'ben", at("2014-05-03T00:00")).tracks) == 3


def test_local_time_is_the_listeners(home: Settings) -> None:
    found = hear_again(home, "o'ben", at("2014-05-03T01:00"), zone_less=True)
    assert found.on.isoformat() == "2014-05-03"
    with pytest.raises(UsageError, match="had heard nothing by then"):
        hear_again(home, "o'ben", at("2014-05-02T08:29"), zone_less=True)
