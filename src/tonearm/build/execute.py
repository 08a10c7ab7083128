"""Building: walks the graph of tables and brings each up to date with one atomic commit.

A table is left alone when its code and inputs are what they were; a *windowed* table is replaced only for
the stretches of time that new listens fall into, another one only for the listeners that something changed
for; anything else is built anew. All four give the same rows.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager, ExitStack, closing
from datetime import UTC, datetime
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Any, Literal

import msgspec
import pyarrow as pa
import pyarrow.compute as pc

from tonearm.bronze import HISTORY, SCHEMAS
from tonearm.build.validate import problems
from tonearm.build.windows import Window, new_windows, where_sql
from tonearm.columns import FEATURE_SOURCES
from tonearm.engine.duckdb import engine
from tonearm.engine.protocol import COMMON
from tonearm.errors import TableInvalid
from tonearm.home import scratch_folder
from tonearm.home.lock import writing
from tonearm.ingest.ledger import next_run, recover
from tonearm.lake import Lake, open_lake
from tonearm.settings import Settings
from tonearm.store import open_store
from tonearm.store.clock import listener_clock
from tonearm.table import Table, tables, with_inputs

if TYPE_CHECKING:
    from tonearm.engine.protocol import BuildEngine

Action = Literal["built", "extended", "unchanged", "failed", "skipped"]


SHIPPED = Path(__file__).parent / "sql"
"""The tables' functions as SQL, written by ``tools.precompile``."""
MOST_KEPT = 500_000
"""Rows, about, of the listeners that something changed for, up to which they are read once and held for all tables."""
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
    listeners: frozenset[str] | None = None
    """Only rows of these listeners differ."""


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
    HomeBusy, HomeUnusable and EngineMissing.
    """
    began = perf_counter()
    todo = with_inputs(names)
    lake = open_lake(settings.lake)
    with writing(settings, waiting), scratch_folder(settings) as folder, ExitStack() as stack:
        recover(settings, lake)
        session = stack.enter_context(_engine(settings, folder, lake.rows(HISTORY)))
        clock = _clock(settings)
        listeners = pc.count_distinct(clock["listener"]).as_py()
        work = _Build(lake, session, [*([SHIPPED] if shipped else []), settings.compiled], listeners)
        work.put("listener_clock", clock)
        work.put("allowed_features", _allowed_features(settings))
        for done, table in enumerate(todo):
            if progress:
                progress(table.name, done, len(todo))
            work.bring_up_to_date(table)
        if progress:
            progress("", len(todo), len(todo))
    return BuildReport(tables=work.reports, seconds=perf_counter() - began)


def _engine(settings: Settings, folder: Path, rows: int) -> AbstractContextManager[BuildEngine]:
    if settings.engine == "spark":
        from tonearm.engine.spark import spark_engine

        return spark_engine(settings, folder, rows)

    return engine(settings, folder, rows)


class _Build:
    """One build under way: what the engine's relations show, and what changed so far."""

    def __init__(self, lake: Lake, session: BuildEngine, compiled: list[Path], listeners: int) -> None:
        self.lake, self.session, self.compiled = lake, session, compiled
        self.run = next_run(lake) - 1
        """Number of the newest import that this build sees."""
        self.reports: list[TableReport] = []
        self.shown: dict[str, str] = {}
        """Relations that the engine knows by their table's name, and which rows of it they show: SQL, or all."""
        self.parts: dict[str, dict[str, str]] = {}
        """Relations that hold rows of a table, by the SQL that holds for them."""
        self.changes: dict[str, Change] = {}
        self.broken: set[str] = set()
        self.windows: dict[int, list[Window]] = {}
        self.listeners = listeners
        self.joined_by_windowed = {i for t in tables().values() if t.windowed for i in t.inputs}

    def put(self, name: str, rows: pa.Table) -> None:
        """Write what is set, ``rows`` of a bronze table, into the lake when it differs from what is there."""
        before = self.lake.content(name)
        old = self.lake.dataset(name).to_table() if before is not None else rows.schema.empty_table()
        order = [(column, "ascending") for column in rows.column_names]
        is_known = old.schema.names == rows.schema.names
        if before is not None and is_known and old.sort_by(order).equals(rows.sort_by(order)):
            return
        lost = old.join(rows, rows.column_names, join_type="left anti").num_rows if is_known else old.num_rows
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
            self._forget(table)
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
        if table.windowed and self.session.extends:
            windows = self._windows(table, stale, known)
            if windows is not None:
                return self._in_windows(table, inputs, windows)
        if table.grows and all(self._only_appended(i, known.get(i)) for i in stale):
            return self._growing(table, inputs)
        listeners = self._listeners(table, stale, known)
        if listeners is not None and 2 * len(listeners) <= self.listeners:
            return self._of_listeners(table, inputs, listeners)
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
            self._show(HISTORY)
            self.windows[run] = new_windows(self.session, HISTORY, run)
        return self.windows[run]

    def _listeners(self, table: Table, stale: list[str], known: dict[str, int | None]) -> set[str] | None:
        """The listeners whose rows may differ, None when it may be anybody's."""
        if table.across_listeners or table.grain[0] != "listener":
            return None
        listeners: set[str] = set()
        for name in stale:
            change = self.changes.get(name)
            if change is None or change.before != known.get(name) or change.listeners is None:
                return None
            listeners |= change.listeners
        return listeners

    def _show(self, name: str, where: str = "", kept: bool = False) -> None:
        """Let the engine know the table's newest rows, those that ``where`` holds for, by the table's name.

        ``kept`` rows are read once for all tables that need the same ones.
        """
        if self.shown.get(name) == where:
            return
        columns = SCHEMAS.get(name, ())
        if where and kept:
            self.session.view(name, f"SELECT * FROM {self._part(name, where)}")
        elif where:
            self.session.look_at(self.lake, name, columns, f"whole_{name}")
            self.session.view(name, f"SELECT * FROM whole_{name} WHERE {where}")
        else:
            self.session.look_at(self.lake, name, columns)
        self.shown[name] = where

    def _part(self, name: str, where: str) -> str:
        """The relation that holds the rows of ``name`` for which ``where`` does."""
        parts = self.parts.setdefault(name, {})
        if where not in parts:
            self.session.look_at(self.lake, name, SCHEMAS.get(name, ()), f"whole_{name}")
            part = f"part_{len(parts)}_{name}"
            self.session.keep(part, f"SELECT * FROM whole_{name} WHERE {where}", ())
            parts[where] = part
        return parts[where]

    def _columns(self, name: str) -> set[str]:
        if name not in self.shown:
            self._show(name)
        return set(self.session.kinds(name))

    def _sql(self, table: Table) -> str:
        """The table's function as SQL over its inputs, from a file where one fits: Ibis takes a second."""
        shapes = [str(self.session.kinds(name)) for name in table.inputs]
        known = "".join([table.version, self.session.compiler, *shapes])
        key = f"-- {hashlib.sha256(known.encode()).hexdigest()}\n"
        name = f"{table.name}.sql" if self.session.dialect == COMMON else f"{table.name}.{self.session.dialect}.sql"
        for folder in self.compiled:
            text = (folder / name).read_text(encoding="utf-8") if (folder / name).exists() else ""
            if text.startswith(key):
                return text
        text = key + self.session.compile(table)
        partial = self.compiled[-1] / f"{name}.part"
        partial.write_text(text, encoding="utf-8")
        partial.rename(partial.with_suffix(""))
        return text

    def _in_full(self, table: Table, inputs: dict[str, int | None]) -> Action:
        for name in table.inputs:
            self._show(name)
        new = self._compute(table)
        before = self.lake.content(table.name)
        compared = table.name in self.joined_by_windowed and not table.windowed and self.lake.has(table.name)
        lost, gained = self._difference(table) if compared else (1, 1)
        if lost == 0 == gained:
            self._note_only(table, inputs, before)
            return "unchanged"
        self._check(table, new)
        columns = self.session.kinds(new)
        partitions = [c for c in _PARTITIONS if table.windowed and c in columns]
        self.session.write(self.lake, table.name, new, self._note(table, inputs), partition_by=partitions)
        self.changes[table.name] = Change(before, grew=lost == 0)
        # Whoever needs it reads it from its files: at most one table's rows are held in memory.
        self._forget(table)
        return "built"

    def _in_windows(self, table: Table, inputs: dict[str, int | None], windows: list[Window]) -> Action:
        before = self.lake.content(table.name)
        if not windows:
            self._note_only(table, inputs, before)
            self.changes[table.name] = Change(before, windows=(), listeners=frozenset())
            return "unchanged"
        for name in table.inputs:
            is_cut = {"listener", "started_at"} <= self._columns(name)
            self._show(name, where_sql(windows, "read") if is_cut else "", kept=True)
        where = where_sql(windows, "write", table.time)
        listeners = frozenset(window.listener for window in windows)
        self._replace(table, inputs, where, Change(before, windows=tuple(windows), listeners=listeners))
        return "extended"

    def _of_listeners(self, table: Table, inputs: dict[str, int | None], listeners: set[str]) -> Action:
        before = self.lake.content(table.name)
        change = Change(before, listeners=frozenset(listeners))
        if not listeners:
            self._note_only(table, inputs, before)
            self.changes[table.name] = change
            return "unchanged"
        where = f"listener IN ({', '.join(_text(name) for name in sorted(listeners))})"
        for name in table.inputs:
            is_theirs = "listener" in self._columns(name)
            are_few = self.lake.rows(name) * len(listeners) <= MOST_KEPT * self.listeners
            self._show(name, where if is_theirs else "", kept=are_few)
        self._replace(table, inputs, where, change)
        return "extended"

    def _replace(self, table: Table, inputs: dict[str, int | None], where: str, change: Change) -> None:
        """Compute and write the rows that ``where`` holds for."""
        new = self._compute(table, where)
        self._check(table, new)
        self.session.write(self.lake, table.name, new, self._note(table, inputs), where)
        self.changes[table.name] = change
        self._forget(table)

    def _growing(self, table: Table, inputs: dict[str, int | None]) -> Action:
        """Compute the rows of grain values that are not in the table yet, and append them."""
        before = self.lake.content(table.name)
        for name in (table.name, *table.inputs):
            self._show(name)
        new = self._compute(table, but_not_in=table.name)
        self._check(table, new)
        if not self.session.value(f"SELECT count(*) FROM {new}"):
            self._note_only(table, inputs, before)
            return "unchanged"
        self.session.append(self.lake, table.name, new, self._note(table, inputs))
        self.changes[table.name] = Change(before, grew=True)
        self._forget(table)
        return "extended"

    def _compute(self, table: Table, where: str = "true", but_not_in: str = "") -> str:
        """Leave the table's rows, sorted and as they are declared, in the engine; the relation they are in."""
        rows, new = f"rows_of_new_{table.name}", f"new_{table.name}"
        self.session.view(rows, self._sql(table), self.session.dialect)
        if but_not_in:
            missing = f"missing_in_{table.name}"
            self.session.view(missing, f"SELECT * FROM {rows} ANTI JOIN {but_not_in} USING ({_list(table.grain)})")
            rows = missing
        if table.finish is not None:
            self.session.finish(table, rows, f"finished_{table.name}")
            rows = f"finished_{table.name}"
        columns = self.session.kinds(rows)
        # By time, so that a stretch of it is in few files.
        by_time = [c for c in (*_PARTITIONS, "listener", table.time) if c in columns]
        order = by_time if table.windowed else table.grain
        self.session.keep(new, f"{self.session.declared(rows)} WHERE {where}", order)
        return new

    def _forget(self, table: Table) -> None:
        self.session.forget(f"new_{table.name}")
        self.shown.pop(table.name, None)
        for part in self.parts.pop(table.name, {}).values():
            self.session.forget(part)

    def _check(self, table: Table, relation: str) -> None:
        for other in table.references.values():
            self._show(other)
        found = problems(self.session, table, relation, table.references)
        if found:
            raise TableInvalid(table.name, found)

    def _difference(self, table: Table) -> tuple[int, int]:
        """(rows of the old version that are gone or changed, rows that are new)."""
        self._show(table.name)
        kinds = self.session.kinds(table.name)
        if kinds != self.session.kinds(f"new_{table.name}"):
            # Written by other code: every row is another one.
            return 1, 1
        columns = _list(kinds)
        lost = self.session.value(
            f"SELECT count(*) FROM (SELECT {columns} FROM {table.name} "
            f"EXCEPT SELECT {columns} FROM new_{table.name}) AS lost"
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
    with closing(open_store(settings)) as store:
        return listener_clock(store.listeners(), until_year=datetime.now(UTC).year + 1)


def _allowed_features(settings: Settings) -> pa.Table:
    allowed = [source for source in FEATURE_SOURCES if source != "synthetic" or settings.allow_synthetic]
    return pa.table({"feature_source": allowed})


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"


def _list(columns: Iterable[str]) -> str:
    return ", ".join(f'"{c}"' for c in columns)
