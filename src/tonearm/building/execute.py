"""Building: each table in the order of its inputs, as planned, with one atomic commit."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from time import perf_counter
from typing import Any, Literal

import pyarrow.compute as pc

from tonearm.bronze import CATALOGUE, FOR_EVERYBODY, HISTORY
from tonearm.building.compiled import sql_of
from tonearm.building.local_times import place_local_times
from tonearm.building.plan import Change, Input, Past, Plan, plan
from tonearm.building.reference import CLOCK, SETTLED, allowed_features, clock, merge_rules, put
from tonearm.building.relations import Relations
from tonearm.building.validate import problems
from tonearm.building.versions import SHIPPED, version_of
from tonearm.building.windows import Window, new_windows, where_sql
from tonearm.engine.divergences import RELATIVE_TOLERANCE
from tonearm.engine.duckdb import engine
from tonearm.engine.literals import sql_text
from tonearm.engine.protocol import BuildEngine
from tonearm.errors import TableInvalid
from tonearm.home import scratch_folder
from tonearm.home.lock import writing
from tonearm.ingest.ledger import next_run, recover
from tonearm.lake import Lake, open_lake
from tonearm.settings import Settings
from tonearm.table import Table, tables, with_inputs

Action = Literal["built", "extended", "unchanged", "failed", "skipped"]

MOST_HELD = 500_000
"""Rows, about, of the listeners to replace, up to which they are read once and held for all tables."""
MOST_AT_ONCE = 5_000_000
"""Rows of an input up to which a table is computed at once: what the embedded engine's memory is chosen for."""
EXTENDED_TO = "extended_to"
"""Key of a note: the newest import of which a table has rows beyond those of its last build."""
MOST_FILES = 50
"""Files from which on small ones are joined: every extension leaves one or two, and each costs every reader."""
_PARTITIONS = ("year",)
"""Columns that windowed tables are partitioned by where they have them."""


@dataclass(kw_only=True)
class TableReport:
    """What a build did to one table."""

    name: str
    action: Action
    rows: int = 0
    """Rows of the table now."""
    seconds: float = 0.0
    problem: str | None = None
    """Why it failed or was skipped; its old version is kept."""


@dataclass(kw_only=True)
class BuildReport:
    """What a build did."""

    tables: list[TableReport]
    seconds: float = 0.0

    @property
    def failed(self) -> list[TableReport]:
        """The tables that were not brought up to date."""
        return [t for t in self.tables if t.action in ("failed", "skipped")]

    @property
    def changed(self) -> list[TableReport]:
        """The tables that are not what they were, or should not be."""
        return [t for t in self.tables if t.action != "unchanged"]


Progress = Callable[[str, int, int], None]
"""Called with the table being built, how many are done and how many there are."""


def build(
    settings: Settings,
    names: Iterable[str] = (),
    progress: Progress | None = None,
    waiting: Callable[[str], None] | None = None,
    shipped: bool = True,
    lake: Lake | None = None,
) -> BuildReport:
    """Bring the named tables (all by default) and their inputs up to date.

    A table that breaks its own rules keeps its old version, the tables that need it are skipped, and the
    report says why. Without ``shipped``, the SQL that came with the package is not used. A ``lake`` that is
    open already need not read the logs again. Raises UnknownName, HomeBusy, HomeUnusable and EngineMissing.
    """
    began = perf_counter()
    todo = with_inputs(names)
    lake = lake or open_lake(settings.lake)
    reports: list[TableReport] = []
    with writing(settings, waiting), scratch_folder(settings) as folder, ExitStack() as stack:
        recover(settings, lake, waiting)
        session = stack.enter_context(build_engine(settings, folder, lake.rows(HISTORY)))
        work = begin(settings, lake, session, [*([SHIPPED] if shipped else []), settings.compiled])
        broken: set[str] = set()
        for done, table in enumerate(todo):
            if progress:
                progress(table.name, done, len(todo))
            reports.append(_bring_up_to_date(work, table, broken))
        if progress:
            progress("", len(todo), len(todo))
    return BuildReport(tables=reports, seconds=perf_counter() - began)


def build_engine(settings: Settings, folder: Path, rows: int) -> AbstractContextManager[BuildEngine]:
    """The engine that the settings name, for about so many rows."""
    if settings.engine == "spark":
        from tonearm.engine.spark import spark_engine

        return spark_engine(settings, folder, rows)
    return engine(settings, folder, rows)


