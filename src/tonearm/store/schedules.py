"""Schedules: which jobs are done at intervals, when each is due, and how its passes ended.

A due instant keeps its grid: a job due every six hours from 04:10 on is due at 10:10, however late the pass at 04:10
began. Passes that were missed, because the machine slept, are made up for by one. A job is under way at most once, in
whatever process: it holds a lease, which its process moves on while it lives.
"""

from __future__ import annotations

import math
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from sqlalchemy import ColumnElement, delete, func, or_, select, update
from sqlalchemy.orm import Session

from tonearm.errors import UnknownName
from tonearm.store import Store
from tonearm.store.models import JobRow, ScheduleRow

Outcome = Literal["done", "failed", "interrupted"]

LEASE = timedelta(minutes=2)
"""For which a process reserves the job it is doing; it moves the end on well before."""
KEPT = timedelta(days=90)
"""How long the history of passes goes back."""
_LONGEST_MESSAGE = 1024


@dataclass(frozen=True)
class Pass:
    """One pass of a job."""

    number: int
    name: str
    started_at: datetime
    ended_at: datetime | None
    """None while it is under way."""
    outcome: str | None
    """done, failed or interrupted; None while it is under way."""
    message: str | None


@dataclass(frozen=True)
class Schedule:
    """A job that is done at intervals."""

    name: str
    every_s: float
    due_at: datetime
    is_paused: bool
    last: Pass | None
    """Its newest pass; None before the first."""


def next_due(due_at: datetime, every_s: float, now: datetime) -> datetime:
    """The first instant after ``now`` on the grid of ``due_at``: several that were missed count as one."""
    missed = math.floor((now - due_at).total_seconds() / every_s)
    return due_at + timedelta(seconds=every_s * (max(missed, -1) + 1))


def plan_job(store: Store, name: str, every_s: float, due_at: datetime) -> None:
    """Schedule a job that is not scheduled yet; one that is stays as it is set."""
    with store.session(writes=True) as session:
        if session.get(ScheduleRow, name) is None:
            session.add(ScheduleRow(name=name, every_s=every_s, due_at=due_at))


def drop_jobs(store: Store, names: Collection[str]) -> None:
    """Take jobs off the schedule; their history stays."""
    with store.session(writes=True) as session:
        session.execute(delete(ScheduleRow).where(ScheduleRow.name.in_(names)))


def schedules(store: Store) -> list[Schedule]:
    """Every scheduled job with its newest pass, by name."""
    if store.is_missing:
        return []
    with store.session(writes=False) as session:
        newest = select(func.max(JobRow.id)).group_by(JobRow.name)
        last = {row.name: _pass(row) for row in session.scalars(select(JobRow).where(JobRow.id.in_(newest)))}
        rows = session.scalars(select(ScheduleRow).order_by(ScheduleRow.name))
        return [Schedule(r.name, r.every_s, r.due_at, r.is_paused, last.get(r.name)) for r in rows]


def set_every(store: Store, name: str, every_s: float, now: datetime) -> None:
    """Do the job at this interval, first when one has passed since its last start; raises UnknownName."""
    with store.session(writes=True) as session:
        row = _find(session, name)
        started = session.scalar(select(func.max(JobRow.started_at)).where(JobRow.name == name))
        row.every_s = every_s
        row.due_at = max(now, min(started or now, now) + timedelta(seconds=every_s))


def set_paused(store: Store, name: str, is_paused: bool) -> None:
    """Leave the job out, or do it again, from its next due instant on; raises UnknownName."""
    with store.session(writes=True) as session:
        _find(session, name).is_paused = is_paused


def due(store: Store, now: datetime) -> list[str]:
    """Names of the jobs to do now that are not under way, the one that waits longest first.

    A due instant further away than the interval shows that the clock was set back; it is moved to one interval from
    ``now``.
    """
    if store.is_missing:
        return []
    with store.session(writes=False) as session:
        rows = list(session.scalars(select(ScheduleRow).order_by(ScheduleRow.due_at, ScheduleRow.name)))
        reserved = set(session.scalars(select(JobRow.name).where(JobRow.ended_at.is_(None), ~_is_over(now))))
        ahead = [row.name for row in rows if row.due_at > now + timedelta(seconds=row.every_s)]
        found = [r.name for r in rows if r.due_at <= now and not r.is_paused and r.name not in reserved]
    if ahead:
        with store.session(writes=True) as session:
            for row in session.scalars(select(ScheduleRow).where(ScheduleRow.name.in_(ahead))):
                row.due_at = min(row.due_at, now + timedelta(seconds=row.every_s))
    return found


