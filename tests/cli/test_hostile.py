"""Arguments, names and outputs of which a command could choke: a sentence and an exit code, never a traceback."""

from __future__ import annotations

import json
import os
import random
import re
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from tonearm.building.execute import build
from tonearm.cli import main
from tonearm.cli.command import json_line, visible
from tonearm.ingest.imports import import_paths
from tonearm.settings import Settings

OBEYED = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")
"""What a terminal would obey."""

ROWS = (
    "Air,Moon Safari,Sexy Boy,20 Nov 2020 09:28\n"
    "Air,Moon Safari,Sexy Boy,20 Nov 2020 09:28\n"
    "A\x1b[31mir,M\x9b2J,Kelly \u202e Watch,20 Nov 2020 09:38\n"
    "=cmd|' /C calc'!A0,-1,[/x] [red],20 Nov 2020 10:38\n"
    "Air,Moon Safari,Kelly,\n"
)
CATALOGUE = (
    ",track_id,artists,album_name,track_name,popularity,duration_ms,explicit,danceability,energy,key,loudness,mode,"
    "speechiness,acousticness,instrumentalness,liveness,valence,tempo,time_signature,track_genre\n"
    + "1,id1abcdefghijklmnopqrst,Air,Moon,Sexy Boy,50,200000,False,0.5,0.5,1,-10,0,0.1,0.1,0,0.1,0.5,120,4,rock\n"
    * 2
)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with a history full of what a terminal and a spreadsheet would obey, and a catalogue."""
    folder = tmp_path_factory.mktemp("hostile")
    made = Settings(home=folder / "home")
    for name, content in (("history.csv", ROWS), ("catalogue.csv", CATALOGUE)):
        (folder / name).write_text(content, encoding="utf-8")
        import_paths(made, [folder / name], "[ada]" if name == "history.csv" else None, "UTC")
    build(made)
    return made.home


def call(home: Path, *arguments: str, **environment: str) -> Result:
    result = CliRunner(env={"COLUMNS": "200", **environment}).invoke(main, ["--home", str(home), *arguments])
    crash = None if isinstance(result.exception, SystemExit) else result.exception
    assert crash is None and result.exit_code != 1, (arguments, crash, result.output)
    if "csv" not in arguments:  # Which is for programs, unless it is written to a terminal.
        assert not OBEYED.search(result.output), (arguments, OBEYED.findall(result.output))
    return result


TEXTS = ["\ud800", "\udce9", "\x1b[31m", "\u202ex", "\x9b2J", "", "x" * 300, "x" * 5000, "é" * 200, "\n", "a\0b", "-",
         "'\"", "../..", "%s{}", "{0.__class__}", "[/red]", "9" * 400, "0001-01-01", "9999-12-31", "nan",
         "9999-12-31T23:59:59-14:00", "0001-01-01T00:00:00+14:00"]  # fmt: skip
NUMBERS = [str(2**63 - 1), str(2**63), str(2**64), "-1", "0", str(2**62), "1e5", "９", "00", ""]
WITH_TEXT = ["show", "show listens --listener", "show listens --rule", "show listens --as-of", "listens --listener",
             "listens --merge-explain --listener", "playlist", "playlist --listener", "playlist focus --listener",
             "playlist focus --format m3u --output", "listeners", "listeners [ada] --timezone",
             "listeners [ada] --timezone UTC --from", "import", "import --as", "import history.csv --listener",
             "import history.csv --timezone", "tables history", "tables --graph", "imports show", "imports undo",
             "build", "backup", "restore", "predict", "predict mood --input", "train", "models show", "models card",
             "--", "demo --end"]  # fmt: skip
WITH_NUMBER = ["show listens --limit", "show listens --format csv --limit", "listens --limit",
               "listens --merge-explain --limit", "imports show 1 --rejected --limit", "imports show", "imports undo",
               "tables history listens --limit", "tables history --limit", "show listens --as-of", "demo --seed",
               "train breakout --seed"]  # fmt: skip


def hostile(amount: int) -> list[list[str]]:
    draw = random.Random(1)
    every = [[*words.split(), text] for words in WITH_TEXT for text in TEXTS]
    every += [[*words.split(), number] for words in WITH_NUMBER for number in NUMBERS]
    # Those that are right after all would simulate a household or train a model.
    every = [words for words in every if words[0] not in ("demo", "train") or words[-1] not in ("0", "00", "９")]
    return draw.sample(every, amount)


@pytest.mark.slow
def test_no_argument_ends_in_a_traceback_or_moves_the_cursor(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for arguments in hostile(150):
        call(tmp_path / "none" if arguments[0] in ("import", "imports", "demo", "build") else home, *arguments)


@pytest.mark.parametrize(
    "words",
    ["show listens --limit", "listens --limit", "imports show 1 --rejected --limit", "tables history listens --limit",
     "demo --seed", "train --seed"],
)  # fmt: skip
def test_a_number_that_is_too_large_or_negative_is_a_wrong_argument(home: Path, words: str) -> None:
    for number in (str(2**63), "-1"):
        assert call(home, *words.split(), number).exit_code == 2


def test_what_a_history_holds_is_shown_and_not_obeyed(home: Path) -> None:
    for words in ("listens", "show listens", "imports show 1 --rejected", "imports show 1 --duplicates",
                  "imports show 1", "show listens --json", "listens --json", "imports", "listeners"):  # fmt: skip
        call(home, *words.split())
    assert "A�[31mir" in call(home, "listens").output


def test_the_duplicates_of_a_catalogue_have_no_date(home: Path) -> None:
    assert "Air – Sexy Boy" in call(home, "imports", "show", "2", "--duplicates").output


def test_json_escapes_and_means_the_same() -> None:
    value = {"name": "\x1b[31m\x9b\u202e\u2028 é", "path": os.fsdecode(b"caf\xe9")}
    line = json_line(value).decode()
    assert not OBEYED.search(line)
    assert json.loads(line) == {"name": value["name"], "path": "caf?"}


def test_line_ends_tabs_and_joined_emoji_stay() -> None:
    assert visible("a\n\tb 👩‍🎤 עברית") == "a\n\tb 👩‍🎤 עברית"
    assert visible("\x1b]0;x\x07\r\udce9") == "�]0;x���"


def test_csv_is_harmless_unless_asked_for_as_it_is(home: Path) -> None:
    words = ("show", "listening_with_features", "--format", "csv")
    for raw, prefix in (((), "'"), (("--raw",), "")):
        result = CliRunner().invoke(main, ["--home", str(home), *words, *raw])
        assert f"\"{prefix}=cmd|' /C calc'!A0\"" in result.stdout


def run(home: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[bytes]:
    command = [sys.executable, "-m", "tonearm", "--home", str(home), *arguments]
    return subprocess.run(command, env={**os.environ, **environment}, capture_output=True, check=False)


@pytest.mark.slow
@pytest.mark.parametrize("encoding", ["ascii", "latin-1"])
@pytest.mark.parametrize("words", ["--help", "listens", "doctor", "show nothing"])
def test_an_output_that_is_not_utf_8_is_no_error(home: Path, words: str, encoding: str) -> None:
    result = run(home, *words.split(), PYTHONIOENCODING=encoding, PYTHONUTF8="0", LC_ALL="C")
    assert b"Traceback" not in result.stderr
    assert result.returncode == (2 if words == "show nothing" else 0)


def test_json_is_utf_8_whatever_the_output(home: Path) -> None:
    result = run(home, "show", "nöthing", "--json", PYTHONIOENCODING="ascii")
    assert "nöthing" in json.loads(result.stdout)["message"]


@pytest.mark.slow
@pytest.mark.parametrize("words", ["listeners", "imports", "imports --json", "show nothing --json"])
def test_a_short_answer_into_a_closed_pipe_is_no_error(home: Path, words: str) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    command = [sys.executable, "-m", "tonearm", "--home", str(home), *words.split()]
    result = subprocess.run(command, stdout=writer, stderr=subprocess.PIPE, check=False)
    os.close(writer)
    assert b"Traceback" not in result.stderr and b"Exception" not in result.stderr
    assert result.returncode == 0
