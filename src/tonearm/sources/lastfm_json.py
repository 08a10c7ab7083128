"""Last.fm histories as JSON: the API's answers as saved, in whatever containers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import msgspec
import pyarrow as pa

from tonearm.errors import UnknownKind
from tonearm.sources.csv_plays import dated
from tonearm.sources.json_keys import has_keys, is_json, looks
from tonearm.sources.json_rows import BLOCK_BYTES, JsonRows
from tonearm.sources.rows import Rejected, batch, numbered, reasons, reject_texts, text

if TYPE_CHECKING:
    from tonearm.sources import Context, Feeds, InstantIs
    from tonearm.sources.files import InputFile

_DATES = ("date", "timestamp", "uts", "nowplaying")
_SPELLINGS = frozenset({"#text", "name", "mbid", "uts"})
"""Fields of the objects in which the API writes names and dates."""


class _Track(msgspec.Struct, gc=False):
    """A track as the API writes it, and as tools that flatten it do."""

    artist: Any
    album: Any = None
    name: Any = None
    track: Any = None
    title: Any = None
    mbid: str | None = None
    date: Any = None
    timestamp: Any = None
    uts: Any = None


class LastfmJson:
    """Last.fm history as JSON, from tools that save what Last.fm's API answers, such as ghan.nl's exporter.

    Last.fm itself has no export. ``date.uts`` is the start of the listen, to the second; a track without it
    was playing while the file was made. Pages, lists of pages and flat lists of tracks are all read.
    """

    kind = "lastfm_json"
    title = "Last.fm history (JSON)"
    signs = ("artist", "uts", "#text", "recenttracks")
    feeds: Feeds = "listens"
    instant_is: InstantIs = "start"
    precision_s = 1.0

    def recognises(self, file: InputFile) -> bool:
        """Objects with an artist and a date under Last.fm's names, or an answer without tracks.

        Raises UnknownKind for JSON that no other source has recognised either.
        """
        is_track = any(has_keys(file, "artist", date) for date in _DATES)
        if is_track or has_keys(file, "recenttracks", "@attr"):
            return True
        if is_json(file):
            raise UnknownKind(
                f"{file.name}: {looks(file)}, which is no history that is known; needed are objects with an "
                "artist, a track and when it was heard, as Spotify, Last.fm, ListenBrainz and others export them"
            )
        return False

    def reading(self, file: InputFile) -> str:
        """How the file is read, in a phrase."""
        return "date.uts is the start" if has_keys(file, "uts") else "the date of each track is its start"

    def read(self, file: InputFile, context: Context) -> Iterator[pa.Table]:
        """The file's rows, which are tracks, not pages; see ``Source.read``."""
        rows = JsonRows(_Track, context.max_record_bytes, ("recenttracks", "track", "tracks"), _SPELLINGS)
        for first, found in numbered(rows.read(file.blocks(BLOCK_BYTES))):
            yield _table(found, first, context.max_record_bytes)


def _table(tracks: Sequence[_Track | Rejected], first: int, most_bytes: int) -> pa.Table:
    refused = [(n, track) for n, track in enumerate(tracks, first) if isinstance(track, Rejected)]
    numbered = [(n, track) for n, track in enumerate(tracks, first) if not isinstance(track, Rejected)]
    kept = [track for _, track in numbered]
    columns = {
        "artist_name": text([_text_of(track.artist) for track in kept]),
        "album_name": text([_text_of(track.album) for track in kept]),
        "track_name": text([_text_of(_present(track.name, track.track, track.title)) for track in kept]),
        "artist_mbid": text([_mbid_of(track.artist) for track in kept]),
        "release_mbid": text([_mbid_of(track.album) for track in kept]),
        "recording_mbid": text([track.mbid for track in kept]),
    }
    reason = reject_texts(reasons(len(kept)), columns, most_bytes)
    columns |= dated(pa.array([_date_of(track) for track in kept], pa.string()), reason)
    columns["content"] = pa.repeat(pa.scalar("music"), len(kept))
    return batch([n for n, _ in numbered], columns, refused, lambda i: _raw(kept[i]))


def _present(*values: Any) -> Any:
    return next((value for value in values if value is not None), None)


def _date_of(track: _Track) -> str | None:
    date = _present(track.date, track.timestamp, track.uts)
    return _text_of(_present(date.get("uts"), date.get("#text")) if isinstance(date, dict) else date)


def _text_of(value: Any) -> str | None:
    """A name, which the API writes as an object and some tools as plain text."""
    if isinstance(value, dict):
        value = value.get("#text", value.get("name"))
    return None if value is None or isinstance(value, dict | list) else str(value)


def _mbid_of(value: Any) -> str | None:
    return _text_of(value.get("mbid")) if isinstance(value, dict) else None


def _raw(track: _Track) -> str:
    """The fields of a refused row, without those of its objects that are not read."""
    fields = {name: _only_read(getattr(track, name)) for name in track.__struct_fields__}
    return msgspec.json.encode({name: value for name, value in fields.items() if value is not None}).decode()


def _only_read(value: Any) -> Any:
    if isinstance(value, list):
        return None
    return {key: held for key, held in value.items() if key in _SPELLINGS} if isinstance(value, dict) else value


SOURCES = (LastfmJson(),)
