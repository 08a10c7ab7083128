"""The embedded engine: DuckDB over the lake's Delta tables. Ibis writes SQL for it, and never opens its session."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from datetime import datetime
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import unquote

import duckdb
import pyarrow as pa

from tonearm.columns import COLUMNS
from tonearm.engine.literals import sql_text
from tonearm.engine.parts import finished
from tonearm.engine.protocol import COMMON
from tonearm.engine.rows import dicts
from tonearm.lake import Lake, plain_errors, refusal
from tonearm.settings import Settings

if TYPE_CHECKING:
    from ibis.expr.types import Table as Expression

    from tonearm.table import Table

_OTHER_INTEGERS = {"HUGEINT", "UBIGINT", "INTEGER"}
ROWS_PER_BATCH = 16_384
_CHOICE_OF_SIDES = "build_side_probe_side"
"""What chooses the side of a join that is held in memory. It expects few rows where a filter or a join came before,
and so held a million listens to look two hundred of them up.
"""

VALUE_ERRORS = (duckdb.ConversionException, duckdb.OutOfRangeException, duckdb.InvalidInputException)
"""What a query raises about a value of a row; the last may come as the cause of HomeUnusable."""
_IS_1 = duckdb.__version__.startswith("1.")

_Made = TypeVar("_Made")
Parameters = Sequence[Any] | Mapping[str, Any]
"""Values of ``$1, $2, …`` in order, or of ``$name`` by name."""


class Engine:
    """One DuckDB session. Tables of the lake are views in it; results stay in the session until they are written."""

    dialect = "duckdb"
    compiler = f"duckdb {version('ibis-framework')}"
    extends = True

    def __init__(self, connection: duckdb.DuckDBPyConnection, processes: int = 1) -> None:
        """Wrap a configured connection; use :func:`engine`. Long second steps run on ``processes`` processes."""
        self.connection, self.processes = connection, processes

    def run(self, sql: str, parameters: Parameters = ()) -> None:
        """Execute a statement."""
        self.connection.execute(sql, parameters)

    def rows(self, sql: str, parameters: Parameters = ()) -> list[tuple[Any, ...]]:
        """The query's rows as tuples."""
        return [tuple(row.values()) for row in self.dicts(sql, parameters)]

    def beside(self) -> Engine:
        """Another cursor on the same tables, for a thread of its own; it does not see temporary views."""
        return Engine(self.connection.cursor(), self.processes)

    def set(self, name: str, value: Any) -> None:
        """Set a variable of the session, which SQL reads with ``getvariable('name')``."""
        self.run(f"SET VARIABLE {name} = $1", [value])

    def value(self, sql: str, parameters: Parameters = ()) -> Any:
        """The first value of a query's first row, None without rows."""
        # All rows, because an open result keeps the session from other work.
        rows = self.connection.execute(sql, parameters).fetchall()
        return rows[0][0] if rows else None

    def stream(self, sql: str, parameters: Parameters = ()) -> pa.RecordBatchReader:
        """The query's rows as Arrow batches, read as they are computed."""
        return self._result(sql, parameters).to_arrow_reader(ROWS_PER_BATCH)

    def table(self, sql: str, parameters: Parameters = ()) -> pa.Table:
        """The query's rows."""
        return self._result(sql, parameters).to_arrow_table()

    def _result(self, sql: str, parameters: Parameters) -> duckdb.DuckDBPyConnection | duckdb.DuckDBPyRelation:
        """What the rows of ``sql`` can be read from as Arrow, as they are computed.

        DuckDB 1 streams what is executed, and keeps the rows of a relation that has parameters; DuckDB 2 streams
        relations, and copies what is executed.
        """
        if _IS_1:
            return self.connection.execute(sql, parameters)
        return self.connection.sql(sql, params=parameters or None)

    def dicts(self, sql: str, parameters: Parameters = ()) -> list[dict[str, Any]]:
        """The query's rows by column name."""
        return dicts(self.table(sql, parameters))

    def columns(self, relation: str) -> list[str]:
        """Names of the columns of a relation or a query."""
        return list(self.kinds(relation))

    def kinds(self, relation: str) -> dict[str, str]:
        """Columns and types of a relation or a query."""
        types = {name: str(kind) for name, kind, *_ in self.rows(f"DESCRIBE {relation}")}
        return {name: kind.replace("TIMESTAMP WITH TIME ZONE", "TIMESTAMPTZ") for name, kind in types.items()}

    def declared(self, relation: str) -> str:
        """SQL for the rows of ``relation`` with sums and counts as the 64-bit integers they are declared as."""
        wide = [name for name, kind in self.kinds(relation).items() if kind in _OTHER_INTEGERS]
        casts = ", ".join(f'"{name}"::BIGINT AS "{name}"' for name in wide)
        return f"SELECT * REPLACE ({casts}) FROM {relation}" if casts else f"SELECT * FROM {relation}"

    def look_at(
        self,
        lake: Lake,
        name: str,
        columns: Iterable[str],
        alias: str | None = None,
        version: int | datetime | None = None,
    ) -> None:
        """Create a view of the lake's table ``name``, at ``version`` if one is given.

        A view with ``columns`` has these and no others: null where the table is of a version of tonearm that did not
        have them, and without rows where it was never written.
        """
        alias = alias or name
        if not lake.has(name):
            self.view(alias, f"SELECT {_as_declared((), columns)} WHERE false")
            return
        table = lake.delta(name, version)
        present = [field.name for field in table.schema().fields]
        wanted = _as_declared(present, columns)
        # They are URIs, in which spaces and quotes are written as %20 and the like.
        files, partitions = [unquote(uri) for uri in table.file_uris()], table.metadata().partition_columns
        if not files or "://" in files[0] or set(partitions) - {"year"}:
            # Under another name, because an existing view cannot be replaced by a registered object.
            self.connection.register(f"rows_of_{alias}", lake.dataset(name, version))
            self.view(alias, f"SELECT {wanted} FROM rows_of_{alias}")
            return
        # DuckDB reads the files itself: a third of the memory and half the time of reading through Arrow.
        # `lake.delta` has refused what plain files do not show: deletion vectors and column mapping.
        paths = ", ".join(map(sql_text, files))
        by_year = ", hive_partitioning=true, hive_types={'year': BIGINT}"
        options = "union_by_name=true" + (by_year if partitions else ", hive_partitioning=false")
        rows = f"SELECT * FROM read_parquet([{paths}], {options})"
        try:
            self.view(alias, f"SELECT {wanted} FROM ({rows})")
        except duckdb.BinderException:
            # A column that was added later, and is in none of the files: the import that brought it was undone.
            self.view(alias, f"SELECT {_as_declared(self.columns(rows), list(columns) or present)} FROM ({rows})")

    def view(self, name: str, sql: str, dialect: str = COMMON) -> None:
        """Create a view ``name`` of ``sql``, without computing it."""
        self.run(f"CREATE OR REPLACE TEMP VIEW {name} AS {sql}")

    def keep(self, name: str, sql: str, order: Sequence[str], as_written: bool = False, add: bool = False) -> None:
        """Compute ``sql``, sorted by ``order``, and keep the result as ``name`` until :meth:`forget`, or ``add`` it.

        With joins ``as_written`` the right side of each is held in memory, whatever the engine expects of it.
        """
        by = ", ".join(f'"{column}"' for column in order)
        rows = f"SELECT * FROM ({sql}){f' ORDER BY {by}' if by else ''}"
        with self._setting(disabled_optimizers=_CHOICE_OF_SIDES) if as_written else nullcontext():
            kept = f"INSERT INTO {name}" if add else f"CREATE OR REPLACE TABLE {name} AS"
            self._within_memory(lambda: self.run(f"{kept} {rows}"))

    def forget(self, name: str) -> None:
        """Drop what was kept as ``name``."""
        self.run(f"DROP TABLE IF EXISTS {name}")

    def compile(self, table: Table) -> str:
        """The table's function as SQL over relations named like its inputs."""
        return self.compiled(table.build, *table.inputs)

    def compiled(self, function: Callable[..., Expression], *relations: str) -> str:
        """What ``function`` makes of the Ibis expressions of ``relations``, as SQL."""
        import ibis

        shapes = {name: ibis.schema(self.table(f"FROM {name} LIMIT 0").schema) for name in relations}
        expression = function(*(ibis.table(shape, name=name) for name, shape in shapes.items()))
        return str(ibis.duckdb.compile(expression))

    def finish(self, table: Table, relation: str, name: str) -> None:
        """Run the second step of ``table`` on ``relation``, the result of its first, and name the result ``name``."""
        self.register(f"rows_of_{name}", self.finished(table, f"SELECT * FROM {relation}"))
        self.view(name, f"FROM rows_of_{name}")

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
        lake.replace(name, self.stream(f"SELECT * FROM {relation}"), note, where, partition_by)

    def append(self, lake: Lake, name: str, relation: str, note: Mapping[str, Any]) -> None:
        """Add the rows of ``relation`` to the lake's table."""
        lake.append(name, self.stream(f"SELECT * FROM {relation}"), note)

    def _within_memory(self, work: Callable[[], _Made]) -> _Made:
        """The result of ``work``; when memory runs out, retried on one thread, since each needs its own, and with
        joins as they are written.
        """
        try:
            return work()
        except duckdb.OutOfMemoryException:
            with self._setting(threads=1, disabled_optimizers=_CHOICE_OF_SIDES):
                return work()

    @contextmanager
    def _setting(self, **options: Any) -> Iterator[None]:
        """Options of the engine that hold for a while."""
        before = {name: self.value(f"SELECT current_setting('{name}')") for name in options}
        try:
            for name, value in options.items():
                self.run(f"SET {name} = '{value}'")
            yield
        finally:
            for name, value in before.items():
                self.run(f"SET {name} = '{value}'")

    def register(self, name: str, rows: Any) -> None:
        """Register Arrow ``rows`` as a relation ``name``."""
        self.connection.register(name, rows)

    def finished(self, table: Table, sql: str) -> pa.Table:
        """The result of the second step of ``table`` on the rows of ``sql``, its first."""
        order = " ORDER BY ALL ASC NULLS FIRST" if table.finish_by else ""

        def work() -> pa.Table:
            reader = self.stream(f"FROM ({sql}){order}")
            return pa.concat_tables(finished(table, reader, reader.schema, self.processes))

        return self._within_memory(work)


