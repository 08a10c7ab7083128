"""The record of passes: the table ``runs``, a row for everything that a pass did or failed at."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from operator import itemgetter
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc

from tonearm.bronze import SCHEMAS
from tonearm.columns import arrow_schema
from tonearm.lake import Lake, open_lake
from tonearm.settings import Settings

if TYPE_CHECKING:
    from tonearm.run import Run

RUNS = "runs"
TRAIN = "train"
_FILES = 200
"""Passes after which their small files are joined."""


def record(settings: Settings, run: Run) -> None:
    """Add the rows of ``run``."""
    lake = open_lake(settings.lake)
    lake.append(RUNS, pa.Table.from_pylist(list(_rows(run)), schema=arrow_schema(SCHEMAS[RUNS])), {})
    lake.compact(RUNS, _FILES)


def last_trained(lake: Lake) -> datetime | None:
    """When a pass last trained models, or tried to and found too little data; None if none ever did."""
    return _newest(lake, "run_started_at", pc.field("run_step") == TRAIN)


def last_succeeded(lake: Lake) -> datetime | None:
    """When the newest pass in which nothing failed ended; None if there was none."""
    return _newest(lake, "run_ended_at", (pc.field("run_step") == "run") & (pc.field("run_outcome") == "done"))


def _newest(lake: Lake, column: str, of: pc.Expression) -> datetime | None:
    if not lake.has(RUNS):
        return None
    at: datetime | None = pc.max(lake.dataset(RUNS).to_table(columns=[column], filter=of)[column]).as_py()
    return at


@dataclass(frozen=True)
class Ended:
    """A pass that ended, from its rows."""

    started_at: datetime
    ended_at: datetime | None
    outcome: str
    """done or failed."""
    problem: str | None
    """What stopped it."""
    listens: int
    """Rows that came in."""
    tables: int
    """Tables that changed."""
    failed: int
    """Files, tables and models that failed."""


def newest_runs(lake: Lake, limit: int) -> list[Ended]:
    """The newest ``limit`` passes, newest first."""
    if not lake.has(RUNS):
        return []
    rows = lake.dataset(RUNS).to_table().sort_by([("run_started_at", "descending")]).to_pylist()
    passes = [list(steps) for _, steps in groupby(rows, key=itemgetter("run_started_at"))]
    return [_ended(steps) for steps in passes[:limit]]


def _ended(steps: list[dict[str, Any]]) -> Ended:
    whole = next((one for one in steps if one["run_step"] == "run"), steps[0])
    parts = [one for one in steps if one["run_step"] != "run"]
    return Ended(
        started_at=whole["run_started_at"],
        ended_at=whole["run_ended_at"],
        outcome=whole["run_outcome"],
        problem=whole["run_message"],
        listens=sum(one["run_rows"] or 0 for one in parts if one["run_step"] == "import"),
        tables=sum(one["run_step"].startswith("build") and one["run_outcome"] != "failed" for one in parts),
        failed=sum(one["run_outcome"] == "failed" for one in parts),
    )


def _rows(run: Run) -> Iterator[dict[str, Any]]:
    """The pass as a whole, then what it did to each file, table and model; tables left as they were are left out."""
    whole = {"run_started_at": run.started_at, "run_ended_at": run.ended_at}
    outcome = "failed" if run.problem or run.failed else "done"
    yield {**whole, "run_step": "run", "run_subject": "", "run_outcome": outcome, "run_message": run.problem}
    for done in (*_imported(run), *_built(run), *_predicted(run)):
        yield {**whole, **done}


def _imported(run: Run) -> Iterator[dict[str, Any]]:
    for report in run.imports:
        for file in report.files:
            outcome = "failed" if file.problem else "done"
            name = f"{report.listener}/{file.name}"
            yield _row("import", name, outcome, file.kept, message=file.problem)


def _built(run: Run) -> Iterator[dict[str, Any]]:
    for step, report in (("build", run.built), ("build predictions", run.predicted.built)):
        for table in report.changed:
            yield _row(step, table.name, table.action, table.rows, table.seconds, table.problem)


def _predicted(run: Run) -> Iterator[dict[str, Any]]:
    for trained in run.predicted.trained:
        yield _row(TRAIN, trained.model, trained.status, trained.rows, trained.seconds, trained.message)
    for scored in run.predicted.scored:
        yield _row("score", scored.model, "done", scored.scores, scored.seconds)


def _row(
    step: str, subject: str, outcome: str, rows: int, seconds: float | None = None, message: str | None = None
) -> dict[str, Any]:
    about = {"run_step": step, "run_subject": subject, "run_outcome": outcome}
    return {**about, "run_rows": rows, "took_s": seconds, "run_message": message}
