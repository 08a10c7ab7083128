"""Serving the page and the API to this machine."""

from __future__ import annotations

import ipaddress
import os
import socket
import sys
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from starlette.middleware import Middleware

from tonearm.api.app import create_app
from tonearm.api.limits import MAX_UPLOAD_MB
from tonearm.api.origins import HOSTS, OwnOrigin
from tonearm.errors import ExtraMissing, UsageError

if TYPE_CHECKING:
    from streamlit.starlette import App

    from tonearm.settings import Settings

LOOPBACK = "127.0.0.1"

PAGE = Path(__file__).parents[1] / "ui" / "app.py"
"""The script of the page."""

STREAMLIT_OPTIONS: dict[str, Any] = {
    "server.headless": True,
    "server.fileWatcherType": "none",
    "server.maxUploadSize": MAX_UPLOAD_MB,
    "server.allowedHosts": list(HOSTS),
    "browser.gatherUsageStats": False,
    "client.toolbarMode": "minimal",
    # Its CSV has formulas in it; the page has a download of its own.
    "client.disableDataExport": True,
    "client.showErrorDetails": "none",
    "client.allowedOrigins": ["http://127.0.0.1"],
    "logger.hideWelcomeMessage": True,
    "theme.light.primaryColor": "#0072B2",
    "theme.dark.primaryColor": "#2E86C8",
    "theme.metricValueFontSize": "1.6rem",
    # The colours of Okabe and Ito, which people with any kind of colour vision can tell apart.
    "theme.chartCategoricalColors": ["#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00"],
}
"""How Streamlit is run: nothing fetched from or reported to anywhere, colours fit for everybody."""


def serve_page(settings: Settings, port: int, host: str = LOOPBACK) -> None:
    """Serve the page at ``host``:``port`` until Ctrl-C.

    Raises ExtraMissing, and UsageError for a host that others could reach and for a port that is taken.
    """
    if not find_spec("streamlit"):
        raise ExtraMissing("the page is", "lab")
    _check(host, port)
    # Streamlit runs the page as a script, which reads its settings where every program does.
    os.environ["TONEARM_HOME"] = str(settings.home)
    if settings.api_url:
        os.environ["TONEARM_API_URL"] = settings.api_url
    click.echo(f"the page is at http://{host}:{port}  (Ctrl-C ends it)")
    sys.stdout.flush()
    # Streamlit adds the folder of the running script to the import path, and that must not be tonearm's own.
    sys.argv = [str(PAGE)]
    with suppress(KeyboardInterrupt):
        page().run(config=page_options(port, host))
    sys.stdout.flush()
    # A page that was being drawn may still be inside a native library, on a thread that nobody can stop; to take
    # Python down beneath it ends in a crash. Whatever it was writing is whole or not there.
    os._exit(0)


def serve_api(settings: Settings, port: int, host: str = LOOPBACK) -> None:
    """Serve the API alone at ``host``:``port`` until Ctrl-C; raises what ``serve_page`` raises."""
    _check(host, port)
    import uvicorn

    click.echo(f"the API is at http://{host}:{port}, its routes at http://{host}:{port}/docs  (Ctrl-C ends it)")
    sys.stdout.flush()
    # No access log: addresses name listeners, and may carry what a client puts into its query.
    uvicorn.run(create_app(settings), host=host, port=port, log_level="warning", access_log=False)


def page() -> App:
    """The page as an ASGI application, which refuses the requests that the API refuses.

    Without this, Streamlit compares a WebSocket's origin with this machine's address on the internet, which it asks
    a server elsewhere for, and looks at the name of the host for WebSockets only.
    """
    from streamlit.starlette import App

    return App(PAGE, middleware=[Middleware(OwnOrigin)])


def page_options(port: int, host: str = LOOPBACK) -> dict[str, Any]:
    """Streamlit's options to serve the page at ``host``:``port``."""
    # With an address of its own, Streamlit asks nobody for this machine's.
    return STREAMLIT_OPTIONS | {"server.address": host, "server.port": port, "browser.serverAddress": host}


def _check(host: str, port: int) -> None:
    if host != "localhost" and not _is_loopback(host):
        raise UsageError(
            f"{host} could be reached by others, and there are no passwords yet; tonearm serves {LOOPBACK} only "
            "(from another machine, use an SSH tunnel)"
        )
    with socket.socket() as trial:
        trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            trial.bind((host, port))
        except OSError as error:
            raise UsageError(f"port {port} cannot be used ({error.strerror}); name another with --port") from error


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
