"""What a listener collects at a service: saved tracks, playlists and followed artists, as facts of the catalogue."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import msgspec
from sqlalchemy import delete

from tonearm.store import Store
from tonearm.store.models import PlaylistRow, SettingRow
from tonearm.store.playlists import MOST_TRACKS, Playlist, save_playlist
from tonearm.store.songs import Song, put_songs

SOURCE = "spotify_api"


@dataclass(frozen=True)
class Gone:
    """Playlists that the listener has deleted, by their ids at the service."""

    playlists: tuple[str, ...]


@dataclass(frozen=True)
class Artist:
    """An artist that the listener follows."""

    artist_name: str
    spotify_id: str
    genres: tuple[str, ...]


@dataclass(frozen=True)
class Followed:
    """All artists that the listener follows."""

    artists: tuple[Artist, ...]


Fact = Playlist | Gone | Followed


def write(store: Store, listener: str, facts: Iterable[Fact], now: datetime) -> None:
    """Put what a library holds in place of what it held; again with the same facts it changes nothing."""
    for fact in facts:
        if isinstance(fact, Playlist):
            put_songs(store, _songs(fact))
            # Of more saved tracks than a playlist may have the newest come first.
            save_playlist(store, listener, replace(fact, tracks=fact.tracks[:MOST_TRACKS]))
        elif isinstance(fact, Gone):
            _remove(store, listener, fact.playlists)
        else:
            _keep_followed(store, listener, fact, now)


def followed(store: Store, listener: str) -> tuple[Artist, ...]:
    """The artists that a listener follows; raises UnknownName."""
    with store.session_of(listener, writes=False) as (session, who):
        row = session.get(SettingRow, _key(who))
        return msgspec.json.decode(row.value, type=tuple[Artist, ...]) if row else ()


def _songs(playlist: Playlist) -> Iterable[Song]:
    for track in playlist.tracks:
        yield Song(
            artist_name=track.artist_name,
            track_name=track.track_name,
            album_name=track.album_name,
            spotify_id=track.spotify_id,
            duration_s=track.duration_s,
            source=SOURCE,
        )


def _remove(store: Store, listener: str, playlists: Sequence[str]) -> None:
    with store.session_of(listener, writes=True) as (session, who):
        rows = delete(PlaylistRow).filter_by(listener_id=who, source=SOURCE)
        session.execute(rows.where(PlaylistRow.source_id.in_(playlists)))


def _keep_followed(store: Store, listener: str, fact: Followed, now: datetime) -> None:
    with store.session_of(listener, writes=True) as (session, who):
        value = msgspec.json.encode(fact.artists).decode()
        session.merge(SettingRow(key=_key(who), value=value, changed_at=now))


def _key(listener_id: int) -> str:
    return f"followed_artists:{listener_id}"
