"""Artist features: what the measured tracks of each artist sound like."""

from __future__ import annotations

from typing import TYPE_CHECKING

import ibis

from tonearm.columns import IMPUTED
from tonearm.silver.first_n import first_n
from tonearm.silver.moods import mood
from tonearm.table import table

if TYPE_CHECKING:
    from ibis.expr.types import Table


@table(grain=("artist_id",))
def artist_features(catalogue_tracks: Table, track_identities: Table) -> Table:
    """What each artist sounds like: the means of the artist's measured tracks in the catalogues, and how far they vary.

    One row per artist with a measured track. ``<feature>`` is the mean over the ``artist_tracks``, and
    ``<feature>_spread`` their standard deviation, which shows how far a track of this artist may be from it; null for a
    single track. ``tempo`` is left out: the tempo of other tracks says nothing of a track's own (R² at most .07).
    ``mood`` is the mood of more than half of these tracks, ``mood_tracks`` of them, and null if there
    is no such mood. It is not the mood of the means: of two moods far apart the mean lies in the middle, where it would
    be ``Neutral``, and of 1,620 tracks whose artist's others have such a mean 14 % are.

    Of 14,602 tracks of a catalogue whose artist has such a mood without them, 61 % have it themselves; the most
    frequent mood of all would be right for 46 %.
    """
    artists = track_identities.select("track_id", "artist_id").distinct()
    measured = catalogue_tracks.filter(ibis.or_(*(catalogue_tracks[f].notnull() for f in IMPUTED)))
    measured = measured.inner_join(artists, "track_id").mutate(mood=mood(measured.valence, measured.energy))
    means = measured.group_by("artist_id").agg(
        artist_tracks=measured.count(),
        **{f: measured[f].mean() for f in IMPUTED},
        **{f"{f}_spread": measured[f].std(how="sample") for f in IMPUTED},
    )
    rows = means.left_join(_moods(measured), "artist_id").drop("artist_id_right")
    is_most = 2 * rows.mood_tracks > rows.artist_tracks
    return rows.select(
        *("artist_id", "artist_tracks", *IMPUTED, *(f"{f}_spread" for f in IMPUTED)),
        mood=is_most.ifelse(rows.mood, None),
        mood_tracks=is_most.ifelse(rows.mood_tracks, None),
    )


def _moods(measured: Table) -> Table:
    """The most frequent mood of each artist's tracks; the first by name where several are."""
    named = measured.filter(measured.mood.notnull())
    counts = named.group_by("artist_id", "mood").agg(mood_tracks=named.count())
    return first_n(counts, "artist_id", (counts.mood_tracks.desc(), counts.mood), 1).drop("place")
