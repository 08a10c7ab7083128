from __future__ import annotations

from datetime import UTC, datetime
from io import BytesIO

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.sources.conftest import Read
from tonearm.sources import Context
from tonearm.sources.files import InputFile
from tonearm.sources.rockbox import RockboxLog

UTS = 1595237700
AT = datetime.fromtimestamp(UTS, UTC)
HEADER = "#AUDIOSCROBBLER/1.1\n#TZ/UTC\n#CLIENT/Rockbox\n"


def rockbox(zone: str) -> str:
    return (
        f"#AUDIOSCROBBLER/1.1\n#TZ/{zone}\n#CLIENT/Rockbox ipodvideo\n"
        f"Björk\tHomogenic\tJóga\t2\t305\tL\t{UTS}\tt-id\n"
        f'Björk\tHomogenic\tThe "Hunter\t1\t255\tS\t{UTS}\n'
        f"Björk\tHomogenic\tPluto\t9\t200\tL\t0\t\nBjörk\tPluto\n"
    )


def test_rockbox_in_utc(read: Read) -> None:
    found = read(".scrobbler.log", rockbox("UTC"))
    assert found.kind == "rockbox_log"
    first, second = found.kept
    assert (first["artist_name"], first["album_name"], first["track_name"]) == ("Björk", "Homogenic", "Jóga")
    assert (first["reported_at"], first["duration_s"], first["recording_mbid"]) == (AT, 305.0, "t-id")
    assert (first["is_skipped"], second["is_skipped"], first["client"]) == (False, True, "Rockbox ipodvideo")
    assert second["track_name"] == 'The "Hunter'
    assert found.reasons == [
        "dated 1970: now playing or a clock not set",
        "has 2 fields where 7 or 8 are expected",
    ]


def test_without_zone_times_are_local(read: Read) -> None:
    found = read(".scrobbler.log", rockbox("UNKNOWN"))
    assert (found.kept[0]["local_at"], found.kept[0]["reported_at"]) == (datetime(2020, 7, 20, 9, 35), None)
    assert "local time" in found.phrase


def test_a_log_appended_to_another_has_its_own_zone(read: Read) -> None:
    row = f"A\tB\tC\t1\t200\tL\t{UTS}\t\n"
    found = read(".scrobbler.log", HEADER + row + HEADER.replace("UTC", "UNKNOWN").replace("Rockbox", "Other") + row)
    assert [(row["local_at"] is None, row["client"]) for row in found.kept] == [(True, "Rockbox"), (False, "Other")]


def test_plays_that_could_not_be_sent_count(read: Read) -> None:
    found = read(
        ".scrobbler.log", HEADER + f"# FAILED - Band A\tB\tC\t1\t200\tL\t{UTS}\t\n#1 Dads\tB\tC\t1\t9\tL\t{UTS}\n"
    )
    assert [row["artist_name"] for row in found.kept] == ["Band A", "#1 Dads"]


LINES = st.lists(
    st.sampled_from(
        [
            *(f"A\tB\tC\t1\t200\tL\t{UTS}\t", f"# FAILED - A\tB\tC\t1\t200\tS\t{UTS}", "A\tB", "#1\tB\tC", "\t"),
            *("#AUDIOSCROBBLER/1.1", "#TZ/UTC", "# a comment", ""),
        ]
    ),
    max_size=40,
)


@given(LINES, st.sampled_from(["\n", "\r\n"]))
@settings(max_examples=80, deadline=None)
def test_every_line_that_is_no_header_is_counted(lines: list[str], end: str) -> None:
    content = HEADER + end.join(lines)
    file = InputFile(".scrobbler.log", lambda: BytesIO(content.encode()), 1 << 30)
    read = sum(len(table) for table in RockboxLog().read(file, Context()))
    assert read == sum(bool(line) and not (line.startswith("#") and "\t" not in line) for line in lines)
