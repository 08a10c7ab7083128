"""The most heard tracks of each mood."""

from __future__ import annotations

from typing import TYPE_CHECKING

import ibis

from tonearm.columns import FEATURES
from tonearm.gold.measures import heard, percent
from tonearm.silver.first_n import first_n
from tonearm.table import table

if TYPE_CHECKING:
    import ibis.expr.types as ir

LONGEST_LIST = 50


@table(grain=("listener", "mood", "rank"))
def top_tracks_by_mood(listening_with_features: ir.Table) -> ir.Table:
    """Your 50 most heard tracks of each mood, with when you first and last heard them.

    One row per listener, mood and rank; a mood with fewer tracks has fewer rows, and tracks without a mood are not
    listed. Among tracks heard equally often the most recently heard comes first, then the one with the smaller
    ``track_id``. ``share_pct`` is the track's share of the listener's listens in that mood.

    A mood is only as reliable as the features behind it: ``feature_source`` shows for each track whether they were
    measured (real, catalogue), are the means of its artist's measured tracks (artist, whose mood is a probable one) or
    estimated with a probability of the mood of at least .8 (imputed). Other estimates, and invented features, name no
    mood.
    """
    tracks = _tracks_with_mood(listening_with_features)
    of_mood = ("listener", "mood")
    best_first = (tracks.listens.desc(), tracks.last_heard_at.desc(), tracks.track_id)
    tracks = tracks.mutate(share_pct=percent(tracks.listens, tracks.listens.sum().over(ibis.window(group_by=of_mood))))
    first = first_n(tracks, of_mood, best_first, LONGEST_LIST)
    return first.mutate(rank=first.place + 1).select(
        "listener",
        "mood",
        "rank",
        "track_id",
        "artist_id",
        "artist_name",
        "track_name",
        "genre",
        "listens",
        "minutes",
        "timed_listens",
        "share_pct",
        "first_heard_at",
        "last_heard_at",
        *FEATURES,
        "feature_source",
    )


def _tracks_with_mood(listening_with_features: ir.Table) -> ir.Table:
    listens = listening_with_features.filter(listening_with_features.mood.notnull())
    of_the_track = ("artist_id", "artist_name", "track_name", "genre", "feature_source", *FEATURES)
    return listens.group_by("listener", "mood", "track_id").agg(
        **heard(listens),
        first_heard_at=listens.started_at.min(),
        last_heard_at=listens.started_at.max(),
        **{c: listens[c].arbitrary() for c in of_the_track},
    )
