"""What a listener collects at a service: saved tracks and playlists, as facts of the catalogue."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from sqlalchemy import delete

from tonearm.store import Store
from tonearm.store.models import PlaylistRow
from tonearm.store.playlists import MOST_TRACKS, Playlist, save_playlist
from tonearm.store.songs import Song, put_songs

SOURCE = "spotify_api"


@dataclass(frozen=True)
class Gone:
    """Playlists that the listener has deleted, by their ids at the service."""

    playlists: tuple[str, ...]


Fact = Playlist | Gone


def write(store: Store, listener: str, facts: Iterable[Fact]) -> None:
    """Put what a library holds in place of what it held; again with the same facts it changes nothing."""
    for fact in facts:
        if isinstance(fact, Playlist):
            put_songs(store, _songs(fact))
            # Of more saved tracks than a playlist may have the newest come first.
            save_playlist(store, listener, replace(fact, tracks=fact.tracks[:MOST_TRACKS]))
        else:
            _remove(store, listener, fact.playlists)


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
