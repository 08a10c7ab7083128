"""Listeners' own playlists: made by hand, or imported from a file or a service."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session, lazyload

from tonearm.errors import Conflict, UnknownName, UsageError
from tonearm.store import Store
from tonearm.store.models import ListenerRow, PlaylistRow, PlaylistTrackRow
from tonearm.store.tracks import Named, checked, shortened

BY_HAND = "by hand"
MOST_TRACKS = 10_000
"""Tracks of one playlist, as many as Spotify allows."""
MOST_PLAYLISTS = 5_000
"""Playlists of one listener, so that a client cannot fill the disk."""
_LONGEST_TITLE, _LONGEST_DESCRIPTION, _LONGEST_SOURCE, _LONGEST_SOURCE_ID = 256, 10_000, 32, 64


@dataclass(frozen=True, kw_only=True)
class PlaylistTrack(Named):
    """A track of a playlist."""

    track_id: int | None = None
    """In the lake; None for a track that it does not have."""
    added_at: datetime | None = None
    """When it came into the playlist; None for now, or for when a track of its names did before."""


@dataclass(frozen=True, kw_only=True)
class Playlist:
    """A playlist with its tracks in order."""

    title: str
    tracks: Sequence[PlaylistTrack] = ()
    description: str | None = None
    is_public: bool = False
    """Whether anybody may read it who can reach the server."""
    source: str = BY_HAND
    """``by hand``, or the service or kind of file that it was imported from."""
    source_id: str | None = None
    """Its id there, by which the next import recognises it."""
    id: str | None = None
    """A UUID; None for one that is yet to be saved."""
    listener: str = ""
    created_at: datetime | None = None
    updated_at: datetime | None = None


_OF_PLAYLIST = ("title", "description", "is_public", "source", "source_id")
_OF_TRACK = tuple(one.name for one in fields(PlaylistTrack))


def playlists_of(store: Store, listener: str, limit: int | None = None, offset: int = 0) -> list[Playlist]:
    """The listener's playlists with their tracks, the one that changed last first; raises UnknownName."""
    with store.session_of(listener, writes=False) as (session, who):
        name = session.get_one(ListenerRow, who).name
        return [_playlist(row, name) for row in session.scalars(_newest_first(who, limit, offset))]


def listed_playlists(store: Store, listener: str, limit: int | None, offset: int = 0) -> list[tuple[Playlist, int]]:
    """The listener's playlists without their tracks, each with how many it has, in the order of :func:`playlists_of`.

    Raises UnknownName.
    """
    with store.session_of(listener, writes=False) as (session, who):
        name = session.get_one(ListenerRow, who).name
        rows = session.scalars(_newest_first(who, limit, offset).options(lazyload(PlaylistRow.tracks))).all()
        track_of = PlaylistTrackRow.playlist_id
        counted = select(track_of, func.count()).where(track_of.in_([row.id for row in rows])).group_by(track_of)
        counts = dict(session.execute(counted).all())
        return [(_without_tracks(row, name), counts.get(row.id, 0)) for row in rows]


def _newest_first(who: int, limit: int | None, offset: int) -> Select[PlaylistRow]:
    asked = select(PlaylistRow).where(PlaylistRow.listener_id == who)
    return asked.order_by(PlaylistRow.updated_at.desc(), PlaylistRow.id).limit(limit).offset(offset)


def count_playlists(store: Store, listener: str) -> int:
    """How many playlists the listener has; raises UnknownName."""
    with store.session_of(listener, writes=False) as (session, who):
        return _count(session, who)


def playlist(store: Store, id: str) -> Playlist:
    """The playlist by its id, whosever it is; raises UnknownName."""
    if store.is_missing:
        raise _unknown(id)
    with store.session(writes=False) as session:
        row = _find(session, id)
        return _playlist(row, session.get_one(ListenerRow, row.listener_id).name)


def save_playlist(store: Store, listener: str, given: Playlist) -> str:
    """Save a playlist and return its id.

    It replaces the listener's playlist of its ``id``, else the one of its ``source`` and ``source_id``; else it is a
    new one. What changes nothing leaves ``updated_at`` as it is. Raises UnknownName for the listener, Conflict where
    the id is another listener's playlist, and UsageError for what is no playlist.
    """
    wanted = _checked(given)
    with store.session_of(listener, writes=True) as (session, who):
        row = _replaced(session, who, wanted)
        if row is None:
            row = _new(session, who, wanted.id or str(uuid4()))
        _fill(row, wanted, datetime.now(UTC))
        return row.id


