"""``/metrics``."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import PlainTextResponse, Response
from prometheus_client import CONTENT_TYPE_LATEST

from tonearm.api.deps import OneStore
from tonearm.api.metrics import Measure, Metrics
from tonearm.ingest.ledger import LEDGER
from tonearm.lake import Lake
from tonearm.read.overview import LISTENS
from tonearm.run.record import RUNS
from tonearm.store.relays import counts
from tonearm.store.submissions import count_waiting

router = APIRouter(tags=["health"])


@router.get("/metrics", response_class=PlainTextResponse)
def read_metrics(request: Request) -> Response:
    """Counters and gauges for Prometheus: requests, submissions, what waits, imports, builds, memory. No names."""
    metrics: Metrics = request.app.state.metrics
    return Response(metrics.text(), media_type=CONTENT_TYPE_LATEST)


def measures(store: OneStore, lake: Lake) -> list[Measure]:
    """What is measured when it is asked for, from the store and the log of the lake."""
    return [
        (
            "tonearm_submissions_waiting",
            "Submissions that are not in the tables yet.",
            lambda: count_waiting(store.get()),
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
        ("tonearm_listens", "Listens in the tables.", lambda: lake.rows(LISTENS)),
        ("tonearm_listens_version", "Version of the listens, which a build raises.", lambda: _number(lake, LISTENS)),
        ("tonearm_imports_version", "Commits to the ledger of imports.", lambda: _number(lake, LEDGER)),
        ("tonearm_runs_version", "Commits to the record of runs.", lambda: _number(lake, RUNS)),
    ]


def _number(lake: Lake, table: str) -> float:
    """Version of a table, counted from 1; 0 before the first."""
    version = lake.version(table)
    return 0 if version is None else version + 1
