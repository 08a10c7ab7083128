"""``/schedule``."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from tonearm.api.deps import SettingsDep, StoreDep
from tonearm.live.jobs import jobs
from tonearm.store.schedules import Pass, passes, schedules

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


@router.get("/schedule")
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


def _info(one: Pass) -> PassInfo:
    return PassInfo(
        job=one.name, started_at=one.started_at, ended_at=one.ended_at, outcome=one.outcome, message=one.message
    )
