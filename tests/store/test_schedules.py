"""When jobs are due, that each is done once, and their history."""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from tonearm.errors import UnknownName
from tonearm.settings import Settings
from tonearm.store import Store, open_store
from tonearm.store.schedules import (
    KEPT,
    LEASE,
    begin,
    due,
    end,
    next_due,
    passes,
    plan_job,
    renew,
    retry,
    schedules,
    set_every,
    set_paused,
)

NOON = datetime(2024, 5, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
EVERY = 6 * HOUR
EVERY_S = EVERY.total_seconds()


@pytest.fixture
def store(settings: Settings) -> Iterator[Store]:
    settings.home.mkdir()
    made = open_store(settings)
    plan_job(made, "run", EVERY_S, NOON)
    yield made
    made.close()


def do(store: Store, now: datetime, name: str = "run") -> bool:
    begun = begin(store, name, now, only_due=True)
    if begun:
        end(store, begun, now + timedelta(minutes=1), "done")
    return begun is not None


@pytest.mark.parametrize(
    ("now", "next_at"),
    [
        (NOON, NOON + EVERY),
        (NOON + HOUR, NOON + EVERY),
        (NOON + EVERY, NOON + 2 * EVERY),
        (NOON + timedelta(days=30, hours=1), NOON + timedelta(days=30) + EVERY),
        (NOON - HOUR, NOON),
    ],
)
def test_due_instants_keep_their_grid_however_many_were_missed(now: datetime, next_at: datetime) -> None:
    assert next_due(NOON, EVERY_S, now) == next_at


def test_a_job_is_due_once_per_interval(store: Store) -> None:
    assert due(store, NOON - HOUR) == []
    assert due(store, NOON) == ["run"]
    assert do(store, NOON)
    assert due(store, NOON + HOUR) == []
    assert not do(store, NOON + HOUR)
    assert due(store, NOON + EVERY) == ["run"]


def test_a_job_under_way_is_not_begun_again_whoever_asks(store: Store) -> None:
    first = begin(store, "run", NOON, only_due=True)
    assert first is not None
    assert begin(store, "run", NOON + timedelta(minutes=1), only_due=False) is None
    renew(store, first, NOON + LEASE)
    assert begin(store, "run", NOON + LEASE + timedelta(minutes=1), only_due=False) is None
    end(store, first, NOON + LEASE, "done", "all well")
    assert begin(store, "run", NOON + LEASE, only_due=False) is not None


def test_the_lease_of_a_killed_process_runs_out_and_the_pass_is_recorded_as_interrupted(store: Store) -> None:
    begin(store, "run", NOON, only_due=True)
    assert begin(store, "run", NOON + LEASE + timedelta(seconds=1), only_due=False) is not None
    assert [one.outcome for one in passes(store, "run")] == [None, "interrupted"]


def test_a_clock_that_was_set_back_neither_stops_a_job_nor_keeps_a_dead_lease(store: Store) -> None:
    far = NOON + timedelta(days=4000)
    begin(store, "run", far, only_due=True)
    assert due(store, NOON) == []
    assert due(store, NOON + EVERY) == ["run"]
    assert do(store, NOON + EVERY)


def test_a_paused_job_waits_and_an_interval_counts_from_the_last_start(store: Store) -> None:
    set_paused(store, "run", True)
    assert due(store, NOON) == []
    set_paused(store, "run", False)
    assert do(store, NOON)
    set_every(store, "run", HOUR.total_seconds(), NOON + timedelta(minutes=10))
    (one,) = schedules(store)
    assert one.due_at == NOON + HOUR
    assert one.last is not None
    assert one.last.outcome == "done"


def test_what_failed_is_tried_again_sooner_but_not_at_once(store: Store) -> None:
    retry(store, "run", NOON, HOUR)
    assert due(store, NOON) == []
    assert due(store, NOON + HOUR) == ["run"]


def test_an_unknown_job_is_named(store: Store) -> None:
    with pytest.raises(UnknownName, match="no scheduled job 'rum'; did you mean run"):
        set_paused(store, "rum", True)


def test_a_planned_job_keeps_what_was_set(store: Store) -> None:
    set_every(store, "run", 60, NOON)
    plan_job(store, "run", EVERY_S, NOON)
    assert schedules(store)[0].every_s == 60


def test_a_year_with_sleeps_does_every_due_pass_once(store: Store) -> None:
    """Each six hours in which the machine is awake have one pass; a sleep, however long, is made up for by one."""
    chance = random.Random(14)
    now, done, slept = NOON, [], 0
    while now < NOON + timedelta(days=365):
        # Two schedulers that look at the same table.
        done += [now for _ in due(store, now) * 2 if do(store, now)]
        slept += (sleeps := chance.random() < 0.03)
        now += timedelta(hours=chance.randint(7, 90) if sleeps else chance.choice([1, 2, 3]))
    intervals = [(at - NOON) // EVERY for at in done]
    assert len(intervals) == len(set(intervals)), "an interval had two passes"
    assert slept > 30
    for before, after in itertools.pairwise(done):
        awake_again = (after - NOON) // EVERY - (before - NOON) // EVERY == 1 or after - before > EVERY
        assert awake_again, "an interval had none"
    assert len(passes(store, "run", 10_000)) <= KEPT / EVERY + 1


def test_a_step_of_the_clock_in_either_direction_costs_at_most_one_interval(store: Store) -> None:
    chance = random.Random(4)
    now, done = NOON, []
    for elapsed_h in range(60 * 24):
        if due(store, now) and do(store, now):
            done.append(elapsed_h)
        if elapsed_h % 48 == 47:
            now += timedelta(hours=chance.choice([-5000, -48, -3, 3, 48, 5000]))
        now += HOUR
    assert max(after - before for before, after in itertools.pairwise(done)) <= 12
    assert 240 - 30 <= len(done) <= 240 + 30
