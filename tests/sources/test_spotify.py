from __future__ import annotations

import csv
import io
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.sources.conftest import Read
from tonearm.sources.json_rows import JsonRows
from tonearm.sources.spotify import _Extended

TS = datetime(2021, 3, 4, 5, 6, 7, tzinfo=UTC)
PRIVATE = {
    "username": "somebody-private",
    "platform": "private platform",
    "ip_addr": "203.0.113.9",
    "ip_addr_decrypted": "203.0.113.9",
    "user_agent_decrypted": "private agent",
}


def extended(**changes: Any) -> dict[str, Any]:
    return {
        "ts": "2021-03-04T05:06:07Z",
        "ms_played": 180_000,
        "conn_country": "IS",
        "master_metadata_track_name": "Svefn-g-englar",
        "master_metadata_album_artist_name": "Sigur Rós",
        "master_metadata_album_album_name": "Ágætis byrjun",
        "spotify_track_uri": "spotify:track:4RxYVl3dYIAbBJQDgpB0MG",
        "episode_name": None,
        "episode_show_name": None,
        "reason_start": "trackdone",
        "reason_end": "fwdbtn",
        "shuffle": False,
        "skipped": True,
        "offline": False,
        "offline_timestamp": None,
        "incognito_mode": True,
        "a_field_of_the_future": {"nested": [1, 2]},
        **PRIVATE,
        **changes,
    }


def test_an_extended_row(read: Read) -> None:
    found = read("Streaming_History_Audio_2021_3.json", json.dumps([extended()]))
    assert found.kind == "spotify_extended"
    assert found.rows == [
        {
            "row": 1,
            "content": "music",
            "reported_at": TS,
            "started_at": TS - timedelta(minutes=3),
            "listened_s": 180.0,
            "artist_name": "Sigur Rós",
            "album_artist_name": "Sigur Rós",
            "track_name": "Svefn-g-englar",
            "album_name": "Ágætis byrjun",
            "spotify_id": "4RxYVl3dYIAbBJQDgpB0MG",
            "is_skipped": True,
            "is_shuffle": False,
            "is_offline": False,
            "is_incognito": True,
            "reason_start": "trackdone",
            "reason_end": "fwdbtn",
            "country": "IS",
            "reason": None,
            "raw": None,
        }
    ]


@pytest.mark.parametrize(
    ("offline", "start"),
    [
        ((TS - timedelta(minutes=10)).timestamp(), TS - timedelta(minutes=10)),
        ((TS - timedelta(minutes=10)).timestamp() * 1000, TS - timedelta(minutes=10)),
        (0, TS - timedelta(minutes=3)),
        (None, TS - timedelta(minutes=3)),
        ((TS - timedelta(days=400)).timestamp(), TS - timedelta(minutes=3)),
        (TS.timestamp(), TS - timedelta(minutes=3)),
        ((TS + timedelta(hours=1)).timestamp(), TS - timedelta(minutes=3)),
    ],
    ids=["seconds", "milliseconds", "zero", "null", "13 months off", "no room for the listen", "after the end"],
)
def test_the_start_is_the_offline_timestamp_where_plausible(read: Read, offline: float | None, start: datetime) -> None:
    found = read("endsong_0.json", json.dumps([extended(offline_timestamp=offline and int(offline))]))
    assert found.rows[0]["started_at"] == start


def test_podcasts_and_audiobooks_are_distinguished(read: Read) -> None:
    nothing = dict.fromkeys(
        (
            "master_metadata_track_name",
            "master_metadata_album_artist_name",
            "master_metadata_album_album_name",
            "spotify_track_uri",
        )
    )
    episode = extended(**nothing, episode_name="Episode 1", episode_show_name="A show")
    chapter = extended(**nothing, audiobook_title="A book", audiobook_chapter_title="Chapter 1")
    found = read("a.json", json.dumps([episode, chapter, extended(**nothing)]))
    names = [(r["content"], r["artist_name"], r["track_name"], r["album_name"]) for r in found.kept]
    assert names == [("podcast", "A show", "Episode 1", None), ("audiobook", None, "Chapter 1", "A book")]
    assert found.reasons == ["names neither a track nor an episode"]


