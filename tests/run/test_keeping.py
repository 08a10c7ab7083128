"""A home stays small: what is older than its promise goes, and what is promised stays readable."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from msgspec.structs import replace

from tests.lake.aging import Aging
from tonearm.building.execute import build
from tonearm.errors import UsageError
from tonearm.ingest.imports import import_paths
from tonearm.ingest.ledger import undo
from tonearm.lake import open_lake
from tonearm.read.show import show
from tonearm.run.keeping import keep_small
from tonearm.settings import Settings

HISTORY = "listening_history_bronze"
NOW = datetime.now(UTC)
Lastfm = Callable[..., Path]


def imported(settings: Settings, lastfm: Lastfm, day: int) -> None:
    import_paths(settings, [lastfm([("Nina Simone", "", f"Track {day}", f"{day:02} Nov 2020 09:35")], f"{day}.csv")])
    assert not build(settings, ["sessions"]).failed


def test_old_versions_go_and_promised_ones_can_be_read(settings: Settings, lastfm: Lastfm) -> None:
    age = Aging(settings.lake)
    for day, days_ago in ((1, 200), (2, 100), (3, 50), (4, 0.0)):
        imported(settings, lastfm, day)
        age(NOW - timedelta(days_ago))
    # Of the tables that are written anew, and of bronze, what only versions before the promise need.
    assert keep_small(settings, NOW) >= 5
    assert show(settings, "sessions").num_rows == 4
    assert show(settings, HISTORY, as_of=f"{NOW - timedelta(49):%Y-%m-%d}").num_rows == 3
    # A computed table's own version is gone; it is computed from what had been imported by then.
    assert show(settings, "sessions", as_of=f"{NOW - timedelta(49):%Y-%m-%d}").num_rows == 3
    for name in (HISTORY, "sessions"):
        with pytest.raises(UsageError, match="time_travel_days"):
            show(settings, name, as_of=f"{NOW - timedelta(150):%Y-%m-%d}")
    assert not build(settings, ["sessions"]).changed


def test_a_computed_table_is_computed_again_as_of_an_instant_or_a_version(settings: Settings, lastfm: Lastfm) -> None:
    age = Aging(settings.lake)
    for day, hours_ago in ((1, 5), (2, 3), (3, 0)):
        imported(settings, lastfm, day)
        age(NOW - timedelta(hours=hours_ago))
    keep_small(settings, NOW)
    assert len(open_lake(settings.lake).history("sessions")) == 3
    assert show(settings, "sessions", as_of=(NOW - timedelta(hours=2)).isoformat()).num_rows == 2
    assert show(settings, "sessions", as_of="0").num_rows == 1


def test_it_costs_nothing_twice_a_day_even_where_scratch_is_new_each_time(settings: Settings, lastfm: Lastfm) -> None:
    imported(settings, lastfm, 1)
    keep_small(settings, NOW)
    shutil.rmtree(settings.scratch)
    Aging(settings.lake)(NOW - timedelta(200))
    imported(settings, lastfm, 2)
    assert keep_small(settings, NOW + timedelta(hours=6)) == 0
    assert keep_small(settings, NOW + timedelta(hours=30)) > 0


def test_undone_rows_are_gone_from_the_disk_after_the_promise(settings: Settings, lastfm: Lastfm) -> None:
    imported(settings, lastfm, 1)
    imported(settings, lastfm, 2)
    undo(settings, 2)
    build(settings, ["sessions"])
    keep_small(settings, NOW + timedelta(80))
    assert b"Track 2" in stored(settings)
    keep_small(settings, NOW + timedelta(98))
    assert b"Track 2" not in stored(settings)
    assert b"Track 1" in stored(settings)
    assert show(settings, "listens").num_rows == 1


def stored(settings: Settings) -> bytes:
    """What the log and the statistics of bronze hold, uncompressed."""
    folder = Path(settings.lake) / HISTORY
    names = [path.read_bytes() for path in folder.glob("_delta_log/*.json")]
    rows = [pq.read_table(path)["track_name"].to_pylist() for path in folder.glob("*.parquet")]
    return b"".join(names) + str(rows).encode()


def test_nothing_is_promised_for_no_days(settings: Settings, lastfm: Lastfm) -> None:
    for day in (1, 2, 3):
        imported(settings, lastfm, day)
    keep_small(replace(settings, time_travel_days=0), NOW + timedelta(8))
    assert len(open_lake(settings.lake).history(HISTORY)) == 1
    assert show(settings, "sessions").num_rows == 3
    imported(settings, lastfm, 4)
    assert show(settings, "sessions").num_rows == 4


def test_files_of_killed_writes_are_swept(settings: Settings, lastfm: Lastfm) -> None:
    imported(settings, lastfm, 1)
    folder = Path(settings.lake) / HISTORY
    left = [folder / "part-0-orphan.parquet", folder / "part-1.parquet#1", folder / "_delta_log" / "00009.json#1"]
    for path in left:
        path.write_bytes(b"half")
    keep_small(settings, NOW + timedelta(days=1))
    assert [path for path in left if path.exists()] == []


def test_a_setting_that_was_changed_is_that_of_then(settings: Settings, tmp_path: Path) -> None:
    """What repeats were is written by a build, and is nowhere else."""
    age = Aging(settings.lake)
    (tmp_path / "twice.csv").write_text("artist,track,uts\nA,B,1700000000\nA,B,1700000002\n")
    import_paths(settings, [tmp_path / "twice.csv"], "me", "UTC")
    apart = replace(settings, merge_repeats=False)
    for now, days_ago in ((settings, 50), (apart, 10)):
        build(now, ["listens"])
        age(NOW - timedelta(days_ago))
    keep_small(apart, NOW)
    assert show(apart, "listens").num_rows == 2
    assert show(apart, "listens", as_of=f"{NOW - timedelta(40):%Y-%m-%d}").num_rows == 1
