"""Where the audio features of each month come from."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tonearm.gold.measures import first_day_of, heard, percent, total
from tonearm.table import table

if TYPE_CHECKING:
    import ibis.expr.types as ir

NONE = "none"
"""Feature source of listens without features, so that a month's shares add up to 100."""


@table(grain=("listener", "feature_source", "month"))
def feature_source_coverage(listening_with_features: ir.Table) -> ir.Table:
    """Where the audio features of each month's listens come from, and how many listens have none.

    One row per listener, feature source and month by the listener's clock; a source with no listens in a month has no
    row. Listens without features are counted under ``none``, so ``share_pct`` adds up to 100 in each month, out of
    ``total_listens``.
    """
    listens = listening_with_features.mutate(
        feature_source=listening_with_features.feature_source.fill_null(NONE),
        month=first_day_of("month", listening_with_features.local_date),
    )
    sources = listens.group_by("listener", "feature_source", "month").agg(
        **heard(listens),
        tracks=listens.track_id.nunique(),
    )
    months = sources.group_by("listener", "month").agg(total_listens=total(sources.listens))
    joined = sources.inner_join(months, ["listener", "month"])
    return joined.select(*sources.columns, "total_listens", share_pct=percent(joined.listens, joined.total_listens))
