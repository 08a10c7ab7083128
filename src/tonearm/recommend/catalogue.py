"""The items of a home: every track that was heard or that a catalogue lists, and who or what brings them together."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import scipy.sparse as sp

from tonearm.columns import FEATURES, arrow_schema
from tonearm.recommend.interactions import Interactions
from tonearm.silver.names import BEYOND_SONG
from tonearm.table import schema_of

if TYPE_CHECKING:
    import numpy.typing as npt

    from tonearm.lake import Lake

    Tables = Mapping[str, pd.DataFrame]
    Rows = npt.NDArray[np.int64]

_OF_TRACK = (
    *("track_id", "artist_id", "artist_name", "track_name", "genre", "mood", *FEATURES, "feature_source"),
    *("duration_s", "spotify_id"),
)
_OF_CATALOGUE = ("track_id", "album_name", "subgenre", "release_date", "is_explicit", "popularity", "playlist_ids")
_OF_LISTEN = ("listener", "track_id", "started_at", "session_started_at", "is_skipped")
TABLES: Mapping[str, tuple[str, ...]] = {
    "tracks": _OF_TRACK,
    "catalogue_tracks": _OF_CATALOGUE,
    "listening_with_features": _OF_LISTEN,
}
"""The tables of the lake that a home's recommender reads, and their columns that it needs."""
COLUMNS = (
    *("track_id", "artist_id", "artist_name", "track_name", "album_name", "genre", "subgenre", "mood", *FEATURES),
    *("feature_source", "year", "is_explicit", "popularity", "duration_s", "spotify_id", "song_id", "playlist_ids"),
    "is_listed",
)
HALF_LIFE_D = 180.0


def read(lake: Lake) -> dict[str, pd.DataFrame]:
    """The tables, with the columns of ``TABLES``; one that was never written is empty."""
    return {name: _frame(lake, name, columns) for name, columns in TABLES.items()}


def _frame(lake: Lake, name: str, columns: tuple[str, ...]) -> pd.DataFrame:
    if lake.has(name):
        return lake.dataset(name).to_table(columns=list(columns)).to_pandas()
    return arrow_schema(schema_of(name)).empty_table().select(list(columns)).to_pandas()


def items(tables: Tables) -> pd.DataFrame:
    """One row for each track, by ``track_id``: what is known of it, null where it is not.

    ``feature_source`` tells measured features from an artist's mean and from estimates. ``year`` is the release's,
    ``popularity`` 0–100 by the catalogue. ``song_id`` is shared by the versions of a song (the smallest id of them).
    ``is_listed`` is whether a catalogue lists the track; only those have album, subgenre, year, popularity, explicit
    and ``playlist_ids``, the catalogue's playlists that it is in, with spaces between.
    """
    listed = tables["catalogue_tracks"][list(_OF_CATALOGUE)].assign(is_listed=True)
    rows = tables["tracks"][list(_OF_TRACK)].merge(listed, on="track_id", how="left")
    rows = rows.assign(
        is_listed=rows.is_listed.notna(),
        year=pd.to_numeric(rows.release_date.str[:4], errors="coerce"),
        song_id=songs(rows),
    )
    return rows[list(COLUMNS)].sort_values("track_id", ignore_index=True)


def songs(tracks: pd.DataFrame) -> pd.Series:
    """For each track the smallest id among the versions of its song, which share artist and title up to a bracket."""
    title = tracks.track_name.str.lower()
    # Arrow and the engine that builds the playlists use the same regular expressions (RE2); Python's differ.
    without = pc.replace_substring_regex(pa.array(title, pa.string()), BEYOND_SONG, "")
    bare = pd.Series(without.to_pandas().to_numpy(), title.index, dtype=title.dtype)
    song = bare.where(bare != "", title)
    return tracks.track_id.groupby([tracks.artist_id, song], dropna=False).transform("min")


def histories(tables: Tables, as_of: datetime | None = None) -> pd.DataFrame:
    """One row for each listener and track heard before ``as_of``: how often, in how many sessions, first and last when.

    ``wanted`` are the listens that are not known to have been skipped. ``recent`` counts these, too, but half as much
    for every HALF_LIFE_D before the listener's last: what somebody finds next is closer to what they hear lately. Of
    two histories, artists found later were placed the better for it (see ``benchmarks/one_listener.py``).
    """
    listens = tables["listening_with_features"]
    if as_of is not None:
        listens = listens[listens.started_at < pd.Timestamp(as_of)]
    is_wanted = listens.is_skipped.astype("boolean").fillna(False).eq(False)
    age = listens.groupby("listener").started_at.transform("max") - listens.started_at
    listens = listens.assign(is_wanted=is_wanted, counting=is_wanted * faded(age / pd.Timedelta(days=1)))
    return listens.groupby(["listener", "track_id"], as_index=False).agg(
        listens=("started_at", "size"),
        wanted=("is_wanted", "sum"),
        recent=("counting", "sum"),
        sessions=("session_started_at", "nunique"),
        first_at=("started_at", "min"),
        last_at=("started_at", "max"),
    )


def faded(age_d: Any) -> Any:
    """How much a listen of that age counts: 1 for the newest, half for every HALF_LIFE_D."""
    return 0.5 ** (age_d / HALF_LIFE_D)


def of_playlists(rows: pd.DataFrame) -> Interactions:
    """The catalogue's playlists by the ``rows`` of :func:`items`: each is a row, whose tracks count once."""
    split = rows.playlist_ids.dropna().astype(object).str.split().explode()
    names, playlist = np.unique(split.to_numpy(str), return_inverse=True)
    return _matrix(playlist, split.index.to_numpy(), np.ones(len(split)), names, rows)


def of_listeners(heard: pd.DataFrame, rows: pd.DataFrame) -> Interactions:
    """The listeners by the ``rows`` of :func:`items`: how often each track was wanted, from :func:`histories`."""
    names, listener = np.unique(heard.listener.to_numpy(str), return_inverse=True)
    return _matrix(listener, places(rows, heard.track_id), heard.wanted.to_numpy(), names, rows)


def of_sessions(tables: Tables, rows: pd.DataFrame, as_of: datetime | None = None) -> Interactions:
    """The sessions before ``as_of`` by the ``rows`` of :func:`items`: each track of a session counts once."""
    listens = tables["listening_with_features"]
    listens = listens if as_of is None else listens[listens.started_at < pd.Timestamp(as_of)]
    once = listens[["listener", "session_started_at", "track_id"]].drop_duplicates()
    session = once.groupby(["listener", "session_started_at"]).ngroup().to_numpy()
    return _matrix(
        session, places(rows, once.track_id), np.ones(len(once)), np.arange(session.max(initial=-1) + 1), rows
    )


def places(rows: pd.DataFrame, track_ids: Any) -> Rows:
    """Where in ``rows`` each of the tracks is; all have to be there."""
    ids, wanted = rows.track_id.to_numpy(), np.asarray(track_ids)
    found = np.searchsorted(ids, wanted)
    assert (ids[found] == wanted).all(), "a track is none of the home's"
    return found


def _matrix(
    row: Rows, column: Rows, values: npt.NDArray[Any], names: npt.NDArray[Any], rows: pd.DataFrame
) -> Interactions:
    counts = sp.csr_matrix((values.astype(np.float32), (row, column)), (len(names), len(rows)))
    counts.eliminate_zeros()
    return Interactions(counts, names, rows.track_id.to_numpy())
