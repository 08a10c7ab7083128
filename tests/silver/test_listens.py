import random as stdlib_random
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.silver.conftest import ACCOUNT, LASTFM, LISTENBRAINZ, SPOTIFY, instant
from tonearm.silver.matching import explain_merges


def _listens(silver: Any, history: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return silver(history).rows("listens", "listener", "started_at", "listen_id")


def _times(rows: list[dict[str, Any]]) -> list[str]:
    return [f"{row['started_at']:%H:%M:%S}" for row in rows]


def test_one_play_told_by_two_sources_is_one_listen(silver: Any, record: Any) -> None:
    scrobble = record("2020-01-01T10:00:40", album_name="Album", duration_s=180.0)
    stream = record("2020-01-01T10:00:00", listened_s=175.0, is_skipped=False, **SPOTIFY)
    (listen,) = _listens(silver, [scrobble, stream])
    assert listen["listen_id"] == stream["record_id"]
    assert (listen["source"], listen["also_seen_in"], listen["merged_records"]) == ("spotify_extended", "lastfm", 2)
    assert (listen["listened_s"], listen["is_skipped"]) == (175.0, False)
    assert (listen["album_name"], listen["duration_s"]) == ("Album", 180.0)
    assert listen["ended_at"] == instant("2020-01-01T10:02:55")


def test_three_sources_are_one_listen(silver: Any, record: Any) -> None:
    (listen,) = _listens(
        silver,
        [
            record("2020-01-01T09:59:05", **LASTFM),
            record("2020-01-01T10:00:03", **LISTENBRAINZ),
            record("2020-01-01T10:00:00.250", listened_s=175.0, **SPOTIFY),
        ],
    )
    assert (listen["also_seen_in"], listen["merged_records"]) == ("lastfm, listenbrainz", 3)


@pytest.mark.parametrize(("apart_s", "listens"), [(0, 1), (61, 1), (62, 2), (180, 2)])
def test_how_far_apart_one_play_may_be(silver: Any, record: Any, apart_s: int, listens: int) -> None:
    at = instant("2020-01-01T10:00:00")
    history = [record(at), record(at + timedelta(seconds=apart_s), **LISTENBRAINZ)]
    assert len(_listens(silver, history)) == listens


@pytest.mark.parametrize(
    ("first", "second", "listens"),
    [
        (("listenbrainz", "Pano Scrobbler"), ("listenbrainz", "navidrome"), 1),
        (("listenbrainz", "navidrome"), ("listenbrainz", None), 1),
        (("listenbrainz", "navidrome"), ("lastfm", "pylast"), 1),
        (("lastfm", "pylast"), ("audioscrobbler", "pylast"), 1),
        (("listenbrainz", "navidrome"), ("listenbrainz", "navidrome"), 2),
    ],
)
def test_one_play_submitted_by_two_clients_is_one_listen(
    silver: Any, record: Any, first: tuple[str, str], second: tuple[str, str], listens: int
) -> None:
    history = [
        record(f"2020-01-01T10:00:{at}", **LASTFM | {"source": f"{protocol}_submission", "client": client})
        for at, (protocol, client) in (("00", first), ("30", second))
    ]
    rows = _listens(silver, history)
    assert [row["merged_records"] for row in rows] == [2] if listens == 1 else [1, 1]


def test_each_play_of_a_track_on_repeat_is_one_listen_of_two_clients(silver: Any, record: Any) -> None:
    source = LASTFM | {"source": "listenbrainz_submission"}
    phone = [record(f"2020-01-01T10:{m:02}:05", **source, client="Pano Scrobbler") for m in (0, 3, 6)]
    server = [record(f"2020-01-01T10:{m:02}:00", **source, client="navidrome") for m in (0, 3, 6)]
    rows = _listens(silver, phone + server)
    assert [(row["merged_records"], row["also_seen_in"]) for row in rows] == [(2, None)] * 3


def test_a_pause_makes_the_inferred_start_late_and_never_early(silver: Any, record: Any) -> None:
    paused = record("2020-01-01T10:01:30", listened_s=170.0, **SPOTIFY)
    assert len(_listens(silver, [record("2020-01-01T10:00:00"), paused])) == 1
    assert len(_listens(silver, [record("2020-01-01T10:03:00"), paused])) == 2


def test_two_honest_plays_stay_two_in_each_source(silver: Any, record: Any) -> None:
    scrobbles = [record(f"2020-01-01T10:{m:02}:20") for m in (0, 3, 6)]
    streams = [record(f"2020-01-01T10:{m:02}:00", listened_s=180.0, **SPOTIFY) for m in (0, 3, 6)]
    rows = _listens(silver, scrobbles + streams)
    assert _times(rows) == ["10:00:00", "10:03:00", "10:06:00"]
    assert [row["merged_records"] for row in rows] == [2, 2, 2]


def test_a_play_that_one_source_missed_does_not_shift_the_others(silver: Any, record: Any) -> None:
    scrobbles = [record(f"2020-01-01T10:{m:02}:20") for m in (3, 6)]
    streams = [record(f"2020-01-01T10:{m:02}:00", listened_s=180.0, **SPOTIFY) for m in (0, 3)]
    rows = _listens(silver, scrobbles + streams)
    assert [(f"{r['started_at']:%M}", r["merged_records"]) for r in rows] == [("00", 1), ("03", 2), ("06", 1)]


def test_a_track_sent_again_at_once_is_one_listen(silver: Any, record: Any) -> None:
    sent = [record(f"2020-01-01T10:{at}") for at in ("00:00", "00:02", "00:07", "04:00", "04:01", "07:30")]
    built = silver(sent)
    rows = built.rows("listens", "started_at")
    assert _times(rows) == ["10:00:00", "10:04:00", "10:07:30"]
    assert [row["merged_records"] for row in rows] == [3, 2, 1]
    assert [row["also_seen_in"] for row in rows] == [None, None, None]
    kinds = [(f"{row['started_at']:%M:%S}", row["merge_kind"]) for row in built.rows("merges", "started_at")]
    repeats = [("00:02", "repeat"), ("00:07", "repeat"), ("04:01", "repeat")]
    assert sorted(kinds, key=str) == sorted([("00:00", None), ("04:00", None), *repeats], key=str)


def test_repeats_can_be_kept(silver: Any, record: Any) -> None:
    sent = [record("2020-01-01T10:00:00"), record("2020-01-01T10:00:02")]
    edited = record("2020-01-01T10:00:00", album_name="Album")
    assert len(silver([*sent, edited]).rows("listens")) == 1
    assert len(silver([*sent, edited], merge_repeats=False).rows("listens")) == 2


@pytest.mark.parametrize(
    ("apart_s", "known"),
    [
        (31, {}),
        (12, {}),
        (20, {"duration_s": 20.0}),
        (6, {"duration_s": 6.0}),
        (60, {"precision_s": 60.0}),
        (4, {"listened_s": 4.0, **SPOTIFY}),
        (9, {"listened_s": 8.6, "is_skipped": True, **SPOTIFY}),
    ],
)
def test_honest_repeats_stay(silver: Any, record: Any, apart_s: int, known: dict[str, Any]) -> None:
    at = instant("2020-01-01T10:00:00")
    history = [record(at + timedelta(seconds=apart_s * i), **known) for i in range(8)]
    assert len(_listens(silver, history)) == 8


def test_a_repeat_of_what_another_source_saw_is_the_same_listen(silver: Any, record: Any) -> None:
    history = [
        record("2020-01-01T10:00:00", listened_s=175.0, **SPOTIFY),
        record("2020-01-01T10:00:20"),
        record("2020-01-01T10:00:21"),
        record("2020-01-01T10:03:00", listened_s=175.0, **SPOTIFY),
        record("2020-01-01T10:03:20"),
    ]
    rows = _listens(silver, history)
    assert [(row["source"], row["merged_records"]) for row in rows] == [
        ("spotify_extended", 3),
        ("spotify_extended", 2),
    ]


def test_a_long_row_of_repeats_is_one_listen(silver: Any, record: Any) -> None:
    at = instant("2020-01-01T10:00:00")
    history = [record(at + timedelta(seconds=5 * i)) for i in range(40)]
    assert [row["merged_records"] for row in _listens(silver, [*history, record(at, **LISTENBRAINZ)])] == [41]


@pytest.mark.parametrize(
    ("one", "other", "shown"),
    [
        ({"artist": "Beyond", "artists": "Beyond; Above"}, {"artist": "Above & Beyond"}, "Above & Beyond"),
        ({"artist": "Beyond"}, {"artist": "Above & Beyond"}, "Above & Beyond"),
        ({"artist": "Main"}, {"artist": "Guest, Main"}, "Guest, Main"),
        ({"artist": "Guest"}, {"artist": "Main", "track": "Song (feat. Guest)"}, "Main"),
        ({"artist": "Main"}, {"artist": "Main feat. Guest", "track": "Song - Remastered 2011"}, "Main"),
        ({"artist": "Various Artists"}, {"artist": "Singer"}, "Singer"),
        ({"artist": "Orchestra", "album_name": "Film"}, {"artist": "Composer", "album_name": "film"}, None),
        ({"artist": "Tyler, The Creator"}, {"artist": "Guest; Tyler, The Creator"}, "Guest; Tyler, The Creator"),
    ],
)
def test_one_play_with_other_credits_is_one_listen(
    silver: Any, record: Any, one: dict[str, Any], other: dict[str, Any], shown: str | None
) -> None:
    history = [
        record("2020-01-01T10:00:00", **one, listened_s=170.0, **SPOTIFY),
        record("2020-01-01T10:00:10", **other),
    ]
    built = silver(history)
    (listen,) = built.rows("listens")
    assert (listen["also_seen_in"], listen["merged_records"]) == ("lastfm", 2)
    named = {row["name_id"]: row for row in built.rows("track_names")}
    if shown:
        (track,) = (row for row in built.rows("listening_with_features") if row["listen_id"] == listen["listen_id"])
        assert track["artist_name"] == shown
    assert listen["name_id"] in named


@pytest.mark.parametrize(
    ("one", "other", "apart_s"),
    [
        ({"artist": "Black Keys"}, {"artist": "Black"}, 5),
        ({"artist": "Band"}, {"artist": "Singer"}, 5),
        ({"artist": "Band", "album_name": "One"}, {"artist": "Singer", "album_name": "Two"}, 5),
        ({"artist": "Main"}, {"artist": "Main & Guest", "track": "Other"}, 5),
        ({"artist": "Main"}, {"artist": "Main & Guest"}, 120),
    ],
)
def test_other_tracks_of_the_same_title_stay_apart(
    silver: Any, record: Any, one: dict[str, Any], other: dict[str, Any], apart_s: int
) -> None:
    at = instant("2020-01-01T10:00:00")
    history = [record(at, **one), record(at + timedelta(seconds=apart_s), **other, **LISTENBRAINZ)]
    assert len(_listens(silver, history)) == 2


def test_a_third_credit_joins_no_strangers(silver: Any, record: Any) -> None:
    history = [
        record("2020-01-01T10:00:00", "Intro", "Alice"),
        record("2020-01-01T10:00:30", "Intro", "Bob", **LISTENBRAINZ),
        record("2020-01-05T10:00:30", "Intro", "Alice & Bob", **LISTENBRAINZ),
    ]
    assert len(_listens(silver, history)) == 3


def test_honest_repeats_under_other_credits_stay(silver: Any, record: Any) -> None:
    starts = [f"2020-01-01T10:{minute:02}:00" for minute in (0, 3, 6, 9)]
    scrobbles = [record(at, artist="Main & Guest") for at in starts]
    streams = [record(at, artist="Main", listened_s=180.0, **SPOTIFY) for at in starts]
    lists = [record(at, artist="Guest", artists="Guest; Main", **LISTENBRAINZ) for at in starts]
    rows = _listens(silver, scrobbles + streams + lists)
    assert [row["merged_records"] for row in rows] == [3, 3, 3, 3]


def test_a_re_export_with_another_album_is_the_same_play(silver: Any, record: Any) -> None:
    edited = [record("2020-01-01T10:00:00", album_name=album) for album in ("Album", "Album (Deluxe)")]
    (listen,) = _listens(silver, edited)
    assert (listen["merged_records"], listen["also_seen_in"]) == (2, None)


def test_nor_does_an_edited_album_double_what_is_told_to_the_minute(silver: Any, record: Any) -> None:
    vague = [record("2020-01-01T10:00:00", album_name=album, precision_s=60.0) for album in ("One", "Two")]
    assert [row["merged_records"] for row in _listens(silver, vague)] == [2]


def test_one_history_exported_to_the_second_and_to_the_minute_is_one_history(silver: Any, record: Any) -> None:
    starts = ["2020-01-01T10:00:07", "2020-01-01T10:03:40", "2020-01-01T10:07:59"]
    exact = [record(at) for at in starts]
    vague = [record(f"{at[:-2]}00", precision_s=60.0, album_name="Album") for at in starts]
    assert _times(_listens(silver, exact + vague)) == [at[-8:] for at in starts]


def test_a_short_restart_does_not_take_the_scrobble(silver: Any, record: Any) -> None:
    history = [
        record("2020-01-01T10:00:00", listened_s=8.0, **SPOTIFY),
        record("2020-01-01T10:00:10", listened_s=175.0, **SPOTIFY),
        record("2020-01-01T10:00:02"),
    ]
    rows = _listens(silver, history)
    assert [(row["listened_s"], row["also_seen_in"]) for row in rows] == [(8.0, None), (175.0, "lastfm")]


def test_both_spotify_exports_tell_the_same_fragment(silver: Any, record: Any) -> None:
    history = [
        record("2020-01-01T10:00:30", listened_s=8.0, **SPOTIFY),
        record("2020-01-01T09:59:52", listened_s=8.0, **ACCOUNT),
    ]
    (listen,) = _listens(silver, history)
    assert (listen["precision_s"], listen["also_seen_in"]) == (0.001, "spotify_account")


def test_another_track_or_listener_is_another_listen(silver: Any, record: Any) -> None:
    at = "2020-01-01T10:00:00"
    history = [record(at), record(at, "Other", **LISTENBRAINZ), record(at, listener="ben", **LISTENBRAINZ)]
    assert len(_listens(silver, history)) == 3


def test_copies_of_a_record_are_one_and_the_fullest_is_kept(silver: Any, record: Any) -> None:
    bare = record("2020-01-01T10:00:00", spotify_id="s1", album_name=None)
    full = {**bare, "album_name": "Album", "country": "DE", "run": 2}
    (listen,) = _listens(silver, [bare, full, {**bare, "run": 3}])
    assert (listen["album_name"], listen["country"], listen["merged_records"]) == ("Album", "DE", 1)


def test_only_music_that_could_be_read_is_a_listen(silver: Any, record: Any) -> None:
    at = "2020-01-01T10:00:00"
    history = [record(at), record(at, "Episode", content="podcast"), record(at, "Bad", reason="no date")]
    assert len(_listens(silver, history)) == 1


def test_more_than_thirty_minutes_of_silence_start_a_session(silver: Any, record: Any) -> None:
    history = [
        record("2020-01-01T10:00:00", listened_s=600.0, **SPOTIFY),
        record("2020-01-01T10:40:00"),
        record("2020-01-01T11:10:01"),
        record("2020-01-01T11:10:00", listener="ben"),
    ]
    ann = [row for row in _listens(silver, history) if row["listener"] == "ann"]
    assert [row["gap_min"] for row in ann] == [None, 30.0, pytest.approx(30 + 1 / 60)]
    assert [f"{row['session_started_at']:%H:%M:%S}" for row in ann] == ["10:00:00", "10:00:00", "11:10:01"]


def test_overlapping_listens_have_no_silence_between_them(silver: Any, record: Any) -> None:
    history = [record("2020-01-01T10:00:00", listened_s=600.0, **SPOTIFY), record("2020-01-01T10:05:00")]
    assert [row["gap_min"] for row in _listens(silver, history)] == [None, 0.0]


def test_explain_shows_every_record_of_a_merged_listen(silver: Any, record: Any) -> None:
    history = [
        record("2020-01-01T10:00:40", "SONG"),
        record("2020-01-01T10:00:00", listened_s=175.0, **SPOTIFY),
        record("2020-01-01T12:00:00"),
    ]
    rows = silver(history).built(explain_merges).to_pylist()
    told = {(r["source"], r["track_name"], r["is_kept"], round(r["apart_s"])) for r in rows}
    assert told == {("lastfm", "SONG", False, 40), ("spotify_extended", "Song", True, 0)}
    assert len({r["listen_id"] for r in rows}) == 1


def _ends(record: Any, plays: int, late_s: float = 200.0, **told: Any) -> list[dict[str, Any]]:
    """Streams of 200 s one after another, and a second source that reports each of them ``late_s`` later."""
    start = instant("2020-01-01T10:00:00")
    starts = [(start + timedelta(seconds=200 * i), f"Song {i}") for i in range(plays)]
    streams = [record(at, title, listened_s=200.0, **SPOTIFY) for at, title in starts]
    late = {**LISTENBRAINZ, "duration_s": 200.0, **told}
    return streams + [record(at + timedelta(seconds=late_s), title, **late) for at, title in starts]


def test_a_source_that_reports_the_end_of_every_play_doubles_none(silver: Any, record: Any) -> None:
    history = _ends(record, 10)
    built = silver(history)
    rows = built.rows("listens", "started_at")
    assert [(row["merged_records"], row["source"]) for row in rows] == [(2, "spotify_extended")] * 10
    assert {row["merge_kind"] for row in built.rows("merges")} == {None, "end"}
    assert {abs(row["apart_s"]) < 1 for row in built.rows("merges")} == {True}


def test_its_lengths_may_come_from_the_other_source(silver: Any, record: Any) -> None:
    assert len(_listens(silver, _ends(record, 10, duration_s=None))) == 10


def test_few_plays_or_another_distance_are_no_ends(silver: Any, record: Any) -> None:
    assert len(_listens(silver, _ends(record, 5))) == 10
    assert len(_listens(silver, _ends(record, 10, late_s=150.0))) == 20


def test_a_track_on_repeat_that_two_sources_saw_is_not_taken_for_ends(silver: Any, record: Any) -> None:
    start = instant("2020-01-01T10:00:00")
    starts = [start + timedelta(seconds=200 * i) for i in range(40)]
    streams = [record(at, listened_s=200.0, **SPOTIFY) for at in starts if at != starts[7]]
    scrobbles = [record(at + timedelta(seconds=5), duration_s=200.0) for at in starts if at != starts[20]]
    assert len(_listens(silver, streams + scrobbles)) == 40


plays = st.lists(
    st.tuples(
        st.integers(0, 900),
        st.sampled_from(["Song", "Song - Remastered", "Other"]),
        st.sampled_from([SPOTIFY, ACCOUNT, LASTFM, LISTENBRAINZ]),
        st.sampled_from([5.0, 100.0, 180.0]),
        st.sampled_from([None, "Album"]),
        st.sampled_from(["ann", "ben"]),
    ),
    min_size=1,
    max_size=25,
)


def _history(record: Any, told: list[tuple[Any, ...]]) -> list[dict[str, Any]]:
    start = instant("2020-01-01T10:00:00")
    return [
        record(
            start + timedelta(seconds=at_s),
            track,
            listener=listener,
            album_name=album,
            listened_s=heard if source["instant_is"] == "end" else None,
            **source,
        )
        for at_s, track, source, heard, album, listener in told
    ]


@pytest.mark.slow
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(plays, st.integers())
def test_order_and_repetition_of_imports_change_nothing(silver: Any, record: Any, told: Any, seed: int) -> None:
    history = _history(record, told)
    random = stdlib_random.Random(seed)
    again = history + random.choices(history, k=len(history))
    random.shuffle(again)
    assert _listens(silver, history) == _listens(silver, [{**r, "run": i + 1} for i, r in enumerate(again)])


@pytest.mark.slow
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(plays)
def test_each_record_is_in_one_listen_and_no_source_is_twice_in_one(silver: Any, record: Any, told: Any) -> None:
    history = _history(record, told)
    built = silver(history)
    records = {(r["listener"], r["record_id"]): r for r in history}
    merges = {(r["listener"], r["record_id"]): r for r in built.rows("merges")}
    members: dict[tuple[str, int], list[dict[str, Any]]] = {}
    for (listener, record_id), row in records.items():
        merged = merges.get((listener, record_id), {"listen_id": record_id, "merge_kind": None})
        members.setdefault((listener, merged["listen_id"]), []).append({**row, "merge_kind": merged["merge_kind"]})
    listens = {(r["listener"], r["listen_id"]): r for r in built.rows("listens")}
    assert listens.keys() == members.keys()
    assert sum(r["merged_records"] for r in listens.values()) == len(records)
    for key, rows in members.items():
        assert listens[key]["merged_records"] == len(rows)
        # Only what is exported or sent again may bring a source's record twice.
        first = [r["source"] for r in rows if r["merge_kind"] not in ("edited", "repeat")]
        assert len(first) == len(set(first))


@pytest.mark.slow
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(plays, plays)
def test_a_stretch_between_silences_depends_on_its_own_records_only(
    silver: Any, record: Any, told: Any, told_before: Any
) -> None:
    later = _history(record, told)
    before = [{**r, "started_at": r["started_at"] - timedelta(hours=5)} for r in _history(record, told_before)]
    for i, row in enumerate(before):
        row["record_id"] = -1 - i
    alone, together = _listens(silver, later), _listens(silver, before + later)
    start = instant("2020-01-01T10:00:00")
    kept = [row for row in together if row["started_at"] >= start]
    first = {row["session_started_at"] for row in alone}
    for rows in (alone, kept):
        for row in rows:
            if row["started_at"] in first:
                row["gap_min"] = None
    assert alone == kept
