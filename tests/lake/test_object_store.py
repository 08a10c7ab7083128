"""A lake in an object store: every step with the real libraries, and what becomes of it while the store fails."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import urllib.request
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pyarrow as pa
import pytest
from msgspec.structs import replace

from tests.lake.object_store import BUCKET, ObjectStore, object_store
from tests.serving import serving_api
from tonearm.building.execute import build
from tonearm.errors import HomeUnusable
from tonearm.ingest.imports import import_paths
from tonearm.lake import Lake, open_lake, remote
from tonearm.read.show import show
from tonearm.settings import Settings
from tonearm.table import tables

pytestmark = pytest.mark.slow

LAKE = f"s3://{BUCKET}/lake"
A = ("Nina Simone", "Pastel Blues", "Sinnerman", "20 Nov 2020 09:35")
B = ("Nina Simone", "Pastel Blues", "Strange Fruit", "20 Nov 2020 09:46")


@pytest.fixture(scope="module")
def started() -> Iterator[ObjectStore]:
    with object_store() as found:
        yield found


@pytest.fixture
def store(started: ObjectStore, monkeypatch: pytest.MonkeyPatch) -> Iterator[ObjectStore]:
    """An empty bucket, and what reaches it in the environment."""
    started.empty()
    for name, value in started.environment().items():
        monkeypatch.setenv(name, value)
    yield started
    started.fail()


@pytest.fixture
def away(store: ObjectStore, settings: Settings) -> Settings:
    return replace(settings, lake_uri=LAKE)


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Gives a store that fails up at once."""
    monkeypatch.setattr(remote, "OPTIONS", {"max_retries": "0"})
    monkeypatch.setattr(remote, "ATTEMPTS", 1)


def tonearm(home: Path, *arguments: str) -> str:
    """What a command prints that must succeed."""
    command = [sys.executable, "-m", "tonearm", "--home", str(home), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, env={**os.environ, "TONEARM_LAKE_URI": LAKE})
    assert done.returncode == 0, done.stderr
    return done.stdout


def listens(settings: Settings) -> int:
    return show(settings, "listens").num_rows


def test_a_home_lives_there_from_import_to_restore(away: Settings, lastfm: Callable[..., Path], tmp_path: Path) -> None:
    home = away.home
    tonearm(home, "import", str(lastfm([A, B])), "--listener", "ada", "--timezone", "UTC")
    tonearm(home, "run")
    lake = open_lake(LAKE)
    assert set(tables()) <= set(lake.names())
    assert not (home / "lake").exists()
    with serving_api(home, TONEARM_LAKE_URI=LAKE) as url, urllib.request.urlopen(f"{url}/documents/home") as answer:
        assert json.load(answer)["totals"]["listens"] == 2
    archive = tmp_path / "backup.tar.gz"
    assert f"without the lake, which is at {LAKE}" in tonearm(home, "backup", str(archive))
    tonearm(tmp_path / "restored", "restore", str(archive))
    shown = json.loads(tonearm(tmp_path / "restored", "show", "listens", "--json"))
    assert len(shown["rows"] if isinstance(shown, dict) else shown) == 2


