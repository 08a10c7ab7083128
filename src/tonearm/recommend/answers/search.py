"""Search of tracks and artists by name, with typing errors, and which one a person means by a text."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from tonearm.engine.duckdb import engine
from tonearm.errors import UnknownName, UsageError
from tonearm.lake import open_lake
from tonearm.silver.names import artist_key, title_key
from tonearm.store.tracks import SPOTIFY_TRACK

if TYPE_CHECKING:
    import numpy.typing as npt
    import pyarrow as pa

    from tonearm.settings import Settings

    Numbers = npt.NDArray[np.floating]
    Rows = npt.NDArray[np.int64]

LONGEST_QUERY = 200
"""Characters of a query; longer ones are cut."""
LEAST_MATCH = 60.0
"""Per cent of a match that is shown: "beetles" for "beatles" has 86, words that share half their letters 50."""
LIKE = 5.0
"""Matches within these per cent are taken for equally good: what is heard more comes first."""
_CANDIDATES = 3_000
"""Names with most trigrams in common that are compared letter by letter."""
_BUCKETS = 1 << 20
_NEAR = 5
_PREFIX, _WORDS, _PART = 95.0, 0.9, 0.9
"""What a name is worth that begins with the query, that has all its words among others, or that contains it."""
_LONGEST_ID = 20
"""Digits from which on a number is no id."""
_TABLES = {
    "track_names": ("name_id", "artist_key", "title_key", "spotify_id"),
    "track_identities": ("name_id", "track_id"),
    "tracks": ("track_id", "artist_id", "artist_name", "track_name"),
    "catalogue_tracks": ("track_id", "popularity"),
    "listening_with_features": ("track_id",),
}
"""What names are made of: tables of the lake, and their columns."""


@dataclass(frozen=True, kw_only=True)
class Found:
    """A track or an artist that a text may mean."""

    kind: Literal["track", "artist"]
    id: int
    """``track_id`` or ``artist_id``."""
    artist_name: str
    track_name: str | None
    """None for an artist."""
    match_pct: float
    """How well it matches the text: 100 for its name, whatever case, accents and punctuation."""
    listens: int
    """How often it was heard by all listeners of the home."""
    popularity: int | None
    """0–100 by the catalogue; of an artist, that of the most popular track. None where no catalogue lists it."""

    @property
    def label(self) -> str:
        """The name for people."""
        return self.artist_name if self.track_name is None else f"{self.artist_name} – {self.track_name}"


class Names:
    """The names of all tracks and artists of a home in all their spellings, prepared for searching."""

    def __init__(self, tracks: pa.Table, spellings: pa.Table) -> None:
        """Take ``tracks`` (track_id, artist_id, artist_name, track_name, listens, popularity), by track_id, and
        ``spellings`` (track_id, artist_key, title_key, spotify_id), whose keys may be null."""
        self.tracks = {name: tracks[name].to_numpy(zero_copy_only=False) for name in tracks.column_names}
        self._place = np.searchsorted(self.tracks["track_id"], spellings["track_id"].to_numpy())
        self._spotify_ids = spellings["spotify_id"].to_pylist()
        self._artist_keys = [key or "" for key in spellings["artist_key"].to_pylist()]
        self._title_keys = [key or "" for key in spellings["title_key"].to_pylist()]

    def songs(self, query: str, limit: int = 10) -> list[Found]:
        """Tracks whose title, or artist and title in any order, match ``query``: the best first, then the most heard.

        Raises UsageError for a query without a letter or a digit.
        """
        asked = _asked(query, title_key)
        rows = self._full.nearest(asked)
        spelt = (self._title_keys, self._artist_keys, self._full.texts)
        titles, artists, texts = ([names[row] for row in rows] for names in spelt)
        by_artist = _WORDS * _alike(asked, artists)
        match = np.maximum.reduce([_alike(asked, titles), by_artist, _alike_in_any_order(asked, texts)])
        return self._ranked(rows, match, limit)

    def artists(self, query: str, limit: int = 10) -> list[Found]:
        """Artists whose name matches ``query``: the best first, then the most heard. Raises as :meth:`songs` does."""
        asked = _asked(query, artist_key)
        keys, ids = self._artists
        rows = keys.nearest(asked)
        texts = [keys.texts[row] for row in rows]
        match = np.maximum(_alike(asked, texts), _alike_in_any_order(asked, texts))
        best = {int(i): float(m) for i, m in sorted(zip(ids[rows], match, strict=True), key=lambda one: one[1])}
        found = [self._artist(one, m) for one, m in best.items() if m >= LEAST_MATCH]
        return sorted(found, key=_best_first)[:limit]

    def track(self, text: str) -> Found:
        """The track that ``text`` names: its id, Spotify id, URI or address, "artist - title", or title.

        Raises UsageError listing the tracks that it may mean if there are several, UnknownName with the nearest if
        there is none.
        """
        rows = self._named_by_id(text.strip())
        if not len(rows):
            rows = self._named(text)
        places = np.unique(self._place[rows])
        if len(places) == 1:
            return self._track(int(places[0]), 100.0)
        near = [self._track(int(p), 100.0) for p in places] or self.songs(text, _NEAR)
        raise _unclear("track", text, sorted(near, key=_best_first), is_ambiguous=len(places) > 1)

    def called(self, artist: str, title: str) -> list[int]:
        """Ids of the tracks with this artist and title, in any of their spellings; none that is only alike."""
        wanted = artist_key(artist)
        rows = [row for row in self._by_title.get(title_key(title), ()) if self._artist_keys[row] == wanted]
        return [int(self.tracks["track_id"][place]) for place in np.unique(self._place[rows])] if rows else []

    def artist(self, text: str) -> Found:
        """The artist that ``text`` names, as :meth:`track` does for tracks."""
        _, ids = self._artists
        is_id = text.strip().isdecimal() and len(text.strip()) < _LONGEST_ID and np.isin(int(text), ids)
        same = {int(text)} if is_id else {int(ids[row]) for row in self._by_artist.get(_asked(text, artist_key), ())}
        if len(same) == 1:
            return self._artist(same.pop(), 100.0)
        near = [self._artist(one, 100.0) for one in same] or self.artists(text, _NEAR)
        raise _unclear("artist", text, sorted(near, key=_best_first), is_ambiguous=len(same) > 1)

    @cached_property
    def _full(self) -> _Trigrams:
        return _Trigrams([f"{a} {t}".strip() for a, t in zip(self._artist_keys, self._title_keys, strict=True)])

    @cached_property
    def _artists(self) -> tuple[_Trigrams, Rows]:
        """Every spelling of an artist, and whose it is."""
        of = self.tracks["artist_id"][self._place].tolist()
        pairs = sorted({(key, one) for key, one in zip(self._artist_keys, of, strict=True) if key})
        return _Trigrams([key for key, _ in pairs]), np.array([one for _, one in pairs], np.int64)

    @cached_property
    def _by_artist(self) -> dict[str, list[int]]:
        return _places(self._artists[0].texts)

    def _named_by_id(self, text: str) -> Rows:
        if text.isdecimal() and len(text) < _LONGEST_ID:
            return np.flatnonzero(self.tracks["track_id"][self._place] == int(text))
        found = SPOTIFY_TRACK.fullmatch(text)
        return np.array(self._by_spotify_id.get(found[1], []) if found else [], np.int64)

    @cached_property
    def _by_spotify_id(self) -> dict[str, list[int]]:
        return _places(self._spotify_ids)

    def _named(self, text: str) -> Rows:
        """Spellings that are called ``text``: "artist - title" where that names one, else the title or both words."""
        parts = re.split(r"\s+[-–—]\s+", text)
        for n in range(1, len(parts)):
            artist, title = artist_key(" - ".join(parts[:n])), title_key(" - ".join(parts[n:]))
            if rows := [row for row in self._by_title.get(title, ()) if self._artist_keys[row] == artist]:
                return np.array(rows, np.int64)
        asked = _asked(text, title_key)
        return np.array(self._by_title.get(asked) or self._by_text.get(asked, []), np.int64)

    @cached_property
    def _by_title(self) -> dict[str, list[int]]:
        return _places(self._title_keys)

    @cached_property
    def _by_text(self) -> dict[str, list[int]]:
        return _places(self._full.texts)

    def _ranked(self, rows: Rows, match: Numbers, limit: int) -> list[Found]:
        """The tracks of the spellings ``rows``, each by its best one."""
        order = np.argsort(-match, kind="stable")
        order = order[match[order] >= LEAST_MATCH]
        _, first = np.unique(self._place[rows[order]], return_index=True)
        best = order[first]
        found = [self._track(int(p), float(m)) for p, m in zip(self._place[rows[best]], match[best], strict=True)]
        return sorted(found, key=_best_first)[:limit]

    def _track(self, place: int, match: float) -> Found:
        of = {name: values[place] for name, values in self.tracks.items()}
        return Found(
            kind="track",
            id=int(of["track_id"]),
            artist_name=of["artist_name"] or "",
            track_name=of["track_name"] or "",
            match_pct=round(match, 1),
            listens=int(of["listens"]),
            popularity=_whole(of["popularity"]),
        )

    def _artist(self, artist_id: int, match: float) -> Found:
        of = self.tracks["artist_id"] == artist_id
        known = self.tracks["popularity"][of].astype(float)
        return Found(
            kind="artist",
            id=artist_id,
            artist_name=next((name for name in self.tracks["artist_name"][of] if name), ""),
            track_name=None,
            match_pct=round(match, 1),
            listens=int(self.tracks["listens"][of].sum()),
            popularity=None if np.isnan(known).all() else int(np.nanmax(known)),
        )


class _Trigrams:
    """Texts and the groups of three letters in each, by which those are found that are like a query."""

    def __init__(self, texts: Sequence[str]) -> None:
        self.texts = list(texts)
        padded = [f" {text} " for text in self.texts]
        self._codes = _trigrams("".join(padded))
        owner = np.repeat(np.arange(len(padded)), [len(text) for text in padded])
        # The groups that reach over two texts have two spaces, which no query has.
        self._owner = owner[: len(self._codes)]

    def nearest(self, query: str) -> Rows:
        """Places of the texts that share most trigrams with ``query``, at most _CANDIDATES."""
        is_asked = np.zeros(_BUCKETS, bool)
        is_asked[_trigrams(f" {query} ")] = True
        shared = np.bincount(self._owner[is_asked[self._codes]], minlength=len(self.texts))
        rows = np.flatnonzero(shared)
        return rows[np.argsort(-shared[rows], kind="stable")[:_CANDIDATES]]


def read_names(settings: Settings) -> Names:
    """The names in the home's lake; raises UsageError where nothing was built yet."""
    lake = open_lake(settings.lake)
    if not lake.has("tracks"):
        raise UsageError("there are no tracks yet; `tonearm import PATH` brings some in, `tonearm build` finds them")
    with engine(settings) as session:
        for name, columns in _TABLES.items():
            session.look_at(lake, name, columns)
        tracks = session.table(
            """SELECT t.track_id, t.artist_id, t.artist_name, t.track_name, coalesce(l.listens, 0) AS listens,
                      c.popularity
               FROM tracks t LEFT JOIN catalogue_tracks c USING (track_id) LEFT JOIN
                   (SELECT track_id, count(*) AS listens FROM listening_with_features GROUP BY ALL) l USING (track_id)
               ORDER BY track_id"""
        )
        spellings = session.table(
            """SELECT i.track_id, n.artist_key, n.title_key, n.spotify_id
               FROM track_names n JOIN track_identities i USING (name_id)
               WHERE i.track_id IN (SELECT track_id FROM tracks) ORDER BY ALL"""
        )
    return Names(tracks, spellings)


