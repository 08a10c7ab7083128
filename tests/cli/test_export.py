from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from tonearm.cli import main
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
