"""``tonearm models ui``: MLflow's own interface, started for real in an environment that has it (``make mlflow``)."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError
from pathlib import Path

import httpx
import psutil
import pytest
from click.testing import CliRunner, Result

import tonearm.models.lifecycle.interface as interface
from tests.models.coin import Coin
from tests.serving import PATIENCE_S, free_port, wait_until_up
from tonearm.cli import main
from tonearm.models.lifecycle.registry import open_registry
from tonearm.settings import Settings

ROOT = Path(__file__).parents[2]
PYTHON = ROOT / ".venv-mlflow" / "bin" / "python"


def ui(settings: Settings, *arguments: str) -> Result:
    environment = {"TONEARM_MLFLOW_TRACKING_URI": settings.mlflow_tracking_uri}
    return CliRunner(env=environment).invoke(main, ["--home", str(settings.home), "models", "ui", *arguments])


def test_where_it_is_missing_the_extra_is_named(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> None:
        raise PackageNotFoundError(name)

    monkeypatch.setattr(interface, "distribution", missing)
    done = ui(settings, "--port", str(free_port()))
    assert (done.exit_code, done.stderr.strip()) == (
        7,
        "tonearm: MLflow's interface is not installed: pip install 'tonearm[mlflow]'",
    )


def test_before_training_there_is_nothing_to_show(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(interface, "distribution", lambda _: None)
    done = ui(settings, "--port", str(free_port()))
    assert done.exit_code == 2 and "`tonearm train` does it" in done.stderr
    assert not settings.home.exists()


def test_a_port_that_is_taken_is_named(settings: Settings) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as taken:
        port = str(taken.getsockname()[1])
        done = ui(settings, "--port", port)
    assert done.exit_code == 2 and f"port {port}" in done.stderr and "--port" in done.stderr


def test_a_server_has_the_interface_itself(settings: Settings) -> None:
    done = ui(Settings(home=settings.home, mlflow_tracking_uri="https://ada:secret@models.example.org"))
    assert (done.exit_code, done.stdout.strip()) == (0, "MLflow's interface is at https://models.example.org")


@dataclass(frozen=True)
class Popularity(Coin):
    """A coin under the name of another model."""

    registered = "spotify_classifier"


@pytest.fixture
def trained(settings: Settings) -> Settings:
    """A home whose registry has a version of a model."""
    registry = open_registry(settings)
    model = Popularity()
    examples = model.examples({}, datetime.now(UTC))
    registry.register(
        model, model.fit(examples), [], {"trained_at": datetime.now(UTC).isoformat(), "rows": len(examples)}
    )
    return settings


@pytest.mark.slow
@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_it_shows_the_registry_and_ends_with_all_its_processes(trained: Settings, how: signal.Signals) -> None:
    if not PYTHON.exists():
        pytest.skip("MLflow's interface is not installed: make mlflow")
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    command = [str(PYTHON), "-m", "tonearm", "--home", str(trained.home), "models", "ui", "--port", str(port)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
    served = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)
    try:
        wait_until_up(f"{url}/health", served)
        found = httpx.get(f"{url}/api/2.0/mlflow/registered-models/get", params={"name": "spotify_classifier"})
        assert found.json()["registered_model"]["aliases"][0]["alias"] == "staging"
        assert "<title>MLflow</title>" in httpx.get(url).text
        elsewhere = httpx.get(f"{url}/api/2.0/mlflow/registered-models/search", headers={"Host": "music.example.org"})
        assert elsewhere.status_code == 403
        processes = psutil.Process(served.pid).children(recursive=True)
        served.send_signal(how)
        output, _ = served.communicate(timeout=PATIENCE_S)
    finally:
        served.kill()
    assert (served.returncode, output.strip()) == (0, f"MLflow's interface is at {url}")
    assert len(processes) >= 2
    _, alive = psutil.wait_procs(processes, PATIENCE_S)
    assert not alive
