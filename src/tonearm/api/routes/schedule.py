"""``/schedule``."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel, Field

from tonearm.api.auth import household
from tonearm.api.deps import SettingsDep, StoreDep
from tonearm.api.working import WorkingDep
from tonearm.errors import Conflict, UsageError
from tonearm.live.jobs import jobs
from tonearm.live.schedule import keep_planned, perform
from tonearm.settings import Settings
from tonearm.store import Store
from tonearm.store.schedules import Pass, passes, schedules, set_every, set_paused

router = APIRouter(tags=["schedule"])


class PassInfo(BaseModel):
    """One pass of a job."""

    job: str
    started_at: datetime
    ended_at: datetime | None = Field(description="Null while it is under way.")
    outcome: str | None = Field(description="done, failed or interrupted; null while it is under way.")
    message: str | None


class ScheduledJob(BaseModel):
    """A job that is done at intervals while `tonearm up` runs."""

    job: str
    does: str | None
    every_s: float
    due_at: datetime
    is_paused: bool
    last: PassInfo | None


class ScheduleInfo(BaseModel):
    """What is done at intervals, and how it went."""

    jobs: list[ScheduledJob]
    passes: list[PassInfo] = Field(description="The newest passes of all jobs, newest first.")


@router.get("/schedule", dependencies=[Depends(household)])
def schedule(
    settings: SettingsDep,
    store: StoreDep,
    limit: Annotated[int, Query(ge=0, le=1000, description="How many passes at most.")] = 20,
) -> ScheduleInfo:
    """The jobs that are done at intervals: when each is due, and how it went last time."""
    does = {name: job.does for name, job in jobs(settings, store).items()}
    scheduled = [
        ScheduledJob(
            job=one.name,
            does=does.get(one.name),
            every_s=one.every_s,
            due_at=one.due_at,
            is_paused=one.is_paused,
            last=_info(one.last) if one.last else None,
        )
        for one in schedules(store)
    ]
    return ScheduleInfo(jobs=scheduled, passes=[_info(one) for one in passes(store, limit=limit)])


class Changed(BaseModel):
    """How a job is to be done from now on; what is left out stays."""

    every_s: float | None = Field(default=None, ge=60, le=366 * 86_400, description="Seconds between two passes.")
    is_paused: bool | None = Field(default=None, description="Whether it is left out until it is resumed.")


@router.patch("/schedule/{job:path}")
def change_job(settings: SettingsDep, store: StoreDep, job: str, changed: Changed) -> ScheduleInfo:
    """Do a job at another interval, leave it out, or do it again."""
    _plan(settings, store)
    if changed.every_s is not None:
        set_every(store, job, changed.every_s, datetime.now(UTC))
    if changed.is_paused is not None:
        set_paused(store, job, changed.is_paused)
    return schedule(settings, store)


@router.post("/schedule/{job:path}/passes")
def perform_job(settings: SettingsDep, store: StoreDep, working: WorkingDep, job: str) -> PassInfo:
    """Do a job now, as `tonearm schedule run` does; 409 if it is under way. The answer comes when it is done."""
    _plan(settings, store)
    with working.on("job", job):
        begun = perform(settings, store, job, lambda: datetime.now(UTC), only_due=False)
    if begun is None:
        raise Conflict(f"{job} is under way already; it was left alone")
    return next(_info(one) for one in passes(store, job) if one.number == begun.number)


def _plan(settings: Settings, store: Store) -> None:
    if store.is_missing:
        raise UsageError("nothing is scheduled before there is a history; import one first")
    keep_planned(settings, store, datetime.now(UTC))


def _info(one: Pass) -> PassInfo:
    return PassInfo(
        job=one.name, started_at=one.started_at, ended_at=one.ended_at, outcome=one.outcome, message=one.message
    )