def test_bad_rows_are_rejected_alone_and_without_private_fields(read: Read) -> None:
    bad = [
        extended(ms_played=-1),
        extended(ts="yesterday"),
        extended(ts=None),
        extended(ms_played="long"),
        extended(master_metadata_track_name="a\0b"),
        "not an object",
    ]
    found = read("a.json", json.dumps([extended(), *bad, extended()]))
    assert [row["row"] for row in found.kept] == [1, 8]
    reasons = " | ".join(found.reasons)
    assert found.reasons[:3] == ["a negative time was played", "date 'yesterday' is not understood", "no date"]
    assert "Expected `float | null`, got `str` - at `$.ms_played`" in reasons
    assert "track_name contains a NUL character" in reasons
    assert "Svefn" in found.rows[4]["raw"]
    for value in PRIVATE.values():
        assert value not in json.dumps(found.rows, default=str)


def test_a_file_cut_in_the_middle_keeps_its_whole_rows(read: Read) -> None:
    whole = json.dumps([extended(), extended(), extended()])
    found = read("a.json", whole[:-400])
    assert len(found.kept) == 2
    assert found.reasons == ["the file ends in the middle of row 3; later rows are missing: get the file again"]
    assert "203.0.113.9" not in found.rows[2]["raw"] and "ts" in found.rows[2]["raw"]


def test_a_row_that_is_not_json_does_not_take_its_neighbours(read: Read) -> None:
    rows = [json.dumps(extended(ms_played=i)) for i in range(5)]
    rows[2] = rows[2].replace('"ms_played": 2', '"ms_played": oops')
    found = read("a.json", "[" + ",\n".join(rows) + "]")
    assert [row["listened_s"] for row in found.kept] == [0.0, 0.001, 0.003, 0.004]
    assert "not valid JSON" in found.reasons[0]
    assert "203.0.113.9" not in found.rows[2]["raw"]


def test_lists_one_after_the_other(read: Read) -> None:
    """As people make them who put all files of their export into one."""
    one = json.dumps([extended()])
    assert len(read("a.json", one + one + "\n").kept) == 2
    found = read("a.json", one + "trash" + one)
    assert (len(found.kept), len(found.reasons)) == (2, 1)


def test_numbers_as_text_and_other_words_for_truth(read: Read) -> None:
    given = {"ms_played": "180000", "skipped": 1, "shuffle": "false", "offline": 0, "incognito_mode": "True"}
    row = read("a.json", json.dumps([extended(**given)])).rows[0]
    assert (row["reason"], row["listened_s"], row["is_skipped"], row["is_shuffle"]) == (None, 180.0, True, False)
    assert (row["is_offline"], row["is_incognito"]) == (False, True)
    row = read("a.json", json.dumps([extended(), extended(master_metadata_track_name=1979)])).rows[1]
    assert (row["reason"], row["track_name"], row["listened_s"]) == (None, "1979", 180.0)


@pytest.mark.parametrize(
    ("ts", "ms"),
    [
        ("0000-01-01T00:00:00Z", 1),
        ("9999-12-31T23:59:59-14:00", 1),
        (10**30, 1),
        ("2021-03-04T05:06:07Z", "nan"),
        ("2021-03-04T05:06:07Z", "inf"),
        ("2021-03-04T05:06:07Z", 10**400),
    ],
)
def test_no_date_or_length_stops_the_rows_after_it(read: Read, ts: Any, ms: Any) -> None:
    found = read("a.json", json.dumps([extended(ts=ts, ms_played=ms), extended()]))
    assert found.rows[0]["reason"] and found.rows[1]["reason"] is None


