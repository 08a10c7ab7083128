"""Versions of tables, and the one that stood at a moment."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pytest

from tonearm.errors import UnknownName, UsageError
from tonearm.lake import Lake
from tonearm.read.history import changes, history, moment

TABLE = "listener_clock"
NOTE = {"inputs": {"x": 1}, "run": 2, "code": "abc"}


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return Lake(tmp_path / "a home's lake")


def rows(*values: int) -> pa.Table:
    return pa.table({"year": pa.array(values, pa.int64())})


def test_each_version_says_how_it_came_about_and_what_became_of_the_rows(lake: Lake) -> None:
    lake.append(TABLE, rows(1, 2, 3), {"run": 1})
    lake.replace(TABLE, rows(4, 5), NOTE)
    lake.append(TABLE, rows(6), NOTE)
    lake.append(TABLE, rows(), {**NOTE, "content": 2})
    lake.replace(TABLE, rows(4, 4), NOTE, where="year = 4")
    lake.delete(TABLE, "year = 4", {"undo": 1})
    versions = [(v.version, v.done, v.added, v.removed, v.rows) for v in history(lake, TABLE)]
    done = [(version, done, rows) for version, done, _, _, rows in versions]
    assert done == [
        (5, "undo of import 1", 2),
        (4, "extended", 4),
        (3, "unchanged", 3),
        (2, "extended", 3),
        (1, "built", 2),
        (0, "import 1", 3),
    ]
    assert [(added, removed) for *_, added, removed, _ in versions[2:]] == [(0, 0), (1, 0), (2, 3), (3, 0)]
    changes_of_rows = [(added or 0) - (removed or 0) for _, _, added, removed, _ in versions]
    assert [sum(changes_of_rows[i:]) for i in range(6)] == [rows for *_, rows in versions]
    assert [v.run for v in history(lake, TABLE)][1:] == [2, 2, 2, 2, 1]


def test_a_limit_does_not_change_what_is_said_of_a_version(lake: Lake) -> None:
    for i in range(4):
        lake.append(TABLE, rows(i), {"run": i})
    assert history(lake, TABLE, 2) == history(lake, TABLE)[:2]


def test_tables_that_were_never_written_and_those_that_are_none(lake: Lake) -> None:
    assert history(lake, TABLE) == changes(lake, 5) == []
    with pytest.raises(UnknownName, match="did you mean sessions"):
        history(lake, "session")


def test_the_newest_changes_of_all_tables_leave_out_what_changed_nothing(lake: Lake) -> None:
    lake.append(TABLE, rows(1), {"run": 1})
    lake.append("imports", rows(1), {"run": 1})
    lake.append(TABLE, rows(), {**NOTE, "content": 0})
    assert [v.table for v in changes(lake, 5)] == ["imports", TABLE]
    assert [v.table for v in changes(lake, 1)] == ["imports"]


def test_a_moment_is_a_day_an_instant_or_a_version(lake: Lake) -> None:
    lake.append(TABLE, rows(1), {})
    first = lake.history(TABLE)[0].at
    while lake.append(TABLE, rows(2), {}) and lake.history(TABLE, 1)[0].at == first:
        pass
    newest = lake.version(TABLE)
    assert newest is not None
    stood = {when: moment(lake, TABLE, when).version(TABLE) for when in ("0", f"{first:%Y-%m-%d}", "2999-01-01T00:00")}
    assert stood == {"0": 0, f"{first:%Y-%m-%d}": newest, "2999-01-01T00:00": newest}
    assert moment(lake, TABLE, first.isoformat()).version(TABLE) == newest - 1
    elsewhere = first.astimezone(datetime.now(UTC).astimezone().tzinfo).isoformat()
    assert moment(lake, TABLE, elsewhere).version(TABLE) == newest - 1
    assert moment(lake, TABLE, None).version(TABLE) is None


def test_before_the_first_version_there_is_nothing(lake: Lake) -> None:
    lake.append(TABLE, rows(1), {})
    before = lake.history(TABLE)[0].at - timedelta(seconds=1)
    with pytest.raises(UsageError, match=f"was first written at {before + timedelta(seconds=1):%Y-%m-%d %H:%M:%S} UTC"):
        moment(lake, TABLE, before.isoformat()).version(TABLE)


@pytest.mark.parametrize(
    "text",
    ["", "yesterday", "2026-13-01", "2026-02-30", "-1", "1.5", "٣", "0001-01-01T00:00+14:00", "2026-01-01T25:00"],
)
def test_an_invalid_moment_gets_the_valid_forms(lake: Lake, text: str) -> None:
    lake.append(TABLE, rows(1), {})
    with pytest.raises(UsageError, match="2026-01-01T18:30"):
        moment(lake, TABLE, text)


@pytest.mark.parametrize("text", ["1", "00", "2026", "9" * 40])
def test_an_unknown_version_gets_the_known_ones(lake: Lake, text: str) -> None:
    lake.append(TABLE, rows(1), {})
    with pytest.raises(UsageError, match="it has 0 to 0"):
        moment(lake, TABLE, text)


def test_files_that_another_program_deleted_are_missed(lake: Lake) -> None:
    lake.append(TABLE, rows(1), {})
    lake.replace(TABLE, rows(2), {})
    old = lake.delta(TABLE, 0).file_uris()
    for uri in old:
        Path(uri).unlink() if Path(uri).exists() else (lake.path(TABLE) / Path(uri).name).unlink()
    with pytest.raises(UsageError, match="version 0 of listener_clock is not kept any more"):
        moment(lake, TABLE, "0").version(TABLE)
    assert moment(lake, TABLE, "1").version(TABLE) == 1
