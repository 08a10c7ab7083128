"""Which version is in use, and the way back."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.models.coin import Coin
from tonearm.errors import NotRegistered, RegistryUnreachable
from tonearm.models.lifecycle.registry import PRODUCTION, Registry, open_registry
from tonearm.models.model import Candidate
from tonearm.settings import Settings

NAME = Coin().registered


@pytest.fixture
def registry(home_with_registry: Settings) -> Registry:
    return open_registry(home_with_registry)


def register(registry: Registry) -> int:
    model = Coin()
    fitted = model.fit(model.examples({}, datetime.now(UTC)))
    return registry.register(model, fitted, [], {"trained_at": datetime.now(UTC).isoformat()}).version


def in_use(registry: Registry) -> int | None:
    found = registry.in_use(NAME)
    return found.version if found else None


@pytest.mark.parametrize("tables", [[], ["jobs"], ["experiments", "jobs", "registered_models"]])
def test_a_database_that_a_killed_training_left_half_made_is_made_anew(registry: Registry, tables: list[str]) -> None:
    file = Path(registry.uri.removeprefix("sqlite:///"))
    file.unlink(missing_ok=True)
    file.parent.mkdir(parents=True, exist_ok=True)
    with closing(sqlite3.connect(file)) as database:
        for table in tables:
            database.execute(f"CREATE TABLE {table} (id INTEGER)")
    assert register(Registry(registry.uri, registry.artefacts)) == 1


def test_what_a_killed_making_of_the_database_left_is_no_database(settings: Settings) -> None:
    registry = open_registry(settings)
    left = settings.home / "models" / "registry.sqlite.new"
    left.parent.mkdir(parents=True)
    left.write_bytes(b"half")
    assert register(registry) == 1
    assert not left.exists()


def test_asking_an_empty_home_makes_no_registry(settings: Settings) -> None:
    registry = open_registry(settings)
    assert (registry.names(), registry.in_use(NAME)) == ([], None)
    assert not settings.home.exists()


def test_in_use_is_production_else_the_newest(registry: Registry) -> None:
    assert in_use(registry) is None
    assert [register(registry), in_use(registry), register(registry), in_use(registry)] == [1, 1, 2, 2]
    registry.promote(NAME, 1, PRODUCTION, "better")
    assert in_use(registry) == 1


def test_each_candidate_that_was_compared_is_a_run_of_its_own(registry: Registry, tmp_path: Path) -> None:
    import mlflow
    from sklearn.linear_model import LogisticRegression

    model = Coin()
    fitted = model.fit(model.examples({}, datetime.now(UTC)))
    pipeline = LogisticRegression(C=0.5).fit([[0.0], [1.0]], [0, 1])
    compared = (Candidate("logistic", {"C": 0.5}, {"accuracy": 0.75, "f1": 0.5, "roc_auc": 0.8}, pipeline),)
    object.__setattr__(fitted, "compared", compared)
    about = {"trained_at": datetime.now(UTC).isoformat()}
    version = registry.register(model, fitted, [], about)
    experiment = registry.client.get_experiment_by_name(model.name)
    runs = registry.client.search_runs([experiment.experiment_id])
    (own,) = (run for run in runs if "mlflow.parentRunId" in run.data.tags)
    assert own.data.tags["mlflow.parentRunId"] == version.run
    assert (own.info.run_name, own.data.params, own.data.metrics) == ("logistic", {"C": "0.5"}, compared[0].metrics)
    (kept,) = (m for m in registry.client.search_logged_models([experiment.experiment_id]) if m.name == "logistic")
    files = [path.suffix for path in Path(mlflow.artifacts.download_artifacts(kept.artifact_location)).rglob("*.*")]
    assert ".skops" in files
    assert ".pkl" not in files


def test_without_a_version_before_there_is_no_way_back(registry: Registry) -> None:
    with pytest.raises(NotRegistered, match="never been trained"):
        registry.rollback(NAME, "worse")
    register(registry)
    registry.promote(NAME, 1, PRODUCTION, "first")
    # Promoting the version that is served already does not make it the one before itself.
    registry.promote(NAME, 1, PRODUCTION, "again")
    with pytest.raises(NotRegistered, match="no version that was in production before 1"):
        registry.rollback(NAME, "worse")


def test_a_server_s_password_is_not_shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    with pytest.raises(RegistryUnreachable, match=r"http://127\.0\.0\.1:9 ") as raised:
        Registry("http://ann:secret@127.0.0.1:9", tmp_path).names()
    assert "secret" not in str(raised.value)


def test_predicting_from_remembered_versions_needs_no_mlflow() -> None:
    code = "import sys, tonearm.models.lifecycle.scoring; assert 'mlflow' not in sys.modules"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_what_a_version_served_is_served_again_after_a_rollback(registry: Registry) -> None:
    for version in (1, 2):
        register(registry)
        registry.promote(NAME, version, PRODUCTION, "better", [f"target {version}", "heads"])
    assert registry.version(NAME, 1).serves == ()
    assert registry.version(NAME, 2).serves == ("target 2", "heads")
    back = registry.rollback(NAME, "worse")
    assert (back.version, back.serves, back.is_by_hand) == (1, ("target 1", "heads"), True)
