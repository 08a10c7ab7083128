"""Tables that a build writes from the store and the settings before it begins: clocks and what is allowed."""

from __future__ import annotations

from contextlib import closing
from datetime import UTC, datetime

import pyarrow as pa

from tonearm.building.plan import Change
from tonearm.columns import FEATURE_SOURCES, MERGE_KINDS
from tonearm.lake import Lake
from tonearm.settings import Settings
from tonearm.store import open_store
from tonearm.store.clock import listener_clock

CLOCK = "listener_clock"
SETTLED = (CLOCK, "allowed_features", "merge_rules")
"""What a build writes before it begins; nothing else knows what these tables were in the past."""


def clock(settings: Settings) -> pa.Table:
    """Rows of ``listener_clock``, to the end of next year."""
    with closing(open_store(settings)) as store:
        return listener_clock(store.listeners(), until_year=datetime.now(UTC).year + 1)


def allowed_features(settings: Settings) -> pa.Table:
    """Rows of ``allowed_features``: the sources of features, synthetic ones only if the settings allow them."""
    allowed = [source for source in FEATURE_SOURCES if source != "synthetic" or settings.allow_synthetic]
    return pa.table({"feature_source": allowed})


def merge_rules(settings: Settings) -> pa.Table:
    """Rows of ``merge_rules``: all reasons, of which repeats can be switched off."""
    is_merged = [kind != "repeat" or settings.merge_repeats for kind in MERGE_KINDS]
    return pa.table({"merge_kind": list(MERGE_KINDS), "is_merged": is_merged})


def put(lake: Lake, name: str, rows: pa.Table) -> Change | None:
    """Write ``rows`` as the table ``name`` where they differ from what is there; how they do, None if not."""
    before = lake.content(name)
    old = lake.dataset(name).to_table() if before is not None else rows.schema.empty_table()
    order = [(column, "ascending") for column in rows.column_names]
    is_known = old.schema.names == rows.schema.names
    if before is not None and is_known and old.sort_by(order).equals(rows.sort_by(order)):
        return None
    lost = old.join(rows, rows.column_names, join_type="left anti").num_rows if is_known else old.num_rows
    lake.replace(name, rows, {})
    return Change(before, grew=lost == 0)
