"""Sessions: periods of listening without more than 30 minutes of silence."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tonearm.columns import MEASURED
from tonearm.table import table

if TYPE_CHECKING:
    from ibis.expr.types import Table


@table(grain=("listener", "session_started_at"), windowed=True, time="session_started_at")
def sessions(listening_with_features: Table) -> Table:
    """Every session: listens with no more than 30 minutes of silence between them.

    ``ended_at`` is the latest end of a listen, or its start if the end is unknown. ``minutes`` is the total of the
    ``timed_listens``, null without any. ``skipped_pct`` is the share of skipped listens among those known to be
    skipped or not. Mean valence and energy are over the ``listens_with_features``, those with measured features, and
    null if there are none.
    """
    lwf = listening_with_features
    is_measured = lwf.feature_source.isin(MEASURED)
    skips = lwf.is_skipped.cast("float64")
    return lwf.group_by("listener", "session_started_at").aggregate(
        ended_at=lwf.ended_at.coalesce(lwf.started_at).max(),
        year=lwf.session_started_at.min().year().cast("int64"),
        started_at_local=lwf.started_at_local.min(),
        listens=lwf.count(),
        tracks=lwf.track_id.nunique(),
        artists_heard=lwf.artist_id.nunique(),
        timed_listens=lwf.listened_s.count(),
        minutes=lwf.listened_s.sum() / 60,
        skipped_pct=100 * skips.mean(),
        listens_with_features=is_measured.fill_null(False).cast("int64").sum(),
        mean_valence=lwf.valence.mean(where=is_measured),
        mean_energy=lwf.energy.mean(where=is_measured),
    )
