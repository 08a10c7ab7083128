"""Exports of other trackers: Maloja and Koito."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import msgspec

from tonearm.sources.json_keys import has_keys
from tonearm.sources.json_rows import tables
from tonearm.sources.row_fields import joined, moment_s, unread_date
from tonearm.sources.rows import Rejected

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
    """Maloja's export, ``maloja_export_*.json``: in Maloja's settings under *Export*, or ``maloja export``.

    ``time`` is when a scrobble was sent to Maloja, to the second; most players send the start. Maloja splits
    artists: all are kept, and the first one is the listen's artist. The answer of its API,
    ``/apis/mlj_1/scrobbles``, is read as well.
    """

    kind = "maloja_json"
    title = "Maloja export"
    signs = ("scrobbles", "maloja", "artists", "title")
    feeds: Feeds = "listens"
    instant_is: InstantIs = "start"
    precision_s = 1.0

    def recognises(self, file: InputFile) -> bool:
        """Scrobbles whose ``track`` has ``artists`` and a ``title``; without any, Maloja's other fields."""
        is_row = has_keys(file, "time", "track", "artists", "title") and not has_keys(file, "aliases")
        return is_row or has_keys(file, "maloja", "scrobbles")

    def reading(self, file: InputFile) -> str:
        """How the file is read, in a phrase."""
        return "time is the start; the first artist is the artist"

    def read(self, file: InputFile, context: Context) -> Iterator[pa.Table]:
        """The file's rows; see ``Source.read``."""
        return tables(file, context, _MalojaScrobble, _from_maloja, within=("scrobbles", "list"))


def _from_maloja(row: _MalojaScrobble) -> dict[str, Any]:
    album = row.track.album or _MalojaAlbum()
    return {
        "content": "music",
        "at_s": row.time,
        "artist_name": _first(row.track.artists),
        "artists": joined(row.track.artists),
        "track_name": row.track.title,
        "album_name": album.albumtitle,
        "album_artist_name": _first(album.artists),
        "duration_s": row.track.length or None,
        "listened_s": row.duration or None,
        "client": row.origin,
    }


def _first(names: Sequence[str] | None) -> str | None:
    return names[0] if names else None


class _KoitoAlias(msgspec.Struct):
    alias: str
    is_primary: bool = False


class _KoitoTrack(msgspec.Struct):
    aliases: list[_KoitoAlias]
    mbid: str | None = None
    duration: float | None = None


class _KoitoAlbum(msgspec.Struct):
    aliases: list[_KoitoAlias] | None = None
    mbid: str | None = None


class _KoitoArtist(msgspec.Struct):
    aliases: list[_KoitoAlias]
    mbid: str | None = None
    is_primary: bool = False


class _KoitoListen(msgspec.Struct):
    listened_at: str
    track: _KoitoTrack
    artists: list[_KoitoArtist] | None
    album: _KoitoAlbum | None = None
    client: str | None = None


class KoitoJson:
    """Koito's export, ``koito_export_*.json``: in Koito's settings under *Export*.

    ``listened_at`` is the start as it was sent to Koito, to the second. Of each name's aliases the primary one
    is read; all artists are kept, and the primary one is the listen's artist. Images are left out.
    """

    kind = "koito_json"
    title = "Koito export"
    signs = ("listens", "aliases", "listened_at")
    feeds: Feeds = "listens"
    instant_is: InstantIs = "start"
    precision_s = 1.0

    def recognises(self, file: InputFile) -> bool:
        """Listens whose names are ``aliases``; without any, Koito's other fields."""
        return has_keys(file, "listened_at", "track", "aliases") or has_keys(
            file, "version", "exported_at", "user", "listens"
        )

    def reading(self, file: InputFile) -> str:
        """How the file is read, in a phrase."""
        return "listened_at is the start; primary aliases"

    def read(self, file: InputFile, context: Context) -> Iterator[pa.Table]:
        """The file's rows; see ``Source.read``."""
        return tables(file, context, _KoitoListen, _from_koito, within=("listens",))


def _from_koito(row: _KoitoListen) -> dict[str, Any] | Rejected:
    at_s = moment_s(row.listened_at)
    if at_s is None:
        return unread_date(row.listened_at, row)
    artists = sorted(row.artists or [], key=lambda artist: not artist.is_primary)
    names = [name for artist in artists if (name := _primary(artist.aliases))]
    return {
        "content": "music",
        "at_s": at_s,
        "artist_name": _first(names),
        "artists": joined(names),
        "track_name": _primary(row.track.aliases),
        "album_name": _primary(row.album.aliases) if row.album else None,
        "recording_mbid": row.track.mbid,
        "artist_mbid": artists[0].mbid if artists else None,
        "release_mbid": row.album.mbid if row.album else None,
        "duration_s": row.track.duration or None,
        "client": row.client,
    }


def _primary(aliases: list[_KoitoAlias] | None) -> str | None:
    return min(aliases, key=lambda alias: not alias.is_primary).alias if aliases else None


SOURCES = (MalojaJson(), KoitoJson())
