"""The protocol between a build and an engine; DuckDB and Spark implement it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from tonearm.lake import Lake
    from tonearm.table import Table

COMMON = "duckdb"
"""SQL dialect of the build itself; each engine translates it into its own."""


class BuildEngine(Protocol):
    """Named relations over the lake, SQL between them, and one atomic commit per table."""

    dialect: str
    """SQLGlot's name for the engine's own SQL, and Ibis's for its backend."""
    compiler: str
    """Names and versions of the libraries that, besides a table's own code, determine its SQL."""
    extends: bool
    """Whether windows of time can be replaced; otherwise such tables are rebuilt completely."""

    def look_at(self, lake: Lake, name: str, columns: Iterable[str], alias: str | None = None) -> None:
        """Create a view of the lake's table ``name``.

        A view with ``columns`` has these and no others: null where the table is of a version of tonearm that did not
        have them, and without rows where it was never written.
        """

    def view(self, name: str, sql: str, dialect: str = COMMON) -> None:
        """Create a view ``name`` of ``sql``, without computing it."""

    def keep(self, name: str, sql: str, order: Sequence[str], as_written: bool = False, add: bool = False) -> None:
        """Compute ``sql``, sorted by ``order``, and keep the result as ``name`` until :meth:`forget`.

        With joins ``as_written`` an engine that might hold either side in memory holds the right one. One that
        ``extends`` can ``add`` the result to what is kept.
        """

    def forget(self, name: str) -> None:
        """Drop what was kept as ``name``."""

    def kinds(self, relation: str) -> dict[str, str]:
        """The relation's columns and their types, under DuckDB's names for those in ``columns.TYPES``."""

    def rows(self, sql: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """The rows of ``sql``."""

    def value(self, sql: str, parameters: Sequence[Any] = ()) -> Any:
        """The first value of the first row of ``sql``, None without rows."""

    def compile(self, table: Table) -> str:
        """The table's function as the engine's own SQL, over relations named like its inputs."""

    def declared(self, relation: str) -> str:
        """SQL for the rows of ``relation`` with integers and local times cast to their declared types."""

    def finish(self, table: Table, relation: str, name: str) -> None:
        """Run the second step of ``table`` on ``relation``, the result of its first, and name the result ``name``."""

    def write(
        self,
        lake: Lake,
        name: str,
        relation: str,
        note: Mapping[str, Any],
        where: str | None = None,
        partition_by: Sequence[str] = (),
    ) -> None:
        """Replace all rows of the lake's table, or those matching ``where``, by ``relation``."""

    def append(self, lake: Lake, name: str, relation: str, note: Mapping[str, Any]) -> None:
        """Add the rows of ``relation`` to the lake's table."""
