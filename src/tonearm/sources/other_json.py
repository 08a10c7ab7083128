"""Histories as JSON from other programs: lastfmstats, Pano Scrobbler, Scrubbler and Your Spotify."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import msgspec

from tonearm.errors import UnknownKind
from tonearm.sources.json_keys import has_keys, values_of
from tonearm.sources.json_rows import tables
from tonearm.sources.row_fields import moment_s, unread_date
from tonearm.sources.rows import Rejected

if TYPE_CHECKING:
    import pyarrow as pa

    from tonearm.sources import Context, Feeds, InstantIs
    from tonearm.sources.files import InputFile


class _Lastfmstats(msgspec.Struct, gc=False):
    track: str
    artist: str | None = None
    album: str | None = None
    date: float | None = None


class LastfmstatsJson:
    """A Last.fm history exported by lastfmstats.com, ``lastfmstats-NAME.json``: *Export*, then *JSON*.

    ``date`` is the start of the listen in milliseconds. The user name is left out.
    """

    kind = "lastfmstats_json"
    title = "lastfmstats.com export (JSON)"
    feeds: Feeds = "listens"
    instant_is: InstantIs = "start"
    precision_s = 1.0

    def recognises(self, file: InputFile) -> bool:
        """An object with a ``username`` and ``scrobbles`` that have a date."""
        return has_keys(file, "username", "scrobbles", "track", "artist", "date")

    def reading(self, file: InputFile) -> str:
        """How the file is read, in a phrase."""
        return "date is the start"

    def read(self, file: InputFile, context: Context) -> Iterator[pa.Table]:
        """The file's rows; see ``Source.read``."""
        return tables(file, context, _Lastfmstats, _from_lastfmstats, within=("scrobbles",))


def _from_lastfmstats(row: _Lastfmstats) -> dict[str, Any]:
    return {
        "content": "music",
        "at_s": row.date,
        "artist_name": row.artist,
        "track_name": row.track,
        "album_name": row.album,
    }


class _Pano(msgspec.Struct, gc=False):
    timeMs: float | None = None
    artist: str | None = None
    track: str | None = None
    album: str | None = None
    albumArtist: str | None = None
    durationMs: float | None = None
    mediaPlayerPackage: str | None = None
    mediaPlayerName: str | None = None
    event: str | None = None


class PanoEvents:
    """Pano Scrobbler's automatic export, one event a line: *Settings*, *Export scrobbles*, form *JSONL*.

    ``timeMs`` is the start of the listen. Only events of the kind ``scrobble`` are listens; now-playing, loves
    and other events are refused as such. The app that played is kept as the client.
    """

    kind = "pano_events"
    title = "Pano Scrobbler export"
    feeds: Feeds = "listens"
    instant_is: InstantIs = "start"
    precision_s = 1.0

    def recognises(self, file: InputFile) -> bool:
        """Objects with ``timeMs``, ``artist``, ``track`` and ``event``."""
        return has_keys(file, "timeMs", "artist", "track", "event")

    def reading(self, file: InputFile) -> str:
        """How the file is read, in a phrase."""
        return "timeMs is the start; only events of the kind scrobble are listens"

    def read(self, file: InputFile, context: Context) -> Iterator[pa.Table]:
        """The file's rows; see ``Source.read``."""
        return tables(file, context, _Pano, _from_pano)


def _from_pano(row: _Pano) -> dict[str, Any] | Rejected:
    if row.event not in (None, "scrobble"):
        return Rejected(f"no listen, but the event '{row.event[:40]}'", msgspec.json.encode(row).decode())
    return {
        "content": "music",
        "at_s": row.timeMs,
        "artist_name": row.artist,
        "track_name": row.track,
        "album_name": row.album,
        "album_artist_name": row.albumArtist,
        "duration_s": row.durationMs / 1000 if row.durationMs else None,
        "client": row.mediaPlayerName or row.mediaPlayerPackage,
    }


