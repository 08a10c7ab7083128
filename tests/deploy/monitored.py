"""A home of which every metric can be measured, and Prometheus where it is."""

from __future__ import annotations

import json
import re
import shutil
from contextlib import closing
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from tests.deploy import ROOT
from tonearm.building.execute import build
from tonearm.ingest.imports import import_paths
from tonearm.models.lifecycle.drift import Drift, keep
from tonearm.run import Run
from tonearm.run.record import record
from tonearm.settings import Settings
from tonearm.store import open_store
from tonearm.store.forecasts import Forecast, forecasts_to_score, keep_forecasts, keep_outcomes

DASHBOARD: dict[str, Any] = json.loads((ROOT / "deploy" / "grafana" / "dashboard.json").read_text(encoding="utf-8"))
ALERTS = ROOT / "deploy" / "prometheus" / "alerts.yml"
METRIC = re.compile(r"\b(?:tonearm|process)_[a-z_]+\b|\bup\b(?=\{)")
JOB = "tonearm"


def panels() -> list[dict[str, Any]]:
    """The dashboard's panels that show something."""
    return [panel for panel in DASHBOARD["panels"] if panel["type"] != "row"]


def queries() -> list[str]:
    """Every query of the dashboard, as Grafana sends it."""
    written = [target["expr"] for panel in panels() for target in panel["targets"]]
    return [one.replace("$job", JOB).replace("$__rate_interval", "1m") for one in written]


def program(name: str) -> str:
    """Path of a program of Prometheus; skips where it is not there."""
    found = shutil.which(name) or shutil.which(name, path=str(ROOT / ".stack" / "prometheus" / "usr" / "bin"))
    if found is None:
        pytest.skip(f"{name} is not there: make prometheus")
    return found


def fill(settings: Settings, history: Path) -> Settings:
    """Give a home a history, a run, forecasts with an outcome, drift and a backup."""
    settings = replace(settings, backup_folder=str(settings.home.parent / "backups"))
    import_paths(settings, [history], "Ada", "UTC")
    build(settings, ["listening_with_features"])
    now = datetime.now(UTC)
    record(settings, Run(started_at=now, ended_at=now))
    keep(settings, [Drift(model="mood", version=1, quantity=q, drift=d, rows=300, rows_before=300, is_due=d > 0.25)
                    for q, d in (("energy", 0.3), ("valence", 0.1))])  # fmt: skip
    with closing(open_store(settings)) as store:
        due = now - timedelta(hours=1)
        forecast = Forecast("Ada", "session_start", "1", "model", "hour", due, 0.7, 0.5)
        keep_forecasts(store, [forecast], now - timedelta(hours=2))
        (kept,) = forecasts_to_score(store, {"Ada": now}, now)
        keep_outcomes(store, {kept.number: 1.0}, now)
    folder = Path(settings.backup_folder)
    folder.mkdir()
    (folder / f"tonearm-{now:%Y-%m-%d-%H%M%S}.tar.gz").touch()
    return settings


@cache
def named(text: str) -> frozenset[str]:
    """Metrics in the text of a query."""
    return frozenset(METRIC.findall(text))
