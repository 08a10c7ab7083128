"""``/runs``."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Query

from tonearm.api.answers import Answer, ModelOutcome, RunInfo
from tonearm.api.auth import household
from tonearm.api.deps import LakeDep, SettingsDep, StoreDep
from tonearm.api.working import UnderWay, WorkingDep
from tonearm.home.lock import is_writing
from tonearm.run import Run, run_once
from tonearm.run.record import Ended, newest_runs
from tonearm.store.schedules import schedules

router = APIRouter(tags=["runs"])


class Runs(Answer):
    """What is being done, and what was."""

    under_way: list[UnderWay]
    """What requests to this server began and is not over, oldest first."""
    jobs: list[str]
    """Jobs of the schedule that are under way, in whatever process."""
    is_writing: bool
    """Whether some process is writing to the home right now, so that what writes has to wait."""
    runs: list[Ended]
    """The newest passes, newest first."""


@router.get("/runs", dependencies=[Depends(household)])
def list_runs(
    settings: SettingsDep,
    store: StoreDep,
    lake: LakeDep,
    working: WorkingDep,
    limit: Annotated[int, Query(ge=0, le=100, description="How many passes at most.")] = 10,
) -> Runs:
    """What is under way, and how the newest passes ended: what came in, what changed and what failed."""
    return Runs(
        under_way=working.tasks(),
        jobs=[one.name for one in schedules(store) if one.last and one.last.ended_at is None],
        is_writing=is_writing(settings),
        runs=newest_runs(lake, limit),
    )


@router.post("/runs")
def post_run(
    settings: SettingsDep,
    working: WorkingDep,
    full_retrain: Annotated[bool, Query(description="Train every model again, whether or not it is due.")] = False,
) -> RunInfo:
    """Import what is in the inbox, build and predict, as `tonearm run` does; earlier runs are in the table `runs`.

    The answer comes when all is done: the first run, which trains the models, may take minutes.
    """
    with working.on("run", "all models again" if full_retrain else ""):
        return _info(run_once(settings, full_retrain))


def _info(run: Run) -> RunInfo:
    predicted = run.predicted
    trained = [ModelOutcome(model=one.model, status=one.status, message=one.message) for one in predicted.trained]
    scored = [ModelOutcome(model=one.model, status="predicted", message=None) for one in predicted.scored]
    return RunInfo(
        started_at=run.started_at,
        ended_at=run.ended_at,
        imports=run.imports,
        tables=[*run.built.changed, *predicted.built.changed],
        models=[*trained, *scored],
        is_published=run.is_published,
        problem=run.problem,
    )
