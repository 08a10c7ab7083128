"""The engine for more than one machine can hold: the same functions on Spark, over the same Delta tables."""

from __future__ import annotations

import inspect
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from functools import cached_property
from importlib.metadata import version
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

import sqlglot

from tonearm.bronze import SCHEMAS
from tonearm.columns import COLUMNS, TYPES
from tonearm.engine import divergences
from tonearm.engine.divergences import for_spark
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

DELTA = "io.delta:delta-spark_2.12:3.2.1"
"""Maven coordinates of what lets Spark read and write the lake."""
_DELTA_JARS = ("delta-spark_2.12-*.jar", "delta-storage-*.jar")
JDKS = (8, 11, 17)
"""Versions of Java that Spark 3.5 runs on."""
_INSTALL = "pip install 'tonearm[spark]'"

_SCHEMES = {"s3": "s3a"}
_ROWS_PER_PARTITION = 500_000
_MEMORY_MB = 4096


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
        """The single value of the first row of ``sql``, None without rows."""
        found = self.rows(sql, parameters)
        return found[0][0] if found else None

    def look_at(self, lake: Lake, name: str, columns: Iterable[str], alias: str | None = None) -> None:
        """Make the lake's table ``name`` visible; an empty one with ``columns`` if it was never written."""
        if lake.has(name):
            rows = self.session.read.format("delta").load(_address(lake, name))
        else:
            fields = ", ".join(f"`{c}` {COLUMNS[c].types.spark}" for c in columns or SCHEMAS[name])
            rows = self.session.createDataFrame([], fields)
        rows.createOrReplaceTempView(alias or name)

    def view(self, name: str, sql: str, dialect: str = COMMON) -> None:
        """Give the rows of ``sql`` a name, without computing them."""
        own = sql if dialect == self.dialect else translated(sql)
        self.session.sql(own).createOrReplaceTempView(name)

    def keep(self, name: str, sql: str, order: Sequence[str]) -> None:
        """Compute the rows of ``sql`` and hold them under a name until :meth:`forget`."""
        rows = self.session.sql(translated(sql)).persist()
        # Spark finds the bounds of a sort by computing the rows once more, so they are sorted when they are
        # written, from what is held.
        with _complaints(name.removeprefix("new_")):
            rows.count()
        rows.createOrReplaceTempView(name)
        self._kept[name] = rows, order

    def forget(self, name: str) -> None:
        """Let go of what was kept as ``name``."""
        if name in self._kept:
            rows, _ = self._kept.pop(name)
            rows.unpersist()

    def kinds(self, relation: str) -> dict[str, str]:
        """Columns and types of ``relation``, in the embedded engine's names where they mean the same."""
        return {name: _COMMON_NAMES.get(kind, kind.upper()) for name, kind in self.session.table(relation).dtypes}

    def compile(self, table: Table) -> str:
        """The table's function as Spark SQL over relations called like its inputs."""
        # Over the declared types, since Spark's own have neither precision nor zone.
        expression = table.build(*(unbound(name) for name in table.inputs))
        return str(self._ibis.compile(for_spark(expression)))

    def declared(self, relation: str) -> str:
        """SQL for the rows of ``relation`` with every column of the type that is declared for it."""
        rows = self.session.table(relation)
        wanted = {name: COLUMNS[name].types.spark for name in rows.columns if name in COLUMNS}
        # Where an engine gives other integers, or a local time as an instant of a session in UTC; all else that
        # differs is a mistake that the validators shall see.
        casts = {
            name: rows[name].cast(wanted[name])
            for name, kind in rows.dtypes
            if wanted.get(name) in ("bigint", "timestamp_ntz") and kind != wanted[name]
        }
        rows.withColumns(casts).createOrReplaceTempView(f"declared_{relation}")
        return f"SELECT * FROM declared_{relation}"

    def finish(self, table: Table, relation: str, name: str) -> None:
        """Call what the second step of ``table`` makes of ``relation`` ``name``: each part on some executor."""
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
        """Put ``relation`` in place of all rows of the lake's table, or of those that ``where`` holds for."""
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
        with _complaints(name):
            writer.options(**options, userMetadata=text).save(_address(lake, name))

    @cached_property
    def _ibis(self) -> Backend:
        import ibis

        backend = ibis.pyspark.connect(self.session)
        assert ibis.options.pyspark is not None
        return backend


def _address(lake: Lake, name: str) -> str:
    """Where Spark finds the table: Hadoop calls the same store by another scheme."""
    scheme, separator, rest = lake.address(name).partition("://")
    return f"{_SCHEMES.get(scheme, scheme)}{separator}{rest}"


def translated(sql: str) -> str:
    """``sql`` of the dialect that builds speak, in Spark's."""
    return sqlglot.transpile(sql, read=COMMON, write="spark")[0]


def translated_condition(where: str) -> str:
    """The same for a condition alone."""
    return sqlglot.parse_one(where, read=COMMON).sql("spark")


