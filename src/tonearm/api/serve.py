"""Serving the API with its page, and the lab: one process each, which start and end together."""

from __future__ import annotations

import ipaddress
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.util import find_spec
from pathlib import Path
from secrets import token_urlsafe
from typing import TYPE_CHECKING, Any, NoReturn

import click
from starlette.middleware import Middleware

from tonearm import __version__
from tonearm.api.app import Background, create_app
from tonearm.api.limits import MAX_UPLOAD_MB, uvicorn_limits
from tonearm.api.memory import hold_little
from tonearm.api.origins import HOSTS, OwnOrigin
from tonearm.errors import ExtraMissing, UsageError
from tonearm.logs import has_events, write_event, write_logs
from tonearm.store import open_store
from tonearm.store.tokens import tokens

if TYPE_CHECKING:
    from streamlit.starlette import App

    from tonearm.settings import Settings

LOOPBACK = "127.0.0.1"

PAGE = Path(__file__).parents[1] / "lab" / "app.py"
"""The script of the lab."""

ENDING_S = 10
"""Seconds that requests under way, and the lab, have to end; what a killed import wrote is whole or not there."""

STREAMLIT_OPTIONS: dict[str, Any] = {
    "server.headless": True,
    "server.fileWatcherType": "none",
    "server.maxUploadSize": MAX_UPLOAD_MB,
    "server.allowedHosts": list(HOSTS),
    "browser.gatherUsageStats": False,
    "client.toolbarMode": "minimal",
    # Its CSV has formulas in it; the lab has a download of its own.
    "client.disableDataExport": True,
    "client.showErrorDetails": "none",
    "client.allowedOrigins": ["http://127.0.0.1"],
    "logger.hideWelcomeMessage": True,
    # The page's own, of site/style.css.
    "theme.font": "system-ui, -apple-system, 'Segoe UI', Roboto, 'Noto Sans', sans-serif",
    "theme.codeFont": "ui-monospace, Menlo, Consolas, monospace",
    "theme.headingFontWeights": [760, 700, 700],
    "theme.headingFontSizes": ["2.2rem", "1.3rem", "1.1rem"],
    "theme.baseRadius": "9px",
    "theme.metricValueFontSize": "1.6rem",
    "theme.light.primaryColor": "#a63c06",
    "theme.light.backgroundColor": "#fbf8f2",
    "theme.light.secondaryBackgroundColor": "#f3ece0",
    "theme.light.textColor": "#211d18",
    "theme.light.linkColor": "#a63c06",
    "theme.light.borderColor": "#e3dbce",
    "theme.dark.primaryColor": "#ffa163",
    "theme.dark.backgroundColor": "#16130f",
    "theme.dark.secondaryBackgroundColor": "#201c17",
    "theme.dark.textColor": "#f2ebe0",
    "theme.dark.linkColor": "#ffa163",
    "theme.dark.borderColor": "#3a332a",
}
"""How Streamlit is run: nothing fetched from or reported to anywhere, and it looks like the page."""


@dataclass(frozen=True)
class Reach:
    """From where the API can be reached."""

    hosts: tuple[str, ...]
    """Names under which it answers."""
    needs_tokens: bool
    """Whether others than this machine may reach it; it then answers under any numeric address too."""


def reach(settings: Settings, host: str) -> Reach:
    """From where an API at ``host`` is reached: from elsewhere, if not by its address then through a proxy."""
    named = () if _is_loopback(host) else (host.lower(),)
    others = (*named, *(name.lower() for name in settings.allowed_hosts))
    return Reach((*HOSTS, *others), bool(others))


def serve_all(
    settings: Settings, port: int, host: str = LOOPBACK, lab_port: int = 8501, background: Background | None = None
) -> NoReturn:
    """Serve the API and its page at ``host``:``port``, and the lab at ``lab_port``, until Ctrl-C or SIGTERM.

    ``background`` is entered when the API starts and left when it ends. Raises ExtraMissing where the lab is not
    installed, and UsageError for a port that is taken, and for a host that others reach when there is no token.
    """
    _require_lab()
    check_port(LOOPBACK, lab_port, "--lab-port")
    reached = _checked(settings, port, host)
    # The lab's own token, which lives as long as this process and is kept nowhere.
    key = token_urlsafe(32)
    with _lab_beside(settings, lab_port, _url(host, port), key):
        _run_api(settings, port, host, reached, background, key, f"http://{LOOPBACK}:{lab_port}")
    _end()


def serve_api(settings: Settings, port: int, host: str = LOOPBACK, background: Background | None = None) -> NoReturn:
    """Serve the API alone; see :func:`serve_all`."""
    _run_api(settings, port, host, _checked(settings, port, host), background)
    _end()


def serve_lab(settings: Settings, port: int, until_eof: bool = False) -> NoReturn:
    """Serve the lab alone at ``port`` of this machine, until Ctrl-C or, with ``until_eof``, standard input ends.

    Raises ExtraMissing, and UsageError for a port that is taken.
    """
    _require_lab()
    check_port(LOOPBACK, port, "--port")
    # Streamlit runs the lab as a script, which reads its settings where every program does.
    os.environ["TONEARM_HOME"] = str(settings.home)
    for name in ("api_url", "api_token"):
        if value := getattr(settings, name):
            os.environ[f"TONEARM_{name.upper()}"] = value
    click.echo(f"the lab is at http://{LOOPBACK}:{port}  (Ctrl-C ends it)")
    sys.stdout.flush()
    if until_eof:
        threading.Thread(target=_interrupt_at_eof, daemon=True).start()
    # Streamlit adds the folder of the running script to the import path, and that must not be tonearm's own.
    sys.argv = [str(PAGE)]
    with suppress(KeyboardInterrupt):
        page().run(config=lab_options(port))
    _end()


