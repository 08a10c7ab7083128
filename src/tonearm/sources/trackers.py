"""Exports of other trackers: Maloja and Koito."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import msgspec

from tonearm.sources.json_rows import BLOCK_BYTES, JsonList
from tonearm.sources.rows import Rejected, table_of

if TYPE_CHECKING:
    import pyarrow as pa

    from tonearm.sources import Context, Feeds, InstantIs
    from tonearm.sources.files import InputFile


class _MalojaAlbum(msgspec.Struct):
    albumtitle: str | None = None
    artists: list[str] | None = None


class _MalojaTrack(msgspec.Struct):
    artists: list[str]
    title: str
    album: _MalojaAlbum | None = None
    length: float | None = None


class _MalojaScrobble(msgspec.Struct):
    time: float
    track: _MalojaTrack
    duration: float | None = None
    origin: str | None = None


class MalojaJson:
    """Maloja's JSON export. Maloja splits artists: the first is the artist, the others go to ``extra``.

    Joining them would create a spelling that no other source has.
    """

    kind = "maloja_json"
    title = "Maloja export"
    feeds: Feeds = "listens"
    instant_is: InstantIs = "start"
    precision_s = 1.0

    def recognises(self, file: InputFile) -> bool:
        """An object with ``scrobbles`` and Maloja's other fields."""
        head = file.head
        return b'"scrobbles"' in head and (b'"maloja"' in head or b'"export_time"' in head)

    def reading(self, file: InputFile) -> str:
        """How the file is read, in a phrase."""
        return "time is the start; the first artist is the artist"

    def read(self, file: InputFile, context: Context) -> Iterator[pa.Table]:
        """The file's rows; see ``Source.read``."""
        rows = JsonList(_MalojaScrobble, context.max_record_bytes, key="scrobbles")
        first = 1
        for found in rows.read(file.blocks(BLOCK_BYTES)):
            if found:
                values = [row if isinstance(row, Rejected) else _from_maloja(row) for row in found]
                yield table_of(values, first, context.max_record_bytes)
                first += len(found)


def _from_maloja(row: _MalojaScrobble) -> dict[str, Any]:
    album = row.track.album or _MalojaAlbum()
    return {
        "content": "music",
        "at_s": row.time,
        "artist_name": _first(row.track.artists),
        "track_name": row.track.title,
        "album_name": album.albumtitle,
        "album_artist_name": _first(album.artists),
        "duration_s": row.track.length or None,
        "listened_s": row.duration or None,
        "client": row.origin,
        "extra": _others(row.track.artists),
    }


def _first(names: Sequence[str] | None) -> str | None:
    return names[0] if names else None


def _others(names: Sequence[str]) -> str | None:
    return json.dumps({"other_artists": names[1:]}, ensure_ascii=False) if len(names) > 1 else None


class _KoitoAlias(msgspec.Struct):
    alias: str
    is_primary: bool = False


class _KoitoTrack(msgspec.Struct):
    aliases: list[_KoitoAlias]
    mbid: str | None = None
    duration: float | None = None


class _KoitoAlbum(msgspec.Struct):
    aliases: list[_KoitoAlias]
    mbid: str | None = None


class _KoitoArtist(msgspec.Struct):
    aliases: list[_KoitoAlias]
    mbid: str | None = None
    is_primary: bool = False


class _KoitoListen(msgspec.Struct):
    listened_at: datetime
    track: _KoitoTrack
    artists: list[_KoitoArtist]
    album: _KoitoAlbum | None = None
    client: str | None = None


class KoitoJson:
    """Koito's JSON export: primary aliases, and the primary one of several artists."""

    kind = "koito_json"
    title = "Koito export"
    feeds: Feeds = "listens"
    instant_is: InstantIs = "start"
    precision_s = 1.0

    def recognises(self, file: InputFile) -> bool:
        """An object with ``listens`` whose names are ``aliases``."""
        return b'"listens"' in file.head and (b'"aliases"' in file.head or b'"exported_at"' in file.head)

    def reading(self, file: InputFile) -> str:
        """How the file is read, in a phrase."""
        return "listened_at is the start; primary aliases"

    def read(self, file: InputFile, context: Context) -> Iterator[pa.Table]:
        """The file's rows; see ``Source.read``."""
        rows = JsonList(_KoitoListen, context.max_record_bytes, key="listens")
        first = 1
        for found in rows.read(file.blocks(BLOCK_BYTES)):
            if found:
                values = [row if isinstance(row, Rejected) else _from_koito(row) for row in found]
                yield table_of(values, first, context.max_record_bytes)
                first += len(found)


def _from_koito(row: _KoitoListen) -> dict[str, Any]:
    artists = sorted(row.artists, key=lambda artist: not artist.is_primary)
    names = [name for artist in artists if (name := _primary(artist.aliases))]
    at = row.listened_at if row.listened_at.tzinfo else row.listened_at.replace(tzinfo=UTC)
    return {
        "content": "music",
        "at_s": at.timestamp(),
        "artist_name": _first(names),
        "track_name": _primary(row.track.aliases),
        "album_name": _primary(row.album.aliases) if row.album else None,
        "recording_mbid": row.track.mbid,
        "artist_mbid": artists[0].mbid if artists else None,
        "release_mbid": row.album.mbid if row.album else None,
        "duration_s": row.track.duration or None,
        "client": row.client,
        "extra": _others(names),
    }


def _primary(aliases: list[_KoitoAlias]) -> str | None:
    chosen = sorted(aliases, key=lambda alias: not alias.is_primary)
    return chosen[0].alias if chosen else None


SOURCES = (MalojaJson(), KoitoJson())