def _places(texts: Iterable[str]) -> dict[str, list[int]]:
    """Where each text is."""
    found: dict[str, list[int]] = {}
    for place, text in enumerate(texts):
        found.setdefault(text, []).append(place)
    return found


def _asked(query: str, key: Any) -> str:
    asked: str = key(query[:LONGEST_QUERY])
    # A text of invisible signs is its own key.
    if not any(letter.isprintable() and letter != " " for letter in asked):
        raise UsageError("what should be searched for? the text is empty")
    return asked


def _alike(query: str, texts: Sequence[str]) -> Numbers:
    """0–100 for each text: as it is written, or as far as it was typed."""
    from rapidfuzz import fuzz, process

    whole, part = (
        process.cdist([query], texts, scorer=scorer, dtype=np.float32)[0] for scorer in (fuzz.ratio, fuzz.partial_ratio)
    )
    begins = np.fromiter((text.startswith(query) for text in texts), bool, len(texts))
    is_longer = np.fromiter((len(text) >= len(query) for text in texts), bool, len(texts))
    found: Numbers = np.maximum.reduce([whole, np.where(begins, _PREFIX, 0.0), np.where(is_longer, _PART * part, 0.0)])
    found[whole == 100] = 100
    return found


def _alike_in_any_order(query: str, texts: Sequence[str]) -> Numbers:
    """0–100 for each text by its words, in any order; less where the text has more of them."""
    from rapidfuzz import fuzz, process

    sorted_, among = (
        process.cdist([query], texts, scorer=scorer, dtype=np.float32)[0]
        for scorer in (fuzz.token_sort_ratio, fuzz.token_set_ratio)
    )
    found: Numbers = np.maximum(sorted_, _WORDS * among)
    return found


