"""The lake's tables as relations of the engine: whole or in part, by the table's name."""

from __future__ import annotations

from tonearm.bronze import SCHEMAS
from tonearm.engine.protocol import BuildEngine
from tonearm.lake import Lake


class Relations:
    """What the engine shows of the lake at the moment."""

    def __init__(self, lake: Lake, engine: BuildEngine) -> None:
        """Show nothing yet."""
        self.lake, self.engine = lake, engine
        self._shown: dict[str, str] = {}
        """Condition for the rows that are shown of each table, empty for all of them."""
        self._held: dict[str, dict[str, str]] = {}
        """Relations that hold rows of a table, by the condition for them."""

    def show(self, name: str, where: str = "", hold: bool = False) -> None:
        """Let the engine know the newest rows of table ``name`` for which ``where`` holds by the table's name.

        Rows to ``hold`` are read once for all tables that need the same ones.
        """
        if self._shown.get(name) == where:
            return
        if not where:
            self._look_at(name, name)
        elif hold:
            self.engine.view(name, f"SELECT * FROM {self._part(name, where)}")
        else:
            self._look_at(name, f"whole_{name}")
            self.engine.view(name, f"SELECT * FROM whole_{name} WHERE {where}")
        self._shown[name] = where

    def columns(self, name: str) -> set[str]:
        """Columns of table ``name``."""
        if name not in self._shown:
            self.show(name)
        return set(self.engine.kinds(name))

    def forget(self, name: str) -> None:
        """Let go of what is shown and held of ``name``, which has changed."""
        self._shown.pop(name, None)
        for part in self._held.pop(name, {}).values():
            self.engine.forget(part)

    def _part(self, name: str, where: str) -> str:
        parts = self._held.setdefault(name, {})
        if where not in parts:
            self._look_at(name, f"whole_{name}")
            part = f"part_{len(parts)}_{name}"
            self.engine.keep(part, f"SELECT * FROM whole_{name} WHERE {where}", ())
            parts[where] = part
        return parts[where]

    def _look_at(self, name: str, alias: str) -> None:
        self.engine.look_at(self.lake, name, SCHEMAS.get(name, ()), alias)
