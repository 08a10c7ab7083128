"""Sets of who heard what: public ones, read from the folder they were downloaded to, simulated ones and a home's."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import scipy.sparse as sp

from tonearm.errors import InputError, UnknownName, UsageError
from tonearm.recommend.interactions import Interactions
from tonearm.recommend.simulate import Habits, simulate

if TYPE_CHECKING:
    import numpy.typing as npt

    from tonearm.recommend.interactions import Rows

    Column = npt.NDArray[Any]
    Mask = npt.NDArray[np.bool_]

_LISTENS = "listening_with_features"
FEWEST_ITEMS_OF_A_TAG = 2
"""A tag of one item makes it like no other."""


class Taggings(NamedTuple):
    """Who gave which tag to which item; the three columns have one entry a tagging."""

    listeners: Column
    """Rows of the interactions; -1 for people who are not among them."""
    items: Column
    tags: Column

    def given_by(self, listeners: Rows) -> Mask:
        """Which were given by some of the listeners."""
        return np.isin(self.listeners, listeners)

    def given_to(self, pairs: sp.csr_matrix) -> Mask:
        """Which a listener gave to an item that the (listeners, items) matrix has for them."""
        return np.asarray(pairs.astype(bool)[self.listeners, self.items]).ravel() & (self.listeners >= 0)


@dataclass(frozen=True)
class Dataset:
    """Interactions, and the taggings that describe their items, whose givers may have to be left out."""

    name: str
    interactions: Interactions
    taggings: Taggings | None = None

    def described(self, without: Mask | None = None) -> Interactions:
        """The interactions with tags as features, but for some of the taggings.

        A tag that a listener gave to an item tells that they heard it.
        """
        if self.taggings is None:
            return self.interactions
        kept = slice(None) if without is None else ~without
        features = tag_features(self.taggings.items[kept], self.taggings.tags[kept], len(self.interactions.items))
        return replace(self.interactions, features=features)


def tag_features(items: Column, tags: Column, n_items: int) -> sp.csr_matrix:
    """(items, tags) logarithm of how many gave the tag, times its rarity (TF-IDF)."""
    shape = n_items, int(tags.max(initial=-1)) + 1
    given = sp.csr_matrix((np.ones(len(items), "float32"), (items, tags)), shape)
    given.data = np.log1p(given.data)
    items_with = np.bincount(given.indices, minlength=shape[1])
    rarity = np.where(items_with >= FEWEST_ITEMS_OF_A_TAG, np.log(n_items / np.maximum(items_with, 1)), 0)
    features = sp.csr_matrix(given @ sp.diags(rarity.astype("float32")))
    features.eliminate_zeros()
    return features


def hetrec2011(folder: Path) -> Dataset:
    """Last.fm's 2k listeners: artists with play counts, tags and friends (HetRec 2011, grouplens.org).

    Listeners with at least 5 artists and artists with at least 3 listeners: 1,869 × 4,607.
    """
    plays = _table(folder, "user_artists.dat", ["listener", "artist", "plays"], skip_rows=1)
    tags = _table(folder, "user_taggedartists.dat", ["listener", "artist", "tag", "day", "month", "year"], skip_rows=1)
    pairs = _table(folder, "user_friends.dat", ["listener", "friend"], skip_rows=1)
    known = interactions(plays["listener"], plays["artist"], plays["plays"], fewest_items=5, fewest_listeners=3)
    row, column = (_positions(known.listeners, pairs[name]) for name in ("listener", "friend"))
    both = (row >= 0) & (column >= 0)
    n = len(known.listeners)
    friends = sp.csr_matrix((np.ones(both.sum(), "float32"), (row[both], column[both])), (n, n))
    items = _positions(known.items, tags["artist"])
    listed = items >= 0
    taggings = Taggings(_positions(known.listeners, tags["listener"])[listed], items[listed], tags["tag"][listed])
    return Dataset("hetrec2011", replace(known, friends=friends), taggings)


def million_song(folder: Path) -> Dataset:
    """The Million Song Dataset's taste profiles, as in Liang et al. 2018: ``train_triplets.txt``.

    Listeners with at least 20 songs and songs with at least 200 listeners.
    """
    plays = _table(folder, "train_triplets.txt", ["listener", "song", "plays"])
    known = interactions(plays["listener"], plays["song"], plays["plays"], fewest_items=20, fewest_listeners=200)
    return Dataset("msd", known)


def million_playlist(folder: Path) -> Dataset:
    """The Million Playlist Dataset's slices ``mpd.slice.*.json``: playlists × tracks (RecSys challenge 2018)."""
    playlists, tracks = [], []
    for playlist, uris in _playlists(folder):
        playlists += [playlist] * len(uris)
        tracks += uris
    counts = np.ones(len(tracks), "float32")
    known = interactions(np.array(playlists), np.array(tracks), counts, fewest_items=5, fewest_listeners=2)
    return Dataset("mpd", replace(known, counts=known.heard()))


