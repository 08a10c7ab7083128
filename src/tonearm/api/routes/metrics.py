"""``/metrics``."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime

from fastapi import APIRouter, Request
from fastapi.responses import PlainTextResponse, Response
from prometheus_client import CONTENT_TYPE_LATEST

from tonearm.api.deps import OneStore
from tonearm.api.looking import HomeSeen, LakeSeen, Look
from tonearm.api.metrics import Measure, Metrics
from tonearm.bronze import DRIFT
from tonearm.lake import Lake
from tonearm.live.backups import backups
from tonearm.models.trial.summary import Gauge
from tonearm.run.record import RUNS, last_succeeded
from tonearm.settings import Settings
from tonearm.store.relays import counts
from tonearm.store.submissions import count_waiting, oldest_waiting

router = APIRouter(tags=["health"])


@router.get("/metrics", response_class=PlainTextResponse)
def read_metrics(request: Request) -> Response:
    """Counters and gauges for Prometheus: requests, submissions, what waits, imports, builds, memory. No names."""
    metrics: Metrics = request.app.state.metrics
    return Response(metrics.text(), media_type=CONTENT_TYPE_LATEST)


def measures(settings: Settings, store: OneStore, lake: Look[LakeSeen], home: Look[HomeSeen]) -> list[Measure]:
    """What is measured when it is asked for, from the store, the log of the lake and the disk."""

    def of_lake(value: Callable[[LakeSeen], float]) -> Callable[[], float | None]:
        return lambda: value(seen) if (seen := lake.seen_now()) else None

    return [
        (
            "tonearm_submissions_waiting",
            "Submissions that are not in the tables yet.",
            lambda: count_waiting(store.get()),
        ),
        (
            "tonearm_submissions_oldest_seconds",
            "For how long the oldest of them has waited; 0 while none waits.",
            lambda: _since(oldest_waiting(store.get())),
        ),
        (
            "tonearm_relay_waiting",
            "Listens that wait to be forwarded.",
            lambda: sum(one.waiting for one in counts(store.get()).values()),
        ),
        (
            "tonearm_relay_refused",
            "Listens that the other side refused.",
            lambda: sum(one.refused for one in counts(store.get()).values()),
        ),
        (
            "tonearm_lake_readable",
            "1 while the tables can be read, 0 while they cannot, as when their object store is away.",
            lambda: float(lake.seen_now() is not None),
        ),
        ("tonearm_listens", "Listens in the tables.", of_lake(lambda seen: seen.listens)),
        (
            "tonearm_listens_version",
            "Version of the listens, which a build raises.",
            of_lake(lambda seen: _number(seen.listens_version)),
        ),
        (
            "tonearm_imports_version",
            "Commits to the ledger of imports.",
            of_lake(lambda seen: _number(seen.imports_version)),
        ),
        (
            "tonearm_runs_version",
            "Commits to the record of runs.",
            of_lake(lambda seen: _number(seen.runs_version)),
        ),
        (
            "tonearm_free_bytes",
            "What is left on the disk of the home.",
            lambda: seen.free_bytes if (seen := home.seen_now()) else None,
        ),
        (
            "tonearm_backup_timestamp_seconds",
            "When the newest backup of the schedule was made; 0 where a folder for them is set and has none.",
            lambda: _newest_backup(settings),
        ),
    ]


def gauges(lake: Lake) -> Iterator[Gauge]:
    """When the last run without a failure ended, when each table was last written, and how models have drifted."""
    if lake.has(RUNS):
        succeeded = last_succeeded(lake)
        name = "tonearm_run_succeeded_timestamp_seconds"
        meaning = "When the last run in which nothing failed ended; 0 while each has failed."
        yield Gauge(name, meaning, {}, succeeded.timestamp() if succeeded else 0.0)
    for table in lake.names():
        written = lake.built_at(table)
        if written:
            name, meaning = "tonearm_table_written_timestamp_seconds", "When a table was last written."
            yield Gauge(name, meaning, {"table": table}, written.timestamp())
    yield from _drift(lake)


def _drift(lake: Lake) -> Iterator[Gauge]:
    """The quantity of each model that has moved the furthest, as of the last look."""
    rows = lake.dataset(DRIFT).to_table(columns=["model", "as_of_at", "drift"]).to_pylist() if lake.has(DRIFT) else []
    newest = max((row["as_of_at"] for row in rows), default=None)
    of_model: dict[str, float] = {}
    for row in rows:
        if row["as_of_at"] == newest:
            of_model[row["model"]] = max(row["drift"], of_model.get(row["model"], 0.0))
    for model, drift in of_model.items():
        meaning = "Population stability index of what a model sees now; above 0.25 it is worth training again."
        yield Gauge("tonearm_model_drift", meaning, {"model": model}, drift)


def _since(instant: datetime | None) -> float:
    return 0.0 if instant is None else max(0.0, (datetime.now(UTC) - instant).total_seconds())


def _newest_backup(settings: Settings) -> float | None:
    """None where the schedule makes no backups."""
    if not settings.backup_folder:
        return None
    return max((one.made_at.timestamp() for one in backups(settings)), default=0.0)


def _number(version: int | None) -> float:
    """Version of a table, counted from 1; 0 before the first."""
    return 0 if version is None else version + 1
