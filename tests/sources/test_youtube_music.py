from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.sources.conftest import Read
from tonearm.errors import UnknownKind

IMPORTS = Path(__file__).parent / "imports"


def activity(title: str, artist: str | None = "Björk - Topic", **changes: Any) -> dict[str, Any]:
    subtitles = {} if artist is None else {"subtitles": [{"name": artist, "url": "https://private.example/channel"}]}
    return {
        "header": "YouTube Music",
        "title": title,
        "titleUrl": "https://music.youtube.com/watch?v=abc",
        **subtitles,
        "time": "2023-11-14T22:13:20.123Z",
        "products": ["YouTube"],
        "activityControls": ["YouTube watch history"],
        **changes,
    }


@pytest.mark.parametrize("name", ["p5_ytm_en.json", "p5_ytm_de.json"])
def test_in_the_language_of_the_account(read: Read, name: str) -> None:
    found = read(name, (IMPORTS / name).read_bytes())
    assert (found.kind, len(found.rows), found.reasons) == ("youtube_music_json", 5, [])
    assert [row["track_name"] for row in found.rows] == [f"Song {i}" for i in range(5)]
    assert found.rows[0]["artist_name"] == "Band A"
    assert found.rows[0]["reported_at"].replace(microsecond=0) == datetime(2023, 11, 14, 22, 13, 20, tzinfo=UTC)


def test_videos_and_what_names_no_artist_are_counted_and_refused(read: Read) -> None:
    rows = [
        activity("Watched Jóga"),
        activity("Watched a cat", header="YouTube"),
        activity("Watched https://www.youtube.com/watch?v=x", artist=None),
        activity("Watched Jóga", time="0000-00-00T00:00:00Z"),
    ]
    found = read("watch-history.json", json.dumps(rows, indent=2))
    assert [row["track_name"] for row in found.kept] == ["Jóga"]
    assert found.reasons == [
        "YouTube, not YouTube Music",
        "names no artist: the video was removed or is private",
        "date '0000-00-00T00:00:00Z' is not understood",
    ]
    assert "private.example" not in json.dumps(found.rows, default=str)


def test_no_title_is_mangled(read: Read) -> None:
    titles = ["Watched", "Watched Watched", 'Say "Hello"', '"Heroes" (2017)', "Tschüss angesehen"]
    found = read("a.json", json.dumps([activity(f"Watched {title}") for title in titles]))
    assert [row["track_name"] for row in found.kept] == titles
    german = ["„Jóga“ angesehen", '"Heroes" (2017) angesehen', "angesehen angesehen"]
    found = read("b.json", json.dumps([activity(title) for title in german]))
    assert [row["track_name"] for row in found.kept] == ["Jóga", '"Heroes" (2017)', "angesehen"]


def test_another_language_is_read_when_the_file_shows_it(read: Read) -> None:
    titles = [f"{chr(65 + i)} song {i}{chr(97 + i)}" for i in range(24)]
    found = read("a.json", json.dumps([activity(f"Kuunneltu: {title}", title[:1]) for title in titles]))
    assert [row["track_name"] for row in found.kept] == titles


def test_another_language_is_refused_when_it_cannot_be_sure(read: Read) -> None:
    rows = [activity(f"Kuunneltu Song {i}", "Band") for i in range(30)]
    with pytest.raises(UnknownKind, match="in a language that is not known, such as 'Kuunneltu Song 0'"):
        read("a.json", json.dumps(rows))


def test_html_is_refused_with_what_to_do(read: Read) -> None:
    page = '<html><head></head><body><div class="outer-cell mdl-cell mdl-cell--12-col mdl-shadow--2dp"></div></body>'
    with pytest.raises(UnknownKind, match="choose JSON as the format of the history"):
        read("watch-history.html", page)
