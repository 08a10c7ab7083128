"""Files of services whose rows need more than their columns' names."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from tests.sources.conftest import Read
from tonearm.errors import UnknownKind

APPLE = (
    "Apple ID Number,Artist Name,Client IP Address,Event End Timestamp,Event Start Timestamp,Event Type,Item Type,"
    "Play Duration Milliseconds,Song Name,UTC Offset In Seconds\n"
)


def apple(start: str = "", end: str = "2023-11-14T22:16:40Z", event: str = "PLAY_END", heard: str = "200500") -> str:
    return f"17,Björk,203.0.113.9,{end},{start},{event},ITUNES_STORE_CONTENT,{heard},Jóga,-3600\n"


def test_a_start_that_is_missing_is_the_end_less_what_was_heard(read: Read) -> None:
    found = read("Apple Music Play Activity.csv", APPLE + apple("2023-11-14T22:00:00Z") + apple() + apple(heard="x"))
    assert found.kind == "apple_music"
    assert [row["reported_at"] for row in found.kept] == [
        datetime(2023, 11, 14, 22, 0, tzinfo=UTC),
        datetime(2023, 11, 14, 22, 13, 19, 500_000, tzinfo=UTC),
        datetime(2023, 11, 14, 22, 16, 40, tzinfo=UTC),
    ]
    assert [row["listened_s"] for row in found.kept] == [200.5, 200.5, None]
    assert found.kept[0]["extra"] == '{"utc_offset_s": -3600}'


def test_what_is_no_play_says_why_and_keeps_nothing_private(read: Read) -> None:
    rows = apple(event="LYRIC_DISPLAY") + apple(heard="0") + apple(end="soon") + apple(end="")
    found = read("a.csv", APPLE + rows)
    assert found.reasons == [
        "LYRIC_DISPLAY is not a play",
        "was not heard: a play of 0 ms",
        "date 'soon' is not understood",
        "no date (now playing)",
    ]
    assert not any("203.0.113.9" in row["raw"] or "17," in row["raw"] for row in found.rows)


def test_a_form_without_artists_is_refused(read: Read) -> None:
    with pytest.raises(UnknownKind, match="names no artists"):
        read("a.csv", APPLE.replace("Artist Name", "Something") + apple())
