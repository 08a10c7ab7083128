"""Reading tables: as they stand in the lake, or computed anew under another listen rule."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tonearm.bronze import SCHEMAS
from tonearm.errors import UnknownName, UsageError
from tonearm.lake import Lake, open_lake
from tonearm.rules import RULES
from tonearm.settings import Settings
from tonearm.table import find, tables

if TYPE_CHECKING:
    import pyarrow as pa

    from tonearm.lake.duckdb import Engine

LISTENS = "listening_with_features"


def show(
    settings: Settings,
    name: str,
    listener: str | None = None,
    rule: str = "all",
    limit: int | None = None,
    offset: int = 0,
) -> pa.Table:
    """Rows of table ``name``, ordered by its grain, of one listener or of all.

    ``rule`` other than ``all`` computes the table from the listens that the rule counts, without storing
    anything. Raises UnknownName for a table, listener or rule that is not there, and UsageError where the
    rule cannot apply or the table was not built yet.
    """
    from tonearm.lake.duckdb import engine

    if rule not in RULES:
        raise UnknownName("listen rule", rule, RULES, hint=f"there are {', '.join(RULES)}")
    lake = open_lake(settings.lake)
    columns, order = _shape(lake, name)
    with engine(settings) as session:
        source = _stored(session, lake, name) if rule == "all" else _computed(session, lake, name, rule)
        where = ""
        if listener is not None and "listener" in columns:
            listener = _spelt(session, lake, listener)
            where = "WHERE listener = $1"
        page = f"LIMIT {int(limit)} OFFSET {int(offset)}" if limit is not None else f"OFFSET {int(offset)}"
        sql = f"SELECT * FROM {source} {where} ORDER BY {order} {page}"
        return session.table(sql, [listener] if where else [])


def _shape(lake: Lake, name: str) -> tuple[tuple[str, ...], str]:
    """Columns of the table and the order its rows are shown in; told by the lake, without loading the registry."""
    if name in SCHEMAS:
        columns = SCHEMAS[name]
        first = [c for c in ("run", "position", "file_name", "row", "listener", "from_at") if c in columns]
        return columns, ", ".join(first) or "ALL"
    if not name.isidentifier() or not lake.has(name):
        find(name)
        raise UsageError(f"table {name} has not been built yet; `tonearm build` builds it")
    columns = tuple(lake.dataset(name).schema.names)
    grain = [f'"{c}"' for c in lake.note(name).get("grain", columns)]
    return columns, ", ".join(["listener", "started_at DESC", *grain] if "listen_id" in columns else grain)


def _stored(session: Engine, lake: Lake, name: str) -> str:
    if not lake.has(name) and name in SCHEMAS:
        session.create(name, SCHEMAS[name])
        return name
    session.look_at(lake, name, ())
    return name


def _computed(session: Engine, lake: Lake, name: str, rule: str) -> str:
    """The table under another rule, as a relation of the engine."""
    table = tables().get(name)
    if table is None or LISTENS not in table.inputs or table.finish is not None:
        takers = [t.name for t in tables().values() if LISTENS in t.inputs]
        raise UsageError(f"a listen rule cannot be chosen for {name}; it can for {', '.join(takers)}")
    backend = session.ibis
    inputs = {i: backend.table(_stored(session, lake, i)) for i in table.inputs}
    inputs[LISTENS] = RULES[rule].keep(inputs[LISTENS])
    return f"({session.narrowed(str(backend.compile(table.build(**inputs))))}) AS computed"


def _spelt(session: Engine, lake: Lake, listener: str) -> str:
    """The listener's name as it is stored, whatever its case; raises UnknownName when nobody has it."""
    session.look_at(lake, "listener_clock", SCHEMAS["listener_clock"])
    known = [name for (name,) in session.run("SELECT DISTINCT listener FROM listener_clock ORDER BY ALL").fetchall()]
    found: str | None = next((name for name in known if name.casefold() == listener.casefold()), None)
    if found is None:
        raise UnknownName("listener", listener, known, hint="there are: " + (", ".join(known) or "none"))
    return found


def merges(settings: Settings, listener: str | None = None, limit: int | None = None) -> pa.Table:
    """Every record of each listen that several records tell of, which one was kept and how far they lie apart.

    Raises UsageError where nothing was built yet.
    """
    from tonearm.lake.duckdb import engine
    from tonearm.silver.matching import explain_merges

    lake = open_lake(settings.lake)
    with engine(settings) as session:
        for name in ("listening_history_bronze", "track_identities"):
            _shape(lake, name)
            _stored(session, lake, name)
        backend = session.ibis
        records = explain_merges(backend.table("listening_history_bronze"), backend.table("track_identities"))
        listener = _spelt(session, lake, listener) if listener else None
        where = "WHERE listener = $1" if listener else ""
        page = f"LIMIT {int(limit)}" if limit is not None else ""
        return session.table(
            f"SELECT * FROM ({backend.compile(records)}) {where} ORDER BY listener, listen_id, started_at {page}",
            [listener] if listener else [],
        )
