"""Exports of other trackers: Maloja, Koito and Rockbox."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import msgspec

from tonearm.sources.delimited import chunks
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


class RockboxLog:
    """Rockbox's ``.scrobbler.log``, which other portable players write as well.

    With ``#TZ/UNKNOWN`` the player has a clock but no zone: its times are the listener's local time. The hour
    that occurs twice in autumn is taken to be the earlier one.
    """

    kind = "rockbox_log"
    title = "Rockbox scrobbler log"
    feeds: Feeds = "listens"
    instant_is: InstantIs = "start"
    precision_s = 1.0

    def recognises(self, file: InputFile) -> bool:
        """By its first line."""
        return file.head.lstrip(b"\xef\xbb\xbf").startswith(b"#AUDIOSCROBBLER/")

    def reading(self, file: InputFile) -> str:
        """How the file is read, in a phrase."""
        return "times are UTC" if _is_utc(file) else "times are the listener's local time (#TZ/UNKNOWN)"

    def read(self, file: InputFile, context: Context) -> Iterator[pa.Table]:
        """The file's rows; see ``Source.read``."""
        zone = None if _is_utc(file) else ZoneInfo(context.zone)
        most = context.max_record_bytes
        header = [line for line in file.head_text.splitlines() if line.startswith("#")]
        client = next((line[8:] for line in header if line.startswith("#CLIENT/")), None)
        first = 1
        for lines in _lines(file, len(header), most):
            rows = [line if isinstance(line, Rejected) else _from_rockbox(line, zone, client) for line in lines]
            yield table_of(rows, first, most)
            first += len(rows)


def _is_utc(file: InputFile) -> bool:
    return "#TZ/UTC" in file.head_text[:1000]


def _lines(file: InputFile, header: int, most: int) -> Iterator[list[list[str] | Rejected]]:
    """The lines after the header in order; the MBID may be missing, since older players do not write it."""
    for chunk in chunks(file, "\t", (7, 8), most, skip=header, quoted=False):
        lines: list[tuple[int, list[str] | Rejected]] = [*zip(chunk.numbers, chunk.rows, strict=True)]
        lines += chunk.rejected
        yield [line for _, line in sorted(lines, key=lambda numbered: numbered[0])]


def _from_rockbox(row: list[str], zone: ZoneInfo | None, client: str | None) -> dict[str, Any] | Rejected:
    artist, album, title, _, length, rating, timestamp = row[:7]
    try:
        at_s = float(timestamp or 0)
        at = datetime.fromtimestamp(at_s, UTC)
    except (ValueError, OverflowError, OSError):
        return Rejected(f"date '{timestamp[:60]}' is not understood", "\t".join(row))
    return {
        "content": "music",
        "at_s": at_s if zone is None else at.replace(tzinfo=zone).timestamp(),
        "artist_name": artist,
        "track_name": title,
        "album_name": album,
        "duration_s": float(length) if length.isdigit() and int(length) else None,
        "is_skipped": {"S": True, "L": False}.get(rating.upper()),
        "recording_mbid": row[7] if len(row) > 7 else None,
        "client": client,
    }


SOURCES = (MalojaJson(), KoitoJson(), RockboxLog())
