from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.sources.conftest import Read
from tonearm.settings import Settings
from tonearm.sources import source_of
from tonearm.sources.files import InputFile
from tonearm.sources.inputs import input_files

AT = datetime(2020, 11, 20, 9, 35, tzinfo=UTC)


def listen(info: dict[str, Any] | None = None, **changes: Any) -> dict[str, Any]:
    return {
        "listened_at": AT.timestamp(),
        "inserted_at": 1.5,
        "track_metadata": {
            "artist_name": "Björk",
            "track_name": "Jóga",
            "release_name": "Homogenic",
            "recording_msid": "m",
            "additional_info": info or {},
            "mbid_mapping": None,
        },
        **changes,
    }


def lines(*rows: Any) -> str:
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


def test_an_export(read: Read) -> None:
    info = {
        "recording_mbid": "submitted",
        "artist_mbids": ["first", "second"],
        "duration_ms": "215000",
        "spotify_id": "https://open.spotify.com/track/4RxYVl3dYIAbBJQDgpB0MG",
        "submission_client": "navidrome",
        "media_player": "Feishin",
        "tracknumber": 3,
        "isrc": "",
    }
    found = read("export/listens/2020/11.jsonl", lines(listen(info)))
    assert found.kind == "listenbrainz_export"
    row = found.rows[0]
    assert (row["artist_name"], row["track_name"], row["album_name"]) == ("Björk", "Jóga", "Homogenic")
    assert (row["recording_mbid"], row["artist_mbid"], row["release_mbid"]) == ("submitted", "first", None)
    assert (row["spotify_id"], row["duration_s"], row["client"]) == ("4RxYVl3dYIAbBJQDgpB0MG", 215.0, "navidrome")
    assert json.loads(row["extra"]) == {"media_player": "Feishin", "tracknumber": 3}
    assert (row["reported_at"], row["content"], row["reason"]) == (AT, "music", None)


def test_mapped_ids_fill_in_for_submitted_ones(read: Read) -> None:
    row = listen()
    row["track_metadata"]["mbid_mapping"] = {"recording_mbid": "r", "release_mbid": "l", "artist_mbids": ["a"]}
    found = read("11.jsonl", lines(row)).rows[0]
    assert (found["recording_mbid"], found["release_mbid"], found["artist_mbid"]) == ("r", "l", "a")


def test_extra_stays_under_its_limit(read: Read) -> None:
    row = read("11.jsonl", lines(listen({"isrc": "x" * 9000, "tracknumber": 3}))).rows[0]
    assert json.loads(row["extra"]) == {"tracknumber": 3}


PRIVATE = {
    "ip": "203.0.113.9",
    "email": "somebody@private.example",
    "token": "secret-token",
    "origin_url": "https://user:secret-token@music.example/track/1?session=secret-token#secret-token",
    "tags": [{"email": "somebody@private.example"}, "art pop"],
}


def test_only_what_is_about_the_music_and_the_player_is_kept(read: Read) -> None:
    rows = [
        listen(PRIVATE, user_name="somebody-private"),
        listen(PRIVATE, listened_at="x", user_name="somebody-private"),
    ]
    found = read("11.jsonl", lines(*rows) + lines(rows[0])[:-30])
    assert json.loads(found.kept[0]["extra"]) == {"origin_url": "https://music.example/track/1", "tags": ["art pop"]}
    assert [row["reason"] is None for row in found.rows] == [True, False, False]
    assert "Jóga" in found.rows[1]["raw"]
    for word in ("203.0.113.9", "somebody", 'secret-token"', "session"):
        assert word not in json.dumps(found.rows, default=str, ensure_ascii=False)


def test_all_artists_as_submitted_else_as_matched(read: Read) -> None:
    matched = [{"artist_credit_name": name, "join_phrase": " & ", "artist_mbid": "m"} for name in ("Björk", "Rosalía")]
    row = listen()
    row["track_metadata"]["mbid_mapping"] = {"recording_mbid": "r", "artists": matched}
    assert read("1.jsonl", lines(row)).rows[0]["artists"] == "Björk; Rosalía"
    row["track_metadata"]["additional_info"] = {"artist_names": ["Björk", "Thom Yorke"], "release_artist_name": "Björk"}
    found = read("1.jsonl", lines(row)).rows[0]
    assert (found["artist_name"], found["artists"], found["album_artist_name"]) == (
        "Björk",
        "Björk; Thom Yorke",
        "Björk",
    )


def test_the_answer_of_the_api_as_saved(read: Read) -> None:
    answer = {"payload": {"count": 2, "user_id": "u", "listens": [listen(), listen()], "latest_listen_ts": 1}}
    for content in (json.dumps(answer), json.dumps([answer, answer], indent=2), lines(answer, answer)):
        found = read("listens.json", content)
        assert (found.kind, found.reasons) == ("listenbrainz_export", [])
        assert len(found.kept) in (2, 4)


def test_bad_lines_are_rejected_alone_and_a_truncated_one_is_reported(read: Read) -> None:
    content = (
        lines(listen(), "no", listen(listened_at=None), listen(listened_at="x")) + "{broken}\n\n" + lines(listen())
    )
    found = read("11.jsonl", content + lines(listen())[:100])
    assert [row["row"] for row in found.kept] == [1, 6]
    reasons = found.reasons
    assert "Expected `object`" in reasons[0] and reasons[1] == "no date (now playing)"
    assert "`$.listened_at`" in reasons[2] and "not valid JSON" in reasons[3]
    assert "in the middle of row 7" in reasons[4]


def test_a_line_without_end(read: Read) -> None:
    content = lines(listen(), listen({"x": "y" * 20_000_000}), listen())
    found = read("11.jsonl", content)
    assert [row["row"] for row in found.kept] == [1, 3]
    assert found.reasons == ["the row is longer than 1,024 KB"]


def test_the_older_list_and_pano(read: Read) -> None:
    assert len(read("listens.json", json.dumps([listen(), listen()])).kept) == 2
    pano = listen()
    del pano["inserted_at"], pano["track_metadata"]["recording_msid"], pano["track_metadata"]["mbid_mapping"]
    found = read("pano.jsonl", lines(pano))
    assert (found.kind, found.rows[0]["track_name"]) == ("pano_jsonl", "Jóga")


@pytest.mark.parametrize(
    ("name", "content"),
    [("user.json", '{"user_id": 1}'), ("feedback.jsonl", ""), ("pinned_recording.jsonl", "")],
)
def test_the_zip_s_other_files_are_named_and_not_read(read: Read, name: str, content: str) -> None:
    found = read(name, content)
    assert (found.kind, found.rows) == ("listenbrainz_other", [])


def test_an_empty_month_is_known_by_its_place(tmp_path: Path, settings: Settings) -> None:
    month = tmp_path / "export" / "listens" / "2020" / "2.jsonl"
    month.parent.mkdir(parents=True)
    month.touch()
    (file,) = input_files([tmp_path / "export"], settings)
    assert isinstance(file, InputFile)
    assert source_of(file).kind == "listenbrainz_export"


@pytest.mark.parametrize(("played", "listened_s"), [(95, 95.0), ("95", 95.0), (0, None), (-1, None), ("long", None)])
def test_how_long_it_was_heard_where_the_player_said_so(read: Read, played: Any, listened_s: float | None) -> None:
    (row,) = read("listens.jsonl", lines(listen({"duration_played": played, "duration": 200}))).rows
    assert (row["listened_s"], row["duration_s"]) == (listened_s, 200.0)
