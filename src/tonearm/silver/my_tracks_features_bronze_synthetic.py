"""Synthetic features, for trying out tables that need features."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tonearm.columns import FEATURES
from tonearm.table import table

if TYPE_CHECKING:
    from ibis.expr.types import FloatingValue, IntegerColumn, Table

_PRIMES = (1000003, 1000033, 1000037, 1000039, 1000081, 1000099, 1000117, 1000121)
"""One per feature: remainders of a hash by different primes are practically independent."""
_SPANS = {"loudness": (-30.0, 0.0), "tempo": (60.0, 200.0)}


@table(grain=("track_id",))
def my_tracks_features_bronze_synthetic(track_identities: Table, allowed_features: Table) -> Table:
    """Invented audio features of every track; empty unless the setting `allow_synthetic` is on.

    Each is drawn uniformly from its range (loudness −30 to 0 dB, tempo 60 to 200 bpm, the others 0 to 1), seeded by
    the track's id, so that a track has the same values on every machine. They carry no information about the music:
    `tracks` uses them where no features were measured or estimated and labels them synthetic; statistics and models
    ignore them.
    """
    allowed = allowed_features.filter(allowed_features.feature_source == "synthetic").select(is_allowed=True)
    rows = track_identities.select("track_id").distinct().cross_join(allowed)
    return rows.select("track_id", **{f: _drawn(rows.track_id, f) for f in FEATURES})


def _drawn(track_id: IntegerColumn, feature: str) -> FloatingValue:
    prime = _PRIMES[FEATURES.index(feature)]
    low, high = _SPANS.get(feature, (0.0, 1.0))
    return (track_id % prime).cast("float64") * ((high - low) / prime) + low
