"""Delta tables: one commit per write, notes beside the data, versions that can be told apart."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pyarrow as pa
import pytest
from deltalake import CommitProperties, write_deltalake
from pyarrow import fs

from tonearm.errors import UnknownName
from tonearm.lake import Lake


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return Lake(tmp_path / "lake")


def rows(*values: int) -> pa.Table:
    return pa.table({"run": pa.array(values, pa.int64())})


def read(lake: Lake, version: int | None = None) -> list[int]:
    return sorted(lake.dataset("t", version).to_table()["run"].to_pylist())


def test_appends_and_replacements_are_versions_that_can_be_read_again(lake: Lake) -> None:
    lake.append("t", rows(1, 2), {})
    lake.append("t", rows(3), {})
    lake.replace("t", rows(9), {})
    assert [read(lake, v) for v in range(3)] == [[1, 2], [1, 2, 3], [9]]
    assert lake.rows("t") == 1


def test_a_replacement_of_some_rows_leaves_the_others(lake: Lake) -> None:
    lake.append("t", rows(1, 2, 3), {})
    lake.replace("t", rows(2, 2), {}, where="run = 2")
    assert read(lake) == [1, 2, 2, 3]


def test_notes_survive_and_content_ignores_commits_that_change_no_row(lake: Lake) -> None:
    lake.append("t", rows(1), {"inputs": {"a": 3}})
    assert lake.note("t") == {"inputs": {"a": 3}}
    lake.append("t", rows(), {"inputs": {"a": 4}, "content": 0})
    assert (lake.version("t"), lake.content("t")) == (1, 0)
    assert lake.note("t")["inputs"] == {"a": 4}


def test_a_remark_of_another_program_is_no_note(lake: Lake) -> None:
    lake.append("t", rows(1), {"inputs": {"a": 3}})
    for remark in ("nightly job", "3"):
        said = CommitProperties(custom_metadata={"userMetadata": remark})
        write_deltalake(lake.address("t"), rows(2), mode="append", commit_properties=said)
    assert lake.note("t") == {"inputs": {"a": 3}}
    assert [commit.note for commit in lake.history("t", 2)] == [{}, {}]


def test_delete_says_how_many_rows_went(lake: Lake) -> None:
    lake.append("t", rows(1, 2, 2), {})
    assert lake.delete("t", "run = 2", {}) == 2
    assert read(lake) == [1]


def test_a_table_that_was_never_written(lake: Lake) -> None:
    assert (lake.has("t"), lake.version("t"), lake.rows("t"), lake.history("t")) == (False, None, 0, [])
    with pytest.raises(UnknownName, match="tonearm build"):
        lake.dataset("t")


def test_sweep_removes_what_a_killed_write_left(lake: Lake) -> None:
    lake.append("t", rows(1), {})
    staging = lake.path("t") / "part-0.parquet#1"
    staging.write_bytes(b"half")
    lake.sweep()
    assert not staging.exists()
    assert read(lake) == [1]


@pytest.mark.parametrize("has_property", [True, False], ids=["new table", "table from before the property"])
def test_old_versions_outlive_checkpoints(lake: Lake, has_property: bool) -> None:
    """Delta would delete log entries older than 30 days whenever it writes a checkpoint."""
    for value in range(12):
        lake.append("t", rows(value), {})
        if value == 0:
            lake.delta("t").alter.set_table_properties(
                {"delta.checkpointInterval": "5", **({} if has_property else {"delta.enableExpiredLogCleanup": "true"})}
            )
    for entry in (lake.path("t") / "_delta_log").iterdir():
        os.utime(entry, (0, 0))
    for value in range(12, 24):
        lake.append("t", rows(value), {})
    assert read(lake, 3) == [0, 1, 2]
    assert len(lake.history("t")) == 25


def test_a_lake_that_is_open_sees_what_others_write_and_delete(lake: Lake) -> None:
    lake.append("t", rows(1), {})
    assert read(lake) == [1]
    Lake(lake.root).append("t", rows(2), {"inputs": {"a": 1}})
    assert (read(lake), lake.version("t"), lake.note("t")) == ([1, 2], 1, {"inputs": {"a": 1}})
    shutil.rmtree(lake.path("t"))
    assert not lake.has("t")
    Lake(lake.root).append("t", rows(3), {})
    assert read(lake) == [3]


def test_a_table_deleted_and_written_anew_in_between_is_opened_anew(lake: Lake) -> None:
    for value in (1, 2, 3):
        lake.append("t", rows(value), {})
    assert read(lake) == [1, 2, 3]
    shutil.rmtree(lake.path("t"))
    other = Lake(lake.root)
    other.append("t", rows(4), {})
    assert read(lake) == [4]
    for value in range(5, 9):
        other.append("t", rows(value), {})
    assert (read(lake), lake.version("t")) == ([4, 5, 6, 7, 8], 4)


def test_looking_at_an_old_version_leaves_the_newest_as_it_is(lake: Lake) -> None:
    lake.append("t", rows(1), {})
    lake.append("t", rows(2), {})
    assert (read(lake), read(lake, 0), read(lake)) == ([1, 2], [1], [1, 2])


def test_a_local_table_is_read_without_a_filesystem_in_python(lake: Lake) -> None:
    """Whose threads ended `tonearm models card` with SIGABRT in a third of runs, as they outlived Python."""
    lake.append("t", rows(1), {})
    files = lake.dataset("t").filesystem
    assert isinstance(files, fs.SubTreeFileSystem) and isinstance(files.base_fs, fs.LocalFileSystem)
