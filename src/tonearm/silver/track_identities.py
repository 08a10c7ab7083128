"""Track identities: which spellings are the same track."""

from __future__ import annotations

from typing import TYPE_CHECKING

import ibis

from tonearm.silver.names import CREDIT
from tonearm.silver.track_links import IDS, is_named
from tonearm.silver.track_names import is_list
from tonearm.table import table

if TYPE_CHECKING:
    from ibis.expr.types import Table


ROUNDS = 4
"""How many successive renames are followed; each is a spelling that shares an id with the one before."""


@table(grain=("name_id",))
def track_identities(track_names: Table, track_links: Table) -> Table:
    """The track of every spelling, and what links it to that track.

    Spellings with equal keys are one track (``linked_by`` name). A track credited to a list of artists is that of the
    act that they are ("Above & Beyond"), or of the artist and guests (``linked_by`` credits), and an act is never shown
    under the first of its members alone. Tracks whose spellings share a Spotify id or an MBID are also one if their
    artist or their title agrees, because a rename changes only one of them; if both differ, the id is taken to be
    wrong. ``track_id`` is the smallest ``key_id`` of the linked spellings, and
    ``artist_id`` is the artist of that spelling. A spelling without names belongs to the track of its id, else it
    is a track of its own.
    """
    spelt = _lists_as_acts(track_names)
    reached = smallest_reached(track_links).rename(own_key="key_id")
    found = spelt.left_join(reached, "own_key").drop("own_key_right")
    found = found.mutate(track_id=found.reached.coalesce(found.own_key))
    of_ids = [_named_by_id(track_names, found, kind) for kind in IDS]
    for kind, of_id in zip(IDS, of_ids, strict=True):
        found = found.left_join(of_id, kind).drop(f"{kind}_right")
    by_id = [is_named(found).ifelse(None, found[f"by_{kind}"]) for kind in IDS]
    found = found.select(
        "name_id",
        track_id=ibis.coalesce(*by_id, found.track_id),
        linked_by=ibis.cases(
            *((track.notnull(), kind) for track, kind in zip(by_id, IDS, strict=True)),
            (found.track_id != found.own_key, found.link_kind),
            (found.track_id != found.key_id, "credits"),
            else_="name",
        ),
    )
    artists = _artists(track_names)
    return found.inner_join(artists, "track_id").select("name_id", "track_id", "artist_id", "linked_by")


def _lists_as_acts(names: Table) -> Table:
    """``names`` with ``own_key``: the key of the spelling that names the artists of a list as one, if there is one."""
    acts = names.filter(is_named(names), ~is_list(names), names.credits.contains(CREDIT))
    acts = acts.group_by("credits", "title_key").aggregate(act_key=acts.key_id.min())
    names = names.left_join(acts, ("credits", "title_key")).drop("credits_right", "title_key_right")
    return names.mutate(own_key=is_list(names).ifelse(names.act_key, None).coalesce(names.key_id)).drop("act_key")


def _artists(names: Table) -> Table:
    """The artist of every key: of those known only from lists the act of the same artists, if there is one."""
    names = names.mutate(is_list=is_list(names))
    acts = names.filter(is_named(names), ~names.is_list, names.credits.contains(CREDIT))
    # The act before its first member with the others as guests.
    fullest = ibis.struct({"shorter": -acts.artist_key.length(), "artist_id": acts.artist_id})
    acts = acts.group_by("credits").aggregate(act_id=acts.artist_id.argmin(fullest))
    names = names.left_join(acts, "credits").drop("credits_right")
    return names.group_by(track_id="key_id").aggregate(
        artist_id=names.artist_id.min(where=~names.is_list).coalesce(names.act_id.min(), names.artist_id.min())
    )


def smallest_reached(links: Table) -> Table:
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