class _Scrubbler(msgspec.Struct, gc=False):
    artistName: str | None
    trackName: str | None
    time: str | None = None
    albumName: str | None = None
    albumArtistName: str | None = None


class ScrubblerJson:
    """Scrobbles as Last.fm Scrubbler WPF saves and reads them: a JSON file of *File Parse Scrobbler*.

    ``time`` is the start of the listen, in UTC unless it has an offset.
    """

    kind = "scrubbler_json"
    title = "Scrubbler (JSON)"
    feeds: Feeds = "listens"
    instant_is: InstantIs = "start"
    precision_s = 1.0

    def recognises(self, file: InputFile) -> bool:
        """Objects with ``artistName``, ``trackName`` and ``time``."""
        return has_keys(file, "artistName", "trackName", "time") and not has_keys(file, "msPlayed")

    def reading(self, file: InputFile) -> str:
        """How the file is read, in a phrase."""
        return "time is the start"

    def read(self, file: InputFile, context: Context) -> Iterator[pa.Table]:
        """The file's rows; see ``Source.read``."""
        return tables(file, context, _Scrubbler, _from_scrubbler, within=("scrobbles",))


def _from_scrubbler(row: _Scrubbler) -> dict[str, Any] | Rejected:
    at_s = moment_s(row.time)
    if at_s is None:
        return unread_date(row.time, row)
    return {
        "content": "music",
        "at_s": at_s,
        "artist_name": row.artistName,
        "track_name": row.trackName,
        "album_name": row.albumName,
        "album_artist_name": row.albumArtistName,
    }


class _YourSpotify(msgspec.Struct, gc=False):
    id: str
    played_at: Any = None
    durationMs: float | None = None


class YourSpotify:
    """Plays of Your Spotify, from its database: ``mongoexport --db your_spotify --collection infos``.

    It holds what Spotify's API reported: ``played_at`` to the second, mostly the start, and the track's id. Names
    stand in other collections; a listen gets them where the same track is known from elsewhere. With several
    people in the database add ``--query '{"owner": {"$oid": "…"}}'``. What you imported into Your Spotify is
    better brought from Spotify's own export, which has names and how long each track was heard.
    """

    kind = "your_spotify"
    title = "Your Spotify (infos)"
    feeds: Feeds = "listens"
    instant_is: InstantIs = "start"
    precision_s = 1.0

    def recognises(self, file: InputFile) -> bool:
        """Objects with ``owner``, ``id`` and ``played_at``.

        Raises UnknownKind when they are of several people.
        """
        if not has_keys(file, "owner", "id", "played_at"):
            return False
        owners = values_of(file, "owner", "$oid")
        if len(owners) > 1:
            raise UnknownKind(
                f"{file.name}: holds the plays of {len(owners)} people of Your Spotify; export each person's alone, "
                """with mongoexport's --query '{"owner": {"$oid": "…"}}', and import it with --listener NAME"""
            )
        return True

    def reading(self, file: InputFile) -> str:
        """How the file is read, in a phrase."""
        return "played_at is the start; tracks by Spotify's id, without names"

    def read(self, file: InputFile, context: Context) -> Iterator[pa.Table]:
        """The file's rows; see ``Source.read``."""
        return tables(file, context, _YourSpotify, _from_your_spotify, shown=("$date",))


def _from_your_spotify(row: _YourSpotify) -> dict[str, Any] | Rejected:
    written = row.played_at.get("$date") if isinstance(row.played_at, dict) else row.played_at
    at_s = written / 1000 if isinstance(written, int | float) else moment_s(str(written or ""))
    if at_s is None:
        return Rejected(f"date '{str(written)[:60]}' is not understood", row.id)
    return {"content": "music", "at_s": at_s, "spotify_id": row.id, "duration_s": (row.durationMs or 0) / 1000 or None}


SOURCES = (LastfmstatsJson(), PanoEvents(), ScrubblerJson(), YourSpotify())
