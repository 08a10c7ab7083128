"""Catalogues of tracks with audio features, in the layouts that people share them in."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from tonearm.columns import COLUMNS, FEATURES
from tonearm.errors import UnknownKind
from tonearm.sources import headers
from tonearm.sources.delimited import Chunk, Sheet, chunks, sheet
from tonearm.sources.rows import Rejected, batch, reasons, reject, reject_texts, spotify_ids, text

if TYPE_CHECKING:
    from tonearm.sources import Context, Feeds, InstantIs
    from tonearm.sources.files import InputFile

_NUMBERS = (*FEATURES, "liveness")
_WHOLE = ("popularity", "key", "mode", "time_signature")
_NUMBER = r"^[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]{1,3})?$"


_NAMES: Mapping[str, str] = {
    "spotify_id": "trackid id trackuri spotifytrackuri uri spotifyid spotifytrackid trackspotifyid",
    "artists": "artists trackartist artistname artistnames artist trackartists performer",
    "track_name": "trackname name song songname title tracktitle track",
    "album_name": "albumname trackalbumname album albumtitle",
    "popularity": "popularity trackpopularity",
    "duration_ms": "durationms trackdurationms duration",
    "is_explicit": "explicit isexplicit",
    "time_signature": "timesignature",
    "genre": "trackgenre playlistgenre genre genres artistgenres",
    "subgenre": "playlistsubgenre subgenre",
    "release_date": "trackalbumreleasedate releasedate albumreleasedate year",
    "playlist_id": "playlistid",
    "playlist_name": "playlistname",
    **{name: name.replace("_", "") for name in (*_NUMBERS, "key", "mode")},
}
"""The names that columns have in the catalogues people share, the most specific first."""
_NEEDED_FEATURES = frozenset({"danceability", "energy", "valence", "tempo"})
_FLAGS = (["true", "1", "1.0", "t", "yes"], ["false", "0", "0.0", "f", "no"])
_MODES = {"major": "1", "minor": "0"}
_KEYS = {
    name: str(number)
    for number, names in enumerate(
        ["c/b#", "c#/db", "d", "d#/eb", "e/fb", "f/e#", "f#/gb", "g", "g#/ab", "a", "a#/bb", "b/cb"]
    )
    for name in names.split("/")
}


class _Catalogue:
    """A catalogue of tracks with their audio features, separated by commas, semicolons or tabs.

    Columns are recognised by name: an artist or artists (one name, names separated by semicolons, or a list in
    brackets), a track, the features, and what else there is of id, album, length, popularity, genre and release. Keys
    may be numbers or names (C#), modes 0 and 1 or Minor and Major.
    """

    feeds: Feeds = "catalogue"
    instant_is: InstantIs = "start"
    precision_s = 0.0

    def __init__(self, kind: str, title: str, distinctive: str = "") -> None:
        """``distinctive`` is a column that other catalogues lack; letters and digits only."""
        self.kind, self.title = kind, title
        self._distinctive = distinctive

    def recognises(self, file: InputFile) -> bool:
        """By its header: the features, and the column that distinguishes the form."""
        found = sheet(file)
        names = {headers.key(name) for name in found.header} if found else set()
        if found is None or not names >= _NEEDED_FEATURES or headers.dates_plays(found.header):
            return False
        return not self._distinctive or self._distinctive in names

    def reading(self, file: InputFile) -> str:
        """How the file is read, in a phrase."""
        found = sheet(file)
        fields = _fields(found) if found else {}
        genre = f"genre from {found.header[fields['genre']]}" if found and "genre" in fields else "no genre"
        return f"columns by header; {genre}"

    def read(self, file: InputFile, context: Context) -> Iterator[pa.Table]:
        """The file's rows; see ``Source.read``. Raises UnknownKind when no column names artists or tracks."""
        found = sheet(file)
        fields = _fields(found) if found else {}
        missing = [word for name, word in (("artists", "artist"), ("track_name", "track")) if name not in fields]
        if found is None or missing:
            raise UnknownKind(
                f"{file.name}: no column for {' and '.join(missing or ['the features'])}; a catalogue names each track "
                "and its artist: rename the columns and import it again"
            )
        for chunk in chunks(file, found, context.max_record_bytes):
            yield _table(chunk, fields, context.max_record_bytes)


def _fields(found: Sheet) -> dict[str, int]:
    keys = [headers.key(name) for name in found.header]
    return {
        column: next(keys.index(name) for name in names.split() if name in keys)
        for column, names in _NAMES.items()
        if not set(names.split()).isdisjoint(keys)
    }


def _table(chunk: Chunk, fields: Mapping[str, int], most_bytes: int) -> pa.Table:
    written = {name: text(chunk.column(index)) for name, index in fields.items()}
    reason = reasons(len(chunk.rows))
    columns: dict[str, pa.Array] = {}
    for name, values in written.items():
        if name in (*_NUMBERS, *_WHOLE, "duration_ms"):
            numbers, reason = _numbers(name, _as_numbers(name, values), reason)
            columns[name] = numbers.cast(pa.int64(), safe=False) if name in _WHOLE else numbers
        elif name == "is_explicit":
            columns[name] = _flags(values)
        elif name == "spotify_id":
            # A catalogue's own ids, whatever their form, tell its tracks apart.
            columns[name] = pc.coalesce(spotify_ids(values), values)
        elif name == "genre":
            columns[name] = _first_genre(values)
        else:
            columns[name] = values
    if "duration_ms" in columns:
        columns["duration_s"] = pc.divide(columns.pop("duration_ms"), 1000.0)
    columns["artists"] = _listed(columns["artists"])
    # The artists' own commas are not separators; the semicolon is.
    columns["artist_name"] = pc.list_element(
        pc.split_pattern(pc.fill_null(columns["artists"], ""), ";", max_splits=1), 0
    )
    columns["artist_name"] = pc.if_else(pc.equal(columns["artist_name"], ""), None, columns["artist_name"])
    columns["reason"] = reject_texts(reason, columns, most_bytes)
    shown = sorted(fields.values())
    rejected = [(number, Rejected(row.reason, "")) for number, row in chunk.rejected]
    return batch(chunk.numbers, columns, rejected, lambda i: ",".join(chunk.rows[i][at] for at in shown))


def _listed(artists: pa.Array) -> pa.Array:
    """``artists`` with lists such as ``['A', "B's"]`` as names separated by semicolons."""
    is_list = pc.fill_null(pc.match_substring_regex(artists, r"^\s*\[.*\]\s*$"), False)
    if not pc.any(is_list).as_py():
        return artists
    lists = artists.filter(is_list).to_pylist()
    return pc.replace_with_mask(artists, is_list, pa.array([_names(written) for written in lists], pa.string()))


def _names(written: str) -> str:
    try:
        found = ast.literal_eval(written.strip())
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return written
    return ";".join(str(name) for name in found if str(name).strip()) or written


def _as_numbers(name: str, written: pa.Array) -> pa.Array:
    """``written`` with the names of keys and modes, and signatures such as 4/4, as numbers."""
    if name == "time_signature":
        return pc.replace_substring_regex(written, r"/\d+$", "")
    if name not in ("key", "mode"):
        return written
    numbers = _KEYS if name == "key" else _MODES
    lowered = pc.replace_substring(pc.replace_substring(pc.utf8_lower(written), "♯", "#"), "♭", "b")
    at = pc.index_in(lowered, value_set=pa.array(list(numbers)))
    return pc.coalesce(pa.array(list(numbers.values())).take(at), written)


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
    is_true, is_false = (pc.is_in(lowered, value_set=pa.array(words)) for words in _FLAGS)
    return pc.if_else(is_true, True, pc.if_else(is_false, False, None))


def _first_genre(written: pa.Array) -> pa.Array:
    """The first of the genres that some catalogues list for a track."""
    first = pc.utf8_trim_whitespace(pc.list_element(pc.split_pattern_regex(_listed(written), "[;,]", max_splits=1), 0))
    return pc.if_else(pc.equal(first, ""), None, first)


SOURCES = (
    _Catalogue("kaggle_tracks", "Spotify Tracks Dataset (Kaggle, 114,000 rows)", "trackgenre"),
    _Catalogue("spotify_songs", "Spotify songs by playlist genre (TidyTuesday)", "playlistgenre"),
    _Catalogue("exportify", "Playlist or liked songs with audio features (Exportify)", "addedat"),
    _Catalogue("track_features", "Any other catalogue of tracks with Spotify's audio features"),
)
