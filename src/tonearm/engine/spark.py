"""The Spark engine, for more data than one machine can handle: the same functions over the same Delta tables."""

from __future__ import annotations

import inspect
import json
import os
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from functools import cached_property
from importlib.metadata import version
from itertools import chain
from pathlib import Path
from threading import Event, Thread
from time import monotonic
from typing import TYPE_CHECKING, Any

import sqlglot

from tonearm.columns import COLUMNS, TYPES
from tonearm.engine import divergences
from tonearm.engine.divergences import for_spark
from tonearm.engine.java import DELTA, check_java, jars
from tonearm.engine.parts import finished
from tonearm.engine.protocol import COMMON
from tonearm.errors import EngineMissing, HomeUnusable, TableInvalid
from tonearm.lake import Lake
from tonearm.settings import Settings
from tonearm.table import find, unbound

if TYPE_CHECKING:
    import pyarrow as pa
    from ibis.backends.pyspark import Backend
    from pyspark.sql import DataFrame, SparkSession

    from tonearm.table import Table

_COMMON_NAMES = {types.spark: types.duckdb for types in TYPES.values()}

_INSTALL = "pip install 'tonearm[spark]'"

_SCHEMES = {"s3": "s3a"}
_ROWS_PER_PARTITION = 500_000
_MEMORY_MB = 4096
_NO_EXECUTOR_S = 300
"""How long a build on a cluster waits for an executor; Spark itself would wait for ever."""
_LOOKS_EVERY_S = 5


