"""Homes of one listener, and the API at a real port for clients that know nothing of ASGI."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Thread
from time import sleep
from typing import Any

import uvicorn

from tests.serving import free_port
from tonearm.api.app import create_app
from tonearm.settings import Settings
from tonearm.store import Store, open_store


@cache
def _database() -> bytes:
    """A store with the listener Ada; making one takes longer than most tests."""
    with TemporaryDirectory() as folder:
        home = Settings(home=Path(folder) / "home")
        store = open_store(home)
        store.ensure_listener("Ada", "UTC")
        store.close()
        return home.database.read_bytes()


def store_of(home: Settings) -> Store:
    """The store of a new home, with the listener Ada."""
    home.home.mkdir()
    home.database.write_bytes(_database())
    return open_store(home)


@contextmanager
def listening(home: Settings, **options: Any) -> Iterator[str]:
    """The API of a home at ``127.0.0.1:PORT``, which this yields."""
    port = free_port()
    config = uvicorn.Config(create_app(home, **options), host="127.0.0.1", port=port, log_level="warning")
    server = uvicorn.Server(config)
    thread = Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        assert thread.is_alive(), "the server ended before it was up"
        sleep(0.02)
    try:
        yield f"127.0.0.1:{port}"
    finally:
        server.should_exit = True
        thread.join()
