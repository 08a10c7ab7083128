"""MLflow started for real (``make mlflow``): ``tonearm models ui``, and the server of compose.yaml as the registry."""

from __future__ import annotations

import os
import signal
import subprocess
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import reduce
from pathlib import Path

import httpx
import psutil
import pytest
from msgspec.structs import replace

from tests.deploy import SERVICES
from tests.models.coin import Coin
from tests.serving import PATIENCE_S, free_port, wait_until_up
from tests.stack.servers import python_of, server
from tonearm.models.lifecycle.registry import open_registry
from tonearm.settings import Settings

ROOT = Path(__file__).parents[2]


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


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_it_shows_the_registry_and_ends_with_all_its_processes(trained: Settings, how: signal.Signals) -> None:
    python = python_of("mlflow")
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    command = [str(python), "-m", "tonearm", "--home", str(trained.home), "models", "ui", "--port", str(port)]
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


def test_the_server_of_compose_is_a_registry(settings: Settings, tmp_path: Path) -> None:
    programs = python_of("mlflow").parent
    service, port, models = SERVICES["mlflow"], str(free_port()), tmp_path / "models"
    models.mkdir()

    def here(words: list[str]) -> list[str]:
        changed = {"/models": str(models), "5000": port, "0.0.0.0": "127.0.0.1"}
        return [reduce(lambda word, one: word.replace(*one), changed.items(), word) for word in words]

    program, *options = here(service["command"])
    asking, *health = here(service["healthcheck"]["test"][1:])
    given = {**service["environment"], "HOME": str(tmp_path)}

    def is_up() -> bool:
        return subprocess.run([programs / asking, *health], capture_output=True, check=False).returncode == 0

    with server([programs / program, *options], tmp_path / "mlflow.log", is_up, given):
        registry = open_registry(replace(settings, mlflow_tracking_uri=f"http://127.0.0.1:{port}"))
        model = Popularity()
        examples = model.examples({}, datetime.now(UTC))
        about = {"trained_at": datetime.now(UTC).isoformat(), "rows": len(examples)}
        fitted = model.fit(examples)
        kept = registry.register(model, fitted, [], about)
        assert registry.in_use("spotify_classifier") == kept
        assert registry.load(model, kept) == fitted
        search = f"http://127.0.0.1:{port}/api/2.0/mlflow/registered-models/search"
        assert httpx.get(search, headers={"Host": "music.example.org"}).status_code == 403
    assert (models / "registry.sqlite").exists() and any((models / "artifacts").rglob("MLmodel"))
