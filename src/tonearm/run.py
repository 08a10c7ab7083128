"""Building: walks the graph of tables and brings each up to date with one atomic commit.

A table is left alone when its code and inputs are what they were; a *windowed* table is replaced only for
the stretches of time that new listens fall into; anything else is built anew. All three give the same rows.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from contextlib import ExitStack, closing
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Any, Literal

import msgspec

from tonearm.bronze import HISTORY, SCHEMAS
from tonearm.errors import TableInvalid
from tonearm.home import scratch_folder, writing
from tonearm.lake import Lake, open_lake
from tonearm.ledger import next_run, recover
from tonearm.settings import Settings
from tonearm.table import Table, tables, with_inputs
from tonearm.validate import problems
from tonearm.windows import Window, new_windows, where_sql

if TYPE_CHECKING:
    import pyarrow as pa

    from tonearm.lake.duckdb import Engine

Action = Literal["built", "extended", "unchanged", "failed", "skipped"]


SHIPPED = Path(__file__).parent / "sql"
"""The tables' functions as SQL, written by ``tonearm.precompile``."""
_PART = "part_"
_PARTITIONS = ("year",)
"""Columns that windowed tables are partitioned by where they have them."""


class TableReport(msgspec.Struct, kw_only=True):
    """What a build did to one table."""

    name: str
    action: Action
    rows: int = 0
    """Rows of the table now."""
    seconds: float = 0.0
    problem: str | None = None
    """Why it failed or was skipped; its old version is kept."""


class BuildReport(msgspec.Struct, kw_only=True):
    """What a build did."""

    tables: list[TableReport]
    seconds: float = 0.0

    @property
    def failed(self) -> list[TableReport]:
        """The tables that were not brought up to date."""
        return [t for t in self.tables if t.action in ("failed", "skipped")]


class Change(msgspec.Struct, frozen=True):
    """How a table's content differs from what it was before this build."""

    before: int | None
    """Content version before."""
    grew: bool = False
    """Only rows were added; the old ones are as they were."""
    windows: tuple[Window, ...] | None = None
    """Only rows in these stretches of time differ."""


Progress = Callable[[str, int, int], None]
"""Told the table being built, how many are done and how many there are."""


def build(
    settings: Settings,
    names: Iterable[str] = (),
    progress: Progress | None = None,
    waiting: Callable[[str], None] | None = None,
    shipped: bool = True,
) -> BuildReport:
    """Bring the named tables (all by default) and their inputs up to date.

    A table that breaks its own rules keeps its old version, the tables that need it are skipped, and the
    report says why. Without ``shipped``, the SQL that came with the package is not used. Raises UnknownName,
    HomeBusy and HomeUnusable.
    """
    from tonearm.lake.duckdb import engine

    began = perf_counter()
    todo = with_inputs(names)
    lake = open_lake(settings.lake)
    with writing(settings, waiting), scratch_folder(settings) as folder, ExitStack() as stack:
        recover(settings, lake)
        session = stack.enter_context(engine(settings, folder, rows=lake.rows(HISTORY)))
        work = _Build(lake, session, [*([SHIPPED] if shipped else []), settings.compiled])
        work.set_clock(_clock(settings))
        for done, table in enumerate(todo):
            if progress:
                progress(table.name, done, len(todo))
            work.bring_up_to_date(table)
        if progress:
            progress("", len(todo), len(todo))
    return BuildReport(tables=work.reports, seconds=perf_counter() - began)


