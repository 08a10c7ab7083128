"""Track links: spellings that share an id and so may be the same track."""

from __future__ import annotations

from functools import reduce
from typing import TYPE_CHECKING

import ibis

from tonearm.silver.names import FIELD
from tonearm.table import table

if TYPE_CHECKING:
    from ibis.expr.types import BooleanColumn, Table

IDS = ("spotify_id", "recording_mbid")
AGREEING = ("artist_key", "title_key")


@table(grain=("shared", "key_id"))
def track_links(track_names: Table) -> Table:
    """Groups of spellings that share a Spotify id or an MBID and also the artist or the title.

    ``shared`` is what the spellings of a group have in common; they are one track. ``track_identities`` joins groups
    that overlap. The table is small, since renames are rare.
    """
    parts = []
    for kind in IDS:
        named = track_names.filter(is_named(track_names), track_names[kind].notnull())
        keys = named.group_by(kind).aggregate(low=named.key_id.min(), high=named.key_id.max())
        shared = named.semi_join(keys.filter(keys.low < keys.high), kind)
        parts += [
            shared.select(
                "key_id",
                link_kind=ibis.literal(kind),
                shared=ibis.literal(f"{kind} {part} ") + shared[kind] + FIELD + shared[part],
            )
            for part in AGREEING
        ]
    links = reduce(lambda a, b: a.union(b), parts).distinct()
    groups = links.group_by("shared").aggregate(low=links.key_id.min(), high=links.key_id.max())
    return links.semi_join(groups.filter(groups.low < groups.high), "shared")


def is_named(names: Table) -> BooleanColumn:
    """Whether the spelling has both an artist and a title."""
    return names.artist_key.notnull() & names.title_key.notnull()
