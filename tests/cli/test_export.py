from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from tests.documents.test_export import PLAIN

from tonearm.cli import main
from tonearm.documents.dashboard.shape import SCHEMA_ID
from tonearm.documents.parts import PARTS
from tonearm.settings import Settings
from tonearm.store import open_store


@pytest.fixture
def home(settings: Settings) -> Path:
    """A home with two listeners and no listens."""
    store = open_store(settings)
    for name in ("Ada", "Ben"):
        store.ensure_listener(name, "UTC")
    return settings.home


def tonearm(home: Path, *arguments: str) -> Result:
    return CliRunner().invoke(main, ["--home", str(home), *arguments])


def test_the_forms_are_listed(home: Path) -> None:
    assert [one["format"] for one in json.loads(tonearm(home, "export", "--json").stdout)] == [
        "listenbrainz",
        "lastfm-csv",
        "maloja",
        "koito",
    ]
    assert "tonearm export listens --format" in tonearm(home, "export").stdout


def test_an_export_reports_what_it_wrote(home: Path, tmp_path: Path) -> None:
    path = tmp_path / "ada.json"
    done = tonearm(home, "export", "listens", "--format", "maloja", "--listener", "ada", "-o", str(path))
    assert (done.exit_code, done.stdout) == (0, f"{path}: 0 of 0 listens of Ada\n")
    assert json.loads(path.read_text())["scrobbles"] == []


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--format", "koito"], "there are several listeners"),
        (["--format", "koito", "--listener", "Eve"], "no listener 'Eve'"),
        (["--format", "koito", "--listener", "Ada", "--from", "2021-01-02", "--to", "2021-01-01"], "after --to"),
        (["--format", "koito", "--listener", "Ada", "-o", "/"], "cannot be written"),
        (["--format", "xml"], "xml"),
    ],
)
def test_what_cannot_be_done_is_refused_in_words(home: Path, arguments: list[str], sentence: str) -> None:
    refused = tonearm(home, "export", "listens", *arguments)
    assert refused.exit_code == 2
    assert sentence in refused.stderr


def test_a_page_goes_out_without_a_name_unless_it_has_a_title(home: Path, tmp_path: Path) -> None:
    folder = tmp_path / "public"
    done = json.loads(tonearm(home, "export", "site", "--listener", "Ada", "-o", str(folder), "--json").stdout)
    assert (done["did"], done["folder"]) == ("written", str(folder))
    assert "recent" in done["withheld"]
    shown = [one for one in folder.rglob("*") if one.is_file() and "site" not in one.relative_to(folder).parts]
    assert [one for one in shown if b"Ada" in one.read_bytes() or str(home).encode() in one.read_bytes()] == []
    again = tonearm(home, "export", "site", "--listener", "Ada", "-o", str(folder), "--title", "Ada’s plays")
    assert "written" in again.stdout
    assert "Ada’s plays" in (folder / "documents/site.js").read_text()


def test_a_preview_lists_every_part_and_writes_nothing(home: Path, tmp_path: Path) -> None:
    found = json.loads(tonearm(home, "export", "site", "--listener", "Ada", "--preview", "--json").stdout)
    assert {one["part"]: one["goes_out"] for one in found} == {name: part.is_usual for name, part in PARTS.items()}
    assert "`--include PART`" in tonearm(home, "export", "site", "--listener", "Ada", "--preview").stdout
    assert list(tmp_path.iterdir()) == [home]


def test_the_help_names_every_part() -> None:
    text = CliRunner().invoke(main, ["export", "site", "--help"]).stdout
    assert [name for name in PARTS if name not in text] == []


def test_the_schema_is_printed(home: Path) -> None:
    assert json.loads(tonearm(home, "export", "schema").stdout)["$id"] == SCHEMA_ID


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["export", "site", "--listener", "Ada"], "where to?"),
        (["export", "site", "--listener", "Ada", "--include", "recents", "-o", "x"], "did you mean recent"),
        (["publish", "site", "nowhere", "--listener", "Ada"], "nowhere is no folder"),
        (["publish", "site", ".", "--listener", "Ada", "--without", "sessions"], "no part 'sessions'"),
    ],
)
def test_a_website_that_cannot_be_made_is_refused_in_words(home: Path, arguments: list[str], sentence: str) -> None:
    refused = tonearm(home, *arguments)
    assert refused.exit_code == 2
    assert sentence in refused.stderr


def test_publishing_clones_commits_and_pushes_only_what_changed(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def git(*arguments: str) -> str:
        return subprocess.run(["git", *arguments], cwd=tmp_path, capture_output=True, text=True, check=True).stdout

    for name, value in PLAIN.items():
        monkeypatch.setenv(name, value)
    git("init", "--bare", "-q", "-b", "main", "website.git")
    address = f"file://{tmp_path}/website.git"
    asked = ("publish", "site", address, "--listener", "Ada", "--folder", "listening", "--json")
    done = [json.loads(tonearm(home, *asked).stdout)["did"] for _ in range(2)]
    assert done == ["committed, pushed", "unchanged"]
    log = git("--git-dir", "website.git", "log", "-p", "--format=%an %s", "main")
    assert log.splitlines()[0] == "AUTHOR@example.org listening: brought up to date"
    assert str(home) not in log
    git("clone", "-q", address, "again")
    assert (tmp_path / "again/listening/dashboard_data.json").is_file()