@dataclass
class Work:
    """One build under way: what it works on, and what it has changed so far."""

    lake: Lake
    engine: BuildEngine
    relations: Relations
    folders: Sequence[Path]
    """Where the tables' functions may be found as SQL."""
    run: int
    """Number of the newest import that this build sees."""
    listeners: int
    changes: dict[str, Change] = field(default_factory=dict)
    contents: dict[str, int | None] = field(default_factory=dict)
    """Content versions of tables, which are read from their logs once."""
    windows: dict[int, list[Window]] = field(default_factory=dict)
    """The stretches of time that imports after a run fall into."""

    def content(self, name: str) -> int | None:
        """Version at which the rows of table ``name`` last changed."""
        if name not in self.contents:
            self.contents[name] = self.lake.content(name)
        return self.contents[name]

    def changed(self, name: str, change: Change) -> None:
        """Remember what this build did to table ``name``; whoever needs it reads it from its files."""
        self.changes[name] = change
        self.contents.pop(name, None)
        self.engine.forget(new_rows_of(name))
        self.relations.forget(name)


def begin(settings: Settings, lake: Lake, session: BuildEngine, folders: Sequence[Path]) -> Work:
    """A build with the tables written that come from the store and the settings."""
    clocks = clock(settings)
    place_local_times(settings, lake, clocks)
    listeners = pc.count_distinct(clocks["listener"]).as_py()
    work = Work(lake, session, Relations(lake, session), folders, next_run(lake) - 1, listeners)
    for name, rows in zip(SETTLED, (clocks, allowed_features(settings), merge_rules(settings)), strict=True):
        if change := put(lake, name, rows):
            work.changes[name] = change
    return work


def _bring_up_to_date(work: Work, table: Table, broken: set[str]) -> TableReport:
    """Plan and carry out; a table that cannot be built is added to ``broken``, and so are those that need it."""
    began = perf_counter()
    report = TableReport(name=table.name, action="unchanged")
    if bad := next((name for name in table.inputs if name in broken), None):
        report.action, report.problem = "skipped", f"its input {bad} could not be built"
    else:
        try:
            report.action = carry_out(work, table, planned(work, table))
        except TableInvalid as error:
            report.action, report.problem = "failed", "; ".join(error.problems)
            work.engine.forget(new_rows_of(table.name))
            work.relations.forget(table.name)
    if report.problem:
        broken.add(table.name)
    report.rows = work.lake.rows(table.name)
    report.seconds = perf_counter() - began
    return report


def planned(work: Work, table: Table) -> Plan:
    """The least that brings the table up to date."""
    note = work.lake.note(table.name)
    past = Past(note.get("code"), note.get("run", 0)) if work.lake.has(table.name) else Past(None)
    inputs = {name: _input(work, table, name, note.get("inputs", {}).get(name)) for name in table.inputs}
    return plan(table, version_of(table), past, inputs, work.listeners, work.engine.extends)


def _input(work: Work, table: Table, name: str, seen: int | None) -> Input:
    content = work.content(name)
    is_asked = content != seen and (table.grows or name == HISTORY)
    only_appended = is_asked and _only_appended(work.lake, name, seen)
    return Input(content, seen, work.changes.get(name), only_appended)


def _only_appended(lake: Lake, name: str, since: int | None) -> bool:
    commits = lake.history(name)
    if since is None or commits[-1].version > since + 1:
        # What was done between is not in the log any more.
        return False
    return all(c.operation in ("WRITE", "OPTIMIZE") or "content" in c.note for c in commits if c.version > since)


def carry_out(work: Work, table: Table, todo: Plan) -> Action:
    """Do what was planned; raises TableInvalid."""
    before = work.content(table.name)
    if todo.action == "build":
        return _build_whole(work, table)
    if todo.action == "add":
        return _add_rows(work, table, todo.since_run)
    if todo.action == "replace_windows":
        windows = [*todo.windows, *windows_since(work, todo.since_run)]
        return replace_windows(work, table, windows)
    if todo.action == "replace_listeners":
        listeners = todo.listeners | {window.listener for window in windows_since(work, todo.since_run)}
        where = f"listener IN ({', '.join(sql_text(name) for name in sorted(listeners))})"
        share = len(listeners) / max(work.listeners, 1)
        return _replace(work, table, Change(before, listeners=listeners), where, where, {"listener"}, share)
    return "unchanged"


def windows_since(work: Work, run: int | None) -> list[Window]:
    """The stretches of time that imports after ``run`` fall into."""
    if run is None:
        return []
    if run not in work.windows:
        work.relations.show(HISTORY)
        work.windows[run] = new_windows(work.engine, HISTORY, run)
    return work.windows[run]


def replace_windows(
    work: Work, table: Table, windows: Sequence[Window], note: Mapping[str, Any] | None = None
) -> Action:
    """Compute the rows in ``windows`` anew; the commit has ``note``, else says that the table is up to date."""
    whose = frozenset(window.listener for window in windows)
    change = Change(work.content(table.name), windows=tuple(windows), listeners=whose)
    read, written = where_sql(list(windows), "read"), where_sql(list(windows), "write", table.time)
    return _replace(work, table, change, read, written, {"listener", "started_at"}, note=note)