def test_a_store_that_is_overloaded_for_a_while_is_waited_for(
    store: ObjectStore, away: Settings, lastfm: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    # More refusals than Delta's own ten attempts, sooner than any time limit.
    quick = {"retry_timeout": "900s", "backoff_config.max_backoff": "1s"}
    monkeypatch.setattr(remote, "OPTIONS", remote.OPTIONS | quick)

    def refuse_some() -> None:
        assert store.failed() in (0, 12)
        store.fail(refuse_next=12)

    refuse_some()
    report = import_paths(away, [lastfm([A, B])], "ada", "UTC")
    assert (report.read, report.kept) == (2, 2)
    refuse_some()
    assert build(away, ["sessions"]).failed == []
    refuse_some()
    assert listens(away) == 2
    assert store.failed() == 12


def test_commands_wait_for_a_store_that_refuses_everything_for_a_minute(
    store: ObjectStore, away: Settings, lastfm: Callable[..., Path]
) -> None:
    import_paths(away, [lastfm([A])], "ada", "UTC")
    build(away, ["sessions"])
    file = str(lastfm([A, B]))
    store.fail(refuse_for_s=60)
    with ThreadPoolExecutor(2) as pool:
        reading = pool.submit(tonearm, away.home, "show", "listens", "--json")
        tonearm(away.home, "import", file, "--listener", "ada")
        assert {row["listener"] for row in json.loads(reading.result())} == {"ada"}
    assert store.failed() > 2
    build(away, ["sessions"])
    assert listens(away) == 2


def test_a_store_that_fails_too_long_ends_each_step_and_the_next_run_adds_up(
    store: ObjectStore, away: Settings, lastfm: Callable[..., Path], impatient: None
) -> None:
    file = lastfm([A, B])
    plain = r"cannot be reached \(.*SlowDown: Please reduce your request rate.*repeat the command"
    store.fail(refuse="^PUT")
    with pytest.raises(HomeUnusable, match=plain):
        import_paths(away, [file], "ada", "UTC")
    store.fail()
    report = import_paths(away, [file], "ada")
    assert report.read == report.kept + report.duplicates == 2
    store.fail(refuse="^PUT .*/sessions/")
    with pytest.raises(HomeUnusable, match=f"{LAKE}/sessions {plain}"):
        build(away, ["sessions"])
    store.fail(refuse=".")
    with pytest.raises(HomeUnusable, match=plain):
        build(away, ["sessions"])
    store.fail()
    again = {table.name: table.action for table in build(away, ["sessions"]).tables}
    assert (again["listens"], again["sessions"]) == ("unchanged", "built")
    assert listens(away) == 2


def test_a_write_that_was_done_and_reported_as_failed_counts_once(
    store: ObjectStore, away: Settings, lastfm: Callable[..., Path]
) -> None:
    # Every second commit of a table: whoever repeats it is answered at last.
    store.fail(forget=r"^PUT .*/_delta_log/\d+[02468]\.json")
    file = lastfm([A, B])
    repeated(lambda: import_paths(away, [file], "ada", "UTC"))
    repeated(lambda: build(away, ["sessions"]))
    assert store.failed()
    report = import_paths(away, [file], "ada")
    assert (report.read, report.kept, report.duplicates) == (2, 0, 2)
    assert listens(away) == 2
    lake = open_lake(LAKE)
    for name in lake.names():
        assert lake.dataset(name).count_rows() == lake.rows(name), name


def repeated(action: Callable[[], object]) -> None:
    """Do it as somebody who follows its messages."""
    for _ in range(100):
        try:
            action()
        except HomeUnusable as error:
            assert "reported a commit as failed that it carried out; repeat the command" in str(error)
        else:
            return
    pytest.fail("it is never done")


def test_writers_at_once_lose_nothing(store: ObjectStore, tmp_path: Path) -> None:
    writing = """
import sys, pyarrow as pa
from tonearm.lake import Lake
for number in range(10):
    Lake(sys.argv[1]).append("numbers", pa.table({"writer": [sys.argv[2]], "number": [number]}), {"by": sys.argv[2]})
"""
    Lake(LAKE).append("numbers", pa.table({"writer": ["first"], "number": [0]}), {})
    commands = [[sys.executable, "-c", writing, LAKE, name] for name in ("one", "two", "three")]
    running = [subprocess.Popen(command) for command in commands]
    assert [process.wait() for process in running] == [0, 0, 0]
    rows = Lake(LAKE).dataset("numbers").to_table().to_pylist()
    assert len({tuple(row.items()) for row in rows}) == len(rows) == 31
    assert Lake(LAKE).version("numbers") == 30


def refusal(settings: Settings, file: Path) -> str:
    with pytest.raises(HomeUnusable) as raised:
        import_paths(settings, [file], "ada", "UTC")
    return str(raised.value)


def test_what_is_wrong_with_the_store_is_named(
    store: ObjectStore, away: Settings, lastfm: Callable[..., Path], monkeypatch: pytest.MonkeyPatch, impatient: None
) -> None:
    file = lastfm([A])
    nowhere = replace(away, lake_uri="s3://nowhere/lake")
    assert "there is no bucket for s3://nowhere/lake" in refusal(nowhere, file)
    store.know_keys(False)
    try:
        found = refusal(away, file)
        assert "InvalidAccessKeyId: The AWS Access Key Id you provided does not exist" in found
        assert "check AWS_ACCESS_KEY_ID" in found
        with pytest.raises(HomeUnusable, match="check AWS_ACCESS_KEY_ID"):
            open_lake(LAKE).names()
    finally:
        store.know_keys(True)
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    assert "cannot be reached (Connection refused" in refusal(away, file)
    monkeypatch.setenv("AWS_ENDPOINT_URL", store.address)
    assert import_paths(away, [file], "ada", "UTC").kept == 1