def _as_declared(present: Collection[str], declared: Iterable[str]) -> str:
    """SQL for the columns that are ``declared``, else for those that are ``present``."""
    wanted = list(declared) or present
    return ", ".join(f'"{c}"' if c in present else f'NULL::{COLUMNS[c].types.duckdb} AS "{c}"' for c in wanted)


_MEMORY_MB = (512, 2048)
"""Range of the engine's memory limit unless it is set; the process itself needs some 500 MB more."""
_ROWS_PER_MB = 2_500


@contextmanager
def engine(settings: Settings, folder: Path | None = None, rows: int = 0) -> Iterator[Engine]:
    """A session that spills to ``folder`` when its memory is full; without a folder, for small queries.

    ``rows``, roughly how many it will process, sets how much memory it may use.
    """
    least, most = _MEMORY_MB
    memory_mb = settings.memory_mb or min(most, max(least, rows // _ROWS_PER_MB))
    config: dict[str, Any] = {"memory_limit": f"{memory_mb}MB", "preserve_insertion_order": "true"}
    if settings.threads:
        config["threads"] = settings.threads
    config["temp_directory"] = str((folder or settings.scratch) / "spill")
    connection = duckdb.connect(":memory:", config=config)
    try:
        # DuckDB's session zone changes what hour, date and even epoch of an instant are.
        connection.execute("SET TimeZone='UTC'")
        connection.execute("SET enable_progress_bar=false")
        with plain_errors(settings.lake):
            yield Engine(connection, settings.threads or os.cpu_count() or 1)
    except (duckdb.InterruptException, RuntimeError) as error:
        # Ctrl-C during a query; some of DuckDB's calls raise a plain RuntimeError for it.
        if isinstance(error, RuntimeError) and str(error) != "Query interrupted":
            raise
        raise KeyboardInterrupt from error
    except (duckdb.IOException, duckdb.InvalidInputException, duckdb.OutOfMemoryException) as error:
        raise refusal(settings.lake, error) from error
    finally:
        connection.close()
