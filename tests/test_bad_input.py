"""Input and homes that are wrong, through the command line: a sentence and an exit code, and good rows kept."""

from __future__ import annotations

import errno
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from tonearm.building.execute import build
from tonearm.cli import main
from tonearm.home import unusable
from tonearm.ingest.imports import import_paths
from tonearm.ingest.ledger import imports, undo
from tonearm.ingest.staging import Staging
from tonearm.lake import open_lake, refusal
from tonearm.settings import Settings

A = ("Nina Simone", "Pastel Blues", "Sinnerman", "20 Nov 2020 09:35")
B = ("Nina Simone", "Pastel Blues", "Strange Fruit", "20 Nov 2020 09:46")
C = ("Nina Simone", "Pastel Blues", "Be My Husband", "20 Nov 2020 10:46")


def tonearm(home: Path, *arguments: str | Path) -> Result:
    """One command, which never ends as a bug of tonearm does."""
    # Wide, so that no sentence is broken by the edge of a table's column.
    result = CliRunner(env={"COLUMNS": "400"}).invoke(main, ["--home", str(home), *map(str, arguments)])
    assert result.exit_code != 1, result.output
    return result


def counts(home: Path, *paths: str | Path) -> tuple[int, int, int, int]:
    report = json.loads(tonearm(home, "import", *paths, "--json").stdout)
    return report["read"], report["kept"], report["duplicates"], report["rejected"]


@pytest.mark.parametrize("name", ["it's", 'a "b" c', "q?x#y", "Müller – ü", "👩‍🎤"])
def test_a_home_may_have_spaces_and_quotes_in_its_path(tmp_path: Path, name: str, lastfm: Callable[..., Path]) -> None:
    home = tmp_path / name
    assert counts(home, lastfm([A, B])) == (2, 2, 0, 0)
    assert counts(home, lastfm([A, B, C], "more.csv")) == (3, 1, 2, 0)


@pytest.mark.parametrize("name", ["100%25", "a[1]", "st*r", "line\nbreak", os.fsdecode(b"caf\xe9")])
def test_a_home_that_no_lake_can_be_in_is_refused(tmp_path: Path, name: str, lastfm: Callable[..., Path]) -> None:
    result = tonearm(tmp_path / name, "import", lastfm([A]))
    assert result.exit_code == 6
    assert "name another with --home" in result.stderr


def test_a_file_name_that_is_not_text_is_shown_as_far_as_it_is(tmp_path: Path, lastfm: Callable[..., Path]) -> None:
    named = tmp_path / os.fsdecode(b"caf\xe9\n\x1b[31m.csv")
    try:
        lastfm([A, B]).rename(named)
    except OSError:
        pytest.skip("this file system has no such names")
    report = json.loads(tonearm(tmp_path / "home", "import", named, "--json").stdout)
    assert report["kept"] == 2
    assert report["files"][0]["name"] == "caf���[31m.csv"


def test_links_that_lead_nowhere_and_in_circles_are_named(tmp_path: Path, lastfm: Callable[..., Path]) -> None:
    folder = tmp_path / "exports"
    folder.mkdir()
    lastfm([A, B]).rename(folder / "a.csv")
    (folder / "circle").symlink_to("circle")
    (folder / "nowhere").symlink_to("is-not-there")
    (folder / "up").symlink_to("..")
    report = json.loads(tonearm(tmp_path / "home", "import", folder, "--json").stdout)
    assert report["kept"] == 2
    assert [f["name"] for f in report["files"] if f["problem"]] == ["exports/circle", "exports/nowhere"]


def test_a_nul_byte_costs_its_row_only_however_short_the_file(tmp_path: Path) -> None:
    file = tmp_path / "nul.csv"
    file.write_bytes(b"A,B,C,02 Jan 2020 10:00\nA,B\0,D,02 Jan 2020 10:10\nA,B,E,02 Jan 2020 10:20\n")
    assert counts(tmp_path / "home", file) == (3, 2, 0, 1)


def test_a_file_all_of_whose_rows_are_rejected_is_no_success(tmp_path: Path, lastfm: Callable[..., Path]) -> None:
    playing = lastfm([("artist", "album", "track", "uts"), (*A[:3], "")], "playing.csv")
    good = lastfm([A, (*A[:3], "")])
    result = tonearm(tmp_path / "home", "import", playing, good)
    assert result.exit_code == 3
    assert "playing.csv: all of its rows were rejected (1), so nothing of it is kept" in result.stdout
    assert tonearm(tmp_path / "home", "import", lastfm([B, (*A[:3], "")], "b.csv")).exit_code == 0


def test_a_file_first_read_as_another_kind_can_still_be_imported(tmp_path: Path) -> None:
    file = tmp_path / "listens.json"
    rows = [{"ts": "2020-01-01T00:00:00Z", "ms_played": 60_000, "master_metadata_track_name": "Sinnerman",
             "master_metadata_album_artist_name": "Nina Simone"}]  # fmt: skip
    file.write_text(json.dumps(rows), encoding="utf-8")
    home = tmp_path / "home"
    assert counts(home, file, "--as", "spotify_account") == (1, 0, 0, 1)
    assert counts(home, file) == (1, 1, 0, 0)
    assert counts(home, file) == (1, 0, 1, 0)


