"""Track names: every spelling of a track, with the keys by which spellings are compared."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import ibis
import pyarrow as pa

from tonearm.silver.names import CREDIT, artist_key, credits, key_id, title_key
from tonearm.silver.records import good_listens
from tonearm.table import table

if TYPE_CHECKING:
    from ibis.expr.types import BooleanColumn, Table

SPELLING = ("artist_name", "artists", "track_name", "spotify_id", "recording_mbid")


def is_list(names: Table) -> BooleanColumn:
    """Whether ``artist_name`` is just the first of several artists that the source lists."""
    return names.artists.startswith(names.artist_name + CREDIT.strip()).fill_null(False)


def add_keys(spellings: pa.Table) -> pa.Table:
    """``spellings`` with ``artist_key``, ``title_key``, ``credits``, ``artist_id`` and ``key_id``; row by row.

    A spelling without an artist or a title cannot be compared; its ids are hashes of its Spotify id or MBID, so
    it is a track of its own until another spelling has the same id.
    """
    artist_of, title_of, id_of = cache(artist_key), cache(title_key), cache(key_id)
    artists: list[str | None] = []
    titles: list[str | None] = []
    credited: list[str | None] = []
    artist_ids: list[int] = []
    key_ids: list[int] = []
    columns = (spellings[name].to_pylist() for name in SPELLING)
    for artist, listed, title, spotify_id, mbid in zip(*columns, strict=True):
        artist_text = artist_of(artist) if artist else ""
        title_text = title_of(title) if title else ""
        if artist_text and title_text:
            keys = (artist_text, title_text)
        else:
            keys = ("", spotify_id or mbid or f"{artist_text}\x1f{title_text}")
        artists.append(artist_text or None)
        titles.append(title_text or None)
        credited.append(credits(artist, listed, title) if artist_text and title_text else None)
        artist_ids.append(id_of(artist_text) if artist_text else id_of(*keys))
        key_ids.append(key_id(*keys))
    for name, values, kind in (
        ("artist_key", artists, pa.string()),
        ("title_key", titles, pa.string()),
        ("credits", credited, pa.string()),
        ("artist_id", artist_ids, pa.int64()),
        ("key_id", key_ids, pa.int64()),
    ):
        spellings = spellings.append_column(name, pa.array(values, kind))
    return spellings


@table(
    grain=("name_id",),
    finish=add_keys,
    finish_columns=("name_id", *SPELLING, "artist_key", "title_key", "credits", "artist_id", "key_id"),
    grows=True,
)
def track_names(listening_history_bronze: Table, kaggle_tracks_bronze: Table) -> Table:
    """Every spelling of a track in the sources or the catalogue, with its normalised form.

    Spellings with the same ``artist_key`` and ``title_key`` are one track; see ``track_identities``.
    """
    heard = good_listens(listening_history_bronze).select("name_id", *SPELLING)
    listed = kaggle_tracks_bronze.filter(kaggle_tracks_bronze.reason.isnull()).select("name_id", *SPELLING)
    # A catalogue's spelling is that of its first artist, whatever other artists it lists.
    listed = listed.mutate(artists=ibis.null("string"))
    both = heard.union(listed)
    both = both.filter(both.name_id.notnull())
    return both.group_by("name_id").aggregate(**{name: both[name].arbitrary() for name in SPELLING})
