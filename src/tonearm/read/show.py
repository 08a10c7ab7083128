"""Reads tables from the lake, or computes them under another listen rule."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tonearm.bronze import MADE_BY_MODELS, SCHEMAS
from tonearm.engine.duckdb import engine
from tonearm.errors import UnknownName, UsageError
from tonearm.lake import Lake, open_lake
from tonearm.read.history import Moment, moment
from tonearm.read.rules import RULES
from tonearm.settings import Settings
from tonearm.silver.matching import explain_merges
from tonearm.table import Table, find, tables, with_inputs

if TYPE_CHECKING:
    import pyarrow as pa

    from tonearm.engine.duckdb import Engine

LISTENS = "listening_with_features"
_LONGEST_NAME = 255
"""Bytes in the name of a folder, and so of a table."""


def show(
    settings: Settings,
    name: str,
    listener: str | None = None,
    rule: str = "all",
    limit: int | None = None,
    offset: int = 0,
    as_of: str | None = None,
) -> pa.Table:
    """Rows of table ``name``, ordered by its grain, for one listener or for all.

    A ``rule`` other than ``all`` computes the table from the listens that the rule counts, without storing
    anything. ``as_of`` shows the table at the end of a day, at an instant or in a version; with a rule, or where
    that version is not kept any more, it is computed by today's code from the tables of that time. Raises
    UnknownName for an unknown table, listener or rule, and UsageError when the rule cannot apply, or the table was
    not built by now or by then.
    """
    if rule not in RULES:
        raise UnknownName("listen rule", rule, RULES, hint=f"there are {', '.join(RULES)}")
    lake = open_lake(settings.lake)
    _check(lake, name)
    then = moment(lake, name, as_of)
    columns, order = _shape(lake, name, then)
    with engine(settings) as session:
        if rule != "all":
            source = _computed(session, then, name, rule)
        elif name not in SCHEMAS and then.is_forgotten(name):
            source = _computed_anew(session, then, name)
        else:
            source = stored(session, then, name)
        where = ""
        if listener is not None and "listener" in columns:
            listener = _stored_name(session, lake, listener)
            where = "WHERE listener = $1"
        page = f"LIMIT {int(limit)} OFFSET {int(offset)}" if limit is not None else f"OFFSET {int(offset)}"
        sql = f"SELECT * FROM {source} {where} ORDER BY {order} {page}"
        return session.table(sql, [listener] if where else [])


def _check(lake: Lake, name: str) -> None:
    """Raise unless ``name`` can be read; checked in the lake first, without loading the registry."""
    is_name = name.isidentifier() and len(name.encode()) <= _LONGEST_NAME
    if name not in SCHEMAS and not (is_name and lake.has(name)):
        find(name)
        raise UsageError(f"table {name} has not been built yet; `tonearm build` builds it")


def _shape(lake: Lake, name: str, then: Moment) -> tuple[tuple[str, ...], str]:
    """Columns of the table and the SQL order of its rows."""
    version = None if name not in SCHEMAS and then.is_forgotten(name) else then.version(name)
    columns = tuple(lake.columns(name, version)) if lake.has(name) else SCHEMAS[name]
    if name in SCHEMAS:
        if "run_step" in columns:
            return columns, "run_started_at DESC, run_step, run_subject"
        first = [c for c in ("run", "position", "file_name", "row", "listener", "from_at") if c in columns]
        return columns, ", ".join(first) or "ALL"
    grain = [f'"{c}"' for c in lake.note(name, version).get("grain", columns)]
    return columns, ", ".join(["listener", "started_at DESC", *grain] if "listen_id" in columns else grain)


def stored(session: Engine, then: Moment, name: str, alias: str | None = None) -> str:
    """Have the session look at a stored table as of then, and return the name of the relation."""
    session.look_at(then.lake, name, SCHEMAS.get(name, ()), alias, then.version(name))
    return name


def _computed(session: Engine, then: Moment, name: str, rule: str) -> str:
    """The table under another rule, as a relation of the engine; its inputs are computed first."""
    ruled = _ruled_tables()
    if name not in ruled:
        raise UsageError(f"a listen rule cannot be chosen for {name}, which is not made from {LISTENS}")
    for table in with_inputs([name]):
        if table.name == LISTENS:
            _of_then(session, then, LISTENS, "every_listen")
            session.view(LISTENS, session.compiled(RULES[rule].keep, "every_listen"))
        elif table.name in ruled:
            for needed in sorted({*table.inputs} - ruled):
                _of_then(session, then, needed)
            _compute(session, table)
    return name


def _computed_anew(session: Engine, then: Moment, name: str) -> str:
    """The table from what had been imported by then, as a relation; estimates of models may be somewhat younger."""
    for table in with_inputs([name]):
        for needed in sorted({*table.inputs} & {*SCHEMAS}):
            version = then.nearest(needed) if needed in MADE_BY_MODELS else then.version(needed)
            session.look_at(then.lake, needed, SCHEMAS[needed], version=version)
        _compute(session, table)
    return name


def _compute(session: Engine, table: Table) -> None:
    """Run both steps of ``table`` on the relations named like its inputs, and keep the result under its name."""
    first, made = f"first_{table.name}", f"made_{table.name}"
    session.view(first, session.compile(table))
    if table.finish is not None:
        session.finish(table, first, made)
    session.keep(table.name, session.declared(made if table.finish is not None else first), ())


def _ruled_tables() -> set[str]:
    """Names of the tables that a rule applies to: the listens and all tables downstream of them."""
    found = {LISTENS}
    for table in tables().values():
        if found.intersection(table.inputs):
            found.add(table.name)
    return found


def _of_then(session: Engine, then: Moment, name: str, alias: str | None = None) -> None:
    """Create a view of an input as of then; raises UsageError if it lacks columns that today's code needs."""
    version = then.version(name)
    columns = {v: set(then.lake.columns(name, v)) for v in {None, version} if then.lake.has(name)}
    if missing := sorted(columns[None] - columns[version]) if columns else []:
        raise UsageError(f"no rule for that version: {name} had no {', '.join(missing)} yet; leave out --rule")
    stored(session, then, name, alias)


