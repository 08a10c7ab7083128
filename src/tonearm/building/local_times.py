"""Local times follow the listener's zones: rows without a zone are placed anew when a zone is set or changed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from tonearm.bronze import HISTORY, ROW, SCHEMAS
from tonearm.engine.duckdb import engine
from tonearm.store.clock import placed

if TYPE_CHECKING:
    from tonearm.lake import Lake
    from tonearm.settings import Settings


def place_local_times(settings: Settings, lake: Lake, clocks: pa.Table) -> int:
    """Give every row that has a local time the instant at which its listener's clock showed it.

    Returns how many rows changed; most homes have none with a local time, which the log alone shows. A row's other
    instant, its start, moves along. May be repeated at any point: a row that is right is left as it is.
    """
    if not lake.has(HISTORY) or not any(lake.extremes(HISTORY, "local_at")[0]):
        return 0
    with engine(settings) as session:
        session.look_at(lake, HISTORY, SCHEMAS[HISTORY])
        rows = session.table(
            f"SELECT listener, {', '.join(ROW)}, local_at, reported_at, started_at FROM {HISTORY} "
            "WHERE local_at IS NOT NULL AND reported_at IS NOT NULL ORDER BY listener"
        )
    moved = [_moved(rows, clocks, listener) for listener in pc.unique(rows["listener"]).to_pylist()]
    changed = pa.concat_tables(moved) if moved else rows.slice(0, 0)
    if changed.num_rows:
        lake.amend(HISTORY, changed, ROW, {"reported_at": "s.reported_at", "started_at": "s.started_at"})
    return int(changed.num_rows)


def _moved(rows: pa.Table, clocks: pa.Table, listener: str) -> pa.Table:
    """The rows of ``listener`` whose instants are not those of the listener's clock, with the right ones."""
    own = rows.filter(pc.equal(rows["listener"], listener))
    clock = clocks.filter(pc.equal(clocks["listener"], listener))
    if not clock.num_rows:
        return own.slice(0, 0)
    right = placed(own["local_at"].combine_chunks(), clock)
    shift = pc.subtract(right.cast(pa.int64()), own["reported_at"].cast(pa.int64()))
    started = pc.add(own["started_at"].cast(pa.int64()), shift).cast(pa.timestamp("us", tz="UTC"))
    own = own.set_column(own.column_names.index("reported_at"), "reported_at", right)
    own = own.set_column(own.column_names.index("started_at"), "started_at", started)
    return own.filter(pc.not_equal(shift, 0)).drop_columns(["listener", "local_at"])
