"""Homes of one listener, and the API at a real port for clients that know nothing of ASGI."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from tests.serving import answering
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
    with answering(create_app(home, **options)) as (address, _):
        yield address.removeprefix("http://")
