"""``/runs``."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from tonearm.api.answers import ModelOutcome, RunInfo
from tonearm.api.deps import SettingsDep
from tonearm.run import Run, run_once

router = APIRouter(tags=["runs"])


@router.post("/runs")
def post_run(
    settings: SettingsDep,
    full_retrain: Annotated[bool, Query(description="Train every model again, whether or not it is due.")] = False,
) -> RunInfo:
    """Import what is in the inbox, build and predict, as `tonearm run` does; earlier runs are in the table `runs`.

    The answer comes when all is done: the first run, which trains the models, may take minutes.
    """
    return _info(run_once(settings, full_retrain))


def _info(run: Run) -> RunInfo:
    predicted = run.predicted
    trained = [ModelOutcome(model=one.model, status=one.status, message=one.said) for one in predicted.trained]
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
