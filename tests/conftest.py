"""What tests share: a home of their own, small files to import and the real histories where they are."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest

from tonearm.settings import Settings, load_settings

SHARED = Path(__file__).parents[2] / "shared" / "data"
Row = tuple[str, str, str, str]


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """A home that is not there yet."""
    return load_settings(tmp_path / "home", environ={})


@pytest.fixture
def lastfm(tmp_path: Path) -> Callable[..., Path]:
    """Writes rows of (artist, album, track, "20 Nov 2020 09:35") as a header-less Last.fm CSV."""

    def write(rows: Iterable[Row], name: str = "lastfm.csv") -> Path:
        path = tmp_path / name
        with path.open("w", newline="", encoding="utf-8") as file:
            csv.writer(file, lineterminator="\n").writerows(rows)
        return path

    return write


def real(name: str) -> Path:
    """A file of the shared real data; skips the test where it is absent."""
    path = SHARED / name
    if not path.exists():
        pytest.skip(f"real data {name} is not on this machine")
    return path
