"""Credit groups: tracks of one title that may be the same, credited to other artists."""

from __future__ import annotations

from typing import TYPE_CHECKING

import ibis

from tonearm.silver.names import CREDIT, FIELD, VARIOUS
from tonearm.silver.records import good_listens
from tonearm.silver.track_identities import smallest_reached
from tonearm.table import table

if TYPE_CHECKING:
    from ibis.expr.types import BooleanValue, StringValue, Table


@table(grain=("track_id",))
def credit_groups(listening_history_bronze: Table, track_names: Table, track_identities: Table) -> Table:
    """Tracks that were heard and have the same title as another of an artist in common, or of the same album.

    Services credit a play to all artists, to the first, to those of the album or to "Various Artists". Tracks of a
    group (``credit_id``) stay different tracks; only records of them at the same time are one listen. Tracks without
    such a twin are not in this table.
    """
    names = track_names.filter(track_names.title_key.notnull()).select("name_id", "title_key", "credits")
    names = names.inner_join(track_identities.select("name_id", "track_id"), "name_id")
    titles = names.group_by("title_key").aggregate(
        low=names.track_id.min(), high=names.track_id.max(), is_collected=(names.credits == VARIOUS).any()
    )
    titles = titles.filter(titles.low < titles.high)
    names = names.inner_join(titles.select("title_key", "is_collected"), "title_key")
    heard = good_listens(listening_history_bronze).semi_join(names, "name_id")
    names = names.inner_join(heard.select("name_id", album=album_key(heard.album_name)).distinct(), "name_id")
    album = (names.album != "").ifelse(ibis.literal(CREDIT + FIELD) + names.album, "")
    collection = names.is_collected.ifelse(CREDIT + FIELD, "")
    parts = names.select("track_id", "title_key", part=(names.credits + album + collection).split(CREDIT).unnest())
    links = parts.select(shared=parts.title_key + FIELD + parts.part, key_id="track_id").distinct()
    groups = links.group_by("shared").aggregate(low=links.key_id.min(), high=links.key_id.max())
    links = links.semi_join(groups.filter(groups.low < groups.high), "shared")
    links = links.mutate(link_kind=ibis.literal("credits"))
    reached = smallest_reached(links)
    return reached.select(track_id="key_id", credit_id="reached")


def album_key(album: StringValue) -> StringValue:
    """What albums are compared by; empty if there is none."""
    return album.fill_null("").strip().lower()


def is_credited_alike(a: StringValue, b: StringValue) -> BooleanValue:
    """Whether the credits ``a`` and ``b`` have an artist in common, or one of them is of a collection."""
    shared = a.split(CREDIT).intersect(b.split(CREDIT))
    return (shared.length() > 0) | (a == VARIOUS) | (b == VARIOUS)
