"""Samples: bytes in a file, read by whichever source recognises them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tonearm.settings import Settings
from tonearm.sources import Context, source_of
from tonearm.sources.files import Hints, InputFile
from tonearm.sources.inputs import input_files


@dataclass(frozen=True)
class Reading:
    """What a file was taken for and the rows it gave."""

    kind: str
    phrase: str
    rows: list[dict[str, Any]]

    @property
    def kept(self) -> list[dict[str, Any]]:
        return [row for row in self.rows if row["reason"] is None]

    @property
    def reasons(self) -> list[str]:
        return [row["reason"] for row in self.rows if row["reason"] is not None]


Read = Callable[..., Reading]
Write = Callable[..., InputFile]


@pytest.fixture
def file_of(tmp_path: Path, settings: Settings) -> Write:
    def write(name: str, content: bytes | str) -> InputFile:
        path = tmp_path / "in" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        (file,) = input_files([path], settings)
        assert isinstance(file, InputFile)
        return file

    return write


@pytest.fixture
def read(file_of: Write) -> Read:
    def reading(name: str, content: bytes | str, most: int = 1 << 20, kind: str = "", **hints: Any) -> Reading:
        file = file_of(name, content)
        file.hints = Hints(**hints)
        source = source_of(file, kind)
        tables = list(source.read(file, Context(most)))
        rows = [row for table in tables for row in table.to_pylist()]
        assert [row["row"] for row in rows] == list(range(1, len(rows) + 1))
        return Reading(source.kind, source.reading(file), rows)

    return reading
