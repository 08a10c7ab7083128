"""The tables' functions as SQL for the embedded engine, made once and shipped with the package.

Ibis takes a second to load and another to write the SQL of all tables, which is most of what building a small
home takes. ``python -m tools.precompile`` writes ``building/sql/`` and, beside it, what the code of each table means. A
file made from other code, other columns or by another Ibis is not used, and the table's function is compiled as if
the file were not there.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import msgspec

from tonearm.building.execute import build
from tonearm.building.versions import CODE, SHIPPED, Code, code_of, read_code
from tonearm.ingest.imports import import_paths
from tonearm.settings import load_settings
from tonearm.table import tables

_PLAYS = ("20 Nov 2020 09:35", "20 Nov 2020 09:46", "21 Nov 2020 20:01", "23 Nov 2020 11:15")


def compiled_files(folder: Path) -> Iterator[Path]:
    """The files that a build of a home in ``folder`` leaves, one per table."""
    settings = load_settings(folder / "home", {})
    import_paths(settings, [_history(folder / "history.csv", _PLAYS)], "somebody", "UTC")
    build(settings, shipped=False)
    yield from sorted(settings.compiled.glob("*.sql"))


def codes() -> dict[str, Code]:
    """The code of every module that tables are made of, by name."""
    found: dict[str, Code] = {}
    for table in tables().values():
        found |= code_of(table.build.__module__, read_code)
    return dict(sorted(found.items()))


def write(target: Path = SHIPPED) -> None:
    """Put the SQL of all tables into ``target``, in place of what is there."""
    with tempfile.TemporaryDirectory() as name:
        files = list(compiled_files(Path(name)))
        shutil.rmtree(target, ignore_errors=True)
        target.mkdir()
        for file in files:
            shutil.copy(file, target / file.name)
        written = msgspec.json.format(msgspec.json.encode(codes()), indent=1)
        (target / CODE).write_bytes(written + b"\n")


def _history(path: Path, dates: tuple[str, ...]) -> Path:
    path.write_text("".join(f"Somebody,Some day,Some song,{at}\n" for at in dates), encoding="utf-8")
    return path


if __name__ == "__main__":
    write()
