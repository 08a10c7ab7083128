"""``tonearm playlist`` as it is typed."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from tonearm.cli import main
from tonearm.settings import Settings

Run = Callable[..., Result]
Lastfm = Callable[..., Path]
TABLE = "personalized_playlist_suggestions"


@pytest.fixture
def tonearm(settings: Settings) -> Run:
    def call(*words: str | Path, expect: int = 0) -> Result:
        result = CliRunner(env={"COLUMNS": "120"}).invoke(main, ["--home", str(settings.home), *map(str, words)])
        assert result.exit_code == expect, (result.output, result.exception)
        return result

    return call


@pytest.fixture
def calm(tonearm: Run, lastfm: Lastfm, catalogue: Lastfm) -> Run:
    """A home in which ada has heard six calm tracks that the catalogue knows, and one more that it does not."""
    heard = [(f"Artist {k}", "", f"Track {k}", f"{k + 1:02d} Nov 2020 09:35") for k in range(7)]
    tonearm("import", lastfm(heard), "--listener", "ada", "--timezone", "UTC")
    tonearm("import", catalogue([(f"Artist {k}", f"Track {k}") for k in range(6)]))
    tonearm("build", TABLE)
    return tonearm


def test_playlists_are_listed_and_shown(calm: Run) -> None:
    listed = calm("playlist").stdout
    assert "Relaxation" in listed
    assert 'tonearm playlist "Relaxation" --listener "ada"' in listed
    (one,) = json.loads(calm("playlist", "--json").stdout)
    assert (one["listener"], one["playlist"], len(one["tracks"])) == ("ada", "Relaxation", 6)
    shown = calm("playlist", "relaxation").stdout
    assert "Relaxation, for ada" in shown
    assert "Heard once, on 2020-11-01" in " ".join(shown.split())
    assert json.loads(calm("playlist", "RELAXATION", "--listener", "Ada", "--json").stdout) == one


def test_a_playlist_becomes_a_file_or_goes_to_the_output(calm: Run, tmp_path: Path) -> None:
    out = tmp_path / "calm.m3u8"
    told = calm("playlist", "relaxation", "--format", "m3u", "--output", out)
    assert (told.stdout, told.stderr.strip()) == ("", f"{out}: Relaxation, 6 tracks")
    assert out.read_bytes() == calm("playlist", "relaxation", "--format", "m3u").stdout_bytes
    assert out.read_text(encoding="utf-8").startswith(
        "#EXTM3U\n#EXTENC:UTF-8\n#PLAYLIST:Relaxation\n#EXTINF:200,Artist "
    )
    uris = calm("playlist", "relaxation", "--format", "spotify").stdout.splitlines()
    assert sorted(uris) == [f"spotify:track:{k:022d}" for k in range(6)]
    listed = json.loads(calm("playlist", "relaxation", "--format", "jspf").stdout)["playlist"]
    assert (listed["title"], listed["creator"], len(listed["track"])) == ("Relaxation", "ada", 6)
    assert sorted(track["location"][0] for track in listed["track"]) == sorted(uris)
    refused = calm("playlist", "relaxation", "--format", "m3u", "--output", tmp_path / "no" / "x.m3u", expect=2)
    assert "name another file" in refused.stderr


def test_what_cannot_be_done_is_said_with_what_to_do(calm: Run) -> None:
    for words, said in [
        ("relax", "did you mean Relaxation?"),
        ("focus --listener bob", "no listener 'bob'"),
        ("focus --format m3u", "no Focus playlist yet: a playlist needs 5 suitable tracks"),
        ("--format m3u", "which playlist? there are Focus, Relaxation, Energy, Mood lift"),
        ("relaxation --output x.txt", "--format json, m3u, jspf or spotify"),
    ]:
        assert said in calm("playlist", *words.split(), expect=2).stderr


def test_without_playlists_the_way_to_some_is_told(tonearm: Run, lastfm: Lastfm, settings: Settings) -> None:
    assert "tonearm build" in tonearm("playlist", expect=2).stderr
    assert not settings.home.exists(), "looking at a home that is not there does not make it"
    tonearm("import", lastfm([("Can", "", "Vitamin C", "20 Nov 2020 09:35")]))
    tonearm("build", TABLE)
    assert "import CATALOGUE.csv" in " ".join(tonearm("playlist").stdout.split())
    assert "no Focus playlist yet" in tonearm("playlist", "focus").stdout
    assert json.loads(tonearm("playlist", "focus", "--json").stdout)["tracks"] == []


def test_with_several_listeners_one_must_be_named(calm: Run, lastfm: Lastfm) -> None:
    heard = [(f"Artist {k}", "", f"Track {k}", f"{k + 1:02d} Dec 2020 09:35") for k in range(6)]
    calm("import", lastfm(heard, "ben.csv"), "--listener", "ben", "--timezone", "UTC")
    calm("build", TABLE)
    assert "name a listener: ada, ben" in calm("playlist", "relaxation", expect=2).stderr
    assert json.loads(calm("playlist", "relaxation", "--listener", "ben", "--json").stdout)["listener"] == "ben"