def test_recognised_in_whatever_order_and_indentation(read: Read) -> None:
    sparse = {"ts": "2021-03-04T05:06:07Z", "master_metadata_track_name": "A"}
    rows = [sparse] * 2000 + [dict(reversed(extended().items()))]
    for indent in (None, 3):
        found = read("a.json", json.dumps(rows, indent=indent).replace('":', '" :'))
        assert (found.kind, len(found.rows)) == ("spotify_extended", 2001)


def test_a_row_without_end_is_not_held_in_memory(read: Read) -> None:
    import tracemalloc

    rows = [json.dumps(extended()), json.dumps(extended(episode_name="x" * 60_000_000)), json.dumps(extended())]
    content = ("[" + ",".join(rows) + "]").encode()
    tracemalloc.start()
    found = read("a.json", content)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert [row["reason"] for row in found.rows] == [None, "the row is longer than 1,024 KB", None]
    assert peak < 50_000_000


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_other_encodings(read: Read, encoding: str) -> None:
    content = json.dumps([extended(), extended()], ensure_ascii=False).encode(encoding)
    assert [row["artist_name"] for row in read("a.json", content).kept] == ["Sigur Rós"] * 2


def test_lone_surrogates_and_deep_nesting_do_not_stop_the_file(read: Read) -> None:
    odd = json.dumps(extended()).replace("Svefn", "\\ud83d")
    deep = '{"ts": ' + "[" * 50_000 + "]" * 50_000 + "}"
    found = read("a.json", f"[{odd},{deep},{odd}]")
    assert [row["track_name"] for row in found.kept] == ["?-g-englar"] * 2
    assert len(found.reasons) == 1


def test_account_data(read: Read) -> None:
    music = {"endTime": "2024-02-03 04:05", "artistName": "Björk", "trackName": "Jóga", "msPlayed": 60_000}
    found = read("StreamingHistory_music_0.json", json.dumps([music], ensure_ascii=False))
    assert found.kind == "spotify_account"
    row = found.rows[0]
    assert (row["reported_at"], row["started_at"]) == (
        datetime(2024, 2, 3, 4, 5, tzinfo=UTC),
        datetime(2024, 2, 3, 4, 4, tzinfo=UTC),
    )
    assert (row["artist_name"], row["track_name"], row["content"]) == ("Björk", "Jóga", "music")

    podcast = {"endTime": "2024-02-03 04:05", "podcastName": "A", "episodeName": "B", "msPlayed": 1}
    row = read("StreamingHistory_podcast_0.json", json.dumps([podcast])).rows[0]
    assert (row["artist_name"], row["track_name"], row["content"]) == ("A", "B", "podcast")

    book = {"endTime": "2024-02-03 04:05", "authorName": "A", "audiobookName": "B", "chapterName": "C", "msPlayed": 1}
    row = read("StreamingHistory_audiobook_0.json", json.dumps([book])).rows[0]
    assert (row["artist_name"], row["album_name"], row["track_name"]) == ("A", "B", "C")
    assert row["content"] == "audiobook"


def test_an_empty_list_is_known_by_its_name(read: Read) -> None:
    assert read("Streaming_History_Video_2024.json", "[]").kind == "spotify_extended"
    assert read("StreamingHistory_podcast_0.json", "[ ]").rows == []


@pytest.mark.parametrize(
    "name", ["Userdata.json", "Playlist1.json", "Marquee.json", "ReadMeFirst.pdf", "Wrapped2024.json"]
)
def test_the_zip_s_other_files_are_named_and_not_read(read: Read, name: str) -> None:
    found = read(name, b'{"email": "private"}')
    assert (found.kind, found.rows) == ("spotify_other", [])


names = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=20)


