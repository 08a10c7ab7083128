"""The SQL that is shipped is that of this code."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest
from tools.precompile import codes, compiled_files

from tonearm.building.versions import CODE, SHIPPED, Code
from tonearm.settings import Settings


def key(file: Path) -> str:
    """The first line, which tells what the rest was made from; Ibis may order that in more than one way."""
    return file.read_text(encoding="utf-8").partition("\n")[0]


@pytest.mark.slow
def test_the_shipped_sql_is_that_of_the_code(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Settings, "compiled", property(lambda self: self.home / "compiled"))
    fresh, shipped = (
        {file.name: key(file) for file in files} for files in (compiled_files(tmp_path), SHIPPED.glob("*.sql"))
    )
    assert {name for name in fresh | shipped if fresh.get(name) != shipped.get(name)} == set(), "run `make docs`"


def test_what_is_shipped_of_the_code_is_that_of_the_code() -> None:
    shipped = msgspec.json.decode((SHIPPED / CODE).read_bytes(), type=dict[str, Code])
    assert shipped == codes(), "run `make docs`"
