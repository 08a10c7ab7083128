"""Albums: what was heard of each."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tonearm.gold.measures import heard
from tonearm.table import table

if TYPE_CHECKING:
    from ibis.expr.types import Table


@table(grain=("listener", "album_artist_id", "album_title"))
def albums(listening_with_features: Table, album_names: Table) -> Table:
    """Your albums: how much of each you heard, and from when to when.

    One row per listener and album (see ``album_names`` for what one album is); listens whose source names no album are
    on none. ``tracks`` are those you heard of it. ``artists_heard`` is more than 1 on compilations and where guests are
    credited. Minutes are of the listens with a known listening time.
    """
    names = album_names.select(
        "listener", "artist_id", "album_name", "album_artist_id", "album_artist_name", "album_title"
    )
    listens = listening_with_features.inner_join(names, ["listener", "artist_id", "album_name"])
    return listens.group_by("listener", "album_artist_id", "album_title").aggregate(
        album_artist_name=listens.album_artist_name.max(),
        tracks=listens.track_id.nunique(),
        artists_heard=listens.artist_id.nunique(),
        **heard(listens),
        first_heard_at=listens.started_at.min(),
        last_heard_at=listens.started_at.max(),
    )