class SparkEngine:
    """One Spark session. Tables of the lake are views in it; a new table is persisted until it is written."""

    dialect = "pyspark"
    extends = False

    def __init__(self, session: SparkSession) -> None:
        """Wrap a configured session; use :func:`spark_engine`."""
        self.session = session
        names = ("ibis-framework", "sqlglot", "pyspark")
        self.compiler = " ".join([*(f"{name} {version(name)}" for name in names), inspect.getsource(divergences)])
        self._kept: dict[str, tuple[DataFrame, Sequence[str]]] = {}

    def rows(self, sql: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """The rows of ``sql``, which takes no parameters here."""
        assert not parameters
        return [tuple(row) for row in self.session.sql(translated(sql)).collect()]

    def value(self, sql: str, parameters: Sequence[Any] = ()) -> Any:
        """The first value of the first row of ``sql``, None without rows."""
        found = self.rows(sql, parameters)
        return found[0][0] if found else None

    def look_at(self, lake: Lake, name: str, columns: Iterable[str], alias: str | None = None) -> None:
        """Create a view of the lake's table ``name``, with ``columns`` and no others if any are given."""
        from pyspark.sql.functions import lit

        wanted = {c: COLUMNS[c].types.spark for c in columns}
        if lake.has(name):
            rows = self.session.read.format("delta").load(_address(lake, name))
            added = {c: lit(None).cast(kind) for c, kind in wanted.items() if c not in rows.columns}
            rows = rows.withColumns(added).select(*(wanted or rows.columns))
        else:
            rows = self.session.createDataFrame([], ", ".join(f"`{c}` {kind}" for c, kind in wanted.items()))
        rows.createOrReplaceTempView(alias or name)

    def view(self, name: str, sql: str, dialect: str = COMMON) -> None:
        """Create a view ``name`` of ``sql``, without computing it."""
        own = sql if dialect == self.dialect else translated(sql)
        self.session.sql(own).createOrReplaceTempView(name)

    def keep(self, name: str, sql: str, order: Sequence[str], as_written: bool = False, add: bool = False) -> None:
        """Compute ``sql`` and keep the result as ``name`` until :meth:`forget`; Spark sorts what it joins."""
        rows = self.session.sql(translated(sql)).persist()
        # Spark finds the bounds of a sort by computing the rows once more, so they are sorted only when they are
        # written, from the persisted rows.
        with _plain_errors(name.removeprefix("new_")):
            rows.count()
        rows.createOrReplaceTempView(name)
        self._kept[name] = rows, order

    def forget(self, name: str) -> None:
        """Drop what was kept as ``name``."""
        if name in self._kept:
            rows, _ = self._kept.pop(name)
            rows.unpersist()

    def kinds(self, relation: str) -> dict[str, str]:
        """Columns and types of ``relation``, under DuckDB's names where they mean the same."""
        return {name: _COMMON_NAMES.get(kind, kind.upper()) for name, kind in self.session.table(relation).dtypes}

    def compile(self, table: Table) -> str:
        """The table's function as Spark SQL over relations named like its inputs."""
        # Over the declared types, since Spark's own have neither precision nor zone.
        expression = table.build(*(unbound(name) for name in table.inputs))
        return str(self._ibis.compile(for_spark(expression)))

    def declared(self, relation: str) -> str:
        """SQL for the rows of ``relation`` with integers and local times cast to their declared types."""
        rows = self.session.table(relation)
        wanted = {name: COLUMNS[name].types.spark for name in rows.columns if name in COLUMNS}
        # Spark's integers differ in width, and it gives local times as instants of a UTC session. Any other
        # difference is a mistake that the validators must see.
        casts = {
            name: rows[name].cast(wanted[name])
            for name, kind in rows.dtypes
            if wanted.get(name) in ("bigint", "timestamp_ntz") and kind != wanted[name]
        }
        rows.withColumns(casts).createOrReplaceTempView(f"declared_{relation}")
        return f"SELECT * FROM declared_{relation}"

    def finish(self, table: Table, relation: str, name: str) -> None:
        """Run the second step of ``table`` on ``relation``, each part on an executor, and name the result ``name``."""
        rows = self.session.table(relation)
        if table.finish_by:
            first = [rows[c].asc_nulls_first() for c in rows.columns]
            rows = rows.repartition(*table.finish_by).sortWithinPartitions(*first)
        schema = ", ".join(f"`{c}` {COLUMNS[c].types.spark}" for c in table.finish_columns)
        rows.mapInArrow(_second_step(table.name), schema).createOrReplaceTempView(name)

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
        options = {"replaceWhere": translated_condition(where)} if where else {"overwriteSchema": "true"}
        self._write(lake, name, relation, note, "overwrite", options, partition_by)

    def append(self, lake: Lake, name: str, relation: str, note: Mapping[str, Any]) -> None:
        """Add the rows of ``relation`` to the lake's table."""
        self._write(lake, name, relation, note, "append", {}, ())

    def _write(
        self,
        lake: Lake,
        name: str,
        relation: str,
        note: Mapping[str, Any],
        mode: str,
        options: Mapping[str, str],
        partition_by: Sequence[str],
    ) -> None:
        rows, order = self._kept[relation]
        lake.make_room(name)
        writer = rows.orderBy(*order).write.format("delta").mode(mode).partitionBy(*partition_by)
        text = json.dumps({**note, "engine": "spark"}, default=str)
        with _plain_errors(name):
            writer.options(**options, userMetadata=text).save(_address(lake, name))

    @cached_property
    def _ibis(self) -> Backend:
        import ibis

        backend = ibis.pyspark.connect(self.session)
        assert ibis.options.pyspark is not None
        return backend


def _address(lake: Lake, name: str) -> str:
    """Address of the table for Spark; Hadoop uses other URI schemes for the same stores."""
    scheme, separator, rest = lake.address(name).partition("://")
    return f"{_SCHEMES.get(scheme, scheme)}{separator}{rest}"


def translated(sql: str) -> str:
    """``sql`` translated from the build's dialect into Spark's."""
    return sqlglot.transpile(sql, read=COMMON, write="spark")[0]


def translated_condition(where: str) -> str:
    """The condition ``where`` translated from the build's dialect into Spark's."""
    return sqlglot.parse_one(where, read=COMMON).sql("spark")


def _second_step(name: str) -> Callable[[Iterable[pa.RecordBatch]], Iterable[pa.RecordBatch]]:
    """The function an executor runs on its rows; it finds the table in the tonearm installed there."""

    def step(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        rest = iter(batches)
        first = next(rest, None)
        if first is not None:
            for part in finished(find(name), chain([first], rest), first.schema):
                yield from part.to_batches()

    return step


@contextmanager
def _plain_errors(table: str) -> Iterator[None]:
    """Raise errors of Spark while it computes or writes ``table`` as errors of tonearm."""
    from py4j.protocol import Py4JError
    from pyspark.errors import PySparkException

    try:
        yield
    except (PySparkException, Py4JError) as error:
        message = str(error)
        if found := re.search(r"TableInvalid: table \w+ was not replaced: (.*)", message):
            raise TableInvalid(table, [found[1]]) from error
        if "No space left" in message:
            raise HomeUnusable(f"no space left while Spark built {table}; free some and repeat the command") from error
        raise EngineMissing(f"Spark could not build {table}: {' '.join(message.split())[:500]}") from error


@contextmanager
def spark_engine(settings: Settings, folder: Path, rows: int = 0) -> Iterator[SparkEngine]:
    """A session on ``spark_master`` that keeps its files in ``folder`` and its log in ``scratch/spark.log``.

    ``rows`` is roughly how many it will process. Raises EngineMissing, with what is missing and how to install it,
    and HomeUnusable for a ``folder`` whose name Spark cannot handle.
    """
    try:
        from py4j.protocol import Py4JError
        from pyspark.sql import SparkSession
    except ImportError as error:
        raise EngineMissing(f"the Spark engine is not installed; {_INSTALL}") from error
    check_java()
    if "," in str(folder):
        # Spark splits lists of folders at commas.
        raise HomeUnusable(f"Spark cannot work in {settings.home}, because of the comma; name another with --home")
    builder = SparkSession.builder.appName("tonearm").master(settings.spark_master)
    for key, value in _configuration(settings, folder, rows).items():
        builder = builder.config(key, value)
    # Workers must run the same Python.
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    log = settings.scratch / "spark.log"
    with _errors_into(log):
        try:
            session = builder.getOrCreate()
            session.sparkContext.setLogLevel("ERROR")
            # A cluster that does not answer leaves a stopped session, which only shows at the first query.
            session.sql("SELECT 1")
        except Exception as error:
            raise EngineMissing(_not_started(settings, log, str(error))) from error
    try:
        with _ending_without_executors(session, settings), _plain_errors("the tables"):
            yield SparkEngine(session)
    finally:
        # Stopping fails when the JVM is gone already.
        with suppress(OSError, Py4JError):
            session.stop()


def _configuration(settings: Settings, folder: Path, rows: int) -> dict[str, str]:
    return {
        **jars(settings),
        "spark.sql.extensions": "io.delta.sql.DeltaSparkSessionExtension",
        "spark.sql.catalog.spark_catalog": "org.apache.spark.sql.delta.catalog.DeltaCatalog",
        "spark.sql.session.timeZone": "UTC",
        # Spark's default type is one that no other reader takes for an instant.
        "spark.sql.parquet.outputTimestampType": "TIMESTAMP_MICROS",
        "spark.sql.shuffle.partitions": str(max(4, rows // _ROWS_PER_PARTITION)),
        # By default Delta reads a table's log in fifty tasks; our logs are small.
        "spark.databricks.delta.snapshotPartitions": "2",
        # As in the lake's own writer: old versions stay readable as long as their files exist.
        "spark.databricks.delta.properties.defaults.enableExpiredLogCleanup": "false",
        "spark.driver.memory": f"{settings.memory_mb or _MEMORY_MB}m",
        "spark.local.dir": str(folder),
        "spark.sql.warehouse.dir": str(folder / "warehouse"),
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
        **(_LOOPBACK if settings.spark_master.startswith("local") else {}),
    }


_LOOPBACK = {"spark.driver.host": "127.0.0.1", "spark.driver.bindAddress": "127.0.0.1"}


def _not_started(settings: Settings, log: Path, error: str) -> str:
    logged = log.read_text(encoding="utf-8", errors="replace") if log.exists() else ""
    if "unresolved dependency" in logged or "DOWNLOAD FAILED" in logged:
        return (
            f"Spark could not fetch {DELTA} from Maven; put its jars (delta-spark, delta-storage, antlr4-runtime) "
            "into a folder and name it in spark_jars (TONEARM_SPARK_JARS)"
        )
    if "All masters are unresponsive" in logged:
        return f"Spark did not start: no master answers at {settings.spark_master}; see {log}"
    # Java's own exception, which Py4J passes on after a colon, is more specific than the log before it.
    raised = [line.removeprefix(": ") for line in error.splitlines() if line.startswith(": ")]
    lines = raised + [line for line in logged.splitlines() if "Exception" in line or "ERROR" in line]
    return f"Spark did not start on {settings.spark_master}: {(lines or ['no reason given'])[0][:300]}; see {log}"


@contextmanager
def _ending_without_executors(session: SparkSession, settings: Settings) -> Iterator[None]:
    """Cancel what a cluster computes once it has had no executor for it in ``_NO_EXECUTOR_S``; raises EngineMissing."""
    if settings.spark_master.startswith("local"):
        yield
        return
    ended, lost = Event(), Event()
    watch = Thread(target=_watch_executors, args=(session, ended, lost), daemon=True)
    watch.start()
    try:
        yield
    except EngineMissing as error:
        if lost.is_set():
            raise EngineMissing(
                f"{settings.spark_master} has had no executor for {_NO_EXECUTOR_S} s; start a worker with enough "
                "memory, look into the logs of those that ended, and repeat the command"
            ) from error
        raise
    finally:
        ended.set()
        watch.join()


def _watch_executors(session: SparkSession, ended: Event, lost: Event) -> None:
    from py4j.protocol import Py4JError

    there_at = monotonic()
    while not ended.wait(_LOOKS_EVERY_S):
        # Asking fails when the JVM is gone, which whoever waits for its answer sees as well.
        with suppress(OSError, Py4JError):
            spark = session.sparkContext._jsc.sc()
            status = spark.statusTracker()
            # The driver is listed as an executor. A cluster may take idle ones away.
            if len(status.getExecutorInfos()) > 1 or not len(status.getActiveJobIds()):
                there_at = monotonic()
            elif monotonic() - there_at > _NO_EXECUTOR_S:
                lost.set()
                spark.cancelAllJobs()


@contextmanager
def _errors_into(log: Path) -> Iterator[None]:
    """Redirect the standard error of child processes to ``log``; Java prints a lot."""
    sys.stderr.flush()
    own = os.dup(2)
    try:
        with log.open("wb") as file:
            os.dup2(file.fileno(), 2)
        yield
    finally:
        os.dup2(own, 2)
        os.close(own)