def test_undoing_one_reading_of_a_file_leaves_the_other(settings: Settings, tmp_path: Path) -> None:
    file = tmp_path / "listens.json"
    rows = [{"ts": "2020-01-01T00:00:00Z", "ms_played": 60_000, "master_metadata_track_name": "Sinnerman",
             "master_metadata_album_artist_name": "Nina Simone"}]  # fmt: skip
    file.write_text(json.dumps(rows), encoding="utf-8")
    import_paths(settings, [file], kind="spotify_account")
    import_paths(settings, [file])
    undo(settings, 1)
    (second,) = (r for r in imports(settings) if not r.undone_at)
    assert (second.read, second.kept) == (1, 1)
    assert open_lake(settings.lake).rows("listening_history_bronze") == 1


def test_a_disk_that_fills_while_rows_are_staged_stores_no_half_file(
    settings: Settings, lastfm: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    file = lastfm([A, B, C])
    with monkeypatch.context() as patched:

        def full(*_: Any) -> None:
            raise OSError(errno.ENOSPC, "No space left on device")

        patched.setattr(Staging, "add", full)
        result = tonearm(settings.home, "import", file)
    assert result.exit_code == 6
    assert "no space left" in result.stderr
    assert imports(settings) == []
    assert counts(settings.home, file) == (3, 3, 0, 0)


@pytest.mark.skipif(not os.access("/dev/full", os.W_OK), reason="no device that is always full")
def test_a_full_disk_is_named_whoever_says_so(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="No space") as caught, Path("/dev/full").open("wb", buffering=0) as device:
        device.write(b"x")
    said = "Generic LocalFileSystem error: Unable to copy data to file: No space left on device (os error 28)"
    assert "free some and repeat" in str(unusable(caught.value, tmp_path))
    assert "free some and repeat" in str(refusal(tmp_path, RuntimeError(said)))


@pytest.mark.parametrize("content", [b"", b"{ not json", bytes(range(256))])
@pytest.mark.parametrize("command", [["imports"], ["build"], ["tables"], ["imports", "undo", "1"], ["doctor"]])
def test_a_damaged_log_is_said_and_where(
    tmp_path: Path, lastfm: Callable[..., Path], content: bytes, command: list[str]
) -> None:
    home = tmp_path / "home"
    tonearm(home, "import", lastfm([A]))
    log = home / "lake" / "listening_history_bronze" / "_delta_log" / "00000000000000000000.json"
    log.write_bytes(content)
    result = tonearm(home, *command)
    if command != ["tables"]:  # which does not look at bronze
        assert "listening_history_bronze is damaged" in " ".join(result.output.split())
        assert result.exit_code == (0 if command == ["doctor"] else 6)


def test_a_damaged_data_file_is_said(tmp_path: Path, lastfm: Callable[..., Path]) -> None:
    home = tmp_path / "home"
    tonearm(home, "import", lastfm([A]))
    for part in (home / "lake" / "listening_history_bronze").glob("*.parquet"):
        part.write_bytes(part.read_bytes()[:100])
    for command in (["build"], ["import", str(lastfm([B], "b.csv"))], ["show", "listening_history_bronze"]):
        result = tonearm(home, *command)
        assert result.exit_code == 6
        assert "is damaged" in result.stderr


def test_settings_that_cannot_be_read_are_said(tmp_path: Path) -> None:
    home = tmp_path / "home"
    (home / "tonearm.toml").mkdir(parents=True)
    result = tonearm(home, "imports")
    assert result.exit_code == 2
    assert "tonearm.toml cannot be read" in result.stderr


def test_an_argument_that_is_not_text_is_refused(tmp_path: Path) -> None:
    result = tonearm(tmp_path / "home", "show", "imports", "--listener", os.fsdecode(b"ad\xe9"))
    assert result.exit_code == 2
    assert "UTF-8" in result.stderr


def test_a_reader_that_has_seen_enough_is_no_error(settings: Settings, lastfm: Callable[..., Path]) -> None:
    rows = [
        (*A[:3], f"{day:02} Nov 2020 {hour:02}:{m:02}") for day in range(1, 29) for hour in range(24) for m in (1, 31)
    ]
    import_paths(settings, [lastfm(rows)])
    command = [
        sys.executable,
        "-m",
        "tonearm",
        "--home",
        str(settings.home),
        "show",
        "listening_history_bronze",
        "--json",
    ]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout and process.stderr
        process.stdout.read(1)
        process.stdout.close()
        assert process.stderr.read() == b""
        assert process.wait() == 0


def test_no_private_field_of_an_export_reaches_the_home(settings: Settings, tmp_path: Path) -> None:
    private = {"ip_addr": "203.0.113.7", "username": "PRIVATE-user", "user_agent_decrypted": "PRIVATE-agent",
               "platform": "PRIVATE-platform", "ip_addr_decrypted": "203.0.113.7"}  # fmt: skip
    good = {"ts": "2020-01-01T00:00:00Z", "ms_played": 60_000, "master_metadata_track_name": "Sinnerman",
            "master_metadata_album_artist_name": "Nina Simone", **private}  # fmt: skip
    rows = [good, {**good, "ts": "not a date"}, {**good, "ms_played": {"a": private}}, {**private}]
    file = tmp_path / "endsong_0.json"
    file.write_text(json.dumps(rows)[:-30], encoding="utf-8")
    import_paths(settings, [file])
    build(settings)
    lake = open_lake(settings.lake)
    stored = "".join(str(lake.dataset(name).to_table().to_pylist()) for name in lake.names())
    assert "Sinnerman" in stored
    assert [word for word in ("PRIVATE", "203.0.113.7") if word in stored] == []
