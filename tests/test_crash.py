"""Killed at any moment, a home is repaired by repeating the command, and ends as one that was never disturbed."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tonearm.building.execute import build
from tonearm.engine.duckdb import engine
from tonearm.ingest import ledger
from tonearm.ingest.imports import import_paths
from tonearm.ingest.ledger import imports, undo
from tonearm.lake import open_lake
from tonearm.settings import Settings, load_settings

MOMENTS_S = (0.35, 0.6, 0.85, 1.1)
"""When to kill: while modules load, while rows are read, while they are written, at the end."""


def history(days: range) -> list[tuple[str, str, str, str]]:
    return [
        (f"Artist {day * hour % 7}", "Album", f"Track {day * hour % 31}", f"{day:02} Nov 2020 {hour:02}:00")
        for day in days
        for hour in range(24)
    ]


def killed(settings: Settings, after_s: float, how: signal.Signals, *arguments: str) -> int:
    """Start a command and end it ``after_s`` later, if it still runs; its exit code."""
    command = [sys.executable, "-m", "tonearm", "--home", str(settings.home), *arguments]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as process:
        try:
            process.wait(after_s)
        except subprocess.TimeoutExpired:
            process.send_signal(how)
        _, said = process.communicate()
        assert "Traceback" not in said
        return process.returncode


def assert_adds_up(settings: Settings) -> None:
    for report in imports(settings):
        assert report.read == report.kept + report.duplicates + report.rejected


def rows_of(settings: Settings, name: str) -> list[dict[str, Any]]:
    rows = open_lake(settings.lake).dataset(name).to_table().to_pylist()
    return sorted(rows, key=lambda row: (row["listener"], row["started_at"]))


@pytest.fixture
def files(lastfm: Callable[..., Path]) -> tuple[Path, Path]:
    return lastfm(history(range(1, 20)), "first.csv"), lastfm(history(range(15, 29)), "second.csv")


@pytest.fixture
def undisturbed(tmp_path: Path, files: tuple[Path, Path]) -> Settings:
    settings = load_settings(tmp_path / "undisturbed", environ={})
    for file in files:
        import_paths(settings, [file])
    build(settings)
    return settings


@pytest.mark.slow
def test_killed_imports_builds_and_undos_leave_nothing_behind(
    settings: Settings, undisturbed: Settings, files: tuple[Path, Path]
) -> None:
    for moment in MOMENTS_S:
        for file in files:
            killed(settings, moment, signal.SIGKILL, "import", str(file))
            assert_adds_up(settings)
        import_paths(settings, [files[0]])
        killed(settings, moment + 0.3, signal.SIGKILL, "build")
        newest = max(r.run for r in imports(settings) if r.run and not r.undone_at)
        killed(settings, moment, signal.SIGKILL, "imports", "undo", str(newest))
        assert_adds_up(settings)
    for file in files:
        import_paths(settings, [file])
    assert not build(settings).failed
    assert_adds_up(settings)
    assert sum(r.kept for r in imports(settings) if not r.undone_at) == 28 * 24
    assert rows_of(settings, "listens") == rows_of(undisturbed, "listens")


STOPPED = (0, 130, -signal.SIGINT)
"""Done, stopped, or interrupted while Python itself starts or ends, when nothing of ours runs."""


def test_ctrl_c_ends_without_a_traceback(settings: Settings, files: tuple[Path, Path]) -> None:
    for moment in MOMENTS_S[1:]:
        assert killed(settings, moment, signal.SIGINT, "import", str(files[0])) in STOPPED
    assert killed(settings, MOMENTS_S[-1], signal.SIGINT, "build") in STOPPED


@pytest.mark.parametrize("dies_in", ["_hand_over", "_promote", "_recount"])
def test_an_undo_that_died_is_finished_by_the_next_command(
    settings: Settings, files: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch, dies_in: str
) -> None:
    for file in files:
        import_paths(settings, [file])

    class Died(BaseException):
        """Stands for the end of the process, which nothing catches."""

    def die(*_: Any) -> None:
        raise Died

    with monkeypatch.context() as patched, pytest.raises(Died):
        patched.setattr(ledger, dies_in, die)
        undo(settings, 1)
    build(settings)
    second, first = imports(settings)
    assert first.undone_at
    assert (second.read, second.kept, second.duplicates) == (14 * 24, 14 * 24, 0)
    assert open_lake(settings.lake).rows("listens") == 14 * 24


def test_ctrl_c_within_a_query_is_ctrl_c(settings: Settings) -> None:
    with pytest.raises(KeyboardInterrupt), engine(settings):
        raise RuntimeError("Query interrupted")  # DuckDB's way to say it
