"""The schedule: jobs are planned, done in a process each, and recorded."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import sleep

import pytest
from click.testing import CliRunner
from filelock import FileLock
from msgspec.structs import replace

from tests.serving import PATIENCE_S
from tonearm.building.execute import BuildReport, TableReport
from tonearm.cli import main
from tonearm.cli.schedule import in_words, seconds_of
from tonearm.errors import (
    AfterRunFailed,
    HomeBusy,
    RunFailed,
    ServiceRefused,
    ServiceUnavailable,
    TonearmError,
    UsageError,
)
from tonearm.home import LOCK, make_home
from tonearm.live import jobs as all_jobs
from tonearm.live.jobs import Job, jobs, old_backups
from tonearm.live.schedule import RETRY, Scheduler, keep_planned, perform, perform_next
from tonearm.pulls import Pulled
from tonearm.run import Run
from tonearm.settings import Settings
from tonearm.store import Store, open_store
from tonearm.store.connections import connect
from tonearm.store.schedules import LEASE, begin, end, passes, renew, schedules

NOON = datetime(2024, 5, 1, 12, tzinfo=UTC)


@pytest.fixture
def store(settings: Settings) -> Iterator[Store]:
    make_home(settings)
    made = open_store(settings)
    made.ensure_listener("Ada", "UTC")
    yield made
    made.close()


def doing(monkeypatch: pytest.MonkeyPatch, perform_it: all_jobs.Perform) -> None:
    job = Job("run", timedelta(hours=6), "something", perform_it)
    monkeypatch.setattr(all_jobs, "_jobs", lambda *_: iter([job]))


def test_there_is_a_job_for_the_household_and_one_for_each_connection(settings: Settings, store: Store) -> None:
    assert list(jobs(settings, store)) == ["run"]
    connect(store, "Ada", "lastfm", "ada_l", NOON)
    named = replace(settings, backup_folder="/somewhere", fetch_features=True)
    assert list(jobs(named, store)) == ["sync:Ada/lastfm", "run", "features", "backup"]


def test_spotify_is_asked_every_hour_because_it_gives_only_the_last_50_plays(settings: Settings, store: Store) -> None:
    for kind in ("spotify", "lastfm"):
        connect(store, "Ada", kind, "ada", NOON)
    every = {name: job.every for name, job in jobs(settings, store).items()}
    assert every["sync:Ada/spotify"] == timedelta(hours=1)
    assert every["sync:Ada/lastfm"] == timedelta(hours=6)


@pytest.mark.parametrize(("code", "kind"), [(10, ServiceRefused), (11, ServiceUnavailable)])
def test_a_service_that_fails_is_the_job_s_error(
    settings: Settings, store: Store, monkeypatch: pytest.MonkeyPatch, code: int, kind: type[TonearmError]
) -> None:
    made = connect(store, "Ada", "lastfm", "ada", NOON)
    keep_planned(settings, store, NOON, lambda: 0.0)
    pulled = Pulled("Ada", "lastfm", "ada", problem="Last.fm is closed", exit_code=code)
    monkeypatch.setattr("tonearm.pulls.sync_once", lambda *_: pulled)
    with pytest.raises(kind, match="is closed"):
        perform(settings, store, f"sync:{made.listener}/{made.kind}", lambda: NOON, only_due=False)


@pytest.mark.parametrize(
    ("run", "kind"),
    [
        (Run(started_at=NOON, built=BuildReport(tables=[TableReport(name="sessions", action="failed")])), RunFailed),
        (Run(started_at=NOON, problem="the command that follows failed"), AfterRunFailed),
    ],
)
def test_a_run_that_fails_is_no_fault_of_the_request(
    settings: Settings, store: Store, monkeypatch: pytest.MonkeyPatch, run: Run, kind: type[TonearmError]
) -> None:
    keep_planned(settings, store, NOON, lambda: 0.0)
    monkeypatch.setattr("tonearm.run.run_once", lambda *_: run)
    with pytest.raises(kind):
        perform(settings, store, "run", lambda: NOON, only_due=False)


def test_new_jobs_begin_within_a_tenth_of_their_interval_and_gone_ones_are_dropped(
    settings: Settings, store: Store
) -> None:
    keep_planned(replace(settings, backup_folder="/somewhere"), store, NOON, lambda: 0.5)
    due_at = {one.name: one.due_at - NOON for one in schedules(store)}
    assert due_at == {"backup": timedelta(hours=1.2), "run": timedelta(hours=0.3)}
    keep_planned(settings, store, NOON, lambda: 0.9)
    assert [(one.name, one.due_at - NOON) for one in schedules(store)] == [("run", timedelta(hours=0.3))]


def test_what_a_job_did_or_why_it_failed_is_in_its_history(
    settings: Settings, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep_planned(settings, store, NOON, lambda: 0.0)
    doing(monkeypatch, lambda *_: "3 listens came in")
    assert perform(settings, store, "run", lambda: NOON, only_due=True)
    assert perform(settings, store, "run", lambda: NOON, only_due=True) is None, "it was done already"

    def is_busy(*_: object) -> str:
        raise HomeBusy("another tonearm is writing")

    doing(monkeypatch, is_busy)
    with pytest.raises(HomeBusy):
        perform(settings, store, "run", lambda: NOON, only_due=False)
    assert [(one.outcome, one.message) for one in passes(store)] == [
        ("failed", "another tonearm is writing"),
        ("done", "3 listens came in"),
    ]
    assert schedules(store)[0].due_at == NOON + RETRY


@dataclass
class Clock:
    """A clock that goes on only while somebody waits, and what happens ``meanwhile``."""

    meanwhile: Callable[[datetime], object] = lambda _: None
    at: datetime = NOON

    def now(self) -> datetime:
        return self.at

    def wait(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)
        self.meanwhile(self.at)


def test_a_job_whose_process_was_killed_is_done_when_its_lease_ends(
    settings: Settings, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep_planned(settings, store, NOON, lambda: 0.0)
    doing(monkeypatch, lambda *_: "3 listens came in")
    begin(store, "run", NOON, only_due=False)
    clock, notes = Clock(), list[str]()
    done = perform_next(settings, store, "run", clock.now, notes.append, clock.wait)
    assert [(one.outcome, one.number == done.number) for one in passes(store)] == [
        ("done", True),
        ("interrupted", False),
    ]
    assert LEASE < clock.at - NOON <= LEASE + timedelta(seconds=2)
    assert len(notes) == 1


def test_a_job_that_is_under_way_is_done_again_after_it(
    settings: Settings, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep_planned(settings, store, NOON, lambda: 0.0)
    doing(monkeypatch, lambda *_: "3 listens came in")
    other = begin(store, "run", NOON, only_due=False)
    assert other

    def work(now: datetime) -> None:
        if now < NOON + 3 * LEASE:
            renew(store, other, now)
        else:
            end(store, other, now, "done", "the other")

    clock = Clock(work)
    perform_next(settings, store, "run", clock.now, lambda _: None, clock.wait)
    assert [one.message for one in passes(store)] == ["3 listens came in", "the other"]
    assert passes(store)[0].started_at == passes(store)[1].ended_at


def test_a_job_that_does_not_end_is_waited_for_as_long_as_a_writer(settings: Settings, store: Store) -> None:
    keep_planned(settings, store, NOON, lambda: 0.0)
    other = begin(store, "run", NOON, only_due=False)
    assert other
    clock = Clock(lambda now: renew(store, other, now))
    with pytest.raises(HomeBusy, match="after 300 s"):
        perform_next(replace(settings, lock_wait_s=300), store, "run", clock.now, lambda _: None, clock.wait)
    assert [one.outcome for one in passes(store)] == [None]


def test_the_command_does_not_pass_for_done_where_another_process_does_the_job(
    settings: Settings, store: Store
) -> None:
    keep_planned(settings, store, NOON, lambda: 0.0)
    begin(store, "run", datetime.now(UTC), only_due=False)
    command = ["--home", str(settings.home), "schedule", "run", "run"]
    result = CliRunner(env={"TONEARM_LOCK_WAIT_S": "0"}).invoke(main, command)
    assert (result.exit_code, "still under way" in result.stderr) == (5, True)
    assert CliRunner().invoke(main, [*command, "--if-due"]).exit_code == 0


def test_a_job_that_is_asked_to_end_gives_back_its_lease(settings: Settings, store: Store, tmp_path: Path) -> None:
    keep_planned(settings, store, NOON, lambda: 0.0)
    environment = {**os.environ, "TONEARM_BACKUP_FOLDER": str(tmp_path / "backups")}
    command = [sys.executable, "-m", "tonearm", "--home", str(settings.home), "schedule", "run", "backup"]
    with FileLock(settings.home / LOCK):
        job = subprocess.Popen(command, env=environment)
        try:
            while not passes(store, "backup") and job.poll() is None:
                sleep(0.05)
            job.send_signal(signal.SIGTERM)
            assert job.wait(PATIENCE_S) == 130
        finally:
            job.kill()
    assert [(one.outcome, one.message) for one in passes(store)] == [("interrupted", "stopped")]


def test_the_scheduler_starts_what_is_due_and_tries_a_process_that_failed_later(
    settings: Settings, store: Store
) -> None:
    keep_planned(settings, store, NOON, lambda: 0.0)
    started = []

    def fail(name: str) -> subprocess.Popen[bytes]:
        started.append(name)
        return subprocess.Popen([sys.executable, "-c", "raise SystemExit(7)"])

    scheduler = Scheduler(settings, lambda: store, fail)
    assert scheduler.look(NOON) == ["run"]
    assert scheduler.look(NOON + RETRY / 2) == []
    assert scheduler.look(NOON + RETRY) == ["run"]
    assert scheduler.problem is None


def test_a_store_that_cannot_be_read_ends_no_schedule(settings: Settings) -> None:
    def away() -> Store:
        raise HomeBusy("the store is held")

    scheduler = Scheduler(settings, away)
    assert scheduler.look(NOON) == []
    assert scheduler.problem == "the store is held"


def test_only_the_schedule_s_own_backups_are_removed_oldest_first() -> None:
    made = [f"tonearm-2024-05-0{day}-120000.tar.gz" for day in (3, 1, 2)]
    assert old_backups([*made, "tonearm-keep.tar.gz", "letters.txt"], 2) == ["tonearm-2024-05-01-120000.tar.gz"]
    assert old_backups(made, 3) == []


def test_a_backup_is_made_and_the_oldest_goes(settings: Settings, store: Store, tmp_path: Path) -> None:
    kept = replace(settings, backup_folder=str(tmp_path / "backups"), backups_kept=2)
    keep_planned(kept, store, NOON, lambda: 0.0)
    for hour in range(3):
        perform(kept, store, "backup", lambda hour=hour: NOON + timedelta(hours=hour), only_due=False)
    assert sorted(path.name for path in (tmp_path / "backups").iterdir()) == [
        "tonearm-2024-05-01-130000.tar.gz",
        "tonearm-2024-05-01-140000.tar.gz",
    ]


@pytest.mark.parametrize(("text", "seconds"), [("30m", 1800), ("6h", 21_600), ("1d", 86_400), (" 1.5 H ", 5400)])
def test_an_interval_is_a_number_and_a_unit(text: str, seconds: float) -> None:
    assert seconds_of(text) == seconds


@pytest.mark.parametrize("text", ["", "6", "h", "0h", "10s", "-1h", "1e9h", "999d", "six hours"])
def test_an_interval_that_is_none_is_refused_in_words(text: str) -> None:
    with pytest.raises(UsageError, match="such as 30m, 6h or 1d"):
        seconds_of(text)


def test_intervals_are_shown_in_their_largest_unit() -> None:
    assert [in_words(s) for s in (1800, 21_600, 86_400, 129_600)] == ["30 min", "6 h", "1 d", "36 h"]


def test_the_commands_list_set_pause_and_resume(settings: Settings, store: Store) -> None:
    def said(*words: str) -> str:
        result = CliRunner().invoke(main, ["--home", str(settings.home), "schedule", *words])
        assert result.exit_code == 0, result.output
        return result.stdout

    assert "run" in said()
    assert "every 2 h" in said("set", "run", "--every", "2h")
    said("pause", "run")
    (one,) = json.loads(said("--json"))
    assert (one["job"], one["every_s"], one["is_paused"], one["last"]) == ("run", 7200, True, None)
    assert "not due" in said("run", "run", "--if-due")
    assert "next time" in said("resume", "run")


def test_commands_on_an_empty_home_and_an_unknown_job_answer_in_words(settings: Settings, store: Store) -> None:
    runner = CliRunner()
    empty = runner.invoke(main, ["--home", str(settings.home / "none"), "schedule"])
    assert (empty.exit_code, "nothing is scheduled" in empty.output) == (0, True)
    unknown = runner.invoke(main, ["--home", str(settings.home), "schedule", "pause", "rum"])
    assert unknown.exit_code == 2
    assert "no scheduled job 'rum'" in unknown.output