def begin(store: Store, name: str, now: datetime, *, only_due: bool) -> Pass | None:
    """Begin a pass, and set when the job is due next; None if it is under way, or not due where ``only_due``.

    A pass whose lease ran out was killed: it is recorded as interrupted. Raises UnknownName.
    """
    with store.session(writes=True) as session:
        row = _find(session, name)
        if only_due and (row.is_paused or row.due_at > now):
            return None
        _end_killed(session, name, now)
        if session.scalar(select(JobRow.id).where(JobRow.name == name, JobRow.ended_at.is_(None))) is not None:
            return None
        if row.due_at <= now:
            row.due_at = next_due(row.due_at, row.every_s, now)
        made = JobRow(name=name, started_at=now, lease_until=now + LEASE)
        session.add(made)
        session.flush()
        return _pass(made)


def renew(store: Store, begun: Pass, now: datetime) -> None:
    """Keep the job reserved while it is under way."""
    mine = update(JobRow).where(JobRow.id == begun.number, JobRow.ended_at.is_(None))
    with store.session(writes=True) as session:
        session.execute(mine.values(lease_until=now + LEASE))


def end(store: Store, begun: Pass, now: datetime, outcome: Outcome, message: str | None = None) -> None:
    """Record how a pass ended; passes older than ``KEPT`` are forgotten."""
    ended = max(now, begun.started_at)
    with store.session(writes=True) as session:
        session.execute(
            update(JobRow)
            .where(JobRow.id == begun.number)
            .values(ended_at=ended, lease_until=None, outcome=outcome, message=message and message[:_LONGEST_MESSAGE])
        )
        session.execute(delete(JobRow).where(JobRow.name == begun.name, JobRow.started_at < now - KEPT))


def retry(store: Store, name: str, now: datetime, after: timedelta) -> None:
    """Do the job ``after`` a while where it is due at once or only later; nothing for one that is not scheduled."""
    with store.session(writes=True) as session:
        row = session.get(ScheduleRow, name)
        if row is not None:
            again = now + after
            row.due_at = again if row.due_at <= now else min(row.due_at, again)


def passes(store: Store, name: str | None = None, limit: int = 100) -> list[Pass]:
    """The newest passes, of one job or of all of them, newest first."""
    if store.is_missing:
        return []
    asked = select(JobRow).order_by(JobRow.id.desc()).limit(limit)
    if name is not None:
        asked = asked.where(JobRow.name == name)
    with store.session(writes=False) as session:
        return [_pass(row) for row in session.scalars(asked)]


def _end_killed(session: Session, name: str, now: datetime) -> None:
    """Record passes as interrupted whose process moves no lease on any more."""
    killed = update(JobRow).where(JobRow.name == name, JobRow.ended_at.is_(None), _is_over(now))
    session.execute(killed.values(ended_at=now, lease_until=None, outcome="interrupted", message="its process ended"))


def _is_over(now: datetime) -> ColumnElement[bool]:
    """Whether a lease is; one that ends much later than one given now is from before the clock was set back."""
    return or_(JobRow.lease_until < now, JobRow.lease_until > now + 2 * LEASE)


def _find(session: Session, name: str) -> ScheduleRow:
    row = session.scalar(select(ScheduleRow).where(ScheduleRow.name == name).with_for_update())
    if row is None:
        known = session.scalars(select(ScheduleRow.name))
        raise UnknownName("scheduled job", name, known, hint="`tonearm schedule` lists them")
    return row


def _pass(row: JobRow) -> Pass:
    return Pass(row.id, row.name, row.started_at, row.ended_at, row.outcome, row.message)
