"""What a build asks of an engine; DuckDB and Spark are two answers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from tonearm.lake import Lake
    from tonearm.table import Table

COMMON = "duckdb"
"""The dialect in which a build speaks to every engine; an engine translates it into its own."""


class BuildEngine(Protocol):
    """Named relations over the lake, SQL between them, and one atomic commit per table."""

    dialect: str
    """SQLGlot's name for the engine's own SQL, and Ibis's for its backend."""
    compiler: str
    """What besides a table's own code its SQL depends on: names and versions of all that writes it."""
    extends: bool
    """Whether stretches of time are replaced; an engine that does not builds such tables whole."""

    def look_at(self, lake: Lake, name: str, columns: Iterable[str], alias: str | None = None) -> None:
        """Make the lake's table ``name`` visible; an empty one with ``columns`` if it was never written."""

    def view(self, name: str, sql: str, dialect: str = COMMON) -> None:
        """Give the rows of ``sql`` a name, without computing them."""

    def keep(self, name: str, sql: str, order: Sequence[str]) -> None:
        """Compute the rows of ``sql``, sorted, and hold them under a name until :meth:`forget`."""

    def forget(self, name: str) -> None:
        """Let go of what was kept as ``name``."""

    def kinds(self, relation: str) -> dict[str, str]:
        """The relation's columns and their types, in the names of DuckDB where a type is one of ``columns.TYPES``."""

    def rows(self, sql: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """The rows of ``sql``."""

    def value(self, sql: str, parameters: Sequence[Any] = ()) -> Any:
        """The single value of the first row of ``sql``, None without rows."""

    def compile(self, table: Table) -> str:
        """The table's function as the engine's own SQL, over relations called like its inputs."""

    def declared(self, relation: str) -> str:
        """SQL for the rows of ``relation`` with the widths of integers, and local times, that are declared."""

    def finish(self, table: Table, relation: str, name: str) -> None:
        """Call what the second step of ``table`` makes of ``relation``, its first, ``name``."""

    def write(
        self,
        lake: Lake,
        name: str,
        relation: str,
        note: Mapping[str, Any],
        where: str | None = None,
        partition_by: Sequence[str] = (),
    ) -> None:
        """Put ``relation`` in place of all rows of the lake's table, or of those that ``where`` holds for."""

    def append(self, lake: Lake, name: str, relation: str, note: Mapping[str, Any]) -> None:
        """Add the rows of ``relation`` to the lake's table."""
