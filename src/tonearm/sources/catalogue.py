"""Catalogues of tracks with audio features: the two common forms of Kaggle's Spotify data sets."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from tonearm.columns import COLUMNS, FEATURES
from tonearm.sources.delimited import Chunk, chunks
from tonearm.sources.rows import Rejected, batch, reasons, reject, reject_texts, text

if TYPE_CHECKING:
    from tonearm.sources import Context, Feeds, InstantIs
    from tonearm.sources.files import InputFile

_NUMBERS = (*FEATURES, "liveness")
_WHOLE = ("popularity", "key", "mode", "time_signature")
_NUMBER = r"^[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]{1,3})?$"


class _Catalogue:
    """A catalogue of tracks with their audio features, as CSV; the two forms differ in their headers."""

    feeds: Feeds = "catalogue"
    instant_is: InstantIs = "start"
    precision_s = 0.0

    def __init__(self, kind: str, title: str, headers: Mapping[str, str], distinctive: str) -> None:
        """``headers`` are the file's names by column, ``distinctive`` one that the other form lacks."""
        self.kind, self.title = kind, title
        self._headers = {name: name for name in (*_NUMBERS, "key", "mode")} | dict(headers)
        self._distinctive = distinctive

    def recognises(self, file: InputFile) -> bool:
        """By its header: an id, the features, and the one column that distinguishes the two forms."""
        header = _header(file)
        needed = {"track_id", self._distinctive, "danceability", "energy", "valence", "tempo"}
        return needed <= set(header)

    def reading(self, file: InputFile) -> str:
        """How the file is read, in a phrase."""
        return f"columns by header; genre from {self._headers['genre']}"

    def read(self, file: InputFile, context: Context) -> Iterator[pa.Table]:
        """The file's rows; see ``Source.read``."""
        header = _header(file)
        fields = {c: header.index(h) for c, h in self._headers.items() if h in header}
        if "spotify_id" not in fields:
            yield batch([], {}, [(1, Rejected("no column track_id; needed are track_id and the features", ""))])
            return
        for chunk in chunks(file, ",", (len(header),), context.max_record_bytes, skip=1):
            yield _table(chunk, fields, context.max_record_bytes)


def _header(file: InputFile) -> list[str]:
    lines = file.head_text.removeprefix("\ufeff").splitlines()
    return next(csv.reader(lines[:1]), [])


def _table(chunk: Chunk, fields: Mapping[str, int], most_bytes: int) -> pa.Table:
    written = {name: text(chunk.column(index)) for name, index in fields.items()}
    reason = reject(reasons(len(chunk.rows)), pc.is_null(written["spotify_id"]), "no track_id")
    columns: dict[str, pa.Array] = {}
    for name, values in written.items():
        if name in (*_NUMBERS, *_WHOLE, "duration_ms"):
            numbers, reason = _numbers(name, values, reason)
            columns[name] = numbers.cast(pa.int64(), safe=False) if name in _WHOLE else numbers
        elif name == "is_explicit":
            columns[name] = _flags(values)
        else:
            columns[name] = values
    if "duration_ms" in columns:
        columns["duration_s"] = pc.divide(columns.pop("duration_ms"), 1000.0)
    # The artists' own commas are not separators; the semicolon is, in the one form that lists several.
    columns["artist_name"] = pc.list_element(
        pc.split_pattern(pc.fill_null(columns["artists"], ""), ";", max_splits=1), 0
    )
    columns["artist_name"] = pc.if_else(pc.equal(columns["artist_name"], ""), None, columns["artist_name"])
    columns["reason"] = reject_texts(reason, columns, most_bytes)
    return batch(chunk.numbers, columns, chunk.rejected, lambda i: ",".join(chunk.rows[i]))


def _numbers(name: str, written: pa.Array, reason: pa.Array) -> tuple[pa.Array, pa.Array]:
    """The numbers in a column, and ``reason`` with the rows whose value is no number or out of range."""
    is_number = pc.match_substring_regex(written, _NUMBER)
    reason = reject(reason, pc.invert(is_number), f"{name} is not a number")
    numbers = pc.if_else(pc.fill_null(is_number, False), written, None).cast(pa.float64())
    meaning = COLUMNS.get(name, COLUMNS["duration_s"])
    for limit, is_beyond in ((meaning.low, pc.less), (meaning.high, pc.greater)):
        if limit is not None:
            shown = f"{meaning.low:g} to {meaning.high:g}" if meaning.high is not None else f"from {meaning.low:g}"
            reason = reject(reason, is_beyond(numbers, limit), f"{name} is out of range ({shown})")
    return numbers, reason


def _flags(written: pa.Array) -> pa.Array:
    lowered = pc.utf8_lower(written)
    return pc.if_else(pc.equal(lowered, "true"), True, pc.if_else(pc.equal(lowered, "false"), False, None))


KAGGLE = _Catalogue(
    "kaggle_tracks",
    "Spotify Tracks Dataset (Kaggle, 114,000 rows)",
    {
        "spotify_id": "track_id",
        "artists": "artists",
        "track_name": "track_name",
        "album_name": "album_name",
        "popularity": "popularity",
        "duration_ms": "duration_ms",
        "is_explicit": "explicit",
        "time_signature": "time_signature",
        "genre": "track_genre",
    },
    distinctive="track_genre",
)
SPOTIFY_SONGS = _Catalogue(
    "spotify_songs",
    "Spotify songs by playlist genre (TidyTuesday)",
    {
        "spotify_id": "track_id",
        "artists": "track_artist",
        "track_name": "track_name",
        "album_name": "track_album_name",
        "popularity": "track_popularity",
        "duration_ms": "duration_ms",
        "genre": "playlist_genre",
        "subgenre": "playlist_subgenre",
        "release_date": "track_album_release_date",
        "playlist_id": "playlist_id",
        "playlist_name": "playlist_name",
    },
    distinctive="playlist_genre",
)
SOURCES = (KAGGLE, SPOTIFY_SONGS)
