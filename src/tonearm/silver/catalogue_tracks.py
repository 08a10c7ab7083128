"""Catalogue tracks: which row of the imported catalogues each track is."""

from __future__ import annotations

from typing import TYPE_CHECKING

import ibis

from tonearm.columns import FEATURES
from tonearm.silver.first_n import first_n
from tonearm.silver.records import good_listens
from tonearm.table import table

if TYPE_CHECKING:
    from ibis.expr.types import NumericColumn, Table

OF_ONE_ROW = (
    *("source", "record_id", "spotify_id", "artist_name", "track_name", "album_name", "release_date", "popularity"),
    *("duration_s", "is_explicit", "key", "mode", "time_signature"),
)
"""Columns that a track takes from its row as they are."""


@table(grain=("track_id",))
def catalogue_tracks(kaggle_tracks_bronze: Table, track_identities: Table, listening_history_bronze: Table) -> Table:
    """Every track of the catalogues, with its features, genres, popularity, release and playlists.

    A catalogue lists a track once for each genre or playlist it is in, and often under several ids. One row stands
    for the track, never a mean: a row with a Spotify id under which the track was heard, else any; of these the most
    popular, then the smallest id. ``genre`` is the most frequent one among all rows of the track, and ``subgenre`` the
    most frequent one within it; the first by name where several are. A feature that is not a number, or a tempo of 0,
    is null.
    """
    listed = kaggle_tracks_bronze.filter(kaggle_tracks_bronze.reason.isnull())
    listed = listed.inner_join(track_identities.select("name_id", "track_id"), "name_id")
    rows = _chosen(listed, listening_history_bronze)
    for more in (_genres(listed), _playlists(listed)):
        rows = rows.left_join(more, "track_id").drop("track_id_right")
    return rows


def _chosen(listed: Table, history: Table) -> Table:
    heard = good_listens(history).select("spotify_id").distinct().mutate(is_heard=True)
    rows = listed.select("track_id", *OF_ONE_ROW, **_features(listed))
    rows = rows.left_join(heard, "spotify_id").drop("spotify_id_right")
    order = [
        rows.is_heard.isnull(),
        ibis.coalesce(rows.popularity, -1).desc(),
        rows.spotify_id,
        rows.duration_s,
        *(rows[f] for f in FEATURES),
        rows.record_id,
    ]
    return first_n(rows, "track_id", order, 1).drop("is_heard", "place")


def _features(listed: Table) -> dict[str, NumericColumn]:
    values = {f: listed[f].isnan().ifelse(None, listed[f]) for f in (*FEATURES, "liveness")}
    return {**values, "tempo": values["tempo"].nullif(0.0)}


def _genres(listed: Table) -> Table:
    counts = listed.filter(listed.genre.notnull()).group_by("track_id", "genre", "subgenre")
    counts = counts.aggregate(rows=lambda t: t.count())
    counts = counts.mutate(genre_rows=counts.rows.sum().over(group_by=("track_id", "genre")))
    order = [counts.genre_rows.desc(), counts.genre, counts.rows.desc(), counts.subgenre]
    return first_n(counts, "track_id", order, 1).select("track_id", "genre", "subgenre")


def _playlists(listed: Table) -> Table:
    memberships = listed.filter(listed.playlist_id.notnull()).select("track_id", "playlist_id").distinct()
    ids = memberships.playlist_id.collect().sort().join(" ")
    return memberships.group_by("track_id").aggregate(playlist_ids=ids)
