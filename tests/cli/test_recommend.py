"""``tonearm recommend`` as it is typed."""

from __future__ import annotations

import csv
import json
import random
import shlex
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from tonearm.building.execute import build
from tonearm.cli import main
from tonearm.ingest.imports import import_paths
from tonearm.settings import Settings, load_settings

Run = Callable[..., Result]
HEADER = (
    "track_id,artists,album_name,track_name,popularity,duration_ms,explicit,danceability,energy,key,loudness,"
    "mode,speechiness,acousticness,instrumentalness,liveness,valence,tempo,time_signature,track_genre"
)
GENRES = ("rock", "jazz", "techno")


def typed(home: Path, *words: str | Path, expect: int = 0, columns: int = 120) -> Result:
    env = {"COLUMNS": str(columns)}
    result = CliRunner(env=env).invoke(main, ["--home", str(home), *map(str, words)])
    assert result.exit_code == expect, (result.output, result.exception)
    return result


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with 90 tracks of three genres, in which ada has heard rock and ben jazz."""
    folder = tmp_path_factory.mktemp("recommend")
    chance, lines = random.Random(0), [HEADER]
    for k in range(90):
        sound = [round(chance.random(), 3) for _ in range(8)]
        lines.append(
            f"{k:022d},{GENRES[k % 3].title()} Band {k // 6},,Song {k},{k},200000,{k % 2 == 0},{sound[0]},{sound[1]},1,"
            f"-9.0,0,{sound[2] / 3},{sound[3]},{sound[4]},{sound[5]},{sound[6]},{80 + k},4,{GENRES[k % 3]}"
        )
    (folder / "catalogue.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    made = load_settings(folder / "home", environ={})
    for who, first in (("ada", 0), ("ben", 1)):
        rows = [
            (f"{GENRES[first].title()} Band {k // 6}", "", f"Song {k}", f"{n + 1:02d} Nov 2020 09:35")
            for n, k in enumerate(range(first, 30, 3))
        ]
        with (folder / f"{who}.csv").open("w", newline="", encoding="utf-8") as file:
            csv.writer(file, lineterminator="\n").writerows(rows)
        import_paths(made, [folder / f"{who}.csv"], who, "UTC")
    import_paths(made, [folder / "catalogue.csv"])
    build(made, ["listening_with_features", "tracks"])
    return folder / "home"


@pytest.fixture
def tonearm(home: Path) -> Run:
    return lambda *words, **options: typed(home, *words, **options)


def test_a_song_has_songs_that_go_with_it(tonearm: Run) -> None:
    shown = tonearm("recommend", "song", "rock band 0 - song 0", "-k", "5").stdout
    assert "Recommended like Rock Band 0 – Song 0" in shown
    assert "Rock Band" in shown
    found = json.loads(tonearm("recommend", "song", f"{0:022d}", "-k", "5", "--json").stdout)
    assert [track["position"] for track in found["tracks"]] == [1, 2, 3, 4, 5]
    assert "Song 0" not in {track["track_name"] for track in found["tracks"]}


def test_a_listener_gets_what_is_new_to_them_with_reasons(tonearm: Run) -> None:
    found = json.loads(tonearm("recommend", "for", "ADA", "--json", "-k", "8").stdout)
    assert found["title"] == "for ada"
    assert not any(track["is_heard"] for track in found["tracks"])
    assert all(track["because"] for track in found["tracks"])
    assert found["tracks"][0]["why"]
    shown = " ".join(tonearm("recommend", "for", "ada", "--why", "-k", "3").stdout.split())
    assert " = +" in shown


def test_new_artists_are_those_of_whom_nothing_was_heard(tonearm: Run) -> None:
    found = json.loads(tonearm("recommend", "for", "ada", "--new-artists", "-k", "50", "--json").stdout)
    artists = {track["artist_name"] for track in found["tracks"]}
    assert "Rock Band 7" in artists
    assert not artists & {f"Rock Band {n}" for n in range(5)}


def test_filters_hold_or_are_marked(tonearm: Run) -> None:
    words = ("recommend", "for", "ada", "--genre", "jazz", "--tempo", "90-100", "-k", "10")
    shown = tonearm(*words).stdout
    assert "* misses a filter: tempo gave way" in shown
    strict = tonearm(*words, "--strict").stdout
    assert "*" not in strict
    assert "tracks are left" in strict


def test_every_filter_and_dial_can_be_typed(tonearm: Run) -> None:
    words = "--mood happy --year - 1990 --popularity 10-90 --duration -300 --explicit no --diversity 1 --novelty .5"
    refused = tonearm("recommend", "for", "ada", *words.split(), expect=2)
    assert "1990" in refused.stderr
    words = "--popularity 10-90 --duration -300 --explicit no --diversity 1 --novelty .5 --per-artist 1 --seed 4 -k 3"
    found = tonearm(
        *("recommend", "for", "ada", *words.split(), "--not-artist", "rock band 6", "--seen", "Song 51", "--heard"),
        *("--like", "song 3", "--dislike", "song 1", "--day", "2024-05-01", "--json"),
    )
    tracks = json.loads(found.stdout)["tracks"]
    assert len({track["artist_name"] for track in tracks}) == 3
    assert not any(track["is_explicit"] for track in tracks)


def test_likes_alone_are_enough(tonearm: Run) -> None:
    found = json.loads(tonearm("recommend", "for", "--like", "song 1", "--like", "song 4", "--json", "-k", "5").stdout)
    assert found["title"] == "like Jazz Band 0 – Song 1 and Jazz Band 0 – Song 4"
    assert found["tracks"][0]["genre"] == "jazz"


def test_a_sound_can_be_described(tonearm: Run) -> None:
    found = tonearm("recommend", "song", "--sound", "genre=techno", "--sound", "energy=0.5", "-k", "3", "--json")
    assert json.loads(found.stdout)["tracks"][0]["genre"] == "techno"


def test_a_blend_says_whose_taste_each_track_serves(tonearm: Run) -> None:
    shown = tonearm("recommend", "blend", "ada", "ben", "-k", "6").stdout
    assert "Recommended for ada and ben" in shown
    assert "Of the best list for each alone: ada" in shown
    found = json.loads(tonearm("recommend", "blend", "ada", "ben", "--json").stdout)
    assert {name for track in found["tracks"] for name in track["serves"]} == {"ada", "ben"}


def test_a_radio_plays_without_repeats_and_goes_on(tonearm: Run) -> None:
    uris = tonearm("recommend", "radio", "song 0", "-k", "25", "--format", "spotify").stdout.splitlines()
    assert len(set(uris)) == 25
    seen = [word for uri in uris for word in ("--seen", uri)]
    more = tonearm("recommend", "radio", "song 0", "-k", "25", *seen, "--format", "spotify").stdout.splitlines()
    assert len(more) == 25
    assert not set(uris) & set(more)
    all_ = tonearm(
        "recommend", "radio", "--listener", "ada", "--unheard", "--genre", "jazz", "--strict", "-k", "200"
    ).stdout
    assert "only 30 tracks are left" in all_


def test_a_list_becomes_a_file(tonearm: Run, tmp_path: Path) -> None:
    out = tmp_path / "next.m3u8"
    answer = tonearm("recommend", "for", "ada", "-k", "2", "--format", "m3u", "--output", out)
    assert (answer.stdout, answer.stderr.strip()) == ("", f"{out}: for ada, 2 tracks")
    assert out.read_text(encoding="utf-8").startswith("#EXTM3U\n#EXTENC:UTF-8\n#PLAYLIST:for ada\n#EXTINF:200,")
    jspf = json.loads(tonearm("recommend", "song", "song 0", "-k", "2", "--format", "jspf").stdout)["playlist"]
    assert (jspf["title"], len(jspf["track"])) == ("like Rock Band 0 – Song 0", 2)
    assert all(track["location"] and track["annotation"] for track in jspf["track"])
    answered = tonearm("recommend", "song", "song 0", "-k", "2", "--json", "--output", tmp_path / "next.json")
    assert answered.stdout == ""
    assert len(json.loads((tmp_path / "next.json").read_text(encoding="utf-8"))["tracks"]) == 2


def test_songs_are_found_by_misspelt_names(tonearm: Run) -> None:
    assert "Song 44" in tonearm("recommend", "search", "techno", "bnad", "7", "snog", "44").stdout
    found = json.loads(tonearm("recommend", "search", "--artist", "jaz band 3", "--json").stdout)
    assert found[0]["artist_name"] == "Jazz Band 3"
    assert "nothing is called anything like" in tonearm("recommend", "search", "qqqqqqq").stdout


def test_feedback_is_given_listed_counts_and_is_taken_back(tonearm: Run) -> None:
    assert "no feedback of ben yet" in tonearm("recommend", "feedback", "--listener", "ben").stdout
    first = json.loads(tonearm("recommend", "for", "ben", "--json", "-k", "3").stdout)["tracks"][0]
    hide = ("recommend", "feedback", "hide", "--artist", first["artist_name"], "--listener", "ben")
    assert "hide, for ben" in tonearm(*hide).stdout
    answer = json.loads(
        tonearm("recommend", "feedback", "skip", str(first["track_id"]), "--listener", "ben", "--json").stdout
    )
    assert (answer["feedback"], answer["subject"]["id"]) == ("skip", first["track_id"])
    listed = json.loads(tonearm("recommend", "feedback", "--listener", "ben", "--json").stdout)
    assert [one["kind"] for one in listed] == ["skip", "hide"]
    assert first["artist_name"] in tonearm("recommend", "feedback", "--listener", "ben").stdout
    after = json.loads(tonearm("recommend", "for", "ben", "--json", "-k", "50").stdout)["tracks"]
    assert first["artist_id"] not in {track["artist_id"] for track in after}
    tonearm("recommend", "feedback", "undo", "--artist", first["artist_name"], "--listener", "ben")
    tonearm("recommend", "feedback", "undo", str(first["track_id"]), "--listener", "ben")
    again = json.loads(tonearm("recommend", "for", "ben", "--json", "-k", "3").stdout)["tracks"][0]
    assert again == first
    undone = ("recommend", "feedback", "undo", str(first["track_id"]), "--listener", "ben")
    assert "has given no feedback" in tonearm(*undone, expect=2).stderr


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("song", "which track? name one"),
        ("song x --sound energy=1", "which track? name one"),
        ("song --sound energy", "--sound is FEATURE=VALUE"),
        ("song rock", "no track 'rock'"),
        ("song 99", "no track '99'"),
        ("for adda", "did you mean ada"),
        ("for", "for whom?"),
        ("for ada -k 0", "k is the number of tracks, 1 to 500, and not 0"),
        ("for ada -k 1000000", "not 1,000,000"),
        ("for ada --genre rocc", "did you mean rock"),
        ("for ada --mood merry", "no mood 'merry'"),
        ("for ada --tempo 500-600", "no track meets the filter tempo 500–600 bpm; there are 80–169"),
        ("for ada --tempo fast", "fast is not a range"),
        ("for ada --year 2000-1990", "year cannot be at least 2000 and at most 1990"),
        ("for --like 'song 1' --dislike 'song 1'", "both liked and disliked"),
        ("blend ada", "two listeners or more"),
        ("radio", "what should the radio play"),
        ("feedback like", "there are several listeners; name one (--listener, a token, or ?listener=): ada, ben"),
        ("feedback like --listener ada", "like what?"),
        ("feedback like 'rock band 0' --artist --listener ada", "an artist can be hidden"),
        ("for ada --output x.txt", "--format json, m3u, jspf or spotify"),
    ],
)
def test_what_cannot_be_answered_gets_a_sentence(tonearm: Run, words: str, message: str) -> None:
    assert message in tonearm("recommend", *shlex.split(words), expect=2).stderr


@pytest.mark.parametrize("words", ["song x", "for ada", "search x", "feedback", "radio x", "blend ada ben"])
def test_an_empty_home_says_what_to_do_and_is_not_made(settings: Settings, words: str) -> None:
    refused = typed(settings.home, "recommend", *words.split(), expect=2)
    assert "import" in refused.stderr
    assert not settings.home.exists()


def test_a_phone_shows_the_list(tonearm: Run) -> None:
    for words in (["for", "ada"], ["blend", "ada", "ben"], ["for", "ada", "--why"]):
        shown = tonearm("recommend", *words, "-k", "4", columns=40).stdout
        assert max(len(line.rstrip()) for line in shown.splitlines() if "Of the" not in line) <= 41
