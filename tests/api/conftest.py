from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tonearm.api.app import create_app
from tonearm.api.client import InProcess
from tonearm.settings import Settings

HISTORY = (
    "Air,Moon Safari,La femme d'argent,20 Nov 2020 09:35\n"
    "Air,Moon Safari,Sexy Boy,20 Nov 2020 09:28\n"
    "Air,Moon Safari,Sexy Boy,20 Nov 2020 09:28\n"
    "Air,Moon Safari,Kelly Watch the Stars,\n"
)
"""Four rows: two listens, an exact duplicate, and one without a date."""

PROBLEM = {"type", "title", "status", "detail", "error", "message"}
"""Members of every answer that is a Problem."""


@pytest.fixture
def home(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path / "home")


@pytest.fixture
def http(home: Settings) -> Iterator[httpx.Client]:
    with client_of(home) as client:
        yield client


@pytest.fixture(scope="session")
def filled_home(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """A home into which HISTORY was uploaded, for tests that only read."""
    home = Settings(home=tmp_path_factory.mktemp("filled") / "home")
    with client_of(home) as client:
        answer = upload(client)
    assert answer.status_code == 200, answer.text
    return home


@pytest.fixture(scope="session")
def filled(filled_home: Settings) -> Iterator[httpx.Client]:
    with client_of(filled_home) as client:
        yield client


def client_of(home: Settings, **options: Any) -> httpx.Client:
    return httpx.Client(transport=InProcess(create_app(home, **options)), base_url="http://127.0.0.1")


def upload(http: httpx.Client, text: str = HISTORY, name: str = "history.csv", **form: str) -> httpx.Response:
    form = {"listener": "Ada", "timezone": "Europe/Berlin"} | form
    return http.post("/imports", files=[("files", (name, text.encode()))], data=form)