def _stored_name(session: Engine, lake: Lake, listener: str) -> str:
    """The listener's name as stored, found ignoring case; raises UnknownName."""
    session.look_at(lake, "listener_clock", SCHEMAS["listener_clock"])
    known = [name for (name,) in session.rows("SELECT DISTINCT listener FROM listener_clock ORDER BY ALL")]
    found: str | None = next((name for name in known if name.casefold() == listener.casefold()), None)
    if found is None:
        raise UnknownName("listener", listener, known, hint="there are: " + (", ".join(known) or "none"))
    return found


def merges(
    settings: Settings, listener: str | None = None, limit: int | None = None, only_repeats: bool = False
) -> pa.Table:
    """Every record of each listen with several records: which one was kept, why the others belong to it and how far
    apart they are; of listens that a source sent several times ``only_repeats``, newest first.

    Raises UsageError when nothing was built yet.
    """
    lake = open_lake(settings.lake)
    with engine(settings) as session:
        for name in ("listening_history_bronze", "merges"):
            _check(lake, name)
            stored(session, Moment(lake), name)
        records = session.compiled(explain_merges, "listening_history_bronze", "merges")
        listener = _stored_name(session, lake, listener) if listener else None
        wanted = ["listener = $1"] if listener else []
        wanted += ["merge_kind = 'repeat'"] if only_repeats else []
        where = f"WHERE {' AND '.join(wanted)}" if wanted else ""
        order = "listener, started_at DESC, record_id" if only_repeats else "listener, listen_id, started_at, record_id"
        page = f"LIMIT {int(limit)}" if limit is not None else ""
        return session.table(
            f"SELECT * FROM ({records}) {where} ORDER BY {order} {page}",
            [listener] if listener else [],
        )
