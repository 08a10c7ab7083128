"""The suggested playlists as JSON, M3U, JSPF or a list of Spotify URIs."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import quote
from uuid import UUID

from tonearm.columns import PLAYLISTS
from tonearm.engine.duckdb import engine
from tonearm.engine.rows import dicts
from tonearm.errors import UnknownName, UsageError
from tonearm.lake import open_lake
from tonearm.read.show import show
from tonearm.settings import Settings

TABLE = "personalized_playlist_suggestions"
NONE_YET = (
    "a playlist needs 5 suitable tracks; audio features come with a catalogue (`tonearm import CATALOGUE.csv`), "
    "then `tonearm build`"
)


@dataclass
class Playlist:
    """One suggested playlist of one listener."""

    listener: str
    playlist: str
    tracks: list[dict[str, Any]]
    """Its tracks in order, with the columns of ``personalized_playlist_suggestions``; empty when too few suit."""


def playlist_name(name: str) -> str:
    """The playlist's canonical name, ignoring case; raises UnknownName with the closest names."""
    found = {known.casefold(): known for known in PLAYLISTS}.get(" ".join(name.split()).casefold())
    if found is None:
        raise UnknownName("playlist", name, PLAYLISTS, hint=f"there are {', '.join(PLAYLISTS)}")
    return found


def playlists(settings: Settings, listener: str | None = None) -> list[Playlist]:
    """Every suggested playlist, for one listener or for all.

    Raises UnknownName for an unknown listener, UsageError when the table was not built yet.
    """
    found: dict[tuple[str, str], Playlist] = {}
    for row in dicts(show(settings, TABLE, listener)):
        who, name = row.pop("listener"), row.pop("playlist")
        found.setdefault((who, name), Playlist(who, name, [])).tracks.append(row)
    return list(found.values())


def playlist(settings: Settings, listener: str | None, name: str) -> Playlist:
    """The playlist ``name`` of a listener, without tracks if there is none.

    The listener may be omitted when only one has playlists. Raises UnknownName and UsageError as
    :func:`playlists` does, and UsageError when the listener is ambiguous.
    """
    name = playlist_name(name)
    known = playlists(settings, listener)
    listeners = sorted({one.listener for one in known})
    if listener is None and len(listeners) > 1:
        raise UsageError(f"whose playlist? name a listener: {', '.join(listeners)}")
    whose = listeners[0] if listeners else listener or ""
    return next((one for one in known if one.playlist == name), Playlist(whose, name, []))


def m3u(one: Playlist) -> str:
    """The playlist as extended M3U (M3U8: always UTF-8), with a name and a location for each track.

    The location is the track's Spotify URI, which Mopidy and Spotify's own programs open; for tracks without a known
    id, a URI that searches Spotify. Programs that transfer playlists between services, or match tracks with local
    files, use the names.
    """
    return "\n".join(["#EXTM3U", "#EXTENC:UTF-8", f"#PLAYLIST:{_line(one.playlist)}", *_entries(one)]) + "\n"


def _entries(one: Playlist) -> Iterator[str]:
    for track in one.tracks:
        # Readers split at the first " - ", so the artist's name must not contain it.
        artist, title = _line(track["artist_name"]).replace(" - ", " – "), _line(track["track_name"])
        seconds = -1 if track["duration_s"] is None else round(track["duration_s"])
        yield f"#EXTINF:{seconds},{artist} - {title}"
        yield spotify_uri(track) or f"spotify:search:{quote(f'{artist} {title}', safe='')}"


def jspf(one: Playlist, id: str | None = None, description: str | None = None) -> str:
    """The playlist as JSPF, XSPF in JSON (https://xspf.org/jspf), which ListenBrainz and other programs import.

    A track's identifier is the MusicBrainz URI of its recording, its location Spotify's URI; each is left out where it
    is not known. Durations are in milliseconds, and the reason is the annotation. ``id`` is a UUID by which a program
    recognises the playlist when it comes again.
    """
    about = {"title": one.playlist, "creator": one.listener, "annotation": description}
    about["identifier"] = f"urn:uuid:{id}" if id else None
    tracks = [_with_location(track) for track in one.tracks]
    found = {"playlist": {**{name: value for name, value in about.items() if value}, "track": tracks}}
    return json.dumps(found, ensure_ascii=False, indent=1) + "\n"


def _with_location(track: dict[str, Any]) -> dict[str, Any]:
    uri = spotify_uri(track)
    return jspf_track(track) | ({"location": [uri]} if uri else {})


def jspf_track(track: Mapping[str, Any]) -> dict[str, Any]:
    """What JSPF has of a track, without where it can be heard."""
    uri, duration_s = recording_uri(track), track.get("duration_s")
    found = {
        "identifier": [uri] if uri else [],
        "title": _line(track["track_name"]),
        "creator": _line(track["artist_name"]),
        "album": _line(track.get("album_name")),
        "annotation": _line(track.get("because")),
        "duration": round(duration_s * 1000) if duration_s else None,
    }
    return {name: value for name, value in found.items() if value}


def recording_uri(track: Mapping[str, Any]) -> str | None:
    """MusicBrainz' URI of a track's recording; None when its id is not known or not valid."""
    found = track.get("recording_mbid")
    try:
        return f"https://musicbrainz.org/recording/{UUID(found)}" if found else None
    except ValueError:
        return None


def with_recordings(settings: Settings, one: Playlist) -> Playlist:
    """The playlist with the ``recording_mbid`` of its tracks, which its table does not have."""
    ids = [track["track_id"] for track in one.tracks]
    if not ids or all("recording_mbid" in track for track in one.tracks):
        return one
    with engine(settings) as session:
        session.look_at(open_lake(settings.lake), "tracks", ())
        wanted = ", ".join(str(int(track)) for track in ids)
        known = dict(session.rows(f"SELECT track_id, recording_mbid FROM tracks WHERE track_id IN ({wanted})"))
    return replace(one, tracks=[{**track, "recording_mbid": known.get(track["track_id"])} for track in one.tracks])


def spotify_uris(one: Playlist) -> str:
    """Spotify URIs of the tracks that have one, one per line, ready to be pasted into a playlist in Spotify."""
    return "".join(f"{uri}\n" for uri in map(spotify_uri, one.tracks) if uri)


def without_uri(one: Playlist) -> list[str]:
    """Names of the tracks without a known Spotify id, which :func:`spotify_uris` leaves out."""
    missing = (track for track in one.tracks if not spotify_uri(track))
    return [f"{_line(track['artist_name'])} - {_line(track['track_name'])}" for track in missing]


def spotify_uri(track: dict[str, Any]) -> str | None:
    """Spotify's URI of a track; None when its id is not known or not valid."""
    found = track["spotify_id"]
    return f"spotify:track:{found}" if found and found.isascii() and found.isalnum() else None


def _line(text: str | None) -> str:
    """``text`` on one line, without control characters."""
    plain = (" " if unicodedata.category(c) in ("Cc", "Zl", "Zp") else c for c in text or "")
    return " ".join("".join(plain).split())
