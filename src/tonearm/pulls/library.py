"""What a listener collects at a service: saved tracks, playlists and followed artists, as facts of the catalogue."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

import msgspec
from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from tonearm.store.models import PlaylistRow, PlaylistTrackRow, SettingRow, SongRow

SOURCE = "spotify_api"
SAVED = "saved"
"""In place of an id, for the tracks that are saved without a playlist."""


@dataclass(frozen=True)
class Track:
    """A track of the library."""

    track_name: str
    artist_name: str
    album_name: str | None
    spotify_id: str | None
    duration_s: float | None
    added_at: datetime | None


@dataclass(frozen=True)
class Playlist:
    """A playlist with its tracks, in order."""

    id: str
    title: str
    description: str | None
    is_public: bool
    tracks: Sequence[Track]


@dataclass(frozen=True)
class Gone:
    """Playlists that the listener has deleted, by their ids."""

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


def write(session: Session, listener_id: int, facts: Iterable[Fact], now: datetime) -> None:
    """Write what a library holds into a transaction, in place of what it held."""
    for fact in facts:
        if isinstance(fact, Playlist):
            _write_playlist(session, listener_id, fact, now)
            _write_songs(session, fact.tracks, now)
        elif isinstance(fact, Gone):
            _remove(session, listener_id, fact.playlists)
        else:
            _write_followed(session, listener_id, fact, now)


def followed_key(listener_id: int) -> str:
    """Name of the setting that holds the artists a listener follows, as JSON."""
    return f"followed_artists:{listener_id}"


def _write_playlist(session: Session, listener_id: int, playlist: Playlist, now: datetime) -> None:
    row = session.scalar(select(PlaylistRow).filter_by(listener_id=listener_id, source=SOURCE, source_id=playlist.id))
    if row is None:
        row = PlaylistRow(
            id=str(uuid.uuid4()), listener_id=listener_id, source=SOURCE, source_id=playlist.id, created_at=now
        )
        session.add(row)
    row.title, row.description = playlist.title[:256], playlist.description
    row.is_public, row.updated_at = playlist.is_public, now
    row.tracks.clear()
    # The old rows must be gone before new ones take their positions.
    session.flush()
    row.tracks.extend(
        PlaylistTrackRow(
            position=position,
            artist_name=track.artist_name,
            track_name=track.track_name,
            album_name=track.album_name,
            spotify_id=track.spotify_id,
            duration_s=track.duration_s,
            added_at=track.added_at or now,
        )
        for position, track in enumerate(playlist.tracks)
    )


def _write_songs(session: Session, tracks: Iterable[Track], now: datetime) -> None:
    """Each track once; one that is there keeps the names it has."""
    wanted = {track.spotify_id: track for track in tracks if track.spotify_id}
    known = set(session.scalars(select(SongRow.spotify_id).filter_by(source=SOURCE)))
    session.add_all(
        SongRow(
            track_name=track.track_name,
            artist_name=track.artist_name,
            album_name=track.album_name,
            spotify_id=id,
            duration_s=track.duration_s,
            source=SOURCE,
            created_at=now,
            updated_at=now,
        )
        for id, track in wanted.items()
        if id not in known
    )


def _remove(session: Session, listener_id: int, playlists: Sequence[str]) -> None:
    rows = delete(PlaylistRow).filter_by(listener_id=listener_id, source=SOURCE)
    session.execute(rows.where(PlaylistRow.source_id.in_(playlists)))


def _write_followed(session: Session, listener_id: int, followed: Followed, now: datetime) -> None:
    value = msgspec.json.encode(followed.artists).decode()
    session.merge(SettingRow(key=followed_key(listener_id), value=value, changed_at=now))
