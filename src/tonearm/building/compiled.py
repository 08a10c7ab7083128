"""The tables' functions as SQL: from a file where one fits, else compiled, because Ibis takes a second to load."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

from tonearm.building.versions import version_of
from tonearm.engine.protocol import COMMON, BuildEngine
from tonearm.table import Table


def sql_of(table: Table, engine: BuildEngine, folders: Sequence[Path]) -> str:
    """The function of ``table`` as the engine's SQL over its inputs, which the engine shows.

    A file in ``folders`` is used if it was made from the same code and columns by the same compiler; what is compiled
    is kept in the last of them.
    """
    shapes = [str(engine.kinds(name)) for name in table.inputs]
    known = "".join([version_of(table), engine.compiler, *shapes])
    key = f"-- {hashlib.sha256(known.encode()).hexdigest()}\n"
    name = f"{table.name}.sql" if engine.dialect == COMMON else f"{table.name}.{engine.dialect}.sql"
    for folder in folders:
        text = (folder / name).read_text(encoding="utf-8") if (folder / name).exists() else ""
        if text.startswith(key):
            return text
    text = key + engine.compile(table)
    partial = folders[-1] / f"{name}.part"
    partial.write_text(text, encoding="utf-8")
    partial.rename(partial.with_suffix(""))
    return text
