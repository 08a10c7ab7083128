"""One pass from the inbox to the command that follows, and the record that it leaves."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock
from msgspec.structs import replace

from tonearm.building.execute import BuildReport, TableReport
from tonearm.errors import HomeBusy
from tonearm.home import make_home
from tonearm.read.show import show
from tonearm.run import run_once
from tonearm.run.predictions import Predicted
from tonearm.settings import Settings

Lastfm = Callable[..., Path]
A = ("Can", "Tago Mago", "Halleluhwah", "20 Nov 2020 09:35")


@pytest.fixture(autouse=True)
def no_models(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keeps the models out of it; what is asked of them is tested beside this."""
    monkeypatch.setattr("tonearm.run.predict", lambda *_: Predicted())


def deliver(settings: Settings, file: Path) -> None:
    make_home(settings)
    (settings.inbox / "ada").mkdir()
    file.rename(settings.inbox / "ada" / file.name)


def recorded(settings: Settings) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = show(settings, "runs").to_pylist()
    return rows


def test_a_pass_imports_builds_and_is_recorded(settings: Settings, lastfm: Lastfm) -> None:
    deliver(settings, lastfm([A]))
    run = run_once(settings)
    assert [file.kept for file in run.files] == [1]
    assert (run.failed, run.problem, run.is_published) == ([], None, False)
    rows = recorded(settings)
    assert {row["run_started_at"] for row in rows} == {run.started_at}
    of = {(row["run_step"], row["run_subject"]): (row["run_outcome"], row["run_rows"]) for row in rows}
    assert of["run", ""] == ("done", None)
    assert of["import", "ada/lastfm.csv"] == ("done", 1)
    assert of["build", "listens"] == ("built", 1)


def test_tables_left_as_they_were_leave_no_row(settings: Settings, lastfm: Lastfm) -> None:
    deliver(settings, lastfm([A]))
    run_once(settings)
    second = run_once(settings)
    rows = [row for row in recorded(settings) if row["run_started_at"] == second.started_at]
    assert [(row["run_step"], row["run_outcome"]) for row in rows] == [("run", "done")]


def test_a_file_that_cannot_be_read_is_recorded_and_stops_nothing(settings: Settings, tmp_path: Path) -> None:
    file = tmp_path / "notes.txt"
    file.write_text("buy milk")
    deliver(settings, file)
    run = run_once(settings)
    assert run.failed == []
    (row,) = [row for row in recorded(settings) if row["run_step"] == "import"]
    assert row["run_outcome"] == "failed"
    assert row["run_message"]


@pytest.fixture
def one_table(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Lets the first pass build a table and the second find nothing to do."""
    built = [BuildReport(tables=[TableReport(name="listens", action=action)]) for action in ("built", "unchanged")]
    monkeypatch.setattr("tonearm.run.build", lambda *_, **__: built.pop(0))
    yield


@pytest.mark.usefixtures("one_table")
def test_a_command_that_fails_afterwards_is_in_the_run(settings: Settings) -> None:
    run = run_once(replace(settings, after_run="false"))
    assert run.problem is not None
    assert "after_run" in run.problem
    assert [row["run_outcome"] for row in recorded(settings) if row["run_step"] == "run"] == ["failed"]


@pytest.mark.usefixtures("one_table")
def test_the_command_follows_only_a_change(settings: Settings, tmp_path: Path) -> None:
    published = replace(settings, after_run=f"touch {tmp_path / 'published'}")
    assert run_once(published).is_published
    assert (tmp_path / "published").exists()
    assert not run_once(published).is_published


def test_what_stops_a_pass_is_recorded_too(settings: Settings) -> None:
    make_home(settings)
    with FileLock(settings.home / "writer.lock"), pytest.raises(HomeBusy):
        run_once(replace(settings, lock_wait_s=0.0))
    (row,) = recorded(settings)
    assert row["run_outcome"] == "failed"
    assert "another tonearm" in row["run_message"]
