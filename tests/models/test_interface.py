"""``tonearm models ui`` where it cannot start; tests/stack/test_mlflow.py starts it."""

from __future__ import annotations

import socket
from contextlib import closing
from importlib.metadata import PackageNotFoundError

import pytest
from click.testing import CliRunner, Result

import tonearm.models.lifecycle.interface as interface
from tests.serving import free_port
from tonearm.cli import main
from tonearm.settings import Settings


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