def _best_first(one: Found) -> tuple[float, int, int, float, int]:
    popularity = -1 if one.popularity is None else one.popularity
    return (-round(one.match_pct / LIKE), -one.listens, -popularity, -one.match_pct, one.id)


def _unclear(what: str, text: str, near: list[Found], is_ambiguous: bool) -> UsageError:
    labels = [one.label for one in near[:_NEAR]]
    if is_ambiguous:
        listed = "; ".join(f"{one.label} ({one.listens:,} listens, id {one.id})" for one in near[:_NEAR])
        more = f" and {len(near) - _NEAR} more" if len(near) > _NEAR else ""
        return UsageError(f"several {what}s are called '{text[:LONGEST_QUERY]}': {listed}{more}; name one by its id")
    return UnknownName(what, text, labels, hint=f"the nearest: {'; '.join(labels)}" if labels else "nothing is like it")


def _trigrams(text: str) -> npt.NDArray[np.int64]:
    """A number for each three letters in a row; a few different ones share a number."""
    letters = np.frombuffer(text.encode("utf-32-le", "replace"), np.uint32).astype(np.int64)
    return (letters[:-2] * 1_299_709 + letters[1:-1] * 15_485_863 + letters[2:] * 179_424_673) % _BUCKETS


def _whole(value: Any) -> int | None:
    return None if value is None or value != value else int(value)