@given(
    tracks=st.lists(
        st.one_of(names, st.sampled_from(["},{", '"},{"', "]", "\\", '\\"}, {', "}]"])), min_size=1, max_size=30
    ),
    indent=st.sampled_from([None, 1]),
    block=st.integers(50, 3000),
)
@settings(max_examples=60, deadline=None)
def test_blocks_may_be_cut_anywhere(tracks: list[str], indent: int | None, block: int) -> None:
    """Every row comes out once, in order, wherever the blocks end and whatever the names contain."""
    rows = [extended(master_metadata_track_name=track) for track in tracks]
    for ascii_only in (True, False):
        content = json.dumps(rows, indent=indent, ensure_ascii=ascii_only)
        file_blocks = [content.encode()[i : i + block] for i in range(0, len(content.encode()), block)]
        found = [row for part in JsonRows(_Extended, 1 << 20).read(iter(file_blocks)) for row in part]
        assert [row.master_metadata_track_name for row in found] == tracks  # type: ignore[union-attr]


@given(cut=st.integers(2, 3000))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_cut_never_loses_a_whole_row(read: Read, cut: int) -> None:
    rows = [json.dumps(extended(ms_played=i)) for i in range(4)]
    whole = "[" + ",".join(rows) + "]"
    cut = min(cut, len(whole) - 1)
    ends = [len("[" + ",".join(rows[: i + 1])) for i in range(4)]
    found = read("endsong_0.json", whole[:cut], kind="spotify_extended")
    assert len(found.kept) == sum(end <= cut for end in ends)
    assert len(found.reasons) == 1


def csv_of(rows: list[dict[str, Any]], names: dict[str, str] | None = None) -> str:
    """As a spreadsheet saves the JSON: an empty cell for null, True and False."""
    fields = [name for name in rows[0] if not isinstance(rows[0][name], dict)]
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow([(names or {}).get(name, name) for name in fields])
    writer.writerows([["" if row[name] is None else row[name] for name in fields] for row in rows])
    return out.getvalue()


def test_the_same_data_saved_as_csv_are_the_same_rows(read: Read) -> None:
    rows = [extended(), extended(skipped=None, ts="2021-03-04T06:00:00Z"), extended(ts="soon"), extended(ms_played=0)]
    saved = read("spotify.csv", csv_of(rows))
    assert (saved.kind, saved.rows) == ("spotify_extended", read("spotify.json", json.dumps(rows)).rows)
    account = [{"endTime": "2021-03-04 05:06", "artistName": "A", "trackName": "B", "msPlayed": 1000, "index": 1}] * 3
    saved = read("account.csv", csv_of(account))
    assert (saved.kind, saved.rows) == ("spotify_account", read("account.json", json.dumps(account)).rows)


def test_the_form_on_kaggle_is_the_same_rows(read: Read) -> None:
    names = {
        "master_metadata_track_name": "track_name",
        "master_metadata_album_artist_name": "artist_name",
        "master_metadata_album_album_name": "album_name",
    }
    saved = csv_of([extended()], names).replace("spotify:track:", "").replace("True", "TRUE").replace("False", "FALSE")
    found = read("spotify_history.csv", saved.replace("2021-03-04T05:06:07Z", "2021-03-04 05:06:07"))
    assert (found.kind, found.rows) == ("spotify_extended", read("a.json", json.dumps([extended()])).rows)


def test_rows_of_the_csv_that_cannot_be_read_are_rejected_without_what_is_private(read: Read) -> None:
    found = read("spotify.csv", csv_of([extended(ms_played="long")]) + "half,a,row\n")
    assert [reason.partition(":")[0] for reason in found.reasons] == [
        "a field is not as expected",
        "has 3 fields where 21 are expected",
    ]
    assert not any(value in str(found.rows) for value in PRIVATE.values())


def test_no_start_is_taken_from_before_the_previous_play_ended(read: Read) -> None:
    hour = timedelta(hours=1)
    at = [TS - 2 * hour, TS - hour, TS]
    rows = [extended(ts=f"{end:%Y-%m-%dT%H:%M:%SZ}", offline_timestamp=int((TS - 3 * hour).timestamp())) for end in at]
    starts = [row["started_at"] for row in read("a.json", json.dumps(rows)).rows]
    assert starts == [TS - 3 * hour, TS - hour - timedelta(minutes=3), TS - timedelta(minutes=3)]