def _build_whole(work: Work, table: Table) -> Action:
    """Compute all rows and write them, unless they are those that are there and somebody would rebuild for nothing."""
    new = _compute_all(work, table)
    before = work.content(table.name)
    lost, gained = _difference(work, table) if _is_compared(work, table) else (1, 1)
    if lost == 0 == gained:
        work.engine.forget(new)
        work.relations.forget(table.name)
        return _confirm(work, table)
    partitions = [c for c in _PARTITIONS if table.windowed and c in work.engine.kinds(new)]
    _write(work, table, Change(before, grew=lost == 0), partitions=partitions)
    return "built"


def _compute_all(work: Work, table: Table) -> str:
    """Compute all rows, of many listeners part after part; the relation they are in."""
    for number, where in enumerate(_parts(work, table)):
        for name in table.inputs:
            is_cut = where and "listener" in work.relations.columns(name)
            work.relations.show(name, _read(name, where) if is_cut else "")
        _keep_rows(work, table, where or "true", add=number > 0)
    _check(work, table)
    return new_rows_of(table.name)


def _parts(work: Work, table: Table) -> list[str]:
    """Conditions that divide the listeners, where inputs are more than the engine can sort; else one, empty."""
    is_by_listener = not table.across_listeners and (table.windowed or table.grain[0] == "listener")
    count = -(-max((work.lake.rows(name) for name in table.inputs), default=0) // MOST_AT_ONCE)
    if not is_by_listener or not work.engine.extends or count < 2:
        return [""]
    work.relations.show(CLOCK)
    names = [name for (name,) in work.engine.rows(f"SELECT DISTINCT listener FROM {CLOCK} ORDER BY listener")]
    bounds = sorted({names[len(names) * number // count] for number in range(1, count)} - {names[0]}) if names else []
    above = ["true", *(f"listener >= {sql_text(name)}" for name in bounds)]
    below = [*(f"listener < {sql_text(name)}" for name in bounds), "true"]
    return [f"{low} AND {high}" for low, high in zip(above, below, strict=True)]


def _is_compared(work: Work, table: Table) -> bool:
    """Whether other tables read ``table``: where its rows are what they were, those need not be built after it."""
    is_read = any(table.name in other.inputs for other in tables().values())
    return is_read and not table.windowed and work.lake.has(table.name)


def _replace(
    work: Work,
    table: Table,
    change: Change,
    read: str,
    written: str,
    cut_by: set[str],
    share: float = 0,
    note: Mapping[str, Any] | None = None,
) -> Action:
    """Put new rows in place of those for which ``written`` holds, from the input rows for which ``read`` does.

    Inputs that have the columns ``cut_by`` are read in part, and held unless that ``share`` of them is too much.
    """
    if not change.listeners:
        _note_only(work, table)
        work.changes[table.name] = change
        return "unchanged"
    for name in table.inputs:
        is_cut = cut_by <= work.relations.columns(name)
        work.relations.show(name, _read(name, read) if is_cut else "", hold=work.lake.rows(name) * share <= MOST_HELD)
    compute(work, table, where=written)
    _write(work, table, change, where=written, note=note)
    return "extended"


def _read(name: str, where: str) -> str:
    """Condition for the rows of the table ``name`` that those of listeners are made from for whom ``where`` holds."""
    return f"({where} OR listener IS NULL)" if name in FOR_EVERYBODY else where


def _add_rows(work: Work, table: Table, since_run: int | None) -> Action:
    """Compute the rows of grain values that are not in the table yet, and append them.

    Of bronze only what imports after ``since_run`` brought can hold any.
    """
    work.relations.show(table.name)
    for name in table.inputs:
        work.relations.show(name, f"run > {since_run}" if name in (HISTORY, CATALOGUE) else "")
    return append_missing(work, table)


def append_missing(work: Work, table: Table, note: Mapping[str, Any] | None = None) -> Action:
    """Append the rows of grain values that the table does not have, from what the engine shows of its inputs."""
    before = work.content(table.name)
    new = compute(work, table, but_not_in=table.name)
    if work.engine.value(f"SELECT count(*) FROM {new}"):
        work.engine.append(work.lake, table.name, new, note or note_of(work, table))
        work.lake.compact(table.name, MOST_FILES)
        work.changed(table.name, Change(before, grew=True))
        return "extended"
    return _confirm(work, table) if note is None else "unchanged"


def _confirm(work: Work, table: Table) -> Action:
    """Commit no rows, since those that are there are right; whoever needs the table may not have seen all of them."""
    if EXTENDED_TO not in work.lake.note(table.name):
        _note_only(work, table)
        return "unchanged"
    before = work.content(table.name)
    work.lake.append(table.name, work.lake.dataset(table.name).schema.empty_table(), note_of(work, table))
    work.changed(table.name, Change(before, grew=True))
    return "extended"


def compute(work: Work, table: Table, where: str = "true", but_not_in: str = "") -> str:
    """Leave the table's rows, sorted, as they are declared and checked, in the engine; the relation they are in.

    Raises TableInvalid.
    """
    _keep_rows(work, table, where, but_not_in)
    _check(work, table)
    return new_rows_of(table.name)


def _keep_rows(work: Work, table: Table, where: str, but_not_in: str = "", add: bool = False) -> None:
    """Keep the table's new rows for which ``where`` holds, or ``add`` them to those that are kept."""
    session, new = work.engine, new_rows_of(table.name)
    rows = f"rows_of_{new}"
    session.view(rows, sql_of(table, session, work.folders), session.dialect)
    if but_not_in:
        missing = f"missing_in_{table.name}"
        session.view(missing, f"SELECT * FROM {rows} ANTI JOIN {but_not_in} USING ({_list(table.grain)})")
        rows = missing
    if table.finish is not None:
        session.finish(table, rows, f"finished_{table.name}")
        rows = f"finished_{table.name}"
    # A windowed table is the rows of one input, first in its function, beside which little is looked up.
    session.keep(new, f"{session.declared(rows)} WHERE {where}", _order(session, table, rows), table.windowed, add)


def _order(session: BuildEngine, table: Table, rows: str) -> Sequence[str]:
    """Columns to sort by: time where it can be, so that a stretch of it is in few files."""
    if not table.windowed:
        return table.grain
    columns = session.kinds(rows)
    return [c for c in (*_PARTITIONS, "listener", table.time) if c in columns]


def new_rows_of(name: str) -> str:
    """The relation that holds the new rows of table ``name`` until they are written."""
    return f"new_{name}"


def _write(
    work: Work,
    table: Table,
    change: Change,
    where: str | None = None,
    partitions: Sequence[str] = (),
    note: Mapping[str, Any] | None = None,
) -> None:
    """Put what was computed in place of the rows that ``where`` holds for, else of all."""
    noted = note or note_of(work, table)
    work.engine.write(work.lake, table.name, new_rows_of(table.name), noted, where, partitions)
    if where:
        work.lake.compact(table.name, MOST_FILES)
    work.changed(table.name, change)


def _check(work: Work, table: Table) -> None:
    """Raise TableInvalid where the table's new rows break its rules."""
    for other in table.references.values():
        work.relations.show(other)
    found = problems(work.engine, table, new_rows_of(table.name), table.references)
    if found:
        raise TableInvalid(table.name, found)


def _difference(work: Work, table: Table) -> tuple[int, int]:
    """(rows of the old version that are gone or changed, rows that are new or changed).

    Numbers that differ by no more than the order in which they were added up are the same: one artist's mean that is
    another in its last digit must not have every table built anew.
    """
    work.relations.show(table.name)
    new = new_rows_of(table.name)
    kinds = work.engine.kinds(table.name)
    if kinds != work.engine.kinds(new):
        # Written by other code: every row is another one.
        return 1, 1
    same = " AND ".join(_is_same(column, kind) for column, kind in kinds.items() if column not in table.grain)
    by = " AND ".join(f'old."{column}" = new."{column}"' for column in table.grain)
    kept = work.engine.value(
        f"SELECT count(*) FROM {table.name} AS old JOIN {new} AS new ON {by} WHERE {same or 'true'}"
    )
    return work.lake.rows(table.name) - kept, work.engine.value(f"SELECT count(*) FROM {new}") - kept


def _is_same(column: str, kind: str) -> str:
    """SQL that holds where a column of ``old`` and ``new`` has the same value."""
    old, new = f'old."{column}"', f'new."{column}"'
    equal = f"{old} IS NOT DISTINCT FROM {new}"
    return f"({equal} OR abs({old} - {new}) <= {RELATIVE_TOLERANCE} * abs({new}))" if kind == "DOUBLE" else equal


def note_of(work: Work, table: Table) -> dict[str, Any]:
    """What the table is right for, once its new rows are written."""
    inputs = {name: work.content(name) for name in table.inputs}
    return {"inputs": inputs, "code": version_of(table), "grain": table.grain, "run": work.run}


def _note_only(work: Work, table: Table) -> None:
    """Commit no rows, only that the table is right for these inputs."""
    work.lake.remark(table.name, note_of(work, table))


def _list(columns: Iterable[str]) -> str:
    return ", ".join(f'"{c}"' for c in columns)