def listens(folder: Path) -> Dataset:
    """The sessions of a home, whose lake ``folder`` is, by the artists heard in them.

    Sessions of at least 5 artists and artists of at least 3 sessions: one listener's sessions stand for listeners.
    UsageError where the lake has no listens.
    """
    from tonearm.lake import open_lake

    lake = open_lake(folder)
    if not lake.has(_LISTENS):
        raise UsageError(f"{folder} has no listens; `tonearm import PATH` and `tonearm build` bring them in")
    table = lake.dataset(_LISTENS).to_table(columns=["listener", "session_started_at", "artist_id"])
    counted = table.group_by(table.column_names).aggregate([([], "count_all")]).to_pandas().dropna()
    session = counted.groupby(["listener", "session_started_at"]).ngroup().to_numpy()
    artists = counted.artist_id.to_numpy(str)
    return Dataset("listens", interactions(session, artists, counted.count_all.to_numpy(), 5, 3))


def _playlists(folder: Path) -> Iterator[tuple[int, list[str]]]:
    slices = sorted(folder.glob("mpd.slice.*.json"))
    if not slices:
        raise UsageError(f"{folder} has no file mpd.slice.*.json; --path names the folder of the dataset's slices")
    for path in slices:
        try:
            for playlist in json.loads(path.read_text(encoding="utf-8"))["playlists"]:
                yield playlist["pid"], [track["track_uri"] for track in playlist["tracks"]]
        except (ValueError, KeyError, TypeError) as error:
            raise InputError(f"{path} is not a slice of the Million Playlist Dataset; download it again") from error


def interactions(
    listeners: Column, items: Column, counts: Column, fewest_items: int, fewest_listeners: int
) -> Interactions:
    """Pairs as a matrix, without listeners of too few items and items of too few listeners, until neither is left."""
    listener_ids, rows = np.unique(listeners, return_inverse=True)
    item_ids, columns = np.unique(items, return_inverse=True)
    shape = len(listener_ids), len(item_ids)
    counted = sp.csr_matrix((np.asarray(counts, "float32"), (rows, columns)), shape)
    kept = None
    while kept != counted.shape:
        kept = counted.shape
        many = np.flatnonzero(np.diff(counted.indptr) >= fewest_items)
        counted, listener_ids = counted[many], listener_ids[many]
        known = np.flatnonzero(np.bincount(counted.indices, minlength=counted.shape[1]) >= fewest_listeners)
        counted, item_ids = sp.csr_matrix(counted[:, known]), item_ids[known]
    return Interactions(counted, listener_ids, item_ids)


def _positions(ids: Column, wanted: Column) -> npt.NDArray[np.int64]:
    """Where each of ``wanted`` is among the sorted ``ids``; -1 where it is not."""
    if not len(ids):
        return np.full(len(wanted), -1)
    position = np.minimum(np.searchsorted(ids, wanted), len(ids) - 1)
    return np.where(ids[position] == wanted, position, -1)


def _table(folder: Path, name: str, columns: list[str], skip_rows: int = 0) -> dict[str, Column]:
    """The columns of a file delimited by tabs, named here because the files name them in several ways or not at all."""
    import pyarrow as pa
    from pyarrow import csv

    if not (folder / name).is_file():
        raise UsageError(f"{folder} has no file {name}; --path names the folder of the dataset's files")
    read = csv.ReadOptions(column_names=columns, skip_rows=skip_rows)
    try:
        table = csv.read_csv(folder / name, read, csv.ParseOptions(delimiter="\t"))
    except pa.ArrowInvalid as error:
        raise InputError(f"{folder / name} is not a table of the dataset; download it again") from error
    return {column: table[column].to_numpy() for column in columns}


def simulated(folder: Path) -> Dataset:
    """1,200 simulated listeners of 2,000 songs with their genres; nothing is read from ``folder``."""
    return Dataset("simulated", simulate(habits=Habits(playlists=0)).known)


LOADERS: dict[str, Callable[[Path], Dataset]] = {
    "hetrec2011": hetrec2011,
    "listens": listens,
    "mpd": million_playlist,
    "msd": million_song,
    "simulated": simulated,
}
"""By name; each takes the folder that holds the files, or a home's lake."""


def load(name: str, folder: Path) -> Dataset:
    """A dataset by its name; UnknownName if there is no such, UsageError if the folder lacks its files."""
    if name not in LOADERS:
        raise UnknownName("dataset", name, LOADERS, f"there are {', '.join(LOADERS)}")
    return LOADERS[name](folder)