def page() -> App:
    """The lab as an ASGI application, which refuses the requests that the API refuses.

    Without this, Streamlit compares a WebSocket's origin with this machine's address on the internet, which it asks
    a server elsewhere for, and looks at the name of the host for WebSockets only.
    """
    from streamlit.starlette import App

    return App(PAGE, middleware=[Middleware(OwnOrigin)])


def lab_options(port: int, host: str = LOOPBACK) -> dict[str, Any]:
    """Streamlit's options to serve the lab at ``host``:``port``."""
    # With an address of its own, Streamlit asks nobody for this machine's.
    return STREAMLIT_OPTIONS | {"server.address": host, "server.port": port, "browser.serverAddress": host}


def _run_api(
    settings: Settings,
    port: int,
    host: str,
    reached: Reach,
    background: Background | None,
    lab_key: str | None = None,
    lab_url: str | None = None,
) -> None:
    import uvicorn

    hold_little()
    write_logs(settings.log)
    app = create_app(
        settings,
        hosts=reached.hosts,
        needs_tokens=reached.needs_tokens,
        background=background,
        lab_key=lab_key,
        lab_url=lab_url,
    )
    url = _url(host, port)
    others = ", and at this machine's other addresses for requests with a token" if reached.needs_tokens else ""
    if has_events():
        write_event("serving", url=url, version=__version__)
    else:
        click.echo(f"the page and the API are at {url}{others}; the routes at {url}/docs  (Ctrl-C ends it)")
        sys.stdout.flush()
    # Uvicorn repeats a signal once it has ended, which would end this process before what stands around the call.
    signal.signal(signal.SIGTERM, _interrupt)
    with suppress(KeyboardInterrupt):
        uvicorn.run(
            app,
            host=host,
            port=port,
            log_config=None,
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=ENDING_S,
            **uvicorn_limits(settings.trusted_proxies),
        )
    write_event("ended", url=url)


@contextmanager
def _lab_beside(settings: Settings, port: int, api_url: str, key: str) -> Iterator[None]:
    """The lab in a process of its own, which ends with this one however this one ends."""
    command = [sys.executable, "-m", "tonearm", "--home", str(settings.home)]
    command += ["lab", "--port", str(port), "--until-eof"]
    environment = {**os.environ, "TONEARM_API_URL": api_url, "TONEARM_API_TOKEN": key}
    # In a session of its own, so that a terminal's Ctrl-C reaches it through this process alone.
    child = subprocess.Popen(command, stdin=subprocess.PIPE, env=environment, start_new_session=True)  # noqa: S603
    assert child.stdin
    try:
        yield
    finally:
        child.stdin.close()
        try:
            child.wait(ENDING_S)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()


def _interrupt(*_: object) -> NoReturn:
    raise KeyboardInterrupt


def _interrupt_at_eof() -> None:
    sys.stdin.buffer.read()
    os.kill(os.getpid(), signal.SIGINT)


def _end() -> NoReturn:
    """End this process at once.

    A request or a script that was under way may still be inside a native library, on a thread that nobody can stop; to
    take Python down beneath it ends in a crash. Whatever it was writing is whole or not there.
    """
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)


def _require_lab() -> None:
    if not find_spec("streamlit"):
        raise ExtraMissing("the lab is", "lab")


def _checked(settings: Settings, port: int, host: str) -> Reach:
    """The reach of an API at ``host``:``port``; raises UsageError where it cannot or must not be served."""
    reached = reach(settings, host)
    if reached.needs_tokens and not _has_token(settings):
        raise UsageError(
            "others than this machine could reach the API, so that every request needs a token, and there is none "
            "yet: `tonearm tokens create --listener NAME --scope admin` makes one"
        )
    check_port(host, port, "--port")
    return reached


def _has_token(settings: Settings) -> bool:
    store = open_store(settings)
    try:
        return any(token.is_good(datetime.now(UTC)) for token in tokens(store))
    finally:
        store.close()


def check_port(host: str, port: int, option: str) -> None:
    """Raise UsageError unless this machine has the address ``host`` and its ``port`` is free."""
    try:
        family, kind, *_, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind) as trial:
            trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            trial.bind(address)
    except socket.gaierror as error:
        raise UsageError(f"{host} is no address of this machine ({error.strerror}); name one with --host") from error
    except OSError as error:
        raise UsageError(
            f"port {port} of {host} cannot be used ({error.strerror}); name another with {option}"
        ) from error


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _url(host: str, port: int) -> str:
    """Address of the API for programs on this machine."""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return f"http://{host}:{port}"
    if address.is_unspecified:
        address = ipaddress.ip_address("::1" if address.version == 6 else LOOPBACK)
    return f"http://[{address}]:{port}" if address.version == 6 else f"http://{address}:{port}"