class _Build:
    """One build under way: where each table's rows are in the engine, and what changed so far."""

    def __init__(self, lake: Lake, session: Engine, compiled: list[Path]) -> None:
        self.lake, self.session, self.compiled = lake, session, compiled
        self.run = next_run(lake) - 1
        """Number of the newest import that this build sees."""
        self.reports: list[TableReport] = []
        self.relations: dict[str, str] = {}
        self.changes: dict[str, Change] = {}
        self.broken: set[str] = set()
        self.windows: dict[int, list[Window]] = {}
        self.joined_by_windowed = {i for t in tables().values() if t.windowed for i in t.inputs}

    def set_clock(self, rows: pa.Table) -> None:
        """Write the listeners' clocks into the lake when they differ from what is there."""
        name = "listener_clock"
        before = self.lake.content(name)
        self.session.register("new_clock", rows)
        self.session.look_at(self.lake, name, SCHEMAS[name])
        lost = self.session.value(f"SELECT count(*) FROM (FROM {name} EXCEPT FROM new_clock)")
        if before is None or lost or rows.num_rows != self.lake.rows(name):
            self.lake.replace(name, rows, {})
            self.changes[name] = Change(before, grew=lost == 0)

    def bring_up_to_date(self, table: Table) -> None:
        began = perf_counter()
        report = TableReport(name=table.name, action="unchanged")
        self.reports.append(report)
        bad = [i for i in table.inputs if i in self.broken]
        try:
            if bad:
                report.action, report.problem = "skipped", f"its input {bad[0]} could not be built"
                self.broken.add(table.name)
            else:
                report.action = self._build(table)
        except TableInvalid as error:
            report.action, report.problem = "failed", "; ".join(error.problems)
            self.broken.add(table.name)
        report.rows = self.lake.rows(table.name)
        report.seconds = perf_counter() - began

    def _build(self, table: Table) -> Action:
        note = self.lake.note(table.name)
        inputs = {i: self.lake.content(i) for i in table.inputs}
        known = note.get("inputs", {})
        if note.get("code") != table.version or not self.lake.has(table.name):
            return self._in_full(table, inputs)
        stale = [i for i in inputs if known.get(i) != inputs[i]]
        if not stale:
            return "unchanged"
        if table.windowed:
            windows = self._windows(table, stale, known)
            if windows is not None:
                return self._in_windows(table, inputs, windows)
        if table.grows and all(self._only_appended(i, known.get(i)) for i in stale):
            return self._growing(table, inputs)
        return self._in_full(table, inputs)

    def _only_appended(self, name: str, since: int | None) -> bool:
        if since is None:
            return not self.lake.has(name)
        commits = [c for c in self.lake.history(name) if c.version > since]
        return all(c.operation in ("WRITE", "OPTIMIZE") for c in commits)

    def _windows(self, table: Table, stale: list[str], known: dict[str, int | None]) -> list[Window] | None:
        """The stretches of time to replace, None when that would not be exact."""
        windows: list[Window] = []
        for name in stale:
            if name == HISTORY:
                if not self._only_appended(name, known.get(name)):
                    return None
                windows += self._windows_since(self.lake.note(table.name)["run"])
                continue
            change = self.changes.get(name)
            if change is None or change.before != known.get(name):
                return None
            if change.windows is not None:
                windows += change.windows
            elif not change.grew:
                return None
        return windows

    def _windows_since(self, run: int) -> list[Window]:
        if run not in self.windows:
            self.windows[run] = new_windows(self.session, self._relation(HISTORY), run)
        return self.windows[run]

    def _relation(self, name: str) -> str:
        """Name under which the engine sees the newest rows of table ``name``."""
        if name not in self.relations:
            self.session.look_at(self.lake, name, SCHEMAS.get(name, ()))
            self.relations[name] = name
        return self.relations[name]

    def _sql(self, table: Table, relations: dict[str, str]) -> str:
        """The table's function as SQL over ``relations``, from a file where one fits: Ibis takes a second."""
        names = [relations[i] for i in table.inputs]
        shapes = [str(self.session.run(f"DESCRIBE {name}").fetchall()) for name in names]
        known = "".join([table.version, version("ibis-framework"), *names, *shapes])
        key = f"-- {hashlib.sha256(known.encode()).hexdigest()}\n"
        name = f"{table.name}{'-part' if any(n.startswith(_PART) for n in names) else ''}.sql"
        for folder in self.compiled:
            text = (folder / name).read_text(encoding="utf-8") if (folder / name).exists() else ""
            if text.startswith(key):
                return text
        backend = self.session.ibis
        text = key + str(backend.compile(table.build(*(backend.table(n) for n in names))))
        partial = self.compiled[-1] / f"{name}.part"
        partial.write_text(text, encoding="utf-8")
        partial.rename(partial.with_suffix(""))
        return text

    def _in_full(self, table: Table, inputs: dict[str, int | None]) -> Action:
        relations = {i: self._relation(i) for i in table.inputs}
        self._compute(table, self._sql(table, relations))
        before = self.lake.content(table.name)
        compared = table.name in self.joined_by_windowed and not table.windowed and self.lake.has(table.name)
        lost, gained = self._difference(table) if compared else (1, 1)
        if lost == 0 == gained:
            self._note_only(table, inputs, before)
            return "unchanged"
        self._check(table, f"new_{table.name}")
        columns = self.session.columns(f"new_{table.name}")
        partitions = [c for c in _PARTITIONS if table.windowed and c in columns]
        self.lake.replace(table.name, self._rows(table), self._note(table, inputs), partition_by=partitions)
        self.changes[table.name] = Change(before, grew=lost == 0)
        # Whoever needs it reads it from its files: at most one table's rows are held in memory.
        self.session.run(f"DROP TABLE new_{table.name}")
        self.relations.pop(table.name, None)
        return "built"

    def _in_windows(self, table: Table, inputs: dict[str, int | None], windows: list[Window]) -> Action:
        before = self.lake.content(table.name)
        if not windows:
            self._note_only(table, inputs, before)
            self.changes[table.name] = Change(before, windows=())
            return "unchanged"
        relations = {}
        for name in table.inputs:
            relation = self._relation(name)
            if {"listener", "started_at"} <= set(self.session.columns(relation)):
                self.session.run(
                    f"CREATE OR REPLACE TABLE {_PART}{name} AS "
                    f"SELECT * FROM {relation} WHERE {where_sql(windows, 'read')}"
                )
                relation = f"{_PART}{name}"
            relations[name] = relation
        sql = self._sql(table, relations)
        where = where_sql(windows, "write", table.time)
        self._compute(table, f"SELECT * FROM ({sql}) WHERE {where}")
        self._check(table, f"new_{table.name}")
        self.lake.replace(table.name, self._rows(table), self._note(table, inputs), where=where)
        self.changes[table.name] = Change(before, windows=tuple(windows))
        self.relations.pop(table.name, None)
        return "extended"

    def _growing(self, table: Table, inputs: dict[str, int | None]) -> Action:
        """Compute the rows of grain values that are not in the table yet, and append them."""
        before = self.lake.content(table.name)
        old = self._relation(table.name)
        sql = self._sql(table, {i: self._relation(i) for i in table.inputs})
        keys = _list(table.grain)
        self._compute(table, f"SELECT * FROM ({sql}) ANTI JOIN {old} USING ({keys})")
        self._check(table, f"new_{table.name}")
        if not self.session.value(f"SELECT count(*) FROM new_{table.name}"):
            self._note_only(table, inputs, before)
            return "unchanged"
        self.lake.append(table.name, self._rows(table), self._note(table, inputs))
        self.changes[table.name] = Change(before, grew=True)
        self.relations.pop(table.name)
        return "extended"

    def _rows(self, table: Table) -> pa.RecordBatchReader:
        return self.session.stream(f"SELECT * FROM new_{table.name}")

    def _compute(self, table: Table, sql: str) -> None:
        """Leave the rows of ``sql``, after the table's second step, in the engine as ``new_<name>``."""
        if table.finish is not None:
            self.session.register("finished", self.session.finished(table, sql))
            sql = "SELECT * FROM finished"
        sql = self.session.narrowed(sql)
        columns = self.session.columns(sql)
        # By time, so that a stretch of it is in few files.
        by_time = [c for c in (*_PARTITIONS, "listener", table.time) if c in columns]
        order = _list(by_time if table.windowed else table.grain)
        self.session.run(f"CREATE OR REPLACE TABLE new_{table.name} AS SELECT * FROM ({sql}) ORDER BY {order}")

    def _check(self, table: Table, relation: str) -> None:
        found = problems(self.session, table, relation, {c: self._relation(t) for c, t in table.references.items()})
        if found:
            raise TableInvalid(table.name, found)

    def _difference(self, table: Table) -> tuple[int, int]:
        """(rows of the old version that are gone or changed, rows that are new)."""
        old = f"old_{table.name}"
        self.session.register(old, self.lake.dataset(table.name))
        columns = _list(self.session.columns(old))
        lost = self.session.value(
            f"SELECT count(*) FROM (SELECT {columns} FROM {old} EXCEPT SELECT {columns} FROM new_{table.name})"
        )
        rows = self.session.value(f"SELECT count(*) FROM new_{table.name}")
        return lost, rows - (self.lake.rows(table.name) - lost)

    def _note(self, table: Table, inputs: dict[str, int | None]) -> dict[str, Any]:
        return {"inputs": inputs, "code": table.version, "grain": table.grain, "run": self.run}

    def _note_only(self, table: Table, inputs: dict[str, int | None], content: int | None) -> None:
        """Commit no rows, only that the table is right for these inputs."""
        nothing = self.lake.dataset(table.name).schema.empty_table()
        self.lake.append(table.name, nothing, {**self._note(table, inputs), "content": content})


def _clock(settings: Settings) -> pa.Table:
    from tonearm.store import open_store
    from tonearm.store.clock import listener_clock

    with closing(open_store(settings)) as store:
        return listener_clock(store.listeners(), until_year=datetime.now(UTC).year + 1)


def _list(columns: Iterable[str]) -> str:
    return ", ".join(f'"{c}"' for c in columns)
