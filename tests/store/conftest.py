"""Every test of the store runs on SQLite and on a real PostgreSQL server."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tonearm.settings import Settings
from tonearm.store import Store, open_store


@pytest.fixture
def settings(tmp_path: Path, each_database_url: str) -> Settings:
    """A home that is not there yet, with a store in SQLite, or in PostgreSQL."""
    return Settings(home=tmp_path / "home", database_url=each_database_url)


@pytest.fixture
def empty(settings: Settings) -> Iterator[Store]:
    """A store in which nothing is yet."""
    with closing(open_store(settings)) as store:
        yield store


@pytest.fixture
def store(empty: Store) -> Store:
    """A store with one listener, Ada."""
    empty.ensure_listener("Ada", "UTC")
    return empty
