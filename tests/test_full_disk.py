"""A volume that is full: a sentence and an exit code, nothing torn, and after some was freed the command goes on."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.api.conftest import client_of
from tests.test_bad_input import tonearm
from tonearm.ingest.ledger import imports
from tonearm.lake import open_lake
from tonearm.settings import Settings
from tonearm.store import open_store
from tonearm.store.tokens import create_token

pytestmark = pytest.mark.slow

SIZE = 48_000_000
LEFT = (0, 40_000, 400_000)
"""Bytes that are left on the full volume: a command fails at once, within its first files, or later."""


@pytest.fixture
def volume(tmp_path: Path) -> Iterator[Path]:
    """A small volume of its own."""
    folder = tmp_path / "volume"
    folder.mkdir()
    if os.geteuid() or subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={SIZE}", "tmpfs", folder]).returncode:
        pytest.skip("a small volume can be mounted by root only, where that is allowed")
    yield folder
    subprocess.run(["umount", "--lazy", folder], check=True)


@contextmanager
def full(volume: Path, left: int = 0) -> Iterator[None]:
    """The volume has so many bytes left meanwhile."""
    filler = volume / "filler"
    free = os.statvfs(volume)
    with filler.open("wb") as file:
        os.posix_fallocate(file.fileno(), 0, max(1, free.f_bavail * free.f_frsize - left))
    try:
        yield
    finally:
        filler.unlink()


def history(days: range) -> list[tuple[str, str, str, str]]:
    return [
        (f"Artist {day * hour % 7}", "Album", f"Track {day * hour % 31}", f"{day:02} Nov 2020 {hour:02}:00")
        for day in days
        for hour in range(24)
    ]


@pytest.fixture
def home(volume: Path, lastfm: Callable[..., Path]) -> Settings:
    """A home on the volume, with a history that is built."""
    settings = Settings(home=volume / "home")
    tonearm(
        settings.home, "import", lastfm(history(range(1, 10)), "first.csv"), "--listener", "Ada", "--timezone", "UTC"
    )
    tonearm(settings.home, "build", "listening_with_features", "sessions")
    return settings


def assert_refused(done: Any) -> None:
    complaint = done.stderr.lower()
    assert done.exit_code == 6, done.output
    assert "no space left" in complaint or "disk is full" in complaint, done.output
    assert "traceback" not in complaint


def assert_adds_up(home: Settings, listens: int) -> None:
    for report in imports(home):
        assert report.read == report.kept + report.duplicates + report.rejected
    assert sum(report.kept for report in imports(home)) == listens
    assert tonearm(home.home, "build", "listening_with_features", "sessions").exit_code == 0
    assert open_lake(home.lake).rows("listening_with_features") == listens


@pytest.mark.parametrize("left", LEFT)
def test_an_import_a_build_and_a_run_go_on_when_some_was_freed(
    home: Settings, volume: Path, lastfm: Callable[..., Path], left: int
) -> None:
    second = lastfm(history(range(8, 20)), "second.csv")
    refused = 0
    for command in (["import", str(second)], ["build"], ["run"]):
        with full(volume, left):
            done = tonearm(home.home, *command)
            if done.exit_code:
                assert_refused(done)
                refused += 1
        assert tonearm(home.home, "imports").exit_code == 0
    assert refused >= (1 if left else 3)
    assert tonearm(home.home, "import", second).exit_code == 0
    assert_adds_up(home, 19 * 24)
    assert tonearm(home.home, "run").exit_code == 0


@pytest.mark.parametrize("left", LEFT)
def test_a_backup_onto_a_full_volume_leaves_none(home: Settings, volume: Path, left: int, tmp_path: Path) -> None:
    archive = volume / "home.tar.gz"
    with full(volume, min(left, 40_000)):
        assert_refused(tonearm(home.home, "backup", archive))
    assert [path.name for path in volume.iterdir()] == ["home"]
    assert tonearm(home.home, "backup", archive).exit_code == 0
    with full(volume, left):
        refused = tonearm(volume / "other", "restore", archive)
    assert_refused(refused)
    assert not (volume / "other").exists()
    assert tonearm(volume / "other", "restore", archive).exit_code == 0
    assert_adds_up(Settings(home=volume / "other"), 9 * 24)


def test_a_server_on_a_full_volume_refuses_submissions_and_shows_the_page(home: Settings, volume: Path) -> None:
    store = open_store(home)
    token, _ = create_token(store, "Ada", ["submit", "read"])
    store.close()
    sent = {"Authorization": f"Token {token}"}

    def submit(at: int) -> int:
        names = {"artist_name": "Air", "track_name": "x" * 2000}
        body = {
            "listen_type": "import",
            "payload": [{"listened_at": at + 240 * i, "track_metadata": names} for i in range(50)],
        }
        return http.post("/1/submit-listens", json=body, headers=sent).status_code

    with client_of(home) as http:
        assert submit(1_700_000_000) == 200
        with full(volume):
            refused = [submit(1_700_100_000 + number) for number in range(3)]
            assert set(refused) == {503}
            own = http.post(
                "/listeners/Ada/feedback", json={"kind": "hide", "name": "Artist 1", "subject": "artist"}, headers=sent
            )
            assert own.status_code in (503, 507), own.text
            for path in ("/", "/documents/home?listener=Ada", "/listeners/Ada/overview", "/listens?listener=Ada"):
                assert http.get(path, headers=sent).status_code == 200, path
            ready = http.get("/ready")
            assert ready.status_code == 200 and "the disk has 0 MB left" in ready.json()["warnings"][0]
            assert "tonearm_free_bytes 0.0" in http.get("/metrics").text
        assert submit(1_700_100_000) == 200
    listed = json.loads(tonearm(home.home, "run", "--json").stdout)
    assert sum(one["kept"] for one in listed["imports"]) == 100
    assert_adds_up(home, 9 * 24 + 100)