def _second_step(name: str) -> Callable[[Iterable[pa.RecordBatch]], Iterable[pa.RecordBatch]]:
    """What an executor does with its part of the rows; it finds the table in the tonearm installed there."""

    def step(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        rest = iter(batches)
        first = next(rest, None)
        if first is not None:
            for part in finished(find(name), chain([first], rest), first.schema):
                yield from part.to_batches()

    return step


@contextmanager
def _complaints(table: str) -> Iterator[None]:
    """Turn what Spark says while it computes or writes ``table`` into a sentence."""
    from py4j.protocol import Py4JError
    from pyspark.errors import PySparkException

    try:
        yield
    except (PySparkException, Py4JError) as error:
        said = str(error)
        if found := re.search(r"TableInvalid: table \w+ was not replaced: (.*)", said):
            raise TableInvalid(table, [found[1]]) from error
        if "No space left" in said:
            raise HomeUnusable(f"no space left while Spark built {table}; free some and repeat the command") from error
        raise EngineMissing(f"Spark could not build {table}: {' '.join(said.split())[:500]}") from error


@contextmanager
def spark_engine(settings: Settings, folder: Path, rows: int = 0) -> Iterator[SparkEngine]:
    """A session on ``spark_master`` that keeps its files in ``folder`` and its log in ``scratch/spark.log``.

    ``rows`` is about how many it will work on. Raises EngineMissing, saying what is missing and how to get it,
    and HomeUnusable where Spark cannot name ``folder``.
    """
    try:
        from py4j.protocol import Py4JError
        from pyspark.sql import SparkSession
    except ImportError as error:
        raise EngineMissing(f"the Spark engine is not installed; {_INSTALL}") from error
    check_java()
    if "," in str(folder):
        # Spark takes a comma for the end of one folder and the beginning of another.
        raise HomeUnusable(f"Spark cannot work in {settings.home}, because of the comma; name another with --home")
    builder = SparkSession.builder.appName("tonearm").master(settings.spark_master)
    for key, value in _configuration(settings, folder, rows).items():
        builder = builder.config(key, value)
    # Workers run the Python that runs this.
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    log = settings.scratch / "spark.log"
    with _errors_into(log):
        try:
            session = builder.getOrCreate()
            session.sparkContext.setLogLevel("ERROR")
            # A cluster that does not answer leaves a session that is stopped, which only a first question tells.
            session.sql("SELECT 1")
        except Exception as error:
            raise EngineMissing(_not_started(settings, log, str(error))) from error
    try:
        with _complaints("the tables"):
            yield SparkEngine(session)
    finally:
        # What stands in for a JVM that is gone cannot be asked to stop.
        with suppress(OSError, Py4JError):
            session.stop()


def check_java() -> int:
    """The version of Java there is; raises EngineMissing where there is none that Spark runs on."""
    home = os.environ.get("JAVA_HOME")
    program = shutil.which("java", path=f"{home}/bin") if home else shutil.which("java")
    if program is None:
        where = f"there is none in JAVA_HOME ({home})" if home else "there is none on the PATH"
        raise EngineMissing(f"Spark needs a JDK and {where}; install JDK 17, or set JAVA_HOME to one")
    said = subprocess.run([program, "-version"], capture_output=True, text=True, check=False).stderr  # noqa: S603
    found = re.search(r'version "(?:1\.)?(\d+)', said)
    version = int(found[1]) if found else 0
    if version not in JDKS:
        raise EngineMissing(f"Spark 3.5 runs on JDK 8, 11 or 17 and {program} is {version}; set JAVA_HOME to another")
    return version


def jars(settings: Settings) -> dict[str, str]:
    """How Spark gets Delta: from ``spark_jars``, from its own folder, else by Maven coordinates."""
    import pyspark

    if settings.spark_jars:
        found = sorted(Path(settings.spark_jars).expanduser().glob("*.jar"))
        missing = [jar for jar in _DELTA_JARS if not any(path.match(jar) for path in found)]
        if missing:
            raise EngineMissing(f"no {missing[0]} in {settings.spark_jars}, where spark_jars says Delta's jars are")
        return {"spark.jars": ",".join(map(str, found))}
    own = Path(os.environ.get("SPARK_HOME") or Path(pyspark.__file__).parent) / "jars"
    return {} if all(any(own.glob(jar)) for jar in _DELTA_JARS) else {"spark.jars.packages": DELTA}


def _configuration(settings: Settings, folder: Path, rows: int) -> dict[str, str]:
    return {
        **jars(settings),
        "spark.sql.extensions": "io.delta.sql.DeltaSparkSessionExtension",
        "spark.sql.catalog.spark_catalog": "org.apache.spark.sql.delta.catalog.DeltaCatalog",
        "spark.sql.session.timeZone": "UTC",
        # Whole microseconds; Spark's own default is a type that no other reader takes for an instant.
        "spark.sql.parquet.outputTimestampType": "TIMESTAMP_MICROS",
        "spark.sql.shuffle.partitions": str(max(4, rows // _ROWS_PER_PARTITION)),
        # Delta spreads a table's log over fifty tasks; ours are small.
        "spark.databricks.delta.snapshotPartitions": "2",
        # As the embedded engine writes: what a table held is told for as long as its files are there.
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
    said = log.read_text(encoding="utf-8", errors="replace") if log.exists() else ""
    if "unresolved dependency" in said or "DOWNLOAD FAILED" in said:
        return (
            f"Spark could not fetch {DELTA} from Maven; put its jars (delta-spark, delta-storage, antlr4-runtime) "
            "into a folder and name it in spark_jars (TONEARM_SPARK_JARS)"
        )
    if "All masters are unresponsive" in said:
        return f"Spark did not start: no master answers at {settings.spark_master}; see {log}"
    # Java's own exception, which Py4J hands on behind a colon, tells more than what was logged before it.
    told = [line.removeprefix(": ") for line in error.splitlines() if line.startswith(": ")]
    lines = told + [line for line in said.splitlines() if "Exception" in line or "ERROR" in line]
    return f"Spark did not start on {settings.spark_master}: {(lines or ['no reason given'])[0][:300]}; see {log}"


@contextmanager
def _errors_into(log: Path) -> Iterator[None]:
    """Let programs started meanwhile write their standard error into ``log``; Java is talkative."""
    sys.stderr.flush()
    own = os.dup(2)
    try:
        with log.open("wb") as file:
            os.dup2(file.fileno(), 2)
        yield
    finally:
        os.dup2(own, 2)
        os.close(own)