def delete_playlist(store: Store, id: str) -> None:
    """Remove a playlist; raises UnknownName."""
    if store.is_missing:
        raise _unknown(id)
    with store.session(writes=True) as session:
        session.delete(_find(session, id))


def _checked(given: Playlist) -> Playlist:
    title = shortened(given.title, _LONGEST_TITLE)
    if title is None:
        raise UsageError("a playlist needs a title")
    if len(given.tracks) > MOST_TRACKS:
        raise UsageError(f"a playlist has at most {MOST_TRACKS:,} tracks, this one has {len(given.tracks):,}")
    return replace(
        given,
        title=title,
        tracks=tuple(map(checked, given.tracks)),
        description=shortened(given.description, _LONGEST_DESCRIPTION),
        source=shortened(given.source, _LONGEST_SOURCE) or BY_HAND,
        source_id=shortened(given.source_id, _LONGEST_SOURCE_ID),
        id=None if given.id is None else _plain(given.id),
    )


def _replaced(session: Session, who: int, wanted: Playlist) -> PlaylistRow | None:
    """The row that ``wanted`` replaces; None for a new playlist."""
    if wanted.id is not None:
        row = session.get(PlaylistRow, wanted.id)
        if row is not None and row.listener_id != who:
            raise Conflict(f"playlist {wanted.id} is another listener's; leave out the id to make a new one")
        return row
    if wanted.source_id is None:
        return None
    same = {"listener_id": who, "source": wanted.source, "source_id": wanted.source_id}
    return session.scalar(select(PlaylistRow).filter_by(**same))


def _new(session: Session, who: int, id: str) -> PlaylistRow:
    if _count(session, who) >= MOST_PLAYLISTS:
        raise UsageError(f"a listener has at most {MOST_PLAYLISTS:,} playlists; delete one first")
    row = PlaylistRow(id=id, listener_id=who, created_at=datetime.now(UTC), tracks=[])
    session.add(row)
    return row


def _fill(row: PlaylistRow, wanted: Playlist, now: datetime) -> None:
    """Give ``row`` what ``wanted`` holds; only what differs is written."""
    about = {name: getattr(wanted, name) for name in _OF_PLAYLIST}
    before = {(one.artist_name, one.track_name): one.added_at for one in row.tracks}
    tracks = [_values(one, before.get((one.artist_name, one.track_name), now)) for one in wanted.tracks]
    is_same = [{name: getattr(one, name) for name in _OF_TRACK} for one in row.tracks] == tracks
    if is_same and row.title and {name: getattr(row, name) for name in _OF_PLAYLIST} == about:
        return
    for name, value in about.items():
        setattr(row, name, value)
    for old, new in zip(row.tracks, tracks, strict=False):
        for name, value in new.items():
            setattr(old, name, value)
    del row.tracks[len(tracks) :]
    kept = len(row.tracks)
    row.tracks.extend(PlaylistTrackRow(position=kept + n, **new) for n, new in enumerate(tracks[kept:]))
    row.updated_at = now


def _values(one: PlaylistTrack, added_at: datetime) -> dict[str, Any]:
    return {name: getattr(one, name) for name in _OF_TRACK} | {"added_at": one.added_at or added_at}


def _count(session: Session, who: int) -> int:
    return session.scalar(select(func.count()).where(PlaylistRow.listener_id == who)) or 0


def _playlist(row: PlaylistRow, listener: str) -> Playlist:
    tracks = tuple(PlaylistTrack(**{name: getattr(one, name) for name in _OF_TRACK}) for one in row.tracks)
    return replace(_without_tracks(row, listener), tracks=tracks)


def _without_tracks(row: PlaylistRow, listener: str) -> Playlist:
    about: dict[str, Any] = {name: getattr(row, name) for name in _OF_PLAYLIST}
    about |= {"created_at": row.created_at, "updated_at": row.updated_at}
    return Playlist(id=row.id, listener=listener, **about)


def _find(session: Session, id: str) -> PlaylistRow:
    try:
        row = session.get(PlaylistRow, _plain(id))
    except UsageError:
        row = None
    if row is None:
        raise _unknown(id)
    return row


def _plain(id: str) -> str:
    try:
        return str(UUID(id))
    except ValueError:
        raise UsageError(f"a playlist's id is a UUID, and '{id[:100]}' is none") from None


def _unknown(id: str) -> UnknownName:
    return UnknownName("playlist", id, [], hint="GET /playlists lists a listener's own")
