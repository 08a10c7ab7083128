from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from tonearm.imports import import_paths
from tonearm.run import build
from tonearm.settings import Settings

LISTENS = 600


def history(listens: int = LISTENS) -> str:
    """Header-less Last.fm rows over two years, the same each time."""
    draw = random.Random(1)
    start = datetime(2022, 3, 1, 8)
    times = sorted(start + timedelta(minutes=5 * n) for n in draw.sample(range(150_000), listens))
    rows = ((draw.randint(1, 40), draw.randint(1, 5), at) for at in times)
    return "".join(f"Artist {a},Album {a},Track {a}-{t},{at:%d %b %Y %H:%M}\n" for a, t, at in rows)


@pytest.fixture(scope="session")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """A home with one simulated listener."""
    folder = tmp_path_factory.mktemp("filled")
    (folder / "history.csv").write_text(history())
    made = Settings(home=folder / "home")
    import_paths(made, [folder / "history.csv"], "Ada (demo)", "Europe/Berlin")
    build(made)
    return made


@pytest.fixture
def looking_at(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[Path], None]]:
    """Points the page at a home."""
    from tonearm.ui import frame

    def choose(home: Path) -> None:
        monkeypatch.setenv("TONEARM_HOME", str(home))
        frame.client.clear()

    yield choose
    frame.client.clear()
