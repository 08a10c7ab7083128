"""Listeners' own playlists in the forms that other programs read and write."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from tonearm.errors import UsageError
from tonearm.read.playlists import Playlist as Shown
from tonearm.store.playlists import Playlist, PlaylistTrack
from tonearm.store.tracks import SPOTIFY_TRACK, mbid

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

JSPF = "jspf"
"""``source`` of a playlist that came as JSPF."""


def shown(one: Playlist) -> Shown:
    """The playlist as :mod:`tonearm.read.playlists` writes it: JSPF, M3U, or Spotify's URIs."""
    return Shown(one.listener, one.title, [asdict(track) for track in one.tracks])


def from_jspf(document: Any) -> Playlist:
    """The playlist that a document of JSPF holds (https://xspf.org/jspf).

    A track's artist is ``creator`` and its length, in milliseconds, ``duration``; ids are taken from its identifiers
    and locations where these are addresses of MusicBrainz or Spotify. The document's own identifier recognises it when
    it comes again. Raises UsageError for what is no playlist, naming the track that has no artist or title.
    """
    held = document.get("playlist") if isinstance(document, dict) else None
    if not isinstance(held, dict) or not isinstance(held.get("track", []), list):
        raise UsageError("this is no JSPF: an object with `playlist`, whose `track` is a list, is needed")
    tracks = [_track(number, track) for number, track in enumerate(held.get("track", []), 1)]
    return Playlist(
        title=_text(held.get("title")) or "",
        description=_text(held.get("annotation")),
        tracks=tracks,
        source=JSPF,
        source_id=next((_last_part(uri) for uri in _texts(held.get("identifier"))), None),
    )


def _track(number: int, track: Any) -> PlaylistTrack:
    found: Mapping[str, Any] = track if isinstance(track, dict) else {}
    artist, title = _text(found.get("creator")), _text(found.get("title"))
    if not artist or not title:
        raise UsageError(f"track {number} of the playlist has no creator or no title; both name a track")
    uris = [*_texts(found.get("identifier")), *_texts(found.get("location"))]
    return PlaylistTrack(
        artist_name=artist,
        track_name=title,
        album_name=_text(found.get("album")),
        spotify_id=next((match[1] for match in map(SPOTIFY_TRACK.fullmatch, uris) if match), None),
        recording_mbid=next(_recordings(uris), None),
        duration_s=_seconds(found.get("duration")),
    )


def _recordings(uris: Iterable[str]) -> Iterator[str]:
    for uri in uris:
        if "musicbrainz.org/recording/" in uri:
            try:
                found = mbid(uri)
            except UsageError:
                continue
            if found:
                yield found


def _seconds(milliseconds: Any) -> float | None:
    is_number = isinstance(milliseconds, int | float) and not isinstance(milliseconds, bool)
    return milliseconds / 1000 if is_number and 0 < milliseconds < 86_400_000 else None


def _texts(value: Any) -> list[str]:
    return [one for one in (value if isinstance(value, list) else [value]) if isinstance(one, str)]


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) and value.strip() else None


def _last_part(uri: str) -> str:
    return re.split("[/:]", uri.rstrip("/"))[-1] or uri
