"""``tonearm recommend again`` and ``playlist`` as they are typed."""

from __future__ import annotations

import csv
import json
import shlex
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from tonearm.building.execute import build
from tonearm.cli import main
from tonearm.ingest.imports import import_paths
from tonearm.settings import load_settings

Run = Callable[..., Result]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home in which ada heard five songs of each of forty artists on three days a week apart, four years ago."""
    folder = tmp_path_factory.mktemp("again")
    rows = []
    for week in range(3):
        for n in range(200):
            day = date(2020, 1, 1) + timedelta(7 * week + n // 40)
            minute = 4 * (n % 40)
            rows.append((f"Artist {n % 40}", "", f"Song {n}", f"{day:%d %b %Y} {10 + minute // 60}:{minute % 60:02d}"))
    rows += [("Artist 0", "", "Late", f"{day:%d %b %Y} 10:00") for day in (date(2020, 5, 1), date(2020, 5, 2))]
    with (folder / "ada.csv").open("w", newline="", encoding="utf-8") as file:
        csv.writer(file, lineterminator="\n").writerows(rows)
    made = load_settings(folder / "home", environ={})
    import_paths(made, [folder / "ada.csv"], "ada", "UTC")
    build(made, ["listening_with_features", "tracks", "catalogue_tracks", "personalized_playlist_suggestions"])
    return folder / "home"


@pytest.fixture
def recommend(home: Path) -> Run:
    def call(words: str, expect: int = 0) -> Result:
        typed = ["--home", str(home), "recommend", *shlex.split(words)]
        result = CliRunner(env={"COLUMNS": "120"}).invoke(main, typed)
        assert result.exit_code == expect, (result.output, result.exception)
        return result

    return call


def test_again_has_reasons_and_parts(recommend: Run) -> None:
    shown = recommend("again --at 2020-02-01T10:00 -k 5").stdout
    assert "Hear again, for ada, 2020-02-01: 20 min" in shown
    assert "Heard 3 times in 3 sessions" in " ".join(shown.split())
    assert "memory +" in recommend("again --at 2020-02-01T10:00 -k 5 --why").stdout
    found = json.loads(recommend("again --at 2020-02-01T10:00+00:00 -k 5 --json").stdout)
    assert [track["position"] for track in found["tracks"]] == [1, 2, 3, 4, 5]
    assert set(found["tracks"][0]["parts"]) == {"memory", "hour", "session", "artist"}
    assert "when this history ends" in recommend("again").stdout


def test_weekly_jams_are_the_same_all_week_and_others_the_next(recommend: Run) -> None:
    weeks = [
        json.loads(recommend(f"playlist weekly-jams --day {day} --json").stdout)
        for day in ("2020-05-04", "2020-05-10", "2020-05-11")
    ]
    songs = [[track["track_name"] for track in week["tracks"]] for week in weeks]
    assert songs[0] == songs[1]
    assert not set(songs[0]) & set(songs[2])
    assert len(songs[0]) > 15
    assert weeks[0]["on"] == "2020-05-04"
    assert "Late" not in songs[0] + songs[2]


def test_a_playlist_is_shown_with_how_it_was_made(recommend: Run) -> None:
    shown = " ".join(recommend('playlist "Weekly Jams" --day 2020-05-04 --why --minutes 30').stdout.split())
    assert "Weekly jams, for ada, 2020-05-04: 32 min" in shown
    assert "not in the last 60 days: those whose turn it is in a cycle of 4 weeks" in shown
    assert "lengths are not known; taken as your usual 4.0 min" in shown
    assert "nothing for Rediscover yet" in recommend("playlist rediscover").stdout


def test_playlists_go_out_in_every_format(recommend: Run, tmp_path: Path) -> None:
    week = "playlist weekly-jams --day 2020-05-04"
    assert recommend(f"{week} --format m3u").stdout.startswith("#EXTM3U\n#EXTENC:UTF-8\n#PLAYLIST:Weekly jams\n")
    listed = json.loads(recommend(f"{week} --format jspf").stdout)["playlist"]
    assert (listed["title"], listed["creator"], len(listed["track"])) == ("Weekly jams", "ada", 22)
    assert listed["track"][0]["annotation"].startswith("Heard 3 times in 3 sessions")
    out = tmp_path / "jams.jspf"
    assert "Weekly jams, 22 tracks" in recommend(f'{week} --format jspf --output "{out}"').stderr
    assert json.loads(out.read_text(encoding="utf-8"))["playlist"] == listed
    assert "22 of 22 tracks have no known Spotify id" in recommend(f"{week} --format spotify").stderr


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("playlist", "which playlist? name one of weekly-jams"),
        ("playlist daily --mood happy", "which playlist?"),
        ("playlist weekly-jam", "did you mean weekly-jams"),
        ("playlist focus", "for Focus, Relaxation, Energy, Mood lift use --mood"),
        ("playlist --mood hapy_calm", "did you mean Happy_Calm"),
        ("playlist daily --listener bob", "no listener 'bob'"),
        ("playlist daily --minutes 0", "1 to 1,440 minutes"),
        ("playlist daily --minutes nan", "1 to 1,440 minutes"),
        ("playlist daily --day 2019-01-01", "ada had heard nothing by then"),
        ("playlist daily --output x.txt", "choose --format json, m3u, jspf or spotify"),
        ("playlist rediscover --format m3u", "songs heard 5 times in a year"),
        ("playlist --mood happy_calm --format m3u", "0 songs you know are known to be Happy_Calm"),
        ("again --at yesterday", "'yesterday' is not a time"),
        ("again --at 0001-01-01", "ada had heard nothing by then"),
        ("again --minutes 1e9", "1 to 1,440 minutes"),
    ],
)
def test_what_cannot_be_done_is_answered_with_what_to_do(recommend: Run, words: str, message: str) -> None:
    assert message in recommend(words, expect=2).stderr


def test_without_a_home_nothing_is_made(tmp_path: Path) -> None:
    for words in ("again", "playlist daily", "playlist --mood focus"):
        result = CliRunner().invoke(main, ["--home", str(tmp_path / "none"), "recommend", *words.split()])
        assert (result.exit_code, "tonearm import PATH" in result.stderr) == (2, True)
    assert not (tmp_path / "none").exists()
