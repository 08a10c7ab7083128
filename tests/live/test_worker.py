"""The live worker: from a submission to the page's tables."""

from __future__ import annotations

import errno
import json
import pkgutil
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from filelock import FileLock
from msgspec.structs import replace

from tonearm.errors import HomeUnusable
from tonearm.home import LOCK, make_home
from tonearm.ingest import imports as importing
from tonearm.ingest.ledger import import_rows, imports
from tonearm.live.worker import Live
from tonearm.read.overview import overview
from tonearm.settings import Settings
from tonearm.store import Store, open_store
from tonearm.store.submissions import Submission, count_waiting, keep

PATIENCE_S = 120


@pytest.fixture
def store(settings: Settings) -> Iterator[Store]:
    make_home(settings)
    made = open_store(settings)
    made.ensure_listener("Ada", "UTC")
    yield made
    made.close()


@pytest.fixture
def live(settings: Settings, store: Store) -> Iterator[Live]:
    made = Live(settings, lambda: store)
    yield made
    made.stop()


def listen(at: float, track: str = "Sexy Boy") -> Submission:
    body = {"listened_at": at, "track_metadata": {"artist_name": "Air", "track_name": track}}
    return Submission("listenbrainz", json.dumps(body), at)


def listens(settings: Settings) -> int:
    return overview(settings, "Ada").totals.listens


def wait_until(is_so: Callable[[], bool]) -> None:
    give_up_at = time.monotonic() + PATIENCE_S
    while not is_so():
        assert time.monotonic() < give_up_at, "it did not happen"
        time.sleep(0.05)


def test_what_is_submitted_is_in_the_page_s_totals(settings: Settings, store: Store, live: Live) -> None:
    live.start()
    for at in (1.7e9, 1.7e9 + 300):
        keep(store, "Ada", [listen(at)])
        live.wake()
    wait_until(lambda: count_waiting(store) == 0)
    wait_until(lambda: listens(settings) == 2)
    assert live.state.problem is None


def test_a_body_that_cannot_be_read_stops_no_other(settings: Settings, store: Store, live: Live) -> None:
    broken = [
        Submission("listenbrainz", body, 1.7e9)
        for body in ("{", '{"listened_at": []}', "\ud800".encode("utf-8", "replace").decode())
    ]
    keep(store, "Ada", [listen(1.7e9), *broken, listen(1.7e9 + 300)])
    assert live.step() == 0
    assert (listens(settings), count_waiting(store)) == (2, 0)
    reasons = import_rows(settings, 1, "rejected")["reason"].to_pylist()
    assert len(reasons) == 3
    assert all(reason.startswith("not a listen") for reason in reasons), reasons


def test_a_row_that_stops_every_import_is_rejected_alone(
    settings: Settings, store: Store, live: Live, monkeypatch: pytest.MonkeyPatch
) -> None:
    history_sql = importing.history_sql

    def fails_on_poison(staged: str) -> str:
        track = "CASE WHEN track_name = 'Poison' THEN error('cursed') ELSE track_name END AS track_name"
        return history_sql(f"(SELECT * REPLACE ({track}) FROM {staged})")

    monkeypatch.setattr(importing, "history_sql", fails_on_poison)
    keep(store, "Ada", [listen(1.7e9 + 300 * i, "Poison" if i == 2 else f"Song {i}") for i in range(5)])
    assert live.step() == 0
    assert (listens(settings), count_waiting(store)) == (4, 0)
    assert sum(one.rejected for one in imports(settings)) == 1


def test_a_failure_of_the_home_rejects_nothing(
    settings: Settings, store: Store, live: Live, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep(store, "Ada", [listen(1.7e9), listen(1.7e9 + 300)])
    with monkeypatch.context() as patched:
        full = HomeUnusable("no space left on the disk; free some")
        patched.setattr("tonearm.ingest.submissions.import_paths", lambda *_, **__: (_ for _ in ()).throw(full))
        assert live.step(backoff_s := 1.0) == 2 * backoff_s
    assert live.state.problem == "no space left on the disk; free some"
    assert count_waiting(store) == 2
    assert live.step() == 0
    assert (listens(settings), live.state.problem) == (2, None)


@pytest.mark.parametrize(
    ("step", "error"),
    [
        ("tonearm.sources.inputs.unpack", OSError(errno.EMFILE, "Too many open files")),
        ("tonearm.ingest.imports.source_of", OSError(errno.EIO, "Input/output error")),
        ("tonearm.ingest.imports.source_of", RuntimeError("can't start new thread")),
    ],
)
def test_a_failure_that_passes_rejects_nothing(
    settings: Settings, store: Store, live: Live, monkeypatch: pytest.MonkeyPatch, step: str, error: Exception
) -> None:
    keep(store, "Ada", [listen(1.7e9)])
    works = pkgutil.resolve_name(step)
    errors = [error]

    def fails_once(*given: Any) -> Any:
        if errors:
            raise errors.pop()
        return works(*given)

    monkeypatch.setattr(step, fails_once)
    assert live.step() > 0
    assert live.state.problem is not None
    assert str(error.args[-1]) in live.state.problem
    assert live.step() == 0
    assert (listens(settings), count_waiting(store), sum(one.rejected for one in imports(settings))) == (1, 0, 0)


def test_a_lake_that_another_process_writes_to_is_tried_again(settings: Settings, store: Store) -> None:
    live = Live(replace(settings, lock_wait_s=0.0), lambda: store)
    keep(store, "Ada", [listen(1.7e9)])
    with FileLock(settings.home / LOCK):
        assert live.step() > 0
        assert live.state.problem is not None
        assert "another tonearm" in live.state.problem
    assert live.step() == 0
    assert listens(settings) == 1


def test_a_bug_ends_neither_the_thread_nor_later_imports(
    settings: Settings, store: Store, live: Live, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep(store, "Ada", [listen(1.7e9)])
    with monkeypatch.context() as patched:
        patched.setattr("tonearm.live.worker.import_submissions", lambda *_, **__: 1 / 0)
        live.start()
        live.wake()
        wait_until(lambda: live.state.problem == "ZeroDivisionError: division by zero")
    live.wake()
    wait_until(lambda: live.state.problem is None and count_waiting(store) == 0)


def test_it_stops_between_two_tables_and_goes_on_after_the_next_start(settings: Settings, store: Store) -> None:
    keep(store, "Ada", [listen(1.7e9)])
    first = Live(settings, lambda: store)
    first.stop()
    first._is_behind = True
    first.step()
    assert listens(settings) == 0
    second = Live(settings, lambda: store)
    assert second.step() == 0
    assert listens(settings) == 1


def test_an_empty_home_is_left_alone(settings: Settings) -> None:
    assert Live(settings, lambda: open_store(settings)).step() == 0
    assert not settings.home.exists()


def test_a_worker_that_never_started_can_be_stopped(live: Live) -> None:
    live.stop()
    assert "tonearm-live" not in {thread.name for thread in threading.enumerate()}
