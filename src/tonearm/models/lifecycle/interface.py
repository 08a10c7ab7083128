"""MLflow's own interface over the registry of a home, which the extra ``mlflow`` brings."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, distribution
from typing import TYPE_CHECKING

from tonearm.errors import ExtraMissing, NotRegistered, RegistryUnreachable
from tonearm.models.lifecycle.registry import open_registry
from tonearm.models.lifecycle.tracking import move_addresses, shown
from tonearm.models.listing import REGISTRY

if TYPE_CHECKING:
    from tonearm.settings import Settings

HOST = "127.0.0.1"
"""MLflow has no login."""
_END_S = 10


def server_of(settings: Settings) -> str | None:
    """Address of the MLflow server that keeps the models, which has an interface of its own; None for a database."""
    uri = settings.mlflow_tracking_uri
    return shown(uri) if uri.startswith(("http://", "https://")) else None


def serve_interface(settings: Settings, port: int, started: Callable[[], None]) -> None:
    """Serve it on this machine until Ctrl-C or SIGTERM; ``started`` is called when its process is there.

    Raises ExtraMissing; NotRegistered before anything was trained; RegistryUnreachable where it does not start.
    """
    try:
        distribution("mlflow")
    except PackageNotFoundError as error:
        raise ExtraMissing("MLflow's interface is", "mlflow") from error
    if not settings.mlflow_tracking_uri and not (settings.home / REGISTRY).exists():
        raise NotRegistered("no model has been trained yet; `tonearm train` does it")
    registry = open_registry(settings)
    registry.artefacts.mkdir(parents=True, exist_ok=True)
    if not settings.mlflow_tracking_uri:
        move_addresses(settings.home / REGISTRY, registry.artefacts)
    # A database's password is in no argument of a process, which everybody on a machine can read.
    environment = os.environ | {
        "MLFLOW_BACKEND_STORE_URI": registry.uri,
        "MLFLOW_ARTIFACTS_DESTINATION": registry.artefacts.as_uri(),
        # Two processes instead of ten: nothing here starts jobs.
        "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
        "MLFLOW_DISABLE_TELEMETRY": "true",
    }
    command = [sys.executable, "-m", "mlflow", "server", "--host", HOST, "--port", str(port), "--workers", "1"]
    command += ["--allowed-hosts", f"{HOST}:{port},localhost:{port}", "--uvicorn-opts", "--log-level warning"]
    # In a session of its own: MLflow's process does not end the one that answers, so all of them are ended here.
    server = subprocess.Popen(  # noqa: S603
        command, env=environment, cwd=registry.artefacts.parent, stdout=sys.stderr, start_new_session=True
    )
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        started()
        code = server.wait()
    except KeyboardInterrupt:
        return
    finally:
        _end(server)
    raise RegistryUnreachable(f"MLflow's server ended by itself, with exit code {code}; its messages are above")


def _end(server: subprocess.Popen[bytes]) -> None:
    """End a process and all that it started, however often somebody presses Ctrl-C."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    for how in (signal.SIGTERM, signal.SIGKILL):
        with suppress(ProcessLookupError):
            os.killpg(server.pid, how)
        with suppress(subprocess.TimeoutExpired):
            server.wait(_END_S)
