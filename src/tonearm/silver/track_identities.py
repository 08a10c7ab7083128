"""Track identities: which spellings are the same track."""

from __future__ import annotations

from typing import TYPE_CHECKING

import ibis

from tonearm.silver.track_links import IDS, is_named
from tonearm.table import table

if TYPE_CHECKING:
    from ibis.expr.types import Table


ROUNDS = 4
"""How many successive renames are followed; each is a spelling that shares an id with the one before."""


@table(grain=("name_id",))
def track_identities(track_names: Table, track_links: Table) -> Table:
    """The track of every spelling, and what links it to that track.

    Spellings with equal keys are one track (``linked_by`` name). Tracks whose spellings share a Spotify id or
    an MBID are also one if their artist or their title agrees, because a rename changes only one of them; if
    both differ, the id is taken to be wrong. ``track_id`` is the smallest ``key_id`` of the linked spellings, and
    ``artist_id`` is the artist of that spelling. A spelling without names belongs to the track of its id, else it
    is a track of its own.
    """
    found = track_names.left_join(_smallest_reached(track_links), "key_id").drop("key_id_right")
    found = found.mutate(track_id=found.reached.coalesce(found.key_id))
    of_ids = [_named_by_id(track_names, found, kind) for kind in IDS]
    for kind, of_id in zip(IDS, of_ids, strict=True):
        found = found.left_join(of_id, kind).drop(f"{kind}_right")
    by_id = [is_named(found).ifelse(None, found[f"by_{kind}"]) for kind in IDS]
    found = found.select(
        "name_id",
        track_id=ibis.coalesce(*by_id, found.track_id),
        linked_by=ibis.cases(
            *((track.notnull(), kind) for track, kind in zip(by_id, IDS, strict=True)),
            (found.track_id != found.key_id, found.link_kind),
            else_="name",
        ),
    )
    artists = track_names.group_by(track_id="key_id").aggregate(artist_id=track_names.artist_id.min())
    return found.inner_join(artists, "track_id").select("name_id", "track_id", "artist_id", "linked_by")


def _smallest_reached(links: Table) -> Table:
    """For every key of ``links`` the smallest key reachable through the groups: ``reached``."""
    labels = links.group_by("key_id").aggregate(reached=links.key_id.min(), link_kind=links.link_kind.max())
    for _ in range(ROUNDS):
        members = links.drop("link_kind").inner_join(labels, "key_id")
        lowest = members.group_by("shared").aggregate(low=members.reached.min())
        nearer = links.inner_join(lowest, "shared")
        labels = nearer.group_by("key_id").aggregate(reached=nearer.low.min(), link_kind=nearer.link_kind.max())
    return labels


def _named_by_id(names: Table, found: Table, kind: str) -> Table:
    """The track of each id of ``kind`` shared by a spelling without names and one with names."""
    nameless = names.filter(~is_named(names), names[kind].notnull())
    named = found.filter(is_named(found)).semi_join(nameless, kind)
    return named.group_by(kind).aggregate(**{f"by_{kind}": named.track_id.min()})
